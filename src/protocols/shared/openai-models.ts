import type { JsonObject } from '../../message/request.ts'
import type { ListedModel } from '../protocol.ts'

/** When a model was made is not always known; clients want a number. */
const UNKNOWN_DATE_S = 0

export function encodeModel({ id, provider, facts }: ListedModel): JsonObject {
  const created = facts?.released === undefined ? UNKNOWN_DATE_S : Date.parse(facts.released) / 1000
  return { id, object: 'model', created, owned_by: provider }
}

/** All of them: this API has no pages. */
export function encodeModelList(models: readonly ListedModel[]): JsonObject {
  return { object: 'list', data: models.map(encodeModel) }
}
