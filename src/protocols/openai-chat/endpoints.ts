import type { JsonObject } from '../../message/request.ts'
import type { Endpoint } from '../protocol.ts'

/** https://platform.openai.com/docs/api-reference; clients disagree whether the version belongs to the base URL. */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/chat/completions', operation: 'generate' },
  { method: 'POST', path: '/v1/chat/completions', operation: 'generate' },
  { method: 'GET', path: '/models', operation: 'list-models' },
  { method: 'GET', path: '/v1/models', operation: 'list-models' },
  { method: 'GET', path: '/models/{model}', operation: 'get-model' },
  { method: 'GET', path: '/v1/models/{model}', operation: 'get-model' },
]

/** When a model was made is not known; clients want a number. */
const UNKNOWN_DATE_S = 0

export function encodeModel(id: string): JsonObject {
  const slash = id.indexOf('/')
  return {
    id,
    object: 'model',
    created: UNKNOWN_DATE_S,
    owned_by: slash > 0 ? id.slice(0, slash) : 'signalbox',
  }
}

/** All of them: this API has no pages. */
export function encodeModelList(ids: readonly string[]): JsonObject {
  return { object: 'list', data: ids.map(encodeModel) }
}
