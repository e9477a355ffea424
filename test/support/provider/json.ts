/** A parsed body. Its shape is whatever the client under test sent, so the type system cannot vouch for it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any

export const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value when it is an array, else an empty one: absent and malformed lists read alike. */
export const listOf = (value: Json): Json[] => (Array.isArray(value) ? value : [])

export function parseJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Cuts text into pieces of at most `size` code points: no provider splits a surrogate pair over two deltas. */
export const pieces = (text: string, size: number): string[] =>
  text.match(new RegExp(`[\\s\\S]{1,${Math.max(1, size)}}`, 'gu')) ?? []
