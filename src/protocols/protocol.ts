import type { Response } from '../message/collect.ts'
import type { GatewayError } from '../message/error.ts'
import type { Emit, Event, FinishReason } from '../message/event.ts'
import type { JsonObject, Request, Warning } from '../message/request.ts'
import type { Usage } from '../message/usage.ts'
import type { ModelFacts } from '../models/catalogue.ts'
import type { Frame, Framing } from '../wire/framing.ts'
import type { Dialect, EncodeError } from './dialect.ts'
import type { Quirks } from './quirks.ts'
import type { StreamPosition } from './shared/stream-tail.ts'

export type { Dialect, Frame, Quirks, Response }

/**
 * A protocol is one wire API seen from both sides: the half that clients speak to the gateway (decode requests,
 * encode answers) and the half that the gateway speaks to providers (encode requests, decode answers).
 * Everything here is pure and synchronous, without clock, I/O or Node APIs: bytes and frames in, values out.
 */
export interface Protocol {
  readonly id: ProtocolId
  /** Where answers carry an id: SDKs show it, and without one Qwen Code 0.24 gives up when a stream breaks off. */
  readonly requestIdHeader: string
  /** What clients may call below the protocol's prefix. */
  readonly endpoints: readonly Endpoint[]
  readonly request: {
    /**
     * A client's JSON body as a hub request. Throws {@link GatewayError} `invalid_request` naming the field.
     * `operation` (default `generate`) decides which fields must be there.
     */
    decode(body: JsonObject, operation?: Operation): Decoded
    /** A hub request as this provider's JSON body. */
    encode(request: Request, target: EncodeTarget): Encoded
  }
  readonly response: {
    /** A whole answer as the same events that a stream would give. Malformed: emits one `error`. */
    decode(body: JsonObject, memo: Memo, emit: Emit): void
    /** A collected answer as this protocol's JSON body. */
    encode(response: Response, context: EncodeContext): JsonObject
  }
  readonly stream: {
    decoder(memo: Memo): StreamDecoder
    encoder(context: EncodeContext): StreamEncoder
    /** Reads usage and the end beside a stream that is forwarded untouched. */
    tap(): StreamTap
    /** An event that keeps an idle connection open and means nothing. Absent: the framing's own filler does. */
    readonly ping?: Frame
  }
  readonly error: {
    /** An upstream's error answer: the row, the wording, and what it said about retrying. */
    decode(status: number, headers: HeaderReader, body: string): GatewayError
    encode: EncodeError
  }
  /** The answer to a client that wants its tokens counted. */
  encodeCount(tokens: number): JsonObject
  /** Usage and stop reason of a whole answer that is forwarded untouched. Throws the failure that one of status 200 tells of. */
  readUsage(body: JsonObject): Tapped
  /** What must be cut out of a client's body before an upstream of the same protocol gets it. */
  readonly foreignBlocks?: ForeignBlocks
  /** What must be cut out as well once the upstream has refused it. Absent: it refuses no reasoning. */
  readonly refusedReasoning?: RefusedReasoning
  /** What in a client's body must say something else there. */
  readonly foreignStrings?: ForeignStrings
  /** How the models on offer are told to clients. */
  readonly models: {
    /**
     * Clients of this protocol list only ids that are `shown`: the prefix goes before those of `native` that are
     * not, and before every other provider's. Absent: ids are told as they are, with the provider before a slash.
     */
    readonly foreignPrefix?: ForeignPrefix
    /** All of them or a page, as the query asks. */
    encodeList(models: readonly ListedModel[], query: URLSearchParams): JsonObject
    encode(model: ListedModel): JsonObject
  }
}

/** A model on offer. */
export interface ListedModel {
  /** What clients of this protocol call it by. */
  readonly id: string
  readonly provider: string
  /** Its id at the provider. */
  readonly model: string
  /** Undefined for a model that the catalogue does not know. */
  readonly facts: ModelFacts | undefined
}

export interface ForeignPrefix {
  /** The provider whose ids need none. */
  readonly native: string
  readonly prefix: string
  readonly shown: RegExp
}

/**
 * Blocks that an answer of another protocol left in a conversation, and that this protocol's own service refuses.
 * The bytes around them stay as they are.
 */
export interface ForeignBlocks {
  /** The top-level list whose elements they are. Absent: they are elements of `messages[].content`. */
  readonly list?: string
  /** Text that stands in every body that has such a block: looking for it is all that other bodies cost. */
  readonly needle: string
  /** `model`: its id at the provider. */
  isForeign(block: JsonObject, model: string): boolean
  /** JSON text for a list that would be left empty. */
  readonly placeholder: string
}

/**
 * Reasoning that looks like the upstream's own and that it does not take all the same: of another account, or behind
 * a beginning that has changed.
 */
