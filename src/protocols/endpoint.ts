import type { Framing } from '../wire/framing.ts'
import type { Dialect } from './dialect.ts'

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
