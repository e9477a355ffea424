import { homedir } from 'node:os'
import { GatewayError } from '../../message/error.ts'
import type { Egress } from '../../wire/egress.ts'
import type { AuthorizedKey, AwsIdentity, CloudCredentials, CloudSettings } from '../authorization.ts'
import { CredentialCache } from './credential-cache.ts'
import type { Fetched } from './credential-cache.ts'
import type { Surroundings, WayOut } from './surroundings.ts'

type Headers = Record<string, string>

export interface CredentialOptions {
  readonly egress: Egress
  /** As `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Told of renewing that failed, while the old credentials are still good. */
  readonly report: (message: string, error?: unknown) => void
  readonly homeDirectory?: string
  readonly now?: () => number
  /** Until a token service has answered. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000

/**
 * The credentials of every key that names a cloud. What fetches them is loaded with the first that is needed, so that
 * a start without clouds pays nothing.
 */
export class CachedCredentials implements CloudCredentials {
  readonly #surroundings: Omit<Surroundings, 'way'>
  readonly #google: CredentialCache<Headers>
  readonly #azure: CredentialCache<Headers>
  readonly #aws: CredentialCache<AwsIdentity>
  /** Settings are compiled anew with each change of the file; those that stayed the same keep their tokens. */
  readonly #identities = new WeakMap<CloudSettings, string>()

  constructor({
    egress,
    environment,
    report,
    homeDirectory = homedir(),
    now = Date.now,
    timeoutMs = TIMEOUT_MS,
  }: CredentialOptions) {
    this.#surroundings = { egress, environment, homeDirectory, now, timeoutMs }
    const failed = (error: GatewayError) =>
      report('Credentials of a cloud could not be renewed; the old ones are used until they end.', error)
    this.#google = new CredentialCache(now, failed)
    this.#azure = new CredentialCache(now, failed)
    this.#aws = new CredentialCache(now, failed)
  }

  google(key: AuthorizedKey): Headers | Promise<Headers> {
    const settings = settingsOf(key, 'vertex')
    return this.#google.get(this.#identityOf(key, settings), async () => {
      const { fetchGoogle } = await import('./google.ts')
      return fetchGoogle(settings, this.#around(key))
    })
  }

  azure(key: AuthorizedKey): Headers | Promise<Headers> {
    const settings = settingsOf(key, 'azure')
    return this.#azure.get(this.#identityOf(key, settings), async () => {
      const { fetchAzure } = await import('./azure.ts')
      return asBearer(await fetchAzure(settings, this.#around(key)))
    })
  }

  aws(key: AuthorizedKey): AwsIdentity | Promise<AwsIdentity> {
    const settings = settingsOf(key, 'bedrock')
    return this.#aws.get(this.#identityOf(key, settings), async () => {
      const { fetchAws } = await import('./aws.ts')
      return fetchAws(settings, this.#around(key))
    })
  }

  /**
   * The upstream refused what this key was let in with, as it does when an account is switched off or a role taken
   * away: the next call waits for another, at most once in half a minute.
   */
  distrust(key: AuthorizedKey): void {
    if (key.cloud === undefined) return
    const identity = this.#identityOf(key, key.cloud)
    for (const cache of [this.#google, this.#azure, this.#aws]) cache.distrust(identity)
  }

  /** Forgets the credentials of all other keys: the configuration names them no longer. */
  keepOnly(keys: Iterable<AuthorizedKey>): void {
    const identities = new Set<string>()
    for (const key of keys) {
      if (key.cloud !== undefined) identities.add(this.#identityOf(key, key.cloud))
    }
    for (const cache of [this.#google, this.#azure, this.#aws]) cache.keepOnly(identities)
  }

  #identityOf(key: AuthorizedKey, settings: CloudSettings): string {
    let identity = this.#identities.get(settings)
    if (identity === undefined) {
      identity = JSON.stringify([settings, wayOf(key)])
      this.#identities.set(settings, identity)
    }
    return identity
  }

  #around(key: AuthorizedKey): Surroundings {
    return { ...this.#surroundings, way: wayOf(key) }
  }
}

function settingsOf<Kind extends CloudSettings['kind']>(
  { id, cloud }: AuthorizedKey,
  kind: Kind,
): Extract<CloudSettings, { kind: Kind }> {
  if (cloud?.kind === kind) return cloud as Extract<CloudSettings, { kind: Kind }>
  throw new GatewayError('no_key', `The key ${id} has no ${kind}_key_config.`)
}

/**
 * An authority of its own is that of a proxy which looks into connections; without a proxy it is that of a private
 * endpoint, and would make every token service a stranger.
 */
function wayOf({ reach }: AuthorizedKey): WayOut {
  const { proxyUrl, caCertificatePem } = reach?.upstream ?? {}
  return { proxyUrl, caCertificatePem: proxyUrl === undefined ? undefined : caCertificatePem }
}

function asBearer(token: Fetched<string>): Fetched<Headers> {
  return { ...token, value: { authorization: `Bearer ${token.value}` } }
}
