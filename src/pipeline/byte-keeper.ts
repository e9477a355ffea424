import type { ByteBudget } from '../lib/byte-budget.ts'

/** Chunks are put together when there are so many: each costs 200 bytes beside its content. */
const MAX_LOOSE_PARTS = 64

/**
 * Collects what a client gets, up to a limit of its own and of the budget. Where one is reached it has the
 * beginning, without holes, and counts the rest. Nothing is copied while it is little.
 */
export class ByteKeeper {
  readonly #maxBytes: number
  readonly #budget: ByteBudget
  #joined: Buffer[] = []
  #loose: (Buffer | string)[] = []
  #length = 0
  droppedBytes = 0

  constructor(maxBytes: number, budget: ByteBudget) {
    this.#maxBytes = maxBytes
    this.#budget = budget
  }

  /** A string is UTF-8, and `bytes` long as that. */
  add(part: Buffer | string, bytes: number): void {
    if (this.droppedBytes > 0 || this.#length + bytes > this.#maxBytes || !this.#budget.take(bytes)) {
      this.droppedBytes += bytes
      return
    }
    this.#length += bytes
    if (this.#loose.push(part) >= MAX_LOOSE_PARTS) this.#join()
  }

  /** What was added so far, in order. */
  peek(): readonly (Buffer | string)[] {
    return [...this.#joined, ...this.#loose]
  }

  /** Bytes that it holds. */
  get length(): number {
    return this.#length
  }

  /** What was added, in order. Every keeper must come to this, or its part of the budget is lost. */
  take(): (Buffer | string)[] {
    const taken = this.#joined.length === 0 ? this.#loose : [...this.#joined, ...this.#loose]
    this.#budget.release(this.#length)
    this.#joined = []
    this.#loose = []
    this.#length = 0
    return taken
  }

  #join(): void {
    const buffers = this.#loose.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
    this.#joined.push(Buffer.concat(buffers))
    this.#loose = []
  }
}
