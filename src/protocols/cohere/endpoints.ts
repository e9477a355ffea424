import type { JsonObject } from '../../message/request.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ListedModel } from '../model-list.ts'
import { pageBehind, pageSize } from '../shared/model-list.ts'

/** https://docs.cohere.com/v2/reference */
export const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/v2/chat', operation: 'generate' },
  { method: 'GET', path: '/v1/models', operation: 'list-models' },
  { method: 'GET', path: '/v1/models/{model}', operation: 'get-model' },
]

export function encodeModel({ id, facts }: ListedModel): JsonObject {
  const features = [
    ...(facts?.tools === true ? ['tools'] : []),
    ...(facts?.inputKinds?.includes('image') === true ? ['vision'] : []),
    ...(facts?.reasoning === true ? ['reasoning'] : []),
  ]
  return {
    name: id,
    is_deprecated: facts?.deprecated === true,
    endpoints: ['chat'],
    finetuned: false,
    ...(facts?.contextWindowTokens !== undefined && { context_length: facts.contextWindowTokens }),
    ...(facts !== undefined && { features }),
  }
}

const PAGE_DEFAULT = 20

/** One page: `page_size` models behind the one that `page_token` names. */
export function encodeModelList(models: readonly ListedModel[], query: URLSearchParams): JsonObject {
  const size = pageSize(query.get('page_size'), PAGE_DEFAULT)
  const { page, next } = pageBehind(models, query.get('page_token'), size)
  return { models: page.map(encodeModel), ...(next !== undefined && { next_page_token: next }) }
}
