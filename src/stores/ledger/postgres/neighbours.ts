/** Another gateway: its last beat, and how many of ours have seen no other. */
interface Seen {
  readonly beat: number
  readonly missed: number
}

export type Beat = readonly [node: string, beat: number]

/**
 * Who of the other gateways is dead. Their beats are counted in ours and no clocks are compared: when Postgres itself
 * stood still, nobody has missed one.
 */
export class Neighbours {
  readonly #missedMax: number
  #seen = new Map<string, Seen>()

  /** `missedMax`: beats of ours without one of theirs until they are taken for dead. */
  constructor(missedMax: number) {
    this.#missedMax = missedMax
  }

  /** Those of a round that have not beaten for too long. */
  dead(round: readonly Beat[]): Beat[] {
    const now = new Map<string, Seen>()
    for (const [node, beat] of round) {
      const before = this.#seen.get(node)
      now.set(node, { beat, missed: before?.beat === beat ? before.missed + 1 : 0 })
    }
    this.#seen = now
    return round.filter(([node]) => now.get(node)!.missed >= this.#missedMax)
  }

  /** They could not be seen for a while, and may have beaten. */
  forget(): void {
    this.#seen.clear()
  }
}
