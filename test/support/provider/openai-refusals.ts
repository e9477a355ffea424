import type { Json } from './json.ts'
import type { Refusal } from './protocol.ts'

/** A 400 with OpenAI's `param` and `code`. */
export const refuse = (message: string, param?: string, code?: string): Refusal => ({
  status: 400,
  message,
  ...(param && { param }),
  ...(code && { code }),
})

export const tooLong = (param: string, lengthMax: number, length: number): Refusal =>
  refuse(
    `Invalid '${param}': string too long. Expected a string with maximum length ${lengthMax}, but got a string with length ${length} instead.`,
    param,
    'string_above_max_length',
  )

export const tooMany = (param: string, lengthMax: number, length: number): Refusal =>
  refuse(
    `Invalid '${param}': array too long. Expected an array with maximum length ${lengthMax}, but got an array with length ${length} instead.`,
    param,
    'array_above_max_length',
  )

export const emptyArray = (param: string): Refusal =>
  refuse(
    `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
    param,
    'empty_array',
  )

/** The first field that is not in the list, as OpenAI reports it. */
export function unknownField(value: Json, allowed: Iterable<string>, at = ''): Refusal | undefined {
  const known = new Set(allowed)
  const name = Object.keys(value).find((one) => !known.has(one))
  return name === undefined
    ? undefined
    : refuse(`Unknown parameter: '${at}${name}'.`, `${at}${name}`, 'unknown_parameter')
}

export const unsupported = (name: string, advice = ''): Refusal =>
  refuse(
    `Unsupported parameter: '${name}' is not supported with this model.${advice}`,
    name,
    'unsupported_parameter',
  )

/** Values as OpenAI lists them: `'a', 'b', and 'c'`. */
export function choices(values: string[]): string {
  const quoted = values.map((value) => `'${value}'`)
  if (quoted.length < 3) return quoted.join(' and ')
  return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`
}

export const unknownValue = (param: string, value: Json, values: string[]): Refusal =>
  refuse(`Invalid value: '${value}'. Supported values are: ${choices(values)}.`, param, 'invalid_value')

/** A request points to an item that was not kept. */
export const notStored = (id: string): Refusal => ({
  status: 404,
  message: `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
  param: 'input',
})
