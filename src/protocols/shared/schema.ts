import type { JsonObject } from '../../message/request.ts'
import { isObject } from './object.ts'

/**
 * JSON Schemas of tools as OpenAI's API takes them: the root is a plain object with `properties` and no keyword
 * that combines schemas ("schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the
 * top level"), and every array says what its items are ("array schema missing items"). One such schema would fail
 * the whole request. `$defs` and `$ref` below the root are understood and stay.
 */
export function functionSchema(schema: JsonObject | undefined): { schema: JsonObject; changed: boolean } {
  if (schema === undefined) return { schema: { type: 'object', properties: {} }, changed: false }
  const root = isPlainRoot(schema) ? withoutDialect(schema) : flattened(schema)
  const whole = lacksItems(root) ? (withItems(root) as JsonObject) : root
  return { schema: whole, changed: whole !== root || !isPlainRoot(schema) }
}

/**
 * May this schema be sent as `strict`? OpenAI then wants every object closed (`additionalProperties: false`) and
 * every property required, and refuses the request otherwise.
 */
export function isClosed(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isClosed)
  if (!isObject(schema)) return true
  if (isObject(schema.properties) || schema.type === 'object') {
    const names = Object.keys(isObject(schema.properties) ? schema.properties : {})
    const required = Array.isArray(schema.required) ? schema.required : []
    if (schema.additionalProperties !== false || !names.every((name) => required.includes(name))) return false
  }
  return subschemas(schema).every(isClosed)
}

const COMBINING = ['anyOf', 'oneOf', 'allOf', 'enum', 'const', 'not', '$ref', 'if', 'then', 'else']
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems']
const MAPS = ['properties', '$defs', 'definitions', 'patternProperties']
const NESTED = ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains']

function isPlainRoot(schema: JsonObject): boolean {
  return (
    schema.type === 'object' &&
    isObject(schema.properties) &&
    !COMBINING.some((word) => Object.hasOwn(schema, word))
  )
}

function withoutDialect(schema: JsonObject): JsonObject {
  if (!Object.hasOwn(schema, '$schema')) return schema
  const { $schema: _dialect, ...rest } = schema
  return rest
}

/**
 * The root as one object: the properties of all its alternatives, of which only those that every alternative
 * requires stay required. It allows a little more than the client's schema, never less.
 */
function flattened(schema: JsonObject): JsonObject {
  const { properties, required } = shapeOf(schema, schema, 0)
  const rest = Object.entries(withoutDialect(schema)).filter(
    ([word]) => !COMBINING.includes(word) && !['type', 'properties', 'required'].includes(word),
  )
  // Alternatives that close themselves would contradict each other's properties.
  const open = rest.filter(
    ([word]) => word !== 'additionalProperties' || COMBINING.every((one) => !Object.hasOwn(schema, one)),
  )
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    ...Object.fromEntries(open),
  }
}

interface Shape {
  properties: Map<string, unknown>
  required: string[]
}

/** Schemas may refer to themselves; no real one nests its root deeper. */
const ROOT_DEPTH_MAX = 8

function shapeOf(schema: unknown, root: JsonObject, depth: number): Shape {
  if (!isObject(schema) || depth > ROOT_DEPTH_MAX) return { properties: new Map(), required: [] }
  const properties = new Map(Object.entries(isObject(schema.properties) ? schema.properties : {}))
  const required = new Set(
    (Array.isArray(schema.required) ? schema.required : []).filter((name) => typeof name === 'string'),
  )
  const include = (shape: Shape) => {
    for (const [name, one] of shape.properties) if (!properties.has(name)) properties.set(name, one)
  }
  const all = [
    ...listOf(schema.allOf),
    ...(typeof schema.$ref === 'string' ? [resolveReference(schema.$ref, root)] : []),
  ]
  for (const shape of all.map((one) => shapeOf(one, root, depth + 1))) {
    include(shape)
    for (const name of shape.required) required.add(name)
  }
  for (const list of [listOf(schema.anyOf), listOf(schema.oneOf)]) {
    const shapes = list.map((one) => shapeOf(one, root, depth + 1))
    for (const shape of shapes) include(shape)
    for (const name of shapes[0]?.required ?? []) {
      if (shapes.every((shape) => shape.required.includes(name))) required.add(name)
    }
  }
  return { properties, required: [...required].filter((name) => properties.has(name)) }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** What a local reference (`#/$defs/Name`, `#`) names; undefined for any other, and where nothing is. */
export function resolveReference(reference: string, root: JsonObject): unknown {
  if (reference === '#') return root
  if (!reference.startsWith('#/')) return undefined
  let found: unknown = root
  for (const step of reference.slice(2).split('/')) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return found
}

function subschemas(schema: JsonObject): unknown[] {
  return [
    ...LISTS.flatMap((word) => listOf(schema[word])),
    ...MAPS.flatMap((word) => (isObject(schema[word]) ? Object.values(schema[word]) : [])),
    ...NESTED.map((word) => schema[word]),
  ]
}

/** Nearly always false; asked first, because rebuilding the schemas of twenty tools costs a third of a millisecond. */
function lacksItems(schema: unknown): boolean {
  if (!isObject(schema)) return false
  if (isArraySchema(schema) && !isObject(schema.items)) return true
  for (const word in schema) {
    const value = schema[word]
    if (typeof value !== 'object' || value === null) continue
    if (NESTED.includes(word) && lacksItems(value)) return true
    if (LISTS.includes(word) && Array.isArray(value) && value.some(lacksItems)) return true
    if (MAPS.includes(word))
      for (const name in value) if (lacksItems((value as JsonObject)[name])) return true
  }
  return false
}

function isArraySchema(schema: JsonObject): boolean {
  return schema.type === 'array' || (Array.isArray(schema.type) && schema.type.includes('array'))
}

function withItems(schema: unknown): unknown {
  if (!isObject(schema)) return schema
  const entries = Object.entries(schema).map(([word, value]): [string, unknown] => [
    word,
    itemsBelow(word, value),
  ])
  const missing = isArraySchema(schema) && !isObject(schema.items)
  // Not by assignment: a property may be called `__proto__`.
  return Object.fromEntries(
    missing ? [...entries.filter(([word]) => word !== 'items'), ['items', {}]] : entries,
  )
}

function itemsBelow(word: string, value: unknown): unknown {
  if (NESTED.includes(word)) return withItems(value)
  if (LISTS.includes(word) && Array.isArray(value)) return value.map(withItems)
  if (!MAPS.includes(word) || !isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]): [string, unknown] => [name, withItems(one)]),
  )
}
