import type { GatewayError } from '../message/error.ts'
import type { JsonObject } from '../message/request.ts'

/** A failure as a client of a wire API is told it. */
export interface EncodedError {
  status: number
  headers: Record<string, string>
  body: JsonObject
}

export type EncodeError = (error: GatewayError, requestId: string) => EncodedError

/**
 * How another host takes a protocol's requests: Claude's body on Bedrock and Vertex is Anthropic's own but for a few
 * fields. All other bytes stay as they are.
 */
export interface Dialect {
  readonly id: string
  /** Top-level fields that are not in this dialect's bodies: model and stream stand in the path. */
  readonly without: readonly string[]
  /** Fields that it needs, as JSON text. A client's own is kept. */
  readonly needs: Readonly<Record<string, string>>
  /** The body's list for what `anthropic-beta` says elsewhere. */
  readonly betasField?: string
  /** The betas that it takes, by their name at the protocol's own service; any other fails the request. */
  readonly betas: ReadonlyMap<string, string>
  /** Of those, the ones that not every model takes: told only where one of these texts stands in the body. */
  readonly betasWhere?: ReadonlyMap<string, readonly string[]>
  /** Fields of the protocol's own service that fail the request here: `a`, `a.b`, `a[].b`. */
  readonly refuses: readonly string[]
  /** A failure as the host tells it. Absent: as the protocol does. */
  readonly encodeError?: EncodeError
}
