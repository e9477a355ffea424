import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/**
 * A client's schema as JSON Schema. Google's own form writes types in capitals, `nullable` for a null beside the
 * type, and numbers as texts; clients write either in either field.
 */
export function jsonSchema(schema: JsonObject): JsonObject {
  const words = new Map<string, unknown>()
  for (const [name, value] of Object.entries(schema)) {
    const word = CAMEL.get(name) ?? name
    if (!GOOGLE_ONLY.has(word)) words.set(word, read(word, value))
  }
  if (schema.nullable === true) allowNull(words)
  // Not by assignment: a property may be called `__proto__`.
  return Object.fromEntries(words)
}

const GOOGLE_ONLY = new Set(['nullable', 'propertyOrdering', 'example'])
const COUNTS = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'])
const CAMEL: ReadonlyMap<string, string> = new Map([
  ['any_of', 'anyOf'],
  ['property_ordering', 'propertyOrdering'],
  ['additional_properties', 'additionalProperties'],
  ...[...COUNTS].map((word): [string, string] => [
    word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    word,
  ]),
])

function read(word: string, value: unknown): unknown {
  if (word === 'type') return Array.isArray(value) ? value.map(readType) : readType(value)
  if (COUNTS.has(word) && typeof value === 'string') return Number(value)
  if (word === 'properties' || word === '$defs') return isObject(value) ? mapped(value) : value
  if (word === 'items' || word === 'additionalProperties') return below(value)
  if (word === 'anyOf' || word === 'oneOf' || word === 'allOf' || word === 'prefixItems')
    return Array.isArray(value) ? value.map(below) : value
  return value
}

function readType(type: unknown): unknown {
  return typeof type === 'string' ? type.toLowerCase() : type
}

function allowNull(words: Map<string, unknown>): void {
  const type = words.get('type')
  const anyOf = words.get('anyOf')
  if (typeof type === 'string') words.set('type', [type, 'null'])
  else if (Array.isArray(anyOf)) words.set('anyOf', [...(anyOf as unknown[]), { type: 'null' }])
  const values = words.get('enum')
  if (Array.isArray(values)) words.set('enum', [...(values as unknown[]), null])
}

function below(schema: unknown): unknown {
  return isObject(schema) ? jsonSchema(schema) : schema
}

function mapped(schemas: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, below(schema)]))
}
