import type { ModelFacts } from '../../models/facts.ts'
import type { ListedModel } from '../model-list.ts'

/** Lists of models, of which APIs give a page at a time. */

const SIZE_MAX = 1000

/** How many a client asks for. */
export function pageSize(asked: string | null, otherwise: number, most = SIZE_MAX): number {
  const size = Number(asked ?? otherwise)
  return Number.isInteger(size) && size >= 1 ? Math.min(size, most) : otherwise
}

/** The models behind the one that `token` names, and the token of the page after them. */
export function pageBehind(
  models: readonly ListedModel[],
  token: string | null,
  size: number,
): { page: readonly ListedModel[]; next: string | undefined } {
  const start = models.findIndex(({ id }) => id === token) + 1
  const page = models.slice(start, start + size)
  return { page, next: start + size < models.length ? page.at(-1)?.id : undefined }
}

/** APIs want a time even where it is not known when a model was made. */
export function releaseTime(facts: ModelFacts | undefined): string {
  return `${facts?.released ?? '1970-01-01'}T00:00:00Z`
}
