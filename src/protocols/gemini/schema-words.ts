import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/** The words of one schema that say what its value may be, as Google takes them. */

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean']
const FORMATS: ReadonlyMap<string, readonly string[]> = new Map([
  ['string', ['date-time']],
  ['integer', ['int32', 'int64']],
  ['number', ['float', 'double']],
])
const LIMITS = ['minimum', 'maximum'].concat(
  ...['Items', 'Length', 'Properties'].map((what) => [`min${what}`, `max${what}`]),
)

/** Words that say nothing about a value. */
const UNSAID = new Set(
  [
    '$schema $id $anchor $comment $defs definitions',
    'examples example deprecated readOnly writeOnly encrypted',
  ]
    .join(' ')
    .split(' '),
)
/** Words that are read by themselves. */
const READ = new Set([
  ...'type enum const nullable properties required items prefixItems anyOf oneOf allOf $ref'.split(' '),
  ...'description title format pattern'.split(' '),
  ...LIMITS,
])

/** "schema didn't specify the schema type field" */
export function typeOf(schema: JsonObject): string {
  if (typeof schema.type === 'string') {
    const type = schema.type.toLowerCase()
    if (TYPES.includes(type)) return type
  }
  if (isObject(schema.properties)) return 'object'
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array'
  if (typeof schema.minimum === 'number' || typeof schema.maximum === 'number') return 'number'
  return isObject(schema.additionalProperties) ? 'object' : 'string'
}

export interface ListedValues {
  type: string
  isNullable: boolean
  /** Undefined where a list cannot say it, and the note does. */
  strings?: string[]
  note?: string
}

/** `enum` and `const`: only texts may be listed, and none of them empty. Undefined where nothing is listed. */
export function listedValues(schema: JsonObject): ListedValues | undefined {
  const listed = Object.hasOwn(schema, 'const') ? [schema.const] : listOf(schema.enum)
  if (listed.length === 0) return undefined
  const values = listed.filter((value) => value !== null)
  const isNullable = values.length < listed.length
  if (values.length === 0) return { type: typeOf(schema), isNullable }
  const areTexts = schema.type === 'string' || values.some((value) => typeof value === 'string')
  if (!areTexts) return { type: typeOfValues(schema, values), isNullable, note: `one of ${told(values)}` }
  const strings = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
  // A list without the empty text would forbid it.
  if (strings.includes('')) return { type: 'string', isNullable, note: `one of ${told(strings)}` }
  return { type: 'string', isNullable, strings: [...new Set(strings)] }
}

function typeOfValues(schema: JsonObject, values: readonly unknown[]): string {
  if (typeof schema.type === 'string' && TYPES.includes(schema.type)) return schema.type
  if (values.every((value) => typeof value === 'boolean')) return 'boolean'
  if (values.every((value) => Number.isInteger(value))) return 'integer'
  return values.every((value) => typeof value === 'number') ? 'number' : 'string'
}

function told(values: readonly unknown[]): string {
  return [...new Set(values.map((value) => JSON.stringify(value)))].join(', ')
}

/** "only 'enum' and 'date-time' are supported for STRING type" */
export function formatOf(format: unknown, type: string, notes: string[]): JsonObject {
  if (typeof format !== 'string') return {}
  if (FORMATS.get(type)?.includes(format) === true) return { format }
  notes.push(`format: ${format}`)
  return {}
}

export function limitsOf(schema: JsonObject, notes: string[]): JsonObject {
  // Patterns that Google's own engine cannot read are refused.
  if (typeof schema.pattern === 'string') notes.push(`pattern: ${schema.pattern}`)
  const kept = LIMITS.filter((word) => typeof schema[word] === 'number')
  return Object.fromEntries(kept.map((word) => [word, schema[word]]))
}

/** What is left: told, unless it says nothing about a value, or that nothing else may be there. */
export function noteOthers(schema: JsonObject, notes: string[]): void {
  for (const [word, value] of Object.entries(schema)) {
    if (READ.has(word) || UNSAID.has(word) || word.startsWith('x-')) continue
    if (word === 'additionalProperties' && typeof value === 'boolean') continue
    notes.push(`${word}: ${short(value)}`)
  }
}

const NOTE_MAX_LENGTH = 200

export function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > NOTE_MAX_LENGTH ? `${text.slice(0, NOTE_MAX_LENGTH)}…` : text
}

/** Texts as one, each once; undefined where there is none. */
export function joined(...texts: unknown[]): string | undefined {
  const said = texts.filter((text) => typeof text === 'string' && text !== '')
  return said.length === 0 ? undefined : [...new Set(said)].join(' ')
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
