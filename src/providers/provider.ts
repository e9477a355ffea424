import type { Offers } from '../operations/operation.ts'
import type { Dialect } from '../protocols/dialect.ts'
import type { Protocol } from '../protocols/protocol.ts'
import type { Quirks } from '../protocols/quirks.ts'
import type { Framing } from '../wire/framing.ts'
import type { Authorize, CloudSettings } from './authorization.ts'

/**
 * A place that serves models: wire APIs + address + auth. A provider is composed, not implemented: most are one row
 * of `compatible.ts`.
 */
export interface Provider {
  readonly id: string
  /**
   * The wire APIs in which it serves models, best first. A client that speaks one of them is served natively, all
   * others through the first that serves the model.
   */
  readonly surfaces: readonly Surface[]
  /** Where it lives when the configuration does not say; absent where the operator must say. */
  readonly baseUrl?: string
  /** Its keys belong to a region, a resource or a project, which says where they lead. */
  readonly cloud?: Cloud
  readonly authorize: Authorize
  /** What it does beside conversations. */
  readonly operations?: Offers
  /** Environment variables in which a key is looked for when nothing is configured, first match wins. */
  readonly keyVariables?: readonly string[]
  /** Works without a key (a local server), or its keys name an identity that needs none (a cloud). */
  readonly keyless?: boolean
  /**
   * Prefix of a login token of the client that belongs to this provider (`sk-ant-oat` of Claude Pro and Max).
   * It is sent to the provider's own `baseUrl` host and to no other, whatever the configuration says.
   */
  readonly loginTokenPrefix?: string
}

export interface Cloud {
  readonly kind: CloudSettings['kind']
  /** A method, so that each cloud can take its own kind of settings alone. */
  baseUrl(cloud: CloudSettings): string
}

/** One wire API of a provider. */
export interface Surface {
  readonly protocol: Protocol
  readonly paths: SurfacePaths
  readonly quirks: Quirks
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Of streamed answers. Absent: server-sent events. */
  readonly framing?: Framing
  readonly dialect?: Dialect
  /** Servers that imitate the provider seldom have it: at another address than its own it comes last. */
  readonly atHomeOnly?: true
  /** Is this model, by its id here or the name that the client gave, served in this API? Absent: all are. */
  readonly serves?: (model: string, requested: string) => boolean
}

export interface SurfacePaths {
  readonly generate: Path
  readonly countTokens?: Path
  readonly models?: string
}

/** Below the base URL. */
export type Path = string | ((place: Place) => string)

export interface Place {
  /** The model's id at the provider. */
  readonly model: string
  readonly stream: boolean
  readonly cloud: CloudSettings | undefined
}

/** A path for one request. */
export function pathTo(path: Path, place: Place): string {
  return typeof path === 'string' ? path : path(place)
}
