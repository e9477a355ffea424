/** Where the last byte of a stream of server-sent events stands. */
export type StreamPosition = 'between-events' | 'between-lines' | 'inside-line'

/** Enough to see a blank line in any of its forms. */
const LENGTH = 4

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** The last bytes of a stream that goes through untouched: what can be put in behind them? */
export class StreamTail {
  /** As one number, the last lowest. */
  #bytes = 0
  #isEmpty = true

  push(bytes: Uint8Array): void {
    const { length } = bytes
    for (let at = length > LENGTH ? length - LENGTH : 0; at < length; at++) {
      this.#bytes = (this.#bytes << 8) | bytes[at]!
      this.#isEmpty = false
    }
  }

  /** Nothing has passed. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** A line behind which nothing more comes has ended; a CR may still be half of a line's end. */
  get endsLine(): boolean {
    const last = this.#bytes & 0xff
    return this.#isEmpty || last === LINE_FEED || last === CARRIAGE_RETURN
  }

  get position(): StreamPosition {
    if (this.#isEmpty || (this.#bytes & 0xffff) === 0x0a0a || (this.#bytes & 0xffffff) === 0x0a0d0a)
      return 'between-events'
    return (this.#bytes & 0xff) === LINE_FEED ? 'between-lines' : 'inside-line'
  }
}
