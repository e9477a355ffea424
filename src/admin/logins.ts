import { hash, randomBytes } from 'node:crypto'
import type { OwnHead } from '../http/router.ts'
import { RecentMap } from '../lib/recent-map.ts'
import { GatewayError } from '../message/error.ts'
import { LoginThrottle } from '../rules/login-throttle.ts'
import type { ConfigStore, SettingsStore, StoredSession } from '../stores/config-store/port.ts'
import { Administrator } from './administrator.ts'
import { throttleKey } from './peer.ts'
import { isSame } from './password.ts'

/** Where a try comes from. */
type From = Pick<OwnHead, 'peer' | 'headers'>

export interface LoginsOptions {
  readonly settings: Pick<SettingsStore, 'running'>
  readonly store: Pick<ConfigStore, 'sessions' | 'salt'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A login that was just opened. */
export interface OpenedSession {
  /** Shown once: the store keeps its digest. */
  readonly token: string
  readonly expiresAtMs: number
}

const DAY_MS = 24 * 60 * 60 * 1000
export const SESSION_MS = 30 * DAY_MS
/** Time to choose a name and a password. */
export const SETUP_SESSION_MS = 60 * 60 * 1000
const TOKEN_BYTES = 32

/** Programs send name and password with each request, and checking takes 0.2 s: who proved them is known for a while. */
const PROVEN_MS = 5 * 60 * 1000
const PROVEN_MAX = 100

/** Who has proven to be the administrator, by password or by the token of a session. */
export class Logins {
  readonly #options: LoginsOptions
  readonly #throttle = new LoginThrottle()
  readonly #proven = new RecentMap<string, { credential: string; untilMs: number }>(PROVEN_MAX)
  #administrator: Administrator | undefined

  constructor(options: LoginsOptions) {
    this.#options = options
  }

  /** Is it the administrator's name and password? Throws `rate_limited` where too many wrong ones came from the peer. */
  async proves(username: string, password: string, from: From): Promise<boolean> {
    const address = throttleKey(from)
    this.#begin(address)
    const proves = await this.administrator.proves(username, password)
    if (proves) this.#throttle.succeeded(address)
    return proves
  }

  /** The same, remembered for some minutes by the digest of all of it (I9). */
  async provesAgain(username: string, password: string, from: From): Promise<boolean> {
    const digest = hash('sha256', JSON.stringify([username, password]), 'base64url')
    const { administrator } = this
    const credential = await administrator.credential()
    if (credential === undefined) return false
    const known = this.#proven.get(digest)
    if (known?.credential === credential && known.untilMs > this.#options.now()) return true
    if (!(await this.proves(username, password, from))) return false
    this.#proven.set(digest, { credential, untilMs: this.#options.now() + PROVEN_MS })
    return true
  }

  /** Is it the token that lets the first administrator be set up? Without one, nothing is. Throws `rate_limited`. */
  isSetupToken(token: string, from: From): boolean {
    const { setupToken } = this.#options.settings.running
    const address = throttleKey(from)
    this.#begin(address)
    const isRight = setupToken !== undefined && setupToken !== '' && isSame(token, setupToken)
    if (isRight) this.#throttle.succeeded(address)
    return isRight
  }

  /** Opens a session. Who asked has proven to be the administrator, or has the token for setting one up. */
  async open(kind: StoredSession['kind']): Promise<OpenedSession> {
    const credential = await this.#credentialOf(kind)
    if (credential === undefined) throw new GatewayError('unauthenticated', 'There is nobody to sign in as.')
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const nowMs = this.#options.now()
    const expiresAtMs = nowMs + (kind === 'setup' ? SETUP_SESSION_MS : SESSION_MS)
    const session = { digest: digestOf(token), kind, credential, createdAtMs: nowMs, expiresAtMs }
    this.#options.store.sessions.add(session)
    return { token, expiresAtMs }
  }

  /** Whose token it is; undefined: nobody's, or of a session that is over (I16). */
  async holderOf(token: string): Promise<StoredSession['kind'] | undefined> {
    const session = this.#options.store.sessions.find(digestOf(token))
    if (session === undefined || session.expiresAtMs <= this.#options.now()) return undefined
    return session.credential === (await this.#credentialOf(session.kind)) ? session.kind : undefined
  }

  end(token: string): void {
    this.#options.store.sessions.remove(digestOf(token))
  }

  endAll(): void {
    this.#options.store.sessions.removeAll()
    this.#proven.clear()
  }

  /** Of the settings that run. */
  get administrator(): Administrator {
    const { username, password } = this.#options.settings.running.configuration.admin
    const known = this.#administrator?.settings
    if (known === undefined || known.username !== username || known.password !== password) {
      this.#administrator = new Administrator({ username, password }, () => this.#options.store.salt())
    }
    return this.#administrator!
  }

  async #credentialOf(kind: StoredSession['kind']): Promise<string | undefined> {
    if (kind === 'administrator') return this.administrator.credential()
    const { setupToken } = this.#options.settings.running
    return setupToken === undefined || setupToken === '' ? undefined : digestOf(setupToken)
  }

  #begin(address: string): void {
    const waitMs = this.#throttle.begin(address, this.#options.now())
    if (waitMs === 0) return
    const retryAfterSeconds = Math.ceil(waitMs / 1000)
    const message = `Too many wrong logins from here; try again in ${retryAfterSeconds} s.`
    throw new GatewayError('rate_limited', message, { retryAfterSeconds })
  }
}

/** Tokens are 32 random bytes, so that a digest without a key is enough. */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64url')
}