export interface RefusedReasoning {
  /** Is this how the upstream says so? */
  isRefusal(error: GatewayError): boolean
  /** All of it. */
  readonly blocks: ForeignBlocks
}

/**
 * Texts that an answer of another protocol left in a conversation, under a mark of ours, and that this protocol's
 * own service refuses. What they stand on stays: a call without its id or its signature is refused, too.
 */
export interface ForeignStrings {
  /** Stands in every such string. Strings with an escape in them are none. */
  readonly needle: string
  /** The fields that may hold one. */
  readonly fields: readonly string[]
  /** What to say instead; the same for a string that may stay. */
  mend(value: string): string
}

export type ProtocolId =
  | 'anthropic'
  | 'openai-chat'
  | 'openai-responses'
  | 'gemini'
  | 'bedrock-converse'
  | 'cohere'
  /** Asked as in `openai-responses`, answered as in `openai-chat`. */
  | 'cursor'

/** generate: an answer of the model; the others are what they say. */
export type Operation =
  | 'generate'
  | 'count-tokens'
  | 'list-models'
  | 'get-model'
  | 'probe'
  /** Whatever it asks. */
  | 'passthrough'
  | OperationId

/** What providers do beside conversations: see `operations/operation.ts`. */
export type OperationId =
  | 'embeddings'
  | 'rerank'
  | 'image-generation'
  | 'image-edit'
  | 'image-variation'
  | 'speech'
  | 'transcription'
  | 'completions'
  | 'moderations'
  | 'tokenize'
  | 'videos'
  | 'files'
  | 'batches'
  | 'containers'

export interface Endpoint {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the prefix; `{model}` takes any part of the path, slashes included. */
  readonly path: string
  readonly operation: Operation
  /** Is the answer a stream? Absent: the body's `stream` says so. */
  readonly stream?: boolean
  /** Of a streamed answer. Absent: server-sent events. */
  readonly framing?: (query: URLSearchParams) => Framing
  /** Absent: the protocol as its own service speaks it. */
  readonly dialect?: Dialect
  /** Bodies may be forms, too (`multipart/form-data`). */
  readonly forms?: true
}

export interface Decoded {
  request: Request
  warnings: Warning[]
  /** The client asked for a usage chunk at the end of its stream (OpenAI's `stream_options.include_usage`). */
  includeUsage?: boolean
  /** For {@link EncodeContext.memo}. */
  answerMemo?: AnswerMemo
}

/** What decoding a request must remember for encoding its answer. Empty for most. */
export interface AnswerMemo {
  /** How the client knows tools that the hub has as functions, by their name in the hub. */
  callForms?: ReadonlyMap<string, CallForm>
  /** Settings of the request that the answer says back. */
  echo?: JsonObject
}

/** How a client knows a tool. */
export interface CallForm {
  /** Its kind on the client's wire: `function`, `custom`, `local_shell` … */
  type: string
  name: string
  namespace?: string
}

/** What an encoder may know of the place that the request goes to. */
export interface EncodeTarget {
  /** The model's id at the provider. */
  model: string
  /** Undefined for a model that the catalogue does not know. */
  facts: ModelFacts | undefined
  /** Declared differences from the protocol's reference implementation. */
  quirks: Quirks
}

export interface Encoded {
  /** JSON text in pieces, to be sent one behind the other; see {@link jsonPieces}. */
  body: readonly string[]
  warnings: Warning[]
  memo: Memo
}

/** What encoding a request must remember for decoding its answer. Empty for most. */
export interface Memo {
  /** Tool names as sent → as the client knows them, where they had to be shortened. */
  toolNames?: Map<string, string>
  /** Stop sequences that the upstream does not obey: the gateway cuts the answer itself. */
  enforceStop?: readonly string[]
  /** A web search was asked for that the upstream cannot run: the client is told so in its own form. */
  webSearchUnavailable?: boolean
  /** A web search was asked for, and the upstream runs it: what it cites is what it found. */
  webSearch?: boolean
  /** Stop sequences that were sent: some upstreams tell at which of them they stopped. */
  stopSequences?: readonly string[]
  /** Ids of the tool calls in the conversation so far: an upstream that gives one of them again gets another. */
  callIds?: ReadonlySet<string>
}

/** What encoding an answer must know of the client's request. */
export interface EncodeContext {
  /** Echoed as the answer's model: Claude Code compares it with what it asked for. */
  requestedModel: string
  /** Id of the answer where the upstream gives none. */
  responseId: string
  /** Estimated input tokens, shown until the upstream reports the truth. */
  inputTokensEstimate: number
  /** The client asked for a usage chunk at the end (OpenAI `stream_options.include_usage`). */
  includeUsage?: boolean
  created_s: number
  memo?: AnswerMemo
}

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

export type HeaderReader = (name: string) => string | undefined
