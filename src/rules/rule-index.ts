import type { Guard } from '../lib/cel/part.ts'
import type { Run, Scope } from '../lib/cel/scope.ts'

/** Below this many rules, asking a text costs as much as asking the rules. */
const GROUP_MIN = 4

/** Rules with guards on the same text. */
interface Group {
  readonly run: Run
  /** Positions by the whole text, ascending. */
  readonly exact: Map<string, number[]>
  /** The same by the text's beginning, for each length that there is. */
  readonly beginnings: Map<number, Map<string, number[]>>
}

/**
 * Which of many rules can apply, found by the texts that they compare: a thousand rules that say `model == "…"` cost one
 * look into a map.
 */
export class RuleIndex {
  /** Positions of rules that must be asked always. */
  readonly #unguarded: number[] = []
  readonly #groups: Group[] = []

  /** By the position of the rule. */
  constructor(guards: readonly (Guard | undefined)[]) {
    const sizes = new Map<string, number>()
    for (const guard of guards) if (guard) sizes.set(guard.key, (sizes.get(guard.key) ?? 0) + 1)
    const groups = new Map<string, Group>()
    for (const [position, guard] of guards.entries()) {
      if (guard === undefined || sizes.get(guard.key)! < GROUP_MIN) this.#unguarded.push(position)
      else enter(groups, guard, position)
    }
    this.#groups = [...groups.values()]
  }

  /** The first position whose rule applies; of those that cannot apply, none is asked. */
  first(scope: Scope, applies: (position: number) => boolean): number | undefined {
    const lists = [this.#unguarded]
    for (const { run, exact, beginnings } of this.#groups) {
      const text = run(scope)
      if (typeof text !== 'string') continue
      lists.push(exact.get(text) ?? [])
      for (const [length, positions] of beginnings) lists.push(positions.get(text.slice(0, length)) ?? [])
    }
    return firstOf(
      lists.filter((list) => list.length > 0),
      applies,
    )
  }
}

function enter(groups: Map<string, Group>, { key, run, exact, prefix }: Guard, position: number): void {
  let group = groups.get(key)
  if (group === undefined) groups.set(key, (group = { run, exact: new Map(), beginnings: new Map() }))
  for (const text of new Set(exact)) append(group.exact, text, position)
  if (prefix === undefined) return
  let beginnings = group.beginnings.get(prefix.length)
  if (beginnings === undefined) group.beginnings.set(prefix.length, (beginnings = new Map()))
  append(beginnings, prefix, position)
}

function append(lists: Map<string, number[]>, text: string, position: number): void {
  const list = lists.get(text)
  if (list === undefined) lists.set(text, [position])
  else list.push(position)
}

/** Goes through ascending lists as if they were one. */
function firstOf(lists: readonly number[][], applies: (position: number) => boolean): number | undefined {
  const next = lists.map(() => 0)
  while (true) {
    let lowest = -1
    let position = Infinity
    for (let index = 0; index < lists.length; index++) {
      const head = lists[index]![next[index]!] ?? Infinity
      if (head < position) [lowest, position] = [index, head]
    }
    if (lowest === -1) return undefined
    if (applies(position)) return position
    next[lowest]!++
  }
}
