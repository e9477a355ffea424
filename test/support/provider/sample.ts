import { type Json, isObject, listOf } from './json.ts'

const DEPTH_MAX = 8
const WORD = 'scripted'

/** Makes a value that a JSON schema accepts, with required properties only. */
export function sample(schema: Json, depth = 0): Json {
  if (!isObject(schema) || depth > DEPTH_MAX) return WORD
  if (schema.const !== undefined) return schema.const
  if (listOf(schema.enum).length > 0) return schema.enum[0]
  for (const branch of ['anyOf', 'oneOf', 'allOf']) {
    if (listOf(schema[branch]).length > 0) return sample(schema[branch][0], depth + 1)
  }
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, depth)
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items, depth + 1))
    case 'number':
    case 'integer':
      return schema.minimum ?? 1
    case 'boolean':
      return false
    default:
      return WORD
  }
}

/** Adds what the schema requires and `given` lacks. */
export function completed(given: Record<string, Json>, schema: Json): Record<string, Json> {
  const missing = listOf(schema?.required).filter((name) => !(name in given))
  return { ...given, ...Object.fromEntries(missing.map((name) => [name, sample(schema.properties?.[name])])) }
}

/** A short vector that means nothing, unless a length is asked for. */
export const vectorOf = (length = 4): number[] =>
  Array.from({ length }, (_, index) => Math.round(Math.sin(index + 1) * 1e6) / 1e6)

/** The smallest picture that is one. */
export const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Bytes that are no text in any encoding, so that one that was decoded on the way is noticed. */
export const SOUND = new Uint8Array(Array.from({ length: 512 }, (_, index) => (index * 37) % 256))

function sampleObject(schema: Record<string, Json>, depth: number): Json {
  const names = schema.required ?? Object.keys(schema.properties ?? {})
  return Object.fromEntries(listOf(names).map((name) => [name, sample(schema.properties?.[name], depth + 1)]))
}

function typeOf(schema: Record<string, Json>): string {
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type
  // Google writes them in capitals.
  return typeof type === 'string' ? type.toLowerCase() : schema.properties ? 'object' : 'string'
}
