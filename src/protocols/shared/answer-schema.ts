import type { JsonObject } from '../../message/request.ts'
import { isObject } from './object.ts'

/**
 * The schema of an answer as the API takes it: objects are closed, texts have one of a few formats, and limits of
 * numbers, lengths and sizes are refused. What it refuses moves into the description, where the model reads it.
 * https://docs.claude.com/en/docs/build-with-claude/structured-outputs
 */
export function answerSchema(schema: JsonObject): JsonObject {
  const kept = new Map<string, unknown>()
  const moved: string[] = []
  const isReference = typeof schema['$ref'] === 'string'
  for (const [word, value] of Object.entries(schema)) {
    if (DEFINITIONS.has(word)) kept.set(word, mapped(value))
    else if (isReference) {
      // A reference stands alone.
      if (word === '$ref') kept.set(word, value)
    } else {
      const told = tell(word, value, schema)
      if (told !== undefined) kept.set(...told)
      else if (!UNSAID.has(word)) moved.push(`${word} ${JSON.stringify(value)}`)
    }
  }
  if (!isReference && isObjectSchema(schema)) {
    if (!kept.has('properties')) kept.set('properties', {})
    kept.set('additionalProperties', false)
  }
  if (moved.length > 0) kept.set('description', describe(schema['description'], moved))
  // Not by assignment: a property may be called `__proto__`.
  return Object.fromEntries(kept)
}

const DEFINITIONS = new Set(['$defs', 'definitions'])
/** Words that limit nothing. */
const UNSAID = new Set(['$schema', '$id', '$comment', 'examples', 'deprecated', 'readOnly', 'writeOnly'])
const PLAIN = new Set(['type', 'title', 'description', 'default', 'required'])
const FORMATS = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
])

/** A word as the API takes it; undefined where it does not take this one. */
function tell(word: string, value: unknown, schema: JsonObject): [word: string, value: unknown] | undefined {
  if (PLAIN.has(word)) return [word, value]
  switch (word) {
    case 'properties':
      return isObject(value) ? [word, mapped(value)] : undefined
    case 'items':
      return isObject(value) ? [word, answerSchema(value)] : undefined
    case 'anyOf':
    case 'allOf':
      return Array.isArray(value) ? [word, value.map(below)] : undefined
    case 'oneOf':
      return Array.isArray(value) && !Object.hasOwn(schema, 'anyOf') ? ['anyOf', value.map(below)] : undefined
    case 'enum':
      return Array.isArray(value) && value.every(isScalar) ? [word, value] : undefined
    case 'const':
      return isScalar(value) ? [word, value] : undefined
    case 'format':
      return typeof value === 'string' && FORMATS.has(value) ? [word, value] : undefined
    case 'additionalProperties':
      return typeof value === 'boolean' ? [word, false] : undefined
    case 'minItems':
      return value === 0 || value === 1 ? [word, value] : undefined
    default:
      return undefined
  }
}

function isObjectSchema({ type, properties }: JsonObject): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isObject(properties)
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== 'object'
}

function below(schema: unknown): unknown {
  return isObject(schema) ? answerSchema(schema) : schema
}

function mapped(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, below(schema)]))
}

function describe(description: unknown, moved: readonly string[]): string {
  const words = `Also required: ${moved.join(', ')}.`
  return typeof description === 'string' && description !== '' ? `${description} ${words}` : words
}
