import type { Json } from './json.ts'

const KEPT_MAX = 2_000

/** Items of answers that clients let the API keep, by their ids, and whole conversations by the ids of answers. */
const items = new Map<string, Json>()
const conversations = new Map<string, Json[]>()

/** Keeps an answer and what led to it, as the API does unless it is told not to. */
export function keep(answerId: string, input: Json[], output: Json[]): void {
  conversations.set(answerId, [...input, ...output])
  for (const item of output) items.set(item.id, item)
  for (const map of [items, conversations]) {
    for (const oldest of map.keys()) {
      if (map.size <= KEPT_MAX) break
      map.delete(oldest)
    }
  }
}

export const keptItem = (id: string): Json => items.get(id)

export const keptConversation = (answerId: string): Json[] | undefined => conversations.get(answerId)
