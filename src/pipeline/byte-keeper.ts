/** Collects bytes into one buffer of its own, so that no socket's read buffer stays alive, up to a limit. */
export class ByteKeeper {
  readonly #maxBytes: number
  #buffer = Buffer.alloc(0)
  #length = 0
  droppedBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  add(bytes: Buffer | string): void {
    const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
    if (this.#length + size > this.#maxBytes) {
      this.droppedBytes += size
      return
    }
    this.#reserve(this.#length + size)
    if (typeof bytes === 'string') this.#buffer.write(bytes, this.#length)
    else bytes.copy(this.#buffer, this.#length)
    this.#length += size
  }

  /** The bytes, which the caller owns from here on. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.#length)
    this.#buffer = Buffer.alloc(0)
    this.#length = 0
    return taken
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(2048, this.#buffer.length * 2, size))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
