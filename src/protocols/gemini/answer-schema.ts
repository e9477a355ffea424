import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/**
 * The schema of an answer as `responseJsonSchema` takes it: real JSON Schema, but few of its words. Constants become
 * lists of one, `allOf` with one entry is that entry, and what has no word moves into the description, where the
 * model reads it. Beside a reference nothing may stand but more of `$`.
 * https://ai.google.dev/api/generate-content#GenerationConfig
 */
export function answerSchema(schema: JsonObject): JsonObject {
  if (typeof schema.$ref === 'string') return reference(schema, schema.$ref)
  const { allOf, ...beside } = schema
  if (Array.isArray(allOf) && allOf.length === 1 && isObject(allOf[0])) {
    const { $ref, ...only } = allOf[0]
    return answerSchema(typeof $ref === 'string' ? { ...beside, anyOf: [allOf[0]] } : { ...only, ...beside })
  }
  const kept = new Map<string, unknown>()
  const moved: string[] = []
  for (const [word, value] of Object.entries(schema)) {
    const told = tell(word, value)
    if (told !== undefined) kept.set(...told)
    else if (!UNSAID.has(word)) moved.push(`${word} ${JSON.stringify(value)}`)
  }
  if (moved.length > 0) kept.set('description', describe(schema.description, moved))
  // Not by assignment: a property may be called `__proto__`.
  return Object.fromEntries(kept)
}

/** Words that limit nothing. */
const UNSAID = new Set(['$schema', '$comment', 'examples', 'default', 'deprecated', 'readOnly', 'writeOnly'])
const PLAIN = new Set(
  '$id $anchor type format title description minItems maxItems minimum maximum required propertyOrdering'.split(
    ' ',
  ),
)

/** A word as the API takes it; undefined where it does not take this one. */
function tell(word: string, value: unknown): [word: string, value: unknown] | undefined {
  if (PLAIN.has(word)) return [word, value]
  switch (word) {
    case 'const':
      return isListable(value) ? ['enum', [value]] : undefined
    case 'enum':
      return Array.isArray(value) && value.every(isListable) ? [word, value] : undefined
    case '$defs':
    case 'definitions':
      return isObject(value) ? ['$defs', mapped(value)] : undefined
    case 'properties':
      return isObject(value) ? [word, mapped(value)] : undefined
    case 'items':
    case 'additionalProperties':
      return [word, below(value)]
    case 'prefixItems':
    case 'anyOf':
    case 'oneOf':
      return Array.isArray(value) ? [word, value.map(below)] : undefined
    default:
      return undefined
  }
}

/** "enum (for strings and numbers)" */
function isListable(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number'
}

function reference(schema: JsonObject, target: string): JsonObject {
  const definitions = isObject(schema.$defs) ? schema.$defs : schema.definitions
  return {
    $ref: target.replace(/^#\/definitions\//, '#/$defs/'),
    ...(isObject(definitions) && { $defs: mapped(definitions) }),
  }
}

function below(schema: unknown): unknown {
  return isObject(schema) ? answerSchema(schema) : schema
}

function mapped(schemas: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, below(schema)]))
}

function describe(description: unknown, moved: readonly string[]): string {
  const words = `Also required: ${moved.join(', ')}.`
  return typeof description === 'string' && description !== '' ? `${description} ${words}` : words
}
