import { both, map } from './part.ts'
import type { Kind, Part } from './part.ts'
import { FAILED, isText } from './scope.ts'
import type { Value } from './scope.ts'

interface Method {
  readonly arguments: number
  readonly returns: Kind
  readonly apply: (text: never, argument: never) => Value
}

/** What texts can be asked: `model.startsWith("claude")`. Patterns are compiled apart, see `compile.ts`. */
export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    'startsWith',
    { arguments: 1, returns: 'bool', apply: (text: string, part: string) => text.startsWith(part) },
  ],
  ['endsWith', { arguments: 1, returns: 'bool', apply: (text: string, part: string) => text.endsWith(part) }],
  ['contains', { arguments: 1, returns: 'bool', apply: (text: string, part: string) => text.includes(part) }],
  ['lowerAscii', { arguments: 0, returns: 'string', apply: (text: string) => text.toLowerCase() }],
  ['upperAscii', { arguments: 0, returns: 'string', apply: (text: string) => text.toUpperCase() }],
  ['trim', { arguments: 0, returns: 'string', apply: (text: string) => text.trim() }],
  ['size', { arguments: 0, returns: 'int', apply: sizeOf }],
])

interface Conversion {
  readonly returns: Kind
  readonly apply: (value: never) => Value
}

/** What stands alone: `size(headers)`, `int(params["tier"])`. `has` is no function but a macro, see `macros.ts`. */
export const FUNCTIONS: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  ['size', { returns: 'int', apply: sizeOf }],
  ['int', { returns: 'int', apply: toInt }],
  ['double', { returns: 'double', apply: toDouble }],
  ['string', { returns: 'string', apply: String }],
])

/** Of a text in code points. */
function sizeOf(value: Value): Value {
  if (typeof value === 'string') {
    let count = 0
    for (const _ of value) count++
    return count
  }
  if (Array.isArray(value)) return value.length
  return Object.values(value).filter(isText).length
}

function toInt(value: string | number): Value {
  if (typeof value === 'string' && !/^[+-]?\d{1,20}$/.test(value)) return FAILED
  const whole = Math.trunc(Number(value)) + 0
  return Number.isSafeInteger(whole) ? whole : FAILED
}

function toDouble(value: string | number): Value {
  if (
    typeof value === 'string' &&
    !/^[+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30})(?:e[+-]?\d{1,3})?$/i.test(value)
  )
    return FAILED
  return Number(value)
}

export function callMethod(name: string, receiver: Part, [argument]: readonly Part[]): Part {
  const { returns, apply } = METHODS.get(name)!
  if (argument === undefined)
    return { kind: returns, run: map(receiver.run, apply as (text: never) => Value) }
  const run = both(receiver.run, argument.run, apply)
  const prefix = argument.literal
  if (name !== 'startsWith' || receiver.key === undefined || typeof prefix !== 'string')
    return { kind: returns, run }
  return { kind: returns, run, guard: { key: receiver.key, run: receiver.run, prefix } }
}

export function callFunction(name: string, argument: Part): Part {
  const { returns, apply } = FUNCTIONS.get(name)!
  return { kind: returns, run: map(argument.run, apply) }
}
