/**
 * What counts where the configuration says nothing. Apart from `schema.ts`, which names these in the JSON schema,
 * so that a start without a file does not load the validator.
 */
export const CLIENT_DEFAULTS = {
  enable_logging: true,
  disable_content_logging: false,
  log_retention_days: 365,
  enforce_auth_on_inference: false,
  max_request_body_size_mb: 100,
  drop_excess_requests: false,
} as const

export const NETWORK_DEFAULTS = {
  /**
   * Until the response headers. A non-streamed answer has its headers when it is finished, and Claude Code and the
   * SDKs wait 600 s for one (`X-Stainless-Timeout: 600`): shorter would cut answers that the client still wants.
   */
  default_request_timeout_in_seconds: 600,
  /** Models think in silence for minutes; Claude Code itself gives a silent stream 300 s. */
  stream_idle_timeout_in_seconds: 300,
  max_retries: 0,
  retry_backoff_initial_ms: 500,
  retry_backoff_max_ms: 5000,
  insecure_skip_verify: false,
  max_conns_per_host: 5000,
} as const

/** For a TCP and TLS handshake; no setting of the file. Who waits for a host that is gone goes on elsewhere after it. */
export const CONNECT_TIMEOUT_MS = 5_000

export const KEY_DEFAULTS = { weight: 1, enabled: true } as const

/** Where a provider has a queue at all. */
export const QUEUE_DEFAULTS = { concurrency: 1000, buffer_size: 5000 } as const

export const LOGS_FILE = 'logs.db'
export const CONFIG_STORE_FILE = 'config.db'

/** As libpq has them. `require`: encrypted, to whoever answers. `verify-ca`: whoever has a certificate. `verify-full`: of that name. */
export const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const

/** One that asks, one that brings what was spent, one that says that this gateway lives. */
export const LEDGER_CONNECTIONS_MIN = 3

export const LEDGER_DEFAULTS = { type: 'sqlite', port: 5432, ssl_mode: 'disable', max_open_conns: 4 } as const

/**
 * What an empty list of a virtual key's means, the first being ours. `deny_empty`: nothing, and an absent one
 * everything; `allow_empty`: everything, as in Bifrost 1.4; `deny_absent`: nothing, and an absent one, too, as in 1.5.
 */
export const LIST_SEMANTICS = ['deny_empty', 'allow_empty', 'deny_absent'] as const

export type ListSemantics = (typeof LIST_SEMANTICS)[number]

export const GOVERNANCE_DEFAULTS = { time_zone: 'UTC', soft_limit_percent: 80 } as const
