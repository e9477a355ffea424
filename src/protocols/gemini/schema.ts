import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'
import { functionSchema, resolveReference } from '../shared/schema.ts'
import {
  formatOf,
  joined,
  limitsOf,
  listedValues,
  listOf,
  noteOthers,
  short,
  typeOf,
} from './schema-words.ts'

/**
 * A tool's JSON Schema as Google's `Schema`, a part of OpenAPI's: one unknown word, a list of types or a number in an
 * `enum` is a 400 for the whole request. References are put in place, alternatives and constants said in the words
 * that are there; what has none moves into the description, where the model reads it. Names of properties are the
 * client's, also where they are words of JSON Schema. Undefined: no parameters, which has no schema here.
 * https://ai.google.dev/api/caching#Schema
 */
export function parametersSchema(schema: JsonObject | undefined): ParametersSchema {
  const plain = functionSchema(schema)
  const converter = new Converter(schema ?? {})
  const converted = converter.convert(plain.schema)
  const isEmpty = !isObject(converted.properties)
  return {
    schema: isEmpty ? undefined : converted,
    isFree: converter.isFree,
    changed: plain.changed || converter.changed,
  }
}

export interface ParametersSchema {
  schema: JsonObject | undefined
  /** Some object takes any properties, which Google's form cannot say: "should be non-empty for OBJECT type". */
  isFree: boolean
  /** It says less than the client's. */
  changed: boolean
}

/** References are put in place once for each use: beyond this many schemas they are only named. */
const SCHEMAS_MAX = 2000
/** Google refuses deeper nesting, and no tool that a model can fill in has it. */
const DEPTH_MAX = 24

class Converter {
  changed = false
  isFree = false
  readonly #root: JsonObject
  /** References that are being put in place: one of them again would never end. */
  readonly #open = new Set<string>()
  #schemas = 0

  constructor(root: JsonObject) {
    this.#root = root
  }

  convert(schema: unknown, depth = 0): JsonObject {
    if (++this.#schemas > SCHEMAS_MAX || depth > DEPTH_MAX) return this.#unspecific()
    if (!isObject(schema)) return this.#unspecific()
    if (typeof schema.$ref === 'string') return this.#reference(schema.$ref, schema, depth)
    if (Array.isArray(schema.allOf)) return this.convert(this.#merged(schema), depth)
    const choice = this.#choice(schema)
    if (choice !== undefined) return this.#alternatives(choice.options, choice.isNullable, schema, depth)
    return this.#single(schema, depth)
  }

  /** The model may put anything here, as text. */
  #unspecific(): JsonObject {
    this.changed = true
    return { type: 'string' }
  }

  // ==== Putting together

  /** What stands beside a reference counts, too (a description, mostly). */
  #reference(reference: string, { $ref: _ref, ...beside }: JsonObject, depth: number): JsonObject {
    const target = resolveReference(reference, this.#root)
    if (this.#open.has(reference)) {
      this.changed = true
      this.isFree = true
      return this.#withDescription({ type: 'object' }, beside.description, `as ${reference} above`)
    }
    if (!isObject(target)) return this.convert({ ...beside, type: beside.type ?? 'string' }, depth)
    this.#open.add(reference)
    const converted = this.convert({ ...target, ...beside }, depth)
    this.#open.delete(reference)
    return converted
  }

  /** All of `allOf` in one: every property, everything required; of other words the first that says it. */
  #merged({ allOf, ...schema }: JsonObject, depth = 0): JsonObject {
    const words = new Map(Object.entries(schema))
    const properties = new Map(Object.entries(isObject(schema.properties) ? schema.properties : {}))
    const required = new Set(listOf(schema.required))
    for (const one of depth > DEPTH_MAX ? [] : listOf(allOf)) {
      const part = this.#resolved(one, depth)
      for (const [name, value] of Object.entries(isObject(part.properties) ? part.properties : {}))
        if (!properties.has(name)) properties.set(name, value)
      for (const name of listOf(part.required)) required.add(name)
      for (const [word, value] of Object.entries(part)) if (!words.has(word)) words.set(word, value)
    }
    if (properties.size > 0) words.set('properties', Object.fromEntries(properties))
    if (required.size > 0) words.set('required', [...required])
    return Object.fromEntries(words)
  }

