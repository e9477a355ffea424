/** How a choice falls: by a draw, or by the session where one is known. */
export interface Chance {
  /**
   * The choice of a session is a weighted rendezvous hash: the same each time without any stored state, and when a choice
   * drops out only its own sessions move. Prompt caches survive balancing so.
   */
  readonly sessionId: string | undefined
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** The lot of one choice; the lowest wins, and each wins in proportion to its weight, which is above 0. */
export function lot(id: string, weight: number, { sessionId, random }: Chance): number {
  const draw = sessionId === undefined ? random() : hashToUnit(sessionId, id)
  // The least of independent exponential variables falls to each in proportion to its weight.
  return -Math.log(1 - draw) / weight
}

/**
 * One of the choices, by weight. Weights need not sum to anything; with all of them 0 the choices are alike, else what
 * weighs 0 is never chosen. Undefined when there is none.
 */
export function chooseByWeight<Choice>(
  choices: readonly Choice[],
  describe: (choice: Choice) => { readonly id: string; readonly weight: number },
  chance: Chance,
): Choice | undefined {
  const isUnweighted = choices.every((choice) => describe(choice).weight <= 0)
  let best: Choice | undefined
  let lowest = Infinity
  for (const choice of choices) {
    const { id, weight } = describe(choice)
    if (weight <= 0 && !isUnweighted) continue
    const own = lot(id, isUnweighted ? 1 : weight, chance)
    if (best === undefined || own < lowest) [best, lowest] = [choice, own]
  }
  return best
}

/** How the choice falls where no session decides it, as parts of one; in the order of `weights`. */
export function sharesOf(weights: readonly number[]): number[] {
  const drawn = weights.map((weight) => Math.max(0, weight))
  const total = drawn.reduce((sum, weight) => sum + weight, 0)
  return drawn.map((weight) => (total > 0 ? weight / total : 1 / drawn.length))
}

/** A share as text: `33.33 %`. */
export function percent(share: number): string {
  return share === 1 ? '100 %' : `${Number((100 * share).toFixed(2))} %`
}

/** FNV-1a over both texts, finished as murmur3 does, as a number in [0, 1). */
function hashToUnit(session: string, id: string): number {
  let hash = 0x811c9dc5
  const text = `${session}\u0000${id}`
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
