import type { Warning } from '../message/request.ts'
import type { Usage } from '../message/usage.ts'
import type { Endpoint, OperationId } from '../protocols/endpoint.ts'
import type { HeaderReader } from '../protocols/protocol.ts'
import type { WriteFrame } from '../protocols/stream.ts'
import type { Frame } from '../wire/framing.ts'

export type { OperationId }

/**
 * What a provider does beside answering conversations. An operation has a hub, plain data, and one codec for each
 * family of APIs that writes it in its own way. Where client and provider are of one family the codec is not used at
 * all: bytes go on as they came, and only `usage` reads beside.
 *
 * Everything here is pure and synchronous, without clock, I/O or Node APIs.
 */
export interface Codec<Request, Answer extends Metered = Metered> {
  /** The half that clients speak to the gateway. Absent: no client does, or only providers of the family serve it. */
  readonly client?: ClientSide<Request, Answer>
  /** The half that the gateway speaks to providers. Absent: requests of other families do not reach them. */
  readonly provider?: ProviderSide<Request, Answer>
  /** What an answer that is forwarded untouched has used. */
  readonly usage: UsageReader
  /** Requests name their model inside the body, where it cannot be replaced without reading all of it. */
  readonly namesModelInside?: true
}

/** Every answer says what it has used, as far as that is known. */
export interface Metered {
  readonly usage: Partial<Usage>
}

export interface ClientSide<Request, Answer extends Metered> {
  /** Throws `invalid_request` and `unsupported`, naming the field. */
  decode(body: Body): DecodedRequest<Request>
  encode(answer: Answer, context: AnswerContext<Request>): Body
  /** Absent: clients of this family get no streams. */
  stream?(context: AnswerContext<Request>): PieceEncoder
  /** An answer that came whole, in the steps of one that did not. There where `stream` is. */
  pieces?(answer: Answer): readonly Piece[]
}

export interface ProviderSide<Request, Answer extends Metered> {
  /**
   * Throws `unsupported` for what the family has no word for and the answer depends on. `model`: its id there.
   * `stream`: the answer is wanted as a stream, which is asked only of providers that give one.
   */
  encode(request: Request, model: string, stream: boolean): EncodedRequest
  /** Throws `upstream_malformed`, and the failure that an answer of status 200 tells of. */
  decode(answer: UpstreamAnswer, request: Request): Answer
  /**
   * The answer's bytes are what a client of another family gets, so they can go on as they come. Absent: they are
   * decoded whole.
   */
  passes?(request: Request): boolean
  /** Absent: the provider answers in one piece. */
  stream?(request: Request): PieceDecoder
}

/** What a body says. */
export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly parts: readonly Part[] }
  | { readonly kind: 'bytes'; readonly type: string; readonly bytes: Uint8Array }

/** Of a form. A field's content is text, a file's bytes. */
export interface Part {
  readonly name: string
  readonly filename?: string
  readonly type?: string
  readonly content: string | Uint8Array
}

export interface DecodedRequest<Request> {
  readonly request: Request
  /** The client wants the answer as a stream of events. */
  readonly stream: boolean
  readonly warnings: readonly Warning[]
}

export interface EncodedRequest {
  readonly body: Body
  /** For the `{names}` in the offer's path. `model` is always there. */
  readonly values?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly warnings: readonly Warning[]
}

export interface UpstreamAnswer {
  readonly body: Body
  readonly header: HeaderReader
}

/** What encoding an answer must know of the client's request. */
export interface AnswerContext<Request> {
  readonly request: Request
  /** Told as the answer's model. */
  readonly requestedModel: string
  /** Id of the answer where the upstream gives none. */
  readonly responseId: string
  readonly created_s: number
}

/**
 * One step of an answer that comes as a stream: audio, text or an image, then `end`, once, last. An answer that came
 * whole is told in the same steps to a client that streams.
 */
