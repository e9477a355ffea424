import type { JsonObject } from '../../message/request.ts'
import type { Endpoint, ListedModel } from '../protocol.ts'

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
const PAGE_MAX = 1000

/** One page: `page_size` models behind the one that `page_token` names. */
export function encodeModelList(models: readonly ListedModel[], query: URLSearchParams): JsonObject {
  const start = models.findIndex(({ id }) => id === query.get('page_token')) + 1
  const end = start + pageSize(query.get('page_size'))
  const page = models.slice(start, end)
  return {
    models: page.map(encodeModel),
    ...(end < models.length && { next_page_token: page.at(-1)!.id }),
  }
}

function pageSize(value: string | null): number {
  const size = Number(value ?? PAGE_DEFAULT)
  return Number.isInteger(size) && size >= 1 ? Math.min(size, PAGE_MAX) : PAGE_DEFAULT
}
