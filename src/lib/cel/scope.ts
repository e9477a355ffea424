/**
 * What a part of an expression gives when it has no value: a key that a map has not, a division by zero, a text that is
 * no number. A value and not an exception: an exception with its stack takes some ten microseconds, and a header that is
 * not there is the ordinary case.
 */
export const FAILED: unique symbol = Symbol('failed')

export type TextMap = Readonly<Record<string, string | undefined>>

export type Value = string | number | boolean | TextMap | readonly Value[] | typeof FAILED

/** A part of an expression, made ready to run. */
export type Run = (scope: Scope) => Value

export type VariableType = 'string' | 'bool' | 'int' | 'double' | 'map'

/** A name that expressions know. A `map` has lower-case texts as keys, and texts. */
export interface Variable<Facts> {
  readonly name: string
  readonly type: VariableType
  /** All that a text can be: comparing it with another is refused. */
  readonly values?: readonly string[]
  /** Called when an expression first asks, once for each scope. */
  read(facts: Facts): string | number | boolean | TextMap
}

/** What a running expression sees. */
export interface Scope {
  /** Of the variable with this place in the language's list. */
  value(slot: number): Value
  /** Those that have a text. */
  keys(map: TextMap): readonly string[]
  /** Variables of the macros around, outermost first. */
  readonly locals: Value[]
  /** false: there was too much to do, and the part fails. */
  spend(steps: number): boolean
}

/**
 * Steps that all expressions on one scope may take in loops, at some ten nanoseconds each. Loops go over literal lists
 * and the keys of maps; only who sends two thousand headers comes near it.
 */
const STEPS_MAX = 200_000

/** The variables of one request: each is computed when it is first asked for. */
export class LazyScope<Facts> implements Scope {
  readonly locals: Value[] = []
  readonly #variables: readonly Variable<Facts>[]
  readonly #facts: Facts
  readonly #values: (Value | undefined)[] = []
  #keys: Map<TextMap, readonly string[]> | undefined
  #steps = STEPS_MAX

  constructor(variables: readonly Variable<Facts>[], facts: Facts) {
    this.#variables = variables
    this.#facts = facts
  }

  value(slot: number): Value {
    const known = this.#values[slot]
    if (known !== undefined) return known
    const value = this.#variables[slot]!.read(this.#facts)
    this.#values[slot] = value
    return value
  }

  keys(map: TextMap): readonly string[] {
    this.#keys ??= new Map()
    let keys = this.#keys.get(map)
    if (keys === undefined) this.#keys.set(map, (keys = Object.keys(map).filter((key) => isText(map[key]))))
    return keys
  }

  spend(steps: number): boolean {
    this.#steps -= steps
    return this.#steps >= 0
  }
}

/** An entry that is there: what every object inherits (`constructor`) is no text. */
export function isText(entry: unknown): entry is string {
  return typeof entry === 'string'
}
