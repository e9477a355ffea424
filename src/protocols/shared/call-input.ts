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

/** Arguments as JSON text; some give them parsed. */
export function saidArguments(given: unknown): string {
  if (typeof given === 'string') return given
  return given === undefined || given === null ? '' : stringifyJson(given)
}

/** All arguments of a call: to say nothing is to have none. */
export function argumentText(given: unknown): string {
  const text = saidArguments(given)
  return text.trim() === '' ? '{}' : text
}
