/**
 * Ids of one answer, none twice: the second `x` is `x_2`. How often each was given is counted, not searched for: two
 * megabytes of calls under one id kept the gateway busy for half a minute.
 */
export class DistinctIds {
  readonly #numbered: (base: string, count: number) => string
  readonly #given = new Set<string>()
  readonly #counts = new Map<string, number>()

  /** `numbered`: how the API takes the second, third … of one name. */
  constructor(numbered: (base: string, count: number) => string = (base, count) => `${base}_${count}`) {
    this.#numbered = numbered
  }

  get size(): number {
    return this.#given.size
  }

  next(base: string): string {
    let count = this.#counts.get(base) ?? 0
    let id: string
    do id = ++count === 1 ? base : this.#numbered(base, count)
    while (this.#given.has(id))
    this.#counts.set(base, count)
    this.#given.add(id)
    return id
  }
}
