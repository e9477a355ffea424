import type { PriceBook } from '../../models/price-book.ts'
import type { CloudSettings } from '../../providers/authorization.ts'
import type { Provider } from '../../providers/provider.ts'
import type { RoutingRules } from '../../rules/routing-rules.ts'
import type { Upstream } from '../../wire/egress.ts'
import type { SSL_MODES } from './defaults.ts'
import type { Governance } from './governance.ts'

/**
 * The configuration as the gateway runs it: compiled once, immutable, swapped whole by reference. A call keeps
 * the one it began with.
 */
export interface Configuration {
  /** Counts up with each accepted change. */
  readonly version: number
  readonly client: ClientSettings
  /** By provider id, in the order of the file. */
  readonly providers: ReadonlyMap<string, ConfiguredProvider>
  /** Who may call, where to, and how much. */
  readonly governance: Governance
  /** The routing rules of the governance, ready to run. */
  readonly routing: RoutingRules
  readonly admin: AdminSettings
  readonly logs: LogsSettings
  readonly ledger: LedgerSettings
  /** What models cost. */
  readonly prices: PriceBook
  /** Where `catalogue update` reads, unless it is told. */
  readonly pricesAddress: string | undefined
  /** Paths of accepted settings that this version does not serve, named once at start. */
  readonly unserved: readonly string[]
}

export interface ClientSettings {
  readonly enableLogging: boolean
  /** Bodies are not stored; rows are. */
  readonly disableContentLogging: boolean
  readonly logRetentionDays: number
  /** A virtual key is required. */
  readonly enforceAuthOnInference: boolean
  readonly maxRequestBodyBytes: number
  /** Origins of web pages that may call for inference, `*` for all; empty: none but the gateway's own. */
  readonly allowedOrigins: readonly string[]
  /** Host names, besides loopback, under which the gateway answers. Lower case, without port. */
  readonly allowedHosts: readonly string[]
  /** Lower-case header names copied into a log row. */
  readonly loggingHeaders: readonly string[]
  readonly headerFilter: HeaderFilter
  /** Refuse instead of waiting where a provider has as many requests as its queue settings let through. */
  readonly dropExcessRequests: boolean
  /** How long a replaced virtual key still counts. */
  readonly rotationGraceMs: number
}

export interface ConfiguredProvider {
  readonly id: string
  readonly provider: Provider
  /** Where a request without a provider key goes; undefined where only a key says where. */
  readonly reach: Reach | undefined
  /** Kinds of requests that may be sent, by the file's names for them; undefined: all. */
  readonly allowedRequests: ReadonlySet<string> | undefined
  readonly keys: readonly ProviderKey[]
  readonly network: NetworkSettings
  /** Undefined: no bound. */
  readonly queue: QueueSettings | undefined
}

/** Where requests go. */
export interface Reach {
  /** Where and how the dialler connects. */
  readonly upstream: Upstream
  /** The base URL's own path, in front of every other; without a trailing slash. */
  readonly pathPrefix: string
}

export interface ProviderKey {
  readonly id: string
  readonly name: string
  readonly reach: Reach
  /** The secret itself, resolved. Empty for keyless providers, and for identities of a cloud. */
  readonly value: string
  readonly cloud: CloudSettings | undefined
  /** `env.NAME` when the value came from the environment. */
  readonly reference: string | undefined
  /** Undefined: all models. */
  readonly models: ReadonlySet<string> | undefined
  readonly blockedModels: ReadonlySet<string>
  /** Alias → the provider's model id. */
  readonly aliases: ReadonlyMap<string, string>
  readonly weight: number
  readonly enabled: boolean
  /** Undefined: no bound of its own. */
  readonly queue?: QueueSettings | undefined
}

export interface NetworkSettings {
  /** Names in lower case. */
  readonly extraHeaders: Readonly<Record<string, string>>
  /** Until the response headers. */
  readonly requestTimeoutMs: number
  /** Between two chunks of a stream. */
  readonly streamIdleTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly maxRetries: number
  readonly retryBackoffInitialMs: number
  readonly retryBackoffMaxMs: number
  readonly insecureSkipVerify: boolean
  readonly caCertificatePem: string | undefined
  readonly maxConnectionsPerHost: number
  /** HTTP proxy of the provider, credentials included. */
  readonly proxyUrl: string | undefined
}

/** Who may use the admin API and the dashboard. */
export interface AdminSettings {
  /** The password is asked for. */
  readonly enabled: boolean
  /** Undefined: it is missing in the environment, and nobody gets in. */
  readonly username: string | undefined
  /** Plain, or a scrypt hash. Undefined: as above. */
  readonly password: string | undefined
  /** Paths that need no password; one that ends with `*` is a prefix. */
  readonly openPaths: readonly string[]
}

/** Which of the caller's headers go on to providers. Lower-case patterns; `*` at the end stands for any ending. */
export interface HeaderFilter {
  /** Go on without the `x-bf-eh-` prefix; where there are some, nothing else goes on with it. */
  readonly allowed: readonly string[]
  /** Never go on. */
  readonly denied: readonly string[]
}

/** How many requests a provider gets at once, or one of its keys. */
export interface QueueSettings {
  readonly concurrency: number
  /** More than these wait; what comes on top is refused. */
  readonly waiting: number
}

export type LedgerSettings =
  /** In the app dir. */
  | { readonly store: 'sqlite' }
  | { readonly store: 'postgres'; readonly access: PostgresAccess }
  /** The start is refused: in any other place every budget would begin anew. */
  | { readonly store: 'unknown'; readonly reason: string }

/** Where Postgres is, and how it is reached. */
export interface PostgresAccess {
  /** A name or an address, or the absolute path of a directory with a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | undefined
  readonly database: string
  readonly sslMode: (typeof SSL_MODES)[number]
  /** At least {@link LEDGER_CONNECTIONS_MIN}. */
  readonly connectionsMax: number
}

export interface LogsSettings {
  readonly enabled: boolean
  /** Absolute path of the SQLite file. */
  readonly path: string
}
