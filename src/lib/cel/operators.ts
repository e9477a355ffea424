import { both, isNumber, map } from './part.ts'
import type { Guard, Kind, Part } from './part.ts'
import { FAILED, isText } from './scope.ts'
import type { Run, TextMap, Value } from './scope.ts'

/** A text that a `+` makes is no longer than this, a list has no more elements. */
export const TEXT_LENGTH_MAX = 16_384
export const LIST_LENGTH_MAX = 1_000

export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])
export const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%'])

type Scalar = string | number | boolean

const COMPARE: Readonly<Record<string, (left: Scalar, right: Scalar) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}

export function comparison(operator: string, left: Part, right: Part): Part {
  const run = both(left.run, right.run, COMPARE[operator]!)
  if (operator !== '==') return { kind: 'bool', run }
  const [text, literal] = left.key === undefined ? [right, left.literal] : [left, right.literal]
  if (text.key === undefined || typeof literal !== 'string') return { kind: 'bool', run }
  const equals: Run = map(text.run, (value: Value) => value === literal)
  return { kind: 'bool', run: equals, guard: { key: text.key, run: text.run, exact: [literal] } }
}

/** `in` a list or among the keys of a map. */
export function membership(left: Part, right: Part): Part {
  if (right.kind === 'map')
    return { kind: 'bool', run: both(left.run, right.run, (key: string, all: TextMap) => isText(all[key])) }
  const listed = right.literal
  if (!Array.isArray(listed))
    return { kind: 'bool', run: both(left.run, right.run, (one: Value, all: Value[]) => all.includes(one)) }
  const set = new Set<Value>(listed)
  const run = map(left.run, (value: Value) => set.has(value))
  const isIndexed = left.key !== undefined && listed.length > 0 && left.kind === 'string'
  if (!isIndexed) return { kind: 'bool', run }
  return { kind: 'bool', run, guard: { key: left.key, run: left.run, exact: listed } }
}

/** Whole numbers stay whole, as in CEL: `7 / 2` is 3, `7 / 2.0` is 3.5. */
export function arithmetic(operator: string, left: Part, right: Part): Part {
  if (left.kind === 'string') return { kind: 'string', run: both(left.run, right.run, joinTexts) }
  if (left.kind === 'list') {
    const size = (left.size ?? 0) + (right.size ?? 0)
    const element: Kind | undefined = left.element ?? right.element
    return { kind: 'list', size, ...(element && { element }), run: both(left.run, right.run, joinLists) }
  }
  const isWhole = left.kind === 'int' && right.kind === 'int'
  const compute = isWhole ? WHOLE[operator]! : FRACTIONAL[operator]!
  return { kind: isWhole ? 'int' : 'double', run: both(left.run, right.run, compute) }
}

function joinTexts(left: string, right: string): Value {
  return left.length + right.length > TEXT_LENGTH_MAX ? FAILED : left + right
}

function joinLists(left: readonly Value[], right: readonly Value[]): Value {
  return left.length + right.length > LIST_LENGTH_MAX ? FAILED : [...left, ...right]
}

type Compute = (left: number, right: number) => Value

/** Above 2^53 whole numbers are not exact any more. */
function whole(value: number): Value {
  return Number.isSafeInteger(value) ? value + 0 : FAILED
}

const WHOLE: Readonly<Record<string, Compute>> = {
  '+': (left, right) => whole(left + right),
  '-': (left, right) => whole(left - right),
  '*': (left, right) => whole(left * right),
  '/': (left, right) => (right === 0 ? FAILED : whole(Math.trunc(left / right))),
  '%': (left, right) => (right === 0 ? FAILED : whole(left % right)),
}

const FRACTIONAL: Readonly<Record<string, Compute>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
}

/** Not itself: a part that failed stays failed. */
export function negation(part: Part): Part {
  return { kind: 'bool', run: map(part.run, (value: boolean) => !value) }
}

export function minus(part: Part): Part {
  const literal = typeof part.literal === 'number' ? { literal: -part.literal } : {}
  return { kind: part.kind, run: map(part.run, (value: number) => -value), ...literal }
}

/**
 * As CEL has it, a side that decides wins over a side that failed, whichever comes first:
 * `headers["x"] == "a" || model == "b"` holds for the model `b` without any header.
 */
export function logical(operator: '&&' | '||', left: Part, right: Part): Part {
  const decisive = operator === '||'
  const run: Run = (scope) => {
    const leftValue = left.run(scope)
    if (leftValue === decisive) return decisive
    const rightValue = right.run(scope)
    if (rightValue === decisive) return decisive
    return leftValue === FAILED || rightValue === FAILED ? FAILED : !decisive
  }
  const guard = decisive ? eitherGuard(left, right) : betterGuard(left.guard, right.guard)
  return { kind: 'bool', run, ...(guard && { guard }) }
}

/** Of two that must both hold, the one that leaves fewer texts. */
export function betterGuard(left: Guard | undefined, right: Guard | undefined): Guard | undefined {
  if (left === undefined || right === undefined) return left ?? right
  if (left.exact === undefined || right.exact === undefined) return left.exact === undefined ? right : left
  return right.exact.length < left.exact.length ? right : left
}

function eitherGuard({ guard: left }: Part, { guard: right }: Part): Guard | undefined {
  if (left?.exact === undefined || right?.exact === undefined || left.key !== right.key) return undefined
  return { ...left, exact: [...left.exact, ...right.exact] }
}

export function ternary(condition: Part, yes: Part, no: Part): Part {
  const run: Run = (scope) => {
    const value = condition.run(scope)
    if (value === FAILED) return FAILED
    return value === true ? yes.run(scope) : no.run(scope)
  }
  const kind: Kind = isNumber(yes.kind) && yes.kind !== no.kind ? 'double' : yes.kind
  const size = Math.max(yes.size ?? 0, no.size ?? 0)
  const element = yes.element ?? no.element
  return { kind, run, size, ...(element && { element }) }
}
