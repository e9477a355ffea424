import { isChange } from '../http/guards.ts'
import type { OwnCaller, OwnHead } from '../http/router.ts'
import { GatewayError } from '../message/error.ts'
import { admission } from '../rules/admission.ts'
import type { AdmissionQuestion } from '../rules/admission.ts'
import type { SettingsStore } from '../stores/config-store/port.ts'
import { pairOf, shown } from './credentials.ts'
import type { Shown } from './credentials.ts'
import type { Logins } from './logins.ts'
import { asksForItself } from './peer.ts'

type Proof = AdmissionQuestion['proof']

/** The gate of the gateway's own routes: looks at what was sent, and lets `rules/admission.ts` decide. */
export class Admission {
  readonly #logins: Logins
  readonly #settings: Pick<SettingsStore, 'running'>

  constructor(logins: Logins, settings: Pick<SettingsStore, 'running'>) {
    this.#logins = logins
    this.#settings = settings
  }

  /** Throws `unauthenticated`, `forbidden`, `forbidden_origin`, `rate_limited`. */
  async admit(request: OwnHead): Promise<OwnCaller> {
    const { admin } = this.#settings.running.configuration
    if (!isChange(request.method) && isOpen(request.path, admin.openPaths)) return 'anyone'
    const answer = admission({
      hasAdministrator: admin.enabled,
      proof: await this.proofOf(request),
      isThisMachine: asksForItself(request),
    })
    if (answer.outcome !== 'admitted') throw new GatewayError(answer.outcome, answer.message)
    return answer.as
  }

  async proofOf(request: OwnHead): Promise<Proof> {
    const credential = shown(request)
    switch (credential.type) {
      case 'none':
        return 'none'
      case 'foreign':
        return 'wrong'
      case 'setup-token':
        return this.#ofSetupToken(credential.token, request)
      case 'password':
        return this.#ofPassword(credential, request)
      case 'bearer':
        return this.#ofBearer(credential.token, request)
      case 'cookies':
        return this.#ofCookies(credential, request)
    }
  }

  #ofSetupToken(token: string, request: OwnHead): Proof {
    if (this.#settings.running.configuration.admin.enabled) return 'wrong'
    if (this.#logins.isSetupToken(token, request)) return 'setup-token'
    throw new GatewayError('forbidden', 'The setup token is wrong, or none is configured.')
  }

  async #ofPassword(
    { username, password }: Extract<Shown, { type: 'password' }>,
    request: OwnHead,
  ): Promise<Proof> {
    if (!this.#settings.running.configuration.admin.enabled) return 'wrong'
    return (await this.#logins.provesAgain(username, password, request)) ? 'administrator' : 'wrong'
  }

  async #ofBearer(token: string, request: OwnHead): Promise<Proof> {
    const holder = await this.#logins.holderOf(token)
    if (holder !== undefined) return proofOfHolder(holder)
    const pair = pairOf(token)
    return pair === undefined ? 'wrong' : this.#ofPassword(pair, request)
  }

  /** A cookie that nobody knows is as good as none: another program on this host may have set it. */
  async #ofCookies(
    { session, setup }: Extract<Shown, { type: 'cookies' }>,
    request: OwnHead,
  ): Promise<Proof> {
    for (const token of [session, setup]) {
      const holder = token === undefined ? undefined : await this.#logins.holderOf(token)
      if (holder === undefined) continue
      checkOfPage(request)
      return proofOfHolder(holder)
    }
    return 'none'
  }
}

function proofOfHolder(holder: 'administrator' | 'setup'): Proof {
  return holder === 'setup' ? 'setup-token' : 'administrator'
}

/** Where only the cookie speaks for it, a change must say that a page of ours wants it: all browsers do (I2). */
function checkOfPage({ method, headers }: OwnHead): void {
  if (!isChange(method) || headers['origin'] !== undefined || headers['sec-fetch-site'] === 'same-origin')
    return
  throw new GatewayError(
    'forbidden_origin',
    'A change with a cookie needs the Origin of the page. Programs send the token as a bearer.',
  )
}

/** A path of `client.whitelisted_routes`, or below a prefix of it. */
function isOpen(path: string, openPaths: readonly string[]): boolean {
  return openPaths.some((open) => (open.endsWith('*') ? path.startsWith(open.slice(0, -1)) : path === open))
}
