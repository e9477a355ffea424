import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { compact, dropped, fieldsOf, json, leftOut, malformed, objectOf, unsupported } from '../body.ts'
import type { Body, Codec } from '../operation.ts'
import { refuseEncodings } from './embeddings.ts'
import type { EmbedAnswer, EmbedInput, EmbedRequest, Vector } from './embeddings.ts'

/**
 * Titan on Bedrock: one input for each request.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html and -embed-mm.html
 */
export const titan: Codec<EmbedRequest, EmbedAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: { encode, decode: decodeAnswer },
  usage: {
    fields: ['inputTextTokenCount'],
    read: (answer) => readCount(objectOf(answer).inputTextTokenCount),
  },
}

const KNOWN = new Set(['inputText', 'inputImage', 'dimensions', 'embeddingConfig'])

function decode(body: Body) {
  const fields = fieldsOf(body)
  const image = fields.string('inputImage')
  const text = fields.string('inputText')
  if (image !== undefined && text !== undefined)
    throw unsupported('inputImage', 'other providers embed one text or one image at a time.')
  const input: EmbedInput =
    image === undefined
      ? { type: 'text', text: fields.required('inputText', text) }
      : { type: 'image', mediaType: 'image/png', data: image }
  const dimensions =
    fields.number('dimensions') ?? fields.object('embeddingConfig')?.number('outputEmbeddingLength')
  const request: EmbedRequest = { inputs: [input], ...compact({ dimensions }), encodings: ['float'] }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

function encode(request: EmbedRequest, model: string) {
  refuseEncodings(request)
  const [only, ...others] = request.inputs
  if (only === undefined || others.length > 0)
    throw unsupported('input', `${model} takes one input per request, not ${request.inputs.length}.`)
  if (only.type === 'tokens')
    throw unsupported('input', `${model} does not take tokens of another model’s tokenizer.`)
  const { dimensions } = request
  const input = only.type === 'text' ? { inputText: only.text } : { inputImage: only.data }
  const sized = model.includes('embed-image')
    ? { embeddingConfig: dimensions === undefined ? undefined : { outputEmbeddingLength: dimensions } }
    : { dimensions: isFixed(model) ? undefined : dimensions }
  const warnings =
    isFixed(model) && dimensions !== undefined
      ? [dropped('dimensions', `${model} makes vectors of 1536 numbers only`)]
      : []
  return { body: json(compact({ ...input, ...sized })), warnings }
}

/** The first Titan refuses `dimensions`. */
function isFixed(model: string): boolean {
  return /titan-embed-(?:text-v1|g1-text)/.test(model)
}

function decodeAnswer(answer: Parameters<typeof objectOf>[0]): EmbedAnswer {
  const { embedding, inputTextTokenCount } = objectOf(answer)
  if (!Array.isArray(embedding)) throw malformed('has no embedding')
  return { vectors: { float: [embedding as Vector] }, usage: readCount(inputTextTokenCount) }
}

function readCount(count: unknown): Partial<Usage> {
  const inputTokens = tokenCount(count)
  return inputTokens === undefined ? {} : { inputTokens }
}

function encodeAnswer({ vectors, usage }: EmbedAnswer): Body {
  const embedding = vectors.float[0] ?? []
  return json({
    embedding,
    embeddingsByType: { float: embedding },
    inputTextTokenCount: usage.inputTokens ?? 0,
  })
}
