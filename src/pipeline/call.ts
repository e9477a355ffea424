import type { Endpoint, Operation } from '../protocols/endpoint.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { sse } from '../wire/framing.ts'
import type { Framing } from '../wire/framing.ts'

/**
 * One inbound HTTP request for inference, as the edge hands it to the pipeline: the path is canonical, Host and
 * Origin are checked, no credential header came twice, and the body has not been read.
 */
export interface Call {
  /** Given by the client in `x-request-id` where it is well-formed, else made here. */
  readonly id: string
  readonly protocol: Protocol
  readonly operation: Operation
  readonly endpoint: Endpoint
  /** Whose models names without a provider mean, before all others: the service that the client believes it speaks to. */
  readonly preferredProviders: readonly string[]
  /** It came by the route that is the gateway's own, whose answers say where they come from. */
  readonly isUnified: boolean
  /** Canonical path, for the log. */
  readonly path: string
  readonly query: URLSearchParams
  /** The same as it came, without the question mark; empty when there is none. */
  readonly queryText: string
  /** What stands at the names in the endpoint's path, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  /** The model among them, where the protocol puts it there. */
  readonly pathModel: string | undefined
  /** The request goes to the provider as it is. */
  readonly passthrough?: Passthrough | undefined
  /** Lower-case names; repeated headers joined as Node joins them. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly receivedAtMs: number
  /** `performance.now()` at the same moment, for durations. */
  readonly startedAt: number
  /** Reads the whole body once. Throws `request_too_large`, `unsupported_media_type`, `request_timeout`. */
  readBody(maxBytes: number): Promise<Buffer>
  /** The body is not held any more. */
  releaseBody(): void
  readonly reply: Reply
}

/** What a request asks of its provider that goes there as it is. */
export interface Passthrough {
  /** Behind the gateway's prefix, escaped as it came. */
  readonly path: string
  /** It asks for an answer of the call's protocol, which says what it has used. */
  readonly generates: boolean
}

/** The one writer to the client. */
export interface Reply {
  /** Bytes were sent: no other attempt can be made, failures go into the stream. */
  readonly committed: boolean
  /** The client left, or everything was said. */
  readonly closed: boolean
  /** A whole answer. */
  send(status: number, headers: Record<string, string | string[]>, body: Uint8Array | string): void
  /** Status and headers of a streamed answer. */
  open(status: number, headers: Record<string, string | string[]>): void
  /** false: the client reads slower than this; wait for `onDrain` before giving more. */
  write(chunk: Uint8Array | string): boolean
  end(): void
  /**
   * Ends the connection so that no client can take what it got for a whole answer, with `last` behind that. With a
   * pause before and after `last`, if one is given.
   */
  abort(last?: Uint8Array | string, pauseMs?: number): void
  /** Called once, when the client left before the end. */
  onGone(listener: () => void): void
  onDrain(listener: () => void): void
  readonly bytesWritten: number
}

/** How the client takes a stream. */
export function clientFraming(call: Call): Framing {
  return call.endpoint.framing?.(call.query) ?? sse
}
