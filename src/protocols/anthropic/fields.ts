import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { isObject } from '../shared/object.ts'

/**
 * Reading of a client's JSON, where any value can stand anywhere. Failures are worded as Anthropic's own API words
 * them (`messages.1.content.0.text.text: Field required`): Claude Code and the SDKs match these texts.
 */
export type Reader<T> = (value: unknown, path: string) => T

export function fail(path: string, what: string): never {
  throw new GatewayError('invalid_request', `${path}: ${what}`, { field: path })
}

export const asObject: Reader<JsonObject> = (value, path) =>
  isObject(value) ? value : fail(path, 'Input should be a valid dictionary')

export const asList: Reader<unknown[]> = (value, path) =>
  Array.isArray(value) ? value : fail(path, 'Input should be a valid list')

export const asString: Reader<string> = (value, path) =>
  typeof value === 'string' ? value : fail(path, 'Input should be a valid string')

export const asBoolean: Reader<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : fail(path, 'Input should be a valid boolean')

export const asNumber: Reader<number> = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) ? value : fail(path, 'Input should be a valid number')

/** 1e400 reads as Infinity, and a limit that is infinite or larger than a double can count is none. */
export const asCount: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    return fail(path, 'Input should be a valid integer')
  return value >= 0 ? value : fail(path, 'Input should be greater than or equal to 0')
}

export function listOf<T>(read: Reader<T>): Reader<T[]> {
  return (value, path) => asList(value, path).map((element, at) => read(element, `${path}.${at}`))
}

/** Null is as good as absent: typed clients send it for every field that they leave out. */
export function optional<T>(value: unknown, path: string, read: Reader<T>): T | undefined {
  return value === undefined || value === null ? undefined : read(value, path)
}

export function required<T>(value: unknown, path: string, read: Reader<T>): T {
  return value === undefined ? fail(path, 'Field required') : read(value, path)
}
