import type { GatewayError } from '../message/error.ts'
import type { Emit, Event, FinishReason } from '../message/event.ts'
import type { Usage } from '../message/usage.ts'
import type { Frame } from '../wire/framing.ts'
import type { StreamPosition } from './shared/stream-tail.ts'

/** Synchronous state machine: frames in, events out. */
export interface StreamDecoder {
  push(frame: Frame, emit: Emit): void
  /** The upstream's bytes ended. Emits an `error` when the protocol's own end had not come. */
  end(emit: Emit): void
}

/** Synchronous state machine: events in, frames out. */
export interface StreamEncoder {
  push(event: Event, write: WriteFrame): void
}

/** Takes one frame: its event's name, empty where the protocol names none, and its data. */
export type WriteFrame = (event: string, data: string) => void

/** What a tap has learned. */
export interface Tapped {
  usage: Partial<Usage>
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
}

/**
 * Reads usage and the end beside a stream that is forwarded untouched. Takes server-sent events: others as such.
 */
export interface StreamTap extends Tapped {
  /** A complete or partial run of upstream bytes, in order. */
  push(bytes: Uint8Array): void
  end(): void
  /** An event with a part of the answer has passed. */
  readonly semantic: boolean
  /** The protocol's own end has passed: the answer is whole. */
  readonly complete: boolean
  /** An error event of the upstream, or bytes that are no stream of this protocol. */
  readonly error: GatewayError | undefined
  /** Between events a ping can be put in, between lines only a comment, inside a line nothing. */
  readonly position: StreamPosition
  /** Wire text of a failure at this point of the stream; empty when the upstream has told it itself. */
  failure(error: GatewayError, requestId: string): string
}
