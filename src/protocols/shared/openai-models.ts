import type { JsonObject } from '../../message/request.ts'

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
