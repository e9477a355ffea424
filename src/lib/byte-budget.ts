/** Bytes that many hold together, up to a limit. */
export class ByteBudget {
  readonly #maxBytes: number
  #held = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** false: so many are not left, and none were taken. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#maxBytes) return false
    this.#held += bytes
    return true
  }

  release(bytes: number): void {
    this.#held -= bytes
  }
}
