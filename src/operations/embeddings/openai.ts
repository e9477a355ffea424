import { GatewayError } from '../../message/error.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { decodeBase64 } from '../../lib/base64.ts'
import { refuseValue } from '../../protocols/shared/openai-fields.ts'
import type { Fields } from '../../protocols/shared/openai-fields.ts'
import { isObject } from '../../protocols/shared/object.ts'
import {
  compact,
  fieldsOf,
  json,
  leftOut,
  malformed,
  objectOf,
  objectsOf,
  textOf,
  unsupported,
} from '../body.ts'
import type { Body, Codec } from '../operation.ts'
import { packVector, refuseEncodings } from './embeddings.ts'
import type { EmbedAnswer, EmbedInput, EmbedRequest, Vector } from './embeddings.ts'

/** https://platform.openai.com/docs/api-reference/embeddings */
export const openai: Codec<EmbedRequest, EmbedAnswer> = {
  client: { decode, encode: encodeAnswer },
  provider: { encode, decode: decodeAnswer },
  usage: { fields: ['usage'], read: (answer) => readUsage(objectOf(answer).usage) },
}

const KNOWN = new Set(['model', 'input', 'dimensions', 'encoding_format', 'user', 'fallbacks'])

function decode(body: Body) {
  const fields = fieldsOf(body)
  const encoding = fields.string('encoding_format') ?? 'float'
  if (encoding !== 'float' && encoding !== 'base64')
    throw refuseValue('encoding_format', encoding, ['float', 'base64'])
  const request: EmbedRequest = {
    inputs: decodeInputs(fields),
    ...compact({ dimensions: fields.number('dimensions'), user: fields.string('user') }),
    encodings: [encoding],
  }
  return { request, stream: false, warnings: leftOut(fields.raw, KNOWN) }
}

/** A text, tokens, or a list of either. */
function decodeInputs(fields: Fields): EmbedInput[] {
  const { input } = fields.raw
  if (typeof input === 'string') return [{ type: 'text', text: input }]
  const list = fields.list('input') ?? []
  if (list.length === 0)
    throw new GatewayError('invalid_request', 'input is required for embeddings', { field: 'input' })
  if (list.every((each) => typeof each === 'number')) return [{ type: 'tokens', tokens: list }]
  return list.map((each, at): EmbedInput => {
    if (typeof each === 'string') return { type: 'text', text: each }
    if (Array.isArray(each) && each.every((token) => typeof token === 'number'))
      return { type: 'tokens', tokens: each }
    throw new GatewayError('invalid_request', `input[${at}]: expected a text or a list of tokens.`, {
      field: `input[${at}]`,
    })
  })
}

function encode(request: EmbedRequest, model: string) {
  refuseEncodings(request)
  const input = request.inputs.map((each, at) => {
    if (each.type === 'image') throw unsupported(`input[${at}]`, 'this provider embeds texts, not images.')
    return each.type === 'text' ? each.text : each.tokens
  })
  const { dimensions, user } = request
  return { body: json(compact({ model, input, encoding_format: 'float', dimensions, user })), warnings: [] }
}

function decodeAnswer(answer: Parameters<typeof objectOf>[0]): EmbedAnswer {
  const body = objectOf(answer)
  const data = objectsOf(body.data)
  if (data.length === 0) throw malformed('has no embeddings')
  const ordered = data.toSorted((one, other) => indexOf(one) - indexOf(other))
  return {
    ...compact({ model: textOf(body.model) }),
    vectors: { float: ordered.map((each) => readVector(each.embedding)) },
    usage: readUsage(body.usage),
  }
}

function indexOf(value: { index?: unknown }): number {
  return typeof value.index === 'number' ? value.index : 0
}

/** Some servers pack vectors without being asked to. */
export function readVector(value: unknown): Vector {
  if (Array.isArray(value)) return value as Vector
  const bytes = typeof value === 'string' ? decodeBase64(value) : undefined
  if (bytes === undefined || bytes.length % 4 !== 0) throw malformed('has an embedding that is no vector')
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(at * 4, true))
}

export function readUsage(usage: unknown): Partial<Usage> {
  if (!isObject(usage)) return {}
  const inputTokens = tokenCount(usage.prompt_tokens) ?? tokenCount(usage.total_tokens)
  return inputTokens === undefined ? {} : { inputTokens }
}

function encodeAnswer(
  { vectors, usage }: EmbedAnswer,
  { request, requestedModel }: { request: EmbedRequest; requestedModel: string },
): Body {
  const packed = request.encodings[0] === 'base64'
  const tokens = usage.inputTokens ?? 0
  return json({
    object: 'list',
    data: vectors.float.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: packed ? packVector(vector) : vector,
    })),
    model: requestedModel,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
}
