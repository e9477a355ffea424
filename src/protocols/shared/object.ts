import type { JsonObject } from '../../message/request.ts'

/** Reading of JSON, where any value can stand anywhere. */

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object that a JSON text is; undefined where it is none. */
export function parseObject(
  text: string,
  parse: (text: string) => unknown = JSON.parse,
): JsonObject | undefined {
  try {
    const value = parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A text, or none at all. */
export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What an object holds beside the known keys, nulls left out. A null-safe copy: `__proto__` stays a plain key. */
export function leftover(object: JsonObject, known: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([key, value]) => value !== null && !known.has(key)),
  )
}

/** The object with the field, unless it is undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: V })
}
