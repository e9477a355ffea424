import type { AwsAccounts } from '../cloud/aws-accounts.ts'
import type { Conversation } from './conversation.ts'
import type { Fault } from './faults.ts'
import type { Json } from './json.ts'
import type { RecordedRequest } from './record.ts'
import type { Answer } from './script.ts'
import type { Service } from './service.ts'

/** Header values by lower-case name; repeated headers joined with a comma. */
export type Headers = Record<string, string>

export interface Operation {
  kind: 'generate' | 'count_tokens' | 'models' | 'service'
  /** The model named in the path, where a protocol puts it there. */
  model?: string
  /** Whether the path asks for a stream. Absent: the body says. */
  stream?: boolean
  /** The cloud's own place for it, as a path names it: `projects/p/locations/l`. */
  place?: string
  /** How a stream is framed where a protocol has two ways. Absent: its usual one. */
  framing?: 'json-array'
  /** What answers an operation of kind `service`. */
  service?: Service
}

/** Who may ask. */
export interface Access {
  accepts(key: string): boolean
  /** Whose signatures Bedrock takes. */
  aws: AwsAccounts
}

/** Each physical token in exactly one bucket. Protocols that count cached tokens as input add them up. */
export interface Tokens {
  in: number
  out: number
  cache_read: number
  cache_write: number
  /** The part of `cache_write` that is kept for an hour instead of five minutes. */
  cache_write_1h?: number
  /** The part of `out` spent on thinking. */
  thinking: number
}

/** Everything a protocol needs to write one answer. */
export interface Generation {
  operation: Operation
  /** The request as it came: some answers say settings back. */
  body: Json
  conversation: Conversation
  answer: Answer
  tokens: Tokens
  fault?: Fault
}

/** One event of a stream as it goes over the wire. Names are for logs and for the `drop` fault. */
export interface StreamEvent {
  name: string
  bytes: string | Uint8Array
}

/** Why a provider refuses a request, in its own words. */
export interface Refusal {
  status: number
  message: string
  /** The error's kind in the provider's own spelling, where it does not follow from the status. */
  type?: string
  /** OpenAI only. */
  param?: string
  code?: string
}

/** A wire API seen from the provider's side. One file each, with these members in this order. */
export interface ProviderProtocol {
  name: string
  /** The operation that a request asks for, or undefined when the path is not of this protocol. */
  operation(request: RecordedRequest): Operation | undefined
  /** Credentials and version headers, checked before the body is looked at. */
  authenticate(request: RecordedRequest, access: Access): Refusal | undefined
  /** The provider's validation of a body: the first thing wrong with it. */
  check(body: Json, headers: Headers, operation: Operation): Refusal | undefined
  /** Whether the provider's catalogue has such a model, when a test gives no list of its own. */
  serves(model: string): boolean
  unknownModel(model: string, operation: Operation): Refusal
  read(body: Json, operation: Operation): Conversation
  /** The whole answer as one JSON value. */
  reply(generation: Generation): Json
  /** The whole answer as a stream. */
  events(generation: Generation): StreamEvent[]
  streamType(operation: Operation): string
  /** What the provider sends to keep a silent stream alive. Absent: nothing does. */
  keepAlive?: string
  /** An error in the middle of a stream, after `sent` events: what the fault says, or an overload. */
  errorEvent(generation: Generation, sent: number): StreamEvent
  error(refusal: Refusal, operation?: Operation): Json
  /** Headers that say what kind of error it is. */
  errorHeaders?(refusal: Refusal): Record<string, string>
  models(ids: string[], id?: string): Json
  tokenCount(tokens: number): Json
  /** Headers that each response carries. */
  responseHeaders(): Record<string, string>
}

/** The media type of server-sent events, as most providers spell it. */
export const EVENT_STREAM = 'text/event-stream; charset=utf-8'

/** A server-sent event. OpenAI Chat sends `data` lines only, so its events have no type on the wire. */
export function serverSentEvent(name: string, data: Json, typed: boolean): StreamEvent {
  return { name, bytes: `${typed ? `event: ${name}\n` : ''}data: ${JSON.stringify(data)}\n\n` }
}
