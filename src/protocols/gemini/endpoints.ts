import type { JsonObject } from '../../message/request.ts'
import { jsonArray } from '../../wire/json-array.ts'
import type { Endpoint, ForeignPrefix, ListedModel } from '../protocol.ts'
import { googleEvents } from './framing.ts'

/** Google AI by version; Vertex by project, and without one where a key of its express mode says whose call it is. */
const MODELS = [
  ...['/v1beta', '/v1', '/v1beta1'].map((version) => `${version}/models`),
  ...['/v1', '/v1beta1', ''].flatMap((version) => [
    `${version}/projects/{project}/locations/{location}/publishers/google/models`,
    `${version}/publishers/google/models`,
  ]),
]

/** https://ai.google.dev/api and https://cloud.google.com/vertex-ai/docs/reference/rest */
export const endpoints: readonly Endpoint[] = MODELS.flatMap((models): Endpoint[] => [
  { method: 'POST', path: `${models}/{model}:generateContent`, operation: 'generate', stream: false },
  {
    method: 'POST',
    path: `${models}/{model}:streamGenerateContent`,
    operation: 'generate',
    stream: true,
    framing: (query) => (query.get('alt') === 'sse' ? googleEvents : jsonArray),
  },
  { method: 'POST', path: `${models}/{model}:countTokens`, operation: 'count-tokens' },
  { method: 'GET', path: models, operation: 'list-models' },
  { method: 'GET', path: `${models}/{model}`, operation: 'get-model' },
])

/** Google's own models go by their names here, all others with their provider before a slash. */
export const foreignPrefix: ForeignPrefix = { native: 'gemini', prefix: '', shown: /^/ }

const METHODS = ['generateContent', 'streamGenerateContent', 'countTokens']

export function encodeModel({ id, facts }: ListedModel): JsonObject {
  return {
    name: `models/${id}`,
    version: '',
    displayName: facts?.name ?? id,
    ...(facts?.contextWindowTokens !== undefined && { inputTokenLimit: facts.contextWindowTokens }),
    ...(facts?.maxOutputTokens !== undefined && { outputTokenLimit: facts.maxOutputTokens }),
    supportedGenerationMethods: METHODS,
    ...(facts?.reasoning !== undefined && { thinking: facts.reasoning }),
  }
}

const PAGE_DEFAULT = 50
const PAGE_MAX = 1000

/** One page: `pageSize` models behind the one that `pageToken` names. */
export function encodeModelList(models: readonly ListedModel[], query: URLSearchParams): JsonObject {
  const token = query.get('pageToken')
  const start = token === null ? 0 : models.findIndex((model) => model.id === token) + 1
  const end = start + pageSize(query.get('pageSize'))
  const page = models.slice(start, end)
  return {
    models: page.map(encodeModel),
    ...(end < models.length && { nextPageToken: page.at(-1)!.id }),
  }
}

function pageSize(value: string | null): number {
  const size = Number(value ?? PAGE_DEFAULT)
  return Number.isInteger(size) && size >= 1 ? Math.min(size, PAGE_MAX) : PAGE_DEFAULT
}