  /** A schema with its own reference and `allOf` taken in. */
  #resolved(schema: unknown, depth: number): JsonObject {
    if (!isObject(schema)) return {}
    const target = typeof schema.$ref === 'string' ? resolveReference(schema.$ref, this.#root) : undefined
    const { $ref: _ref, ...beside } = schema
    const whole =
      isObject(target) && depth < DEPTH_MAX ? { ...this.#resolved(target, depth + 1), ...beside } : beside
    return Array.isArray(whole.allOf) ? this.#merged(whole, depth + 1) : whole
  }

  // ==== Alternatives

  /** The schemas of which one must fit; undefined for a schema that is a single one. */
  #choice(schema: JsonObject): { options: JsonObject[]; isNullable: boolean } | undefined {
    const listed = [...listOf(schema.anyOf), ...listOf(schema.oneOf)].filter(isObject)
    if (listed.length > 0) {
      // Alternatives of an object that differ in what is required, or in a few properties: the object says more.
      if (isObject(schema.properties)) return undefined
      // References stay what they are until it is known whether they are open.
      const options = listed.filter((one) => one.type !== 'null')
      return { options, isNullable: options.length < listed.length || schema.nullable === true }
    }
    const listedTypes = schema.type === 'null' ? ['null'] : schema.type
    if (!Array.isArray(listedTypes)) return undefined
    const types = listedTypes.filter((type) => type !== 'null')
    const { type: _type, ...rest } = schema
    return {
      options: types.map((type) => ({ ...rest, type })),
      isNullable: types.length < listedTypes.length,
    }
  }

  /** "When using any_of, it must be the only field set." */
  #alternatives(options: JsonObject[], isNullable: boolean, schema: JsonObject, depth: number): JsonObject {
    const { anyOf: _any, oneOf: _one, type: _type, description, ...rest } = schema
    if (Array.isArray(schema.type)) this.changed ||= options.length > 1
    if (options.length === 0) return this.#withDescription({ type: 'string', nullable: true }, description)
    if (options.length === 1) {
      const only = { ...rest, ...options[0]!, description: description ?? options[0]!.description }
      const converted = this.convert(only, depth)
      return isNullable ? this.#onFirst(converted, (one) => ({ ...one, nullable: true })) : converted
    }
    const anyOf = options.map((option) => this.convert(option, depth + 1))
    return this.#onFirst({ anyOf }, (one) => ({
      ...this.#withDescription(one, description, one.description),
      ...(isNullable && { nullable: true }),
    }))
  }

  /** What is true of all alternatives stands on the first: beside `anyOf` it would be refused. */
  #onFirst(schema: JsonObject, change: (schema: JsonObject) => JsonObject): JsonObject {
    if (!Array.isArray(schema.anyOf)) return change(schema)
    const [first, ...others] = schema.anyOf as JsonObject[]
    return { anyOf: [this.#onFirst(first!, change), ...others] }
  }

  // ==== One schema

  #single(schema: JsonObject, depth: number): JsonObject {
    const notes: string[] = []
    const values = listedValues(schema)
    const type = values?.type ?? typeOf(schema)
    if (values?.note !== undefined) notes.push(values.note)
    const isNullable = values?.isNullable === true || schema.nullable === true
    const kept: JsonObject = {
      type,
      ...(typeof schema.title === 'string' && { title: schema.title }),
      ...formatOf(schema.format, type, notes),
      ...(isNullable && { nullable: true }),
      ...(values?.strings !== undefined && { enum: values.strings }),
      ...limitsOf(schema, notes),
      ...(type === 'array' && this.#items(schema, depth, notes)),
      ...(type === 'object' && this.#properties(schema, depth)),
    }
    noteOthers(schema, notes)
    if (notes.length > 0) this.changed = true
    const note = notes.length === 0 ? undefined : `(${notes.join('; ')})`
    return this.#withDescription(kept, joined(schema.description, note))
  }

  /** "items: missing field" */
  #items(schema: JsonObject, depth: number, notes: string[]): JsonObject {
    const tuple = Array.isArray(schema.items) ? schema.items : listOf(schema.prefixItems)
    if (tuple.length === 0) return { items: this.convert(schema.items ?? {}, depth + 1) }
    notes.push(`elements in this order: ${short(tuple)}`)
    const options = tuple.map((one) => this.convert(one, depth + 1))
    const different = [...new Map(options.map((one) => [JSON.stringify(one), one])).values()]
    return { items: different.length === 1 ? different[0]! : { anyOf: different } }
  }

  #properties(schema: JsonObject, depth: number): JsonObject {
    const shapes = [schema, ...listOf(schema.anyOf), ...listOf(schema.oneOf)].map((one) =>
      this.#resolved(one, 0),
    )
    const properties = new Map<string, unknown>()
    for (const shape of shapes)
      for (const [name, value] of Object.entries(isObject(shape.properties) ? shape.properties : {}))
        if (!properties.has(name)) properties.set(name, value)
    if (properties.size === 0) {
      this.isFree = true
      return {}
    }
    const required = listOf(schema.required).filter(
      (name) => typeof name === 'string' && properties.has(name),
    )
    const converted = [...properties].map(([name, value]): [string, unknown] => [
      name,
      this.convert(value, depth + 1),
    ])
    // Not by assignment: a property may be called `__proto__`.
    return {
      properties: Object.fromEntries(converted),
      ...(required.length > 0 && { required: [...new Set(required)] }),
    }
  }

  #withDescription(schema: JsonObject, ...texts: unknown[]): JsonObject {
    const description = joined(...texts)
    const { description: _old, ...rest } = schema
    return description === undefined ? rest : { ...rest, description }
  }
}
