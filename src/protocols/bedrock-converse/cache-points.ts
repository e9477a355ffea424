import { append, joined } from '../../lib/append.ts'
import type { CacheMark, JsonObject } from '../../message/request.ts'
import type { ConverseTraits } from '../../models/converse.ts'
import { isObject } from '../shared/object.ts'
import type { Warnings } from '../shared/warnings.ts'

/**
 * Two lists {@link joined}, and behind them the mark that stood on the second. A mark directly behind a document that
 * is no PDF fails the request, so that it goes before it; where nothing stands before it, there is nothing to cache.
 */
export function joinedMarked(
  list: JsonObject[],
  elements: JsonObject[],
  mark: CacheMark | undefined,
  traits: ConverseTraits,
  warnings: Warnings,
): JsonObject[] {
  const all = joined(list, elements)
  if (mark === undefined || elements.length === 0) return all
  if (traits.cachePoints === 'none') {
    warnings.add('dropped', 'cache_control', 'this model has no marks for the prompt cache')
    return all
  }
  let place = all.length
  while (place > 0 && isPlainDocument(all[place - 1]!)) place--
  if (place > 0) all.splice(place, 0, cachePoint(mark, traits, warnings))
  return all
}

export function cachePoint({ ttl }: CacheMark, traits: ConverseTraits, warnings: Warnings): JsonObject {
  if (ttl === '1h' && !traits.cacheHour)
    warnings.add('changed', 'cache_control.ttl', 'this model’s cache lasts five minutes')
  return { cachePoint: { type: 'default', ...(ttl !== undefined && traits.cacheHour && { ttl }) } }
}

function isPlainDocument({ document }: JsonObject): boolean {
  return isObject(document) && document.format !== 'pdf'
}

const CACHE_POINTS_MAX = 4

/**
 * At most four marks, of which the latest matter most; and no hour behind five minutes, which the API refuses.
 * `lists` in the order in which the model reads them: tools, system, messages.
 */
export function limitCachePoints(lists: readonly JsonObject[][], warnings: Warnings): void {
  const points = pointsIn(lists)
  if (points.length === 0) return
  const dropped = new Set(points.slice(0, -CACHE_POINTS_MAX))
  if (dropped.size > 0) {
    const reason = `Bedrock takes at most ${CACHE_POINTS_MAX}; the earliest go first`
    warnings.add('dropped', 'cache_control', reason)
    for (const list of lists) {
      const kept = list.filter(({ cachePoint: point }) => !isObject(point) || !dropped.has(point))
      list.length = 0
      append(list, kept)
    }
  }
  let isShort = false
  for (const point of points.slice(-CACHE_POINTS_MAX)) {
    if (point.ttl !== '1h') isShort = true
    else if (isShort) {
      point.ttl = '5m'
      warnings.add('changed', 'cache_control.ttl', 'one hour cannot stand behind five minutes')
    }
  }
}

function pointsIn(lists: readonly JsonObject[][]): JsonObject[] {
  const points: JsonObject[] = []
  for (const list of lists) for (const { cachePoint: point } of list) if (isObject(point)) points.push(point)
  return points
}
