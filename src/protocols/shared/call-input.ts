import type { JsonObject } from '../../message/request.ts'
import { parseForOutput, stringifyJson } from './json.ts'
import { isObject } from './object.ts'

/**
 * A call of the history for APIs that take objects only; what a model wrote instead is shown to it as it was. Any
 * JSON.stringify writes it with all of its digits.
 */
export function inputObject(json: string): JsonObject {
  try {
    const input = parseForOutput(json)
    return input === null ? {} : isObject(input) ? input : { value: input }
  } catch {
    return json.trim() === '' ? {} : { invalid_json: json }
  }
}

/** The arguments of a client's call: JSON, of which nothing means no arguments. */
export function argumentText(given: unknown): string {
  const text = typeof given === 'string' ? given : stringifyJson(given ?? {})
  return text.trim() === '' ? '{}' : text
}
