/** Bytes that all keepers hold together, so that a thousand answers that nobody reads are not a thousand copies. */
export class KeepBudget {
  readonly #maxBytes: number
  #held = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  take(bytes: number): boolean {
    if (this.#held + bytes > this.#maxBytes) return false
    this.#held += bytes
    return true
  }

  release(bytes: number): void {
    this.#held -= bytes
  }
}

/**
 * Collects bytes into one buffer of its own, so that no socket's read buffer stays alive, up to a limit of its own
 * and of the budget. Where one is reached it has the beginning, without holes, and counts the rest.
 */
export class ByteKeeper {
  readonly #maxBytes: number
  readonly #budget: KeepBudget
  #buffer = Buffer.alloc(0)
  #length = 0
  droppedBytes = 0

  constructor(maxBytes: number, budget: KeepBudget) {
    this.#maxBytes = maxBytes
    this.#budget = budget
  }

  add(bytes: Buffer | string): void {
    const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
    if (this.droppedBytes > 0 || !this.#reserve(this.#length + size)) {
      this.droppedBytes += size
      return
    }
    if (typeof bytes === 'string') this.#buffer.write(bytes, this.#length)
    else bytes.copy(this.#buffer, this.#length)
    this.#length += size
  }

  /** The bytes, which the caller owns from here on. Every keeper must come to this, or its part of the budget is lost. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#length)
    this.#budget.release(this.#buffer.length)
    this.#buffer = Buffer.alloc(0)
    this.#length = 0
    return taken
  }

  #reserve(size: number): boolean {
    if (size <= this.#buffer.length) return true
    if (size > this.#maxBytes) return false
    const capacity = Math.min(Math.max(2048, this.#buffer.length * 2, size), this.#maxBytes)
    if (!this.#budget.take(capacity - this.#buffer.length)) return false
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
    return true
  }
}
