import type { Json } from './json.ts'
import type { Operation, Refusal, StreamEvent, Tokens } from './protocol.ts'
import type { RecordedRequest } from './record.ts'

/** An operation that is no conversation, such as embeddings or files. */
export interface Service {
  name: string
  /** The provider's validation: the first thing wrong with a request. */
  check?(request: RecordedRequest, operation: Operation): Refusal | undefined
  answer(request: RecordedRequest, operation: Operation): ServiceAnswer
}

/** What a service answers: `json`, or `bytes` of a type, or a stream of `events`. */
export interface ServiceAnswer {
  json?: Json
  bytes?: Uint8Array
  events?: StreamEvent[]
  headers?: Record<string, string>
  /** The media type of `bytes`. */
  type?: string
  /** Absent for operations that no model does. */
  model?: string
  tokens?: Partial<Tokens>
}
