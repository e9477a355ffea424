/**
 * A map that forgets what was not used lately; it holds between `limit` and twice as many entries. Two
 * generations instead of a linked list: a hit among the recent ones is one lookup and moves nothing.
 */
export class RecentMap<Key, Value extends {}> {
  readonly #limit: number
  #recent = new Map<Key, Value>()
  #older = new Map<Key, Value>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: Key): Value | undefined {
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const older = this.#older.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  set(key: Key, value: Value): void {
    if (this.#recent.size >= this.#limit && !this.#recent.has(key)) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(key, value)
  }

  delete(key: Key): void {
    this.#recent.delete(key)
    this.#older.delete(key)
  }

  get isEmpty(): boolean {
    return this.#recent.size === 0 && this.#older.size === 0
  }

  clear(): void {
    this.#recent.clear()
    this.#older.clear()
  }
}
