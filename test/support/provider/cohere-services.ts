import { type Json, isObject, listOf } from './json.ts'
import { type Route, rank } from './openai-forms.ts'
import type { Refusal } from './protocol.ts'
import { identifier } from './script.ts'
import { vectorOf } from './sample.ts'
import type { Service } from './service.ts'

function checkFields(body: Json, required: string, optional: string): Refusal | undefined {
  if (!isObject(body)) return { status: 400, message: 'invalid request: request body could not be parsed' }
  const missing = required.split(' ').find((name) => body[name] === undefined)
  if (missing) return { status: 400, message: `invalid request: ${missing} is required` }
  const known = [...required.split(' '), ...optional.split(' ')]
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  return unknown === undefined
    ? undefined
    : { status: 422, message: `unknown field: parameter '${unknown}' is not a valid field` }
}

const embed: Service = {
  name: 'embed',
  check: ({ body }) =>
    checkFields(
      body,
      'model input_type',
      'texts images inputs max_tokens output_dimension embedding_types truncate priority',
    ),
  answer({ body }) {
    const texts: string[] = listOf(body.texts)
    const count = texts.length || listOf(body.inputs).length || listOf(body.images).length
    const tokens = texts.reduce((sum, text) => sum + Math.ceil(text.length / 4), 0)
    const vectors = Array.from({ length: count }, () => vectorOf(body.output_dimension))
    const types: string[] = listOf(body.embedding_types).length > 0 ? body.embedding_types : ['float']
    const embeddings = Object.fromEntries(
      types.map((type) => [type, vectors.map((one) => asType(one, type))]),
    )
    const meta = { api_version: { version: '2' }, billed_units: { input_tokens: tokens } }
    const json = { id: identifier(), embeddings, texts, meta, response_type: 'embeddings_by_type' }
    return { model: body.model, tokens: { in: tokens }, json }
  },
}

const asType = (vector: number[], type: string): Json => {
  if (type === 'base64') return Buffer.from(new Float32Array(vector).buffer).toString('base64')
  return type === 'float' ? vector : vector.map((one) => Math.round(one * 127))
}

const rerank: Service = {
  name: 'rerank',
  check: ({ body }) => checkFields(body, 'model query documents', 'top_n max_tokens_per_doc priority'),
  answer({ body: { model, documents, top_n = documents.length } }) {
    const meta = { api_version: { version: '2' }, billed_units: { search_units: 1 } }
    return { model, tokens: {}, json: { id: identifier(), results: rank(documents, top_n), meta } }
  },
}

const tokenize: Service = {
  name: 'tokenize',
  check: ({ body }) => checkFields(body, 'model text', ''),
  answer({ body: { text, model } }) {
    const token_strings: string[] = text.match(/.{1,4}/gsu) ?? []
    const tokens = token_strings.map((_, index) => index)
    return { model, tokens: {}, json: { tokens, token_strings, meta: { api_version: { version: '1' } } } }
  },
}

export const cohereServices: Route[] = [
  { method: 'POST', path: /\/v2\/embed$/, service: embed },
  { method: 'POST', path: /\/v2\/rerank$/, service: rerank },
  { method: 'POST', path: /\/v1\/tokenize$/, service: tokenize },
]
