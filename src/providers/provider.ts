import type { Protocol, Quirks } from '../protocols/protocol.ts'

/**
 * A place that serves models: protocol + endpoint + auth + quirks. A provider is composed, not implemented:
 * most are one row of `compatible.ts`.
 */
export interface Provider {
  readonly id: string
  readonly protocol: Protocol
  /** Where it lives when the configuration does not say; absent where the operator must say. */
  readonly baseUrl?: string
  /** Paths below the base URL. */
  readonly paths: ProviderPaths
  /** Headers that carry a provider key. */
  readonly auth: (key: string) => Record<string, string>
  /** Headers sent with every request. */
  readonly headers?: Record<string, string>
  readonly quirks: Quirks
  /** Environment variables in which a key is looked for when nothing is configured, first match wins. */
  readonly keyVariables?: readonly string[]
  /** Works without a key (a local server). */
  readonly keyless?: boolean
  /**
   * Prefix of a login token of the client that belongs to this provider (`sk-ant-oat` of Claude Pro and Max).
   * It is sent to the provider's own `baseUrl` host and to no other, whatever the configuration says.
   */
  readonly loginTokenPrefix?: string
}

export interface ProviderPaths {
  generate: string
  countTokens?: string
  models?: string
}
