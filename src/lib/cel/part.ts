import { FAILED } from './scope.ts'
import type { Run, Value } from './scope.ts'

export type Kind = 'string' | 'bool' | 'int' | 'double' | 'list' | 'map'

/** One compiled node of an expression. */
export interface Part {
  readonly run: Run
  readonly kind: Kind
  /** Of a list: what its elements are. */
  readonly element?: Kind
  /** Of a list or map: how many elements it has, at most or as far as is usual. */
  readonly size?: number
  /** Its value, where the text says it. */
  readonly literal?: string | number | boolean | readonly (string | number | boolean)[]
  /** Of a text that is a variable or an entry of one: its name, the same for the same text. */
  readonly key?: string
  /** Of a text variable that has few values: which. */
  readonly values?: readonly string[]
  /** Of a map that is a variable: its name. */
  readonly map?: string
  readonly guard?: Guard
}

/**
 * What a text has to be for a condition to hold: one of a few, or with a certain beginning. From a thousand conditions
 * with guards on the same text, one look into a map finds those that can hold.
 */
export interface Guard {
  readonly key: string
  readonly run: Run
  readonly exact?: readonly string[]
  readonly prefix?: string
}

/** Numbers, texts and booleans; lists and maps are not compared. */
export function isScalar(kind: Kind): boolean {
  return kind !== 'list' && kind !== 'map'
}

export function isNumber(kind: Kind): kind is 'int' | 'double' {
  return kind === 'int' || kind === 'double'
}

/** Runs both, and fails where one fails. */
export function both(left: Run, right: Run, combine: (left: never, right: never) => Value): Run {
  const apply = combine as (left: Value, right: Value) => Value
  return (scope) => {
    const leftValue = left(scope)
    if (leftValue === FAILED) return FAILED
    const rightValue = right(scope)
    return rightValue === FAILED ? FAILED : apply(leftValue, rightValue)
  }
}

/** Fails where its part fails. */
export function map(part: Run, apply: (value: never) => Value): Run {
  const change = apply as (value: Value) => Value
  return (scope) => {
    const value = part(scope)
    return value === FAILED ? FAILED : change(value)
  }
}
