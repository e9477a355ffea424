import { readDataUrl } from '../../lib/base64.ts'
import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { refuseValue } from '../../protocols/shared/openai-fields.ts'
import type { Fields } from '../../protocols/shared/openai-fields.ts'
import { isObject } from '../../protocols/shared/object.ts'
import {
  compact,
  fieldsOf,
  headerNumber,
  json,
  leftOut,
  malformed,
  objectOf,
  textOf,
  unsupported,
} from '../body.ts'
import type { AnswerContext, Body, Codec, UpstreamAnswer } from '../operation.ts'
import { packVector } from './embeddings.ts'
import type {
  EmbedAnswer,
  EmbedInput,
  EmbedPurpose,
  EmbedRequest,
  Vector,
  VectorEncoding,
} from './embeddings.ts'

/** https://docs.cohere.com/reference/embed */
export const cohere: Codec<EmbedRequest, EmbedAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode: (request, model) => encode(request, { model }),
    decode: (answer) => ({ ...decodeAnswer(answer), usage: readMeta(objectOf(answer).meta) }),
  },
  usage: { fields: ['meta'], read: (answer) => readMeta(objectOf(answer).meta) },
}

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html: usage is in a header. */
export const bedrockCohere: Codec<EmbedRequest, EmbedAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: {
    encode: (request) => encode(request, {}),
    decode: (answer) => ({ ...decodeAnswer(answer), usage: readHeader(answer) }),
  },
  usage: { fields: [], read: readHeader },
}

const KNOWN = new Set([
  'model', 'texts', 'images', 'inputs', 'input_type', 'embedding_types', 'output_dimension', 'truncate',
]) // prettier-ignore

/** `input_type`; the API asks for one, and a text that is to be found is the safe guess. */
const INPUT_TYPES: Readonly<Partial<Record<EmbedPurpose, string>>> = {
  query: 'search_query',
  document: 'search_document',
  classification: 'classification',
  clustering: 'clustering',
  question: 'search_query',
  fact: 'search_query',
  code: 'search_query',
  similarity: 'clustering',
}

const PURPOSES: ReadonlyMap<string | undefined, EmbedPurpose> = new Map([
  ['search_query', 'query'],
  ['search_document', 'document'],
  ['classification', 'classification'],
  ['clustering', 'clustering'],
])

const ENCODINGS: readonly VectorEncoding[] = ['float', 'base64', 'int8', 'uint8', 'binary', 'ubinary']

