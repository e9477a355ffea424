/** Where bytes stand in a {@link BodyRing}. */
export interface Place {
  readonly offset: number
  readonly length: number
}

/** A body in parts; a string is written as UTF-8. */
export type BodyPart = Uint8Array | string

/**
 * Memory that two threads share: the one copies bodies in, the other takes them out in the same order. Giving each
 * body to the other thread in a buffer of its own costs more than copying it: both collectors count these buffers,
 * and ran full collections a few times a second. The memory of a page is used when it is first written to, and
 * whenever the ring is empty it begins at the first page again.
 */
export class BodyRing {
  /** Given to the other thread as it is. */
  readonly memory: SharedArrayBuffer
  readonly #bytes: Buffer
  readonly #sizeBytes: number
  /** Where each body that is in ends, oldest first, from {@link #oldest} on. */
  #ends: number[] = []
  #oldest = 0
  /** Where the oldest body begins, and where the next one will. */
  #tail = 0
  #head = 0

  /** A body beyond `sizeBytes` and up to `loneBytes` is taken while the ring is empty. */
  constructor(sizeBytes: number, loneBytes = sizeBytes) {
    this.memory = new SharedArrayBuffer(loneBytes)
    this.#sizeBytes = sizeBytes
    this.#bytes = Buffer.from(this.memory)
  }

  /** Bodies that are in. */
  get count(): number {
    return this.#ends.length - this.#oldest
  }

  /** Copies a body in. undefined: there is no room for it. */
  put(parts: readonly BodyPart[]): Place | undefined {
    const length = parts.reduce((sum, part) => sum + byteLength(part), 0)
    const offset = this.#room(length)
    if (offset === undefined) return undefined
    let at = offset
    for (const part of parts) {
      if (typeof part === 'string') at += this.#bytes.write(part, at)
      else {
        this.#bytes.set(part, at)
        at += part.length
      }
    }
    this.#head = at
    this.#ends.push(at)
    return { offset, length }
  }

  /** The oldest bodies have been taken out. */
  free(count: number): void {
    this.#oldest += count
    this.#tail = this.#ends[this.#oldest - 1] ?? this.#tail
    if (this.count === 0) this.clear()
    else if (this.#oldest > 1024) {
      this.#ends = this.#ends.slice(this.#oldest)
      this.#oldest = 0
    }
  }

  /** Forgets all bodies. */
  clear(): void {
    this.#ends = []
    this.#oldest = this.#tail = this.#head = 0
  }

  /** Where so many bytes fit in one piece. Head and tail are equal only while the ring is empty. */
  #room(length: number): number | undefined {
    if (this.count === 0) return length <= this.#bytes.length ? 0 : undefined
    if (this.#head < this.#tail) return this.#head + length < this.#tail ? this.#head : undefined
    if (this.#head + length <= this.#sizeBytes) return this.#head
    return length < this.#tail ? 0 : undefined
  }
}

function byteLength(part: BodyPart): number {
  return typeof part === 'string' ? Buffer.byteLength(part) : part.length
}
