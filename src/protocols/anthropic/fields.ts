import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/**
 * Reading of a client's JSON, where any value can stand anywhere. Failures are worded as Anthropic's own API words
 * them (`messages.1.content.0.text.text: Field required`): Claude Code and the SDKs match these texts.
 */
export type Reader<T> = (value: unknown, path: Path, name?: string) => T

/** Where a value stands, or with a `name` what holds it: put together only where an error tells it. */
export type Path = string | Place

export class Place {
  readonly #holder: Path
  readonly #name: string | number

  constructor(holder: Path, name: string | number) {
    this.#holder = holder
    this.#name = name
  }

  toString(): string {
    return `${String(this.#holder)}.${this.#name}`
  }
}

export function fail(path: Path, what: string, name?: string): never {
  const field = String(name === undefined ? path : new Place(path, name))
  throw new GatewayError('invalid_request', `${field}: ${what}`, { field })
}

export const asAnything: Reader<unknown> = (value) => value

export const asObject: Reader<JsonObject> = (value, path, name) =>
  isObject(value) ? value : fail(path, 'Input should be a valid dictionary', name)

export const asList: Reader<unknown[]> = (value, path, name) =>
  Array.isArray(value) ? value : fail(path, 'Input should be a valid list', name)

export const asString: Reader<string> = (value, path, name) =>
  typeof value === 'string' ? value : fail(path, 'Input should be a valid string', name)

export const asBoolean: Reader<boolean> = (value, path, name) =>
  typeof value === 'boolean' ? value : fail(path, 'Input should be a valid boolean', name)

export const asNumber: Reader<number> = (value, path, name) =>
  typeof value === 'number' && Number.isFinite(value)
    ? value
    : fail(path, 'Input should be a valid number', name)

/** 1e400 reads as Infinity, and a limit that is infinite or larger than a double can count is none. */
export const asCount: Reader<number> = (value, path, name) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    return fail(path, 'Input should be a valid integer', name)
  return value >= 0 ? value : fail(path, 'Input should be greater than or equal to 0', name)
}

export function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (value, path, name) => {
    const list = name === undefined ? path : new Place(path, name)
    return asList(value, list).map((element, at) => read(element, new Place(list, at)))
  }
}

/** Null is as good as absent: typed clients send it for every field that they leave out. */
export function optional<T>(value: unknown, path: Path, read: Reader<T>, name?: string): T | undefined {
  return value === undefined || value === null ? undefined : read(value, path, name)
}

export function required<T>(value: unknown, path: Path, read: Reader<T>, name?: string): T {
  return value === undefined ? fail(path, 'Field required', name) : read(value, path, name)
}
