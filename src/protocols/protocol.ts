import type { Response } from '../message/collect.ts'
import type { GatewayError } from '../message/error.ts'
import type { Emit } from '../message/event.ts'
import type { JsonObject, Request } from '../message/request.ts'
import type { Frame } from '../wire/framing.ts'
import type { EncodeError } from './dialect.ts'
import type { Quirks } from './quirks.ts'
import type { Endpoint, Operation } from './endpoint.ts'
import type {
  ForeignBlocks,
  ForeignFields,
  ForeignStrings,
  RefusedReasoning,
  ThinkingFirst,
} from './foreign.ts'
import type { ForeignPrefix, ListedModel } from './model-list.ts'
import type { StreamDecoder, StreamEncoder, StreamTap, Tapped } from './stream.ts'
import type { Decoded, EncodeContext, EncodeTarget, Encoded, Memo } from './translation.ts'

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
  /** What must be turned off in a loop of tools that another model began. Absent: nothing. */
  readonly thinkingFirst?: ThinkingFirst
  /** Which fields of its messages an upstream of these quirks does not take, or misses. */
  foreignFields?(quirks: Quirks): ForeignFields | undefined
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

export type ProtocolId =
  | 'anthropic'
  | 'openai-chat'
  | 'openai-responses'
  | 'gemini'
  | 'bedrock-converse'
  | 'cohere'
  /** Asked as in `openai-responses`, answered as in `openai-chat`. */
  | 'cursor'

export type HeaderReader = (name: string) => string | undefined