function decode(body: Body) {
  const fields = fieldsOf(body)
  const inputType = fields.string('input_type')
  const truncate = fields.string('truncate')?.toLowerCase()
  const types = fields.list('embedding_types') ?? ['float']
  const unknown = types.find((type) => !ENCODINGS.includes(type as VectorEncoding))
  if (unknown !== undefined) throw refuseValue('embedding_types', unknown, ENCODINGS)
  if (truncate !== undefined && !['none', 'start', 'end'].includes(truncate))
    throw refuseValue('truncate', truncate, ['NONE', 'START', 'END'])
  const request: EmbedRequest = {
    inputs: decodeInputs(fields),
    ...compact({
      dimensions: fields.number('output_dimension'),
      purpose: PURPOSES.get(inputType),
      truncate,
    }),
    encodings: types.length === 0 ? ['float'] : (types as VectorEncoding[]),
  }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

function decodeInputs(fields: Fields): EmbedInput[] {
  const texts = strings(fields, 'texts').map((text): EmbedInput => ({ type: 'text', text }))
  const images = strings(fields, 'images').map((url, at) => image(url, `images[${at}]`))
  const mixed = (fields.objects('inputs') ?? []).map(decodeMixed)
  const inputs = [...texts, ...images, ...mixed]
  if (inputs.length > 0) return inputs
  throw new GatewayError('invalid_request', 'texts: expected one text at least.', { field: 'texts' })
}

function strings(fields: Fields, name: string): string[] {
  const list = fields.list(name) ?? []
  const wrong = list.findIndex((each) => typeof each !== 'string')
  if (wrong === -1) return list as string[]
  const field = `${name}[${wrong}]`
  throw new GatewayError('invalid_request', `${field}: expected a string.`, { field })
}

function image(url: string, field: string): EmbedInput {
  const data = readDataUrl(url)
  if (data === undefined)
    throw new GatewayError('invalid_request', `${field}: expected a data URL in base64.`, { field })
  return { type: 'image', ...data }
}

/** `{content: [{type: "text", text}, {type: "image_url", image_url: {url}}]}` */
function decodeMixed(input: Fields): EmbedInput {
  const parts = input.objects('content') ?? []
  const only = parts[0]
  if (parts.length !== 1 || only === undefined)
    throw unsupported(input.path('content'), 'other providers embed one text or one image at a time.')
  const url = only.object('image_url')?.string('url')
  if (url !== undefined) return image(url, only.path('image_url'))
  return { type: 'text', text: only.required('text', only.string('text')) }
}

function encode(request: EmbedRequest, model: JsonObject) {
  const texts: string[] = []
  const images: string[] = []
  for (const [at, input] of request.inputs.entries()) {
    if (input.type === 'text') texts.push(input.text)
    else if (input.type === 'image') images.push(`data:${input.mediaType};base64,${input.data}`)
    else throw unsupported(`input[${at}]`, 'this provider does not take tokens of another model’s tokenizer.')
  }
  if (texts.length > 0 && images.length > 0)
    throw unsupported('input', 'this provider embeds texts or images in one request, not both.')
  const purpose = INPUT_TYPES[request.purpose ?? 'document']
  const others = request.encodings.filter((encoding) => encoding !== 'float' && encoding !== 'base64')
  const body = compact({
    ...model,
    ...(images.length > 0 ? { images } : { texts }),
    input_type: images.length > 0 ? 'image' : purpose,
    embedding_types: ['float', ...others],
    output_dimension: request.dimensions,
    truncate: request.truncate?.toUpperCase(),
  })
  return { body: json(body), warnings: [] }
}

/** By type, or, of older models, a bare list of floats. */
function decodeAnswer(answer: UpstreamAnswer): Omit<EmbedAnswer, 'usage'> {
  const body = objectOf(answer)
  const { embeddings } = body
  const vectors = Array.isArray(embeddings) ? { float: embeddings as Vector[] } : embeddings
  if (!isObject(vectors) || !Array.isArray(vectors.float)) throw malformed('has no embeddings')
  return { ...compact({ id: textOf(body.id) }), vectors: vectors as EmbedAnswer['vectors'] }
}

function readMeta(meta: unknown): Partial<Usage> {
  const units = isObject(meta) && isObject(meta.billed_units) ? meta.billed_units : {}
  const inputTokens = tokenCount(units.input_tokens) ?? tokenCount(units.image_tokens)
  return inputTokens === undefined ? {} : { inputTokens }
}

function readHeader({ header }: UpstreamAnswer): Partial<Usage> {
  const inputTokens = headerNumber(header('x-amzn-bedrock-input-token-count'))
  return inputTokens === undefined ? {} : { inputTokens }
}

function encodeAnswer(answer: EmbedAnswer, context: AnswerContext<EmbedRequest>): Body {
  const { vectors, usage } = answer
  const { encodings, inputs } = context.request
  const embeddings: JsonObject = {}
  for (const encoding of encodings)
    embeddings[encoding] = encoding === 'base64' ? vectors.float.map(packVector) : vectors[encoding]
  return json({
    id: answer.id ?? context.responseId,
    embeddings,
    texts: inputs.flatMap((input) => (input.type === 'text' ? [input.text] : [])),
    meta: { api_version: { version: '2' }, billed_units: { input_tokens: usage.inputTokens ?? 0 } },
    response_type: 'embeddings_by_type',
  })
}
