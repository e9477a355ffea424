import { GatewayError } from '../message/error.ts'
import type { Tapped } from '../protocols/stream.ts'
import type { WholeAnswer } from './whole-answer.ts'

/**
 * What happens to an upstream's streamed bytes on their way to the client: native passages forward them
 * untouched and read beside, translated ones decode and encode. Synchronous; the relay owns all waiting.
 */
export interface Passage extends Tapped {
  /** One upstream chunk in; what the client gets for it out (undefined: nothing yet). */
  push(chunk: Buffer): Buffer | string | undefined
  /** The upstream's bytes ended; what is left for the client. */
  end(): Buffer | string | undefined
  /** The upstream answered in one piece. Throws `upstream_malformed` where a client that streams cannot get that. */
  whole(answer: WholeAnswer): Buffer | string | undefined
  /** Part of the answer has come: no other attempt after this reaches the client. */
  readonly semantic: boolean
  /** The protocol's own end has come: the answer is whole. */
  readonly complete: boolean
  /** The upstream failed inside its stream. */
  readonly error: GatewayError | undefined
  /** Keeps the client's connection open; empty where nothing can be put in. */
  ping(): Buffer | string
  /** The client's own form of a failure at this point; empty when it has been told already. */
  failure(error: GatewayError): Buffer | string
}

/** The answer to a client that streams came in one piece. */
export function noStream(): GatewayError {
  return new GatewayError('upstream_malformed', 'The upstream answered a streaming request without a stream.')
}
