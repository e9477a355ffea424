import { encodeBase64 } from '../../lib/base64.ts'
import type { Usage } from '../../message/usage.ts'
import { unsupported } from '../body.ts'

/** Vectors for texts and images. */
export interface EmbedRequest {
  readonly inputs: readonly EmbedInput[]
  readonly dimensions?: number
  /** What the vectors are for. */
  readonly purpose?: EmbedPurpose
  /** What happens to an input that is too long; absent: as the provider does. */
  readonly truncate?: 'none' | 'start' | 'end'
  /** The forms that the client wants its vectors in; one at least. */
  readonly encodings: readonly VectorEncoding[]
  readonly user?: string
}

export type EmbedInput =
  | { readonly type: 'text'; readonly text: string; readonly title?: string }
  /** Of the model's own tokenizer. */
  | { readonly type: 'tokens'; readonly tokens: readonly number[] }
  /** Base64. */
  | { readonly type: 'image'; readonly mediaType: string; readonly data: string }

export type EmbedPurpose =
  | 'query'
  | 'document'
  | 'classification'
  | 'clustering'
  | 'similarity'
  | 'question'
  | 'fact'
  | 'code'

/** base64: of 32-bit floats, least significant byte first. */
export type VectorEncoding = 'float' | 'base64' | 'int8' | 'uint8' | 'binary' | 'ubinary'

export interface EmbedAnswer {
  readonly id?: string
  readonly model?: string
  /** In the order of the inputs. Floats are always there, other forms where the provider makes them. */
  readonly vectors: { readonly float: readonly Vector[] } & {
    readonly [encoding in 'int8' | 'uint8' | 'binary' | 'ubinary']?: readonly Vector[]
  }
  readonly usage: Partial<Usage>
}

export type Vector = readonly number[]

/** As OpenAI's and Cohere's APIs pack it, and OpenAI's SDK asks for it unless told otherwise. */
export function packVector(vector: Vector): string {
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [at, value] of vector.entries()) view.setFloat32(at * 4, value, true)
  return encodeBase64(bytes)
}

/** The inputs as texts, for providers that take nothing else. Throws `unsupported`. */
export function textsOf(request: EmbedRequest): string[] {
  return request.inputs.map((input, at) => {
    if (input.type === 'text') return input.text
    const what = input.type === 'tokens' ? 'tokens of another model’s tokenizer' : 'images'
    throw unsupported(`input[${at}]`, `this provider embeds texts; it does not take ${what}.`)
  })
}

/** Throws `unsupported` for forms of vectors that only their own provider makes. */
export function refuseEncodings(request: EmbedRequest): void {
  const other = request.encodings.find((encoding) => encoding !== 'float' && encoding !== 'base64')
  if (other !== undefined)
    throw unsupported('embedding_types', `this provider makes float and base64, not ${other}.`)
}
