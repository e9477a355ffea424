import { type Json, listOf } from './json.ts'
import { openaiAudio } from './openai-audio.ts'
import { openaiFiles } from './openai-files.ts'
import { type Route, checkForm, modelOf, rank } from './openai-forms.ts'
import { openaiImages } from './openai-images.ts'
import type { RecordedRequest } from './record.ts'
import { identifier } from './script.ts'
import { vectorOf } from './sample.ts'
import type { Service } from './service.ts'

/** The tokens of a text or of several; lists of numbers are tokens already. */
const tokensOf = (input: Json): number =>
  [input].flat(2).reduce((sum, one) => sum + (typeof one === 'string' ? Math.ceil(one.length / 4) : 1), 0)

const inputsOf = (input: Json): Json[] =>
  typeof input === 'string' || typeof input[0] === 'number' ? [input] : listOf(input)

const embeddings: Service = {
  name: 'embeddings',
  check: ({ body }, { model }) =>
    checkForm(body, model ? 'input' : 'input model', 'model dimensions encoding_format user'),
  answer(request, operation) {
    const { input, dimensions, encoding_format } = request.body
    const data = inputsOf(input).map((_, index) => {
      const vector = vectorOf(dimensions)
      const embedding =
        encoding_format === 'base64'
          ? Buffer.from(new Float32Array(vector).buffer).toString('base64')
          : vector
      return { object: 'embedding', index, embedding }
    })
    const tokens = tokensOf(input)
    const model = modelOf(request, operation)
    const usage = { prompt_tokens: tokens, total_tokens: tokens }
    return { model, tokens: { in: tokens }, json: { object: 'list', data, model, usage } }
  },
}

const CATEGORIES = ['harassment', 'hate', 'illicit', 'self-harm', 'sexual', 'violence']

const moderations: Service = {
  name: 'moderations',
  check: ({ body }) => checkForm(body, 'input', 'model'),
  answer({ body }) {
    const model = body.model ?? 'omni-moderation-latest'
    const each = (value: Json) => Object.fromEntries(CATEGORIES.map((name) => [name, value]))
    const results = inputsOf(body.input).map(() => ({
      flagged: false,
      categories: each(false),
      category_scores: each(0.0001),
      category_applied_input_types: each(['text']),
    }))
    return { model, tokens: {}, json: { id: `modr-${identifier()}`, model, results } }
  },
}

/** As vLLM answers it, after Jina's API. */
const rerank: Service = {
  name: 'rerank',
  check: ({ body }) => checkForm(body, 'model query documents', 'top_n truncate_prompt_tokens user'),
  answer({ body }) {
    const { model, query, documents, top_n = documents.length } = body
    const tokens = tokensOf([query, ...documents.map((one: Json) => one.text ?? one)])
    const results = rank(documents, top_n).map(({ index, relevance_score }) => ({
      index,
      document: { text: documents[index].text ?? documents[index] },
      relevance_score,
    }))
    const json = { id: `rerank-${identifier()}`, model, usage: { total_tokens: tokens }, results }
    return { model, tokens: { in: tokens }, json }
  },
}

const ROUTES: Route[] = [
  { method: 'POST', path: /\/embeddings$/, service: embeddings },
  { method: 'POST', path: /\/moderations$/, service: moderations },
  { method: 'POST', path: /\/rerank$/, service: rerank },
  ...openaiImages,
  ...openaiAudio,
  ...openaiFiles,
]

/** The service that a request is for, and the id in its path. */
export const findService = ({ method, path }: RecordedRequest, routes = ROUTES): Service | undefined =>
  routes.find((route) => route.method === method && route.path.test(path))?.service