export type Piece =
  | { readonly type: 'audio'; readonly bytes: Uint8Array }
  | { readonly type: 'text'; readonly text: string }
  /** Base64. `partial`: a sketch of the image to come, counted from 0. */
  | { readonly type: 'image'; readonly data: string; readonly partial?: number }
  | { readonly type: 'end'; readonly usage: Partial<Usage> }

/** A provider's stream: frames in, pieces out. Throws the failure that a frame tells of. */
export interface PieceDecoder {
  push(frame: Frame, emit: (piece: Piece) => void): void
  /** The upstream's bytes ended. Throws `upstream_truncated` when the answer had not. */
  end(emit: (piece: Piece) => void): void
}

export interface PieceEncoder {
  push(piece: Piece, write: WriteFrame): void
}

export interface UsageReader {
  /**
   * The top-level fields of a JSON answer that tell it. Absent: all of it is needed. Vectors are megabytes of
   * numbers, which take a second to parse.
   */
  readonly fields?: readonly string[]
  /** Of an answer, or of the data of one event of a stream; empty where it tells nothing. */
  read(answer: UpstreamAnswer): Partial<Usage>
  /** What the request alone tells: characters to be spoken, where they are what is billed. */
  asked?(body: Body): Partial<Usage>
}

/** APIs that write an operation alike. Many are called as the provider that they come from. */
export type FamilyId =
  /** OpenAI's, and everybody's who copied it. */
  | 'openai'
  | 'anthropic'
  /** Google's models with a method of their own: `embedContent`, `generateContent`. */
  | 'gemini'
  /** `batchEmbedContents`. */
  | 'gemini-batch'
  /** Google's `predict`, with `instances` and `parameters`: Imagen, and embeddings of Vertex. */
  | 'predict'
  /** Google's ranking API. */
  | 'google-ranking'
  | 'cohere'
  /** Cohere's bodies for models on Bedrock, where the model stands in the path. */
  | 'bedrock-cohere'
  /** `Rerank` of Bedrock's agent runtime. */
  | 'bedrock-rerank'
  | 'titan'
  /** Titan's and Nova's images. */
  | 'nova-canvas'
  | 'stability'
  /** `/v1/rerank` as vLLM, Together and others copied it from each other. */
  | 'jina'
  /** OpenAI's images with a size in numbers and a count of steps. */
  | 'diffusion'
  | 'replicate'
  | 'hugging-face'
  | 'elevenlabs'
  /** OpenAI's transcriptions, with streams of their own. */
  | 'mistral'
  | 'vllm'

/** A way in which a provider serves an operation. */
export interface Offer {
  readonly family: FamilyId
  /**
   * Below the base URL, with names in braces; see `template.ts`. `model` is always known, of a cloud's key its
   * `project`, `region` and `apiVersion`, and what the codec gives.
   */
  readonly path: string
  /** Of a streamed answer. Absent: it is the same, and the body asks for it. */
  readonly streamPath?: string
  /** What the requests without a model are below. Absent: the path. */
  readonly collection?: string
  /** Of every request; the values are templates, too. */
  readonly query?: Readonly<Record<string, string>>
  /** Where it is not at the provider's own address. An address of the operator's holds for this, too. */
  readonly origin?: string
  /** By their id at the provider. Absent: all models. */
  readonly models?: RegExp
}

/** What a provider does, each operation in one way or more, best first. */
export type Offers = Readonly<Partial<Record<OperationId, readonly Offer[]>>>

/** Where clients ask for an operation. */
export interface OperationEndpoint extends Endpoint {
  readonly operation: OperationId
  readonly family: FamilyId
  /** What the format of the settings calls it: `embedding`, `file_upload` … */
  readonly kind: string
  /**
   * Below the provider's collection, with the names of `path`: files, batches and the like are of a provider and not
   * of a model, so the request says which. Absent: the request names a model.
   */
  readonly below?: string
}

export function isOperation(endpoint: Endpoint): endpoint is OperationEndpoint {
  return 'family' in endpoint
}
