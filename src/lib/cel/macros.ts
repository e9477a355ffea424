import type { Part } from './part.ts'
import { FAILED } from './scope.ts'
import type { Run, Scope, TextMap, Value } from './scope.ts'

/** Loops over a list, or over the keys of a map. The number says how many arguments follow the variable. */
export const MACROS: ReadonlyMap<string, readonly number[]> = new Map([
  ['all', [1]],
  ['exists', [1]],
  ['exists_one', [1]],
  ['filter', [1]],
  ['map', [1, 2]],
])

/** How many keys a map is taken to have when the work of an expression is estimated. */
export const MAP_SIZE_USUAL = 50

export interface Loop {
  readonly receiver: Part
  /** Place of the variable among the scope's locals. */
  readonly local: number
  /** Steps of one round. */
  readonly steps: number
  readonly predicate: Part | undefined
  /** Of `map`. */
  readonly transform: Part | undefined
}

export function macro(name: string, loop: Loop): Part {
  const size = loop.receiver.size ?? MAP_SIZE_USUAL
  if (name === 'all') return { kind: 'bool', run: quantifier(loop, false) }
  if (name === 'exists') return { kind: 'bool', run: quantifier(loop, true) }
  if (name === 'exists_one') return { kind: 'bool', run: collect(loop, (found) => found.length === 1) }
  const element = loop.transform?.kind ?? (loop.receiver.kind === 'map' ? 'string' : loop.receiver.element)
  return { kind: 'list', size, ...(element && { element }), run: collect(loop, (found) => found) }
}

/** The elements, one after the other as the loop's variable; undefined where there are too many. */
function* rounds({ receiver, local, steps }: Loop, scope: Scope, items: Value): Generator<Value | undefined> {
  const all = receiver.kind === 'map' ? scope.keys(items as TextMap) : (items as readonly Value[])
  for (const item of all) {
    if (!scope.spend(steps)) yield FAILED
    scope.locals[local] = item
    yield item
  }
}

/** As with `&&` and `||`, an element that decides wins over elements that failed. */
function quantifier(loop: Loop, decisive: boolean): Run {
  const predicate = loop.predicate!.run
  return (scope) => {
    const items = loop.receiver.run(scope)
    if (items === FAILED) return FAILED
    let failed = false
    for (const item of rounds(loop, scope, items)) {
      if (item === FAILED) return FAILED
      const value = predicate(scope)
      if (value === decisive) return decisive
      failed ||= value === FAILED
    }
    return failed ? FAILED : !decisive
  }
}

function collect(loop: Loop, result: (found: Value[]) => Value): Run {
  const { predicate, transform } = loop
  return (scope) => {
    const items = loop.receiver.run(scope)
    if (items === FAILED) return FAILED
    const found: Value[] = []
    for (const item of rounds(loop, scope, items)) {
      if (item === FAILED || item === undefined) return FAILED
      const holds = predicate === undefined || predicate.run(scope)
      if (holds === FAILED) return FAILED
      if (holds !== true) continue
      const value = transform === undefined ? item : transform.run(scope)
      if (value === FAILED) return FAILED
      found.push(value)
    }
    return result(found)
  }
}
