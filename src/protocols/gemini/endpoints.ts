import type { JsonObject } from '../../message/request.ts'
import { jsonArray } from '../../wire/json-array.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ForeignPrefix, ListedModel } from '../model-list.ts'
import { GOOGLE_MODELS } from '../shared/google-paths.ts'
import { pageBehind, pageSize } from '../shared/model-list.ts'
import { googleEvents } from './framing.ts'

/** https://ai.google.dev/api and https://cloud.google.com/vertex-ai/docs/reference/rest */
export const endpoints: readonly Endpoint[] = GOOGLE_MODELS.flatMap((models): Endpoint[] => [
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

/** One page: `pageSize` models behind the one that `pageToken` names. */
export function encodeModelList(models: readonly ListedModel[], query: URLSearchParams): JsonObject {
  const size = pageSize(query.get('pageSize'), PAGE_DEFAULT)
  const { page, next } = pageBehind(models, query.get('pageToken'), size)
  return { models: page.map(encodeModel), ...(next !== undefined && { nextPageToken: next }) }
}
