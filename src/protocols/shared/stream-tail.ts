/** Where the last byte of a stream of server-sent events stands. */
export type StreamPosition = 'between-events' | 'between-lines' | 'inside-line'

/** Enough to see a blank line in any of its forms. */
const LENGTH = 4

/** The last bytes of a stream that goes through untouched: what can be put in behind them? */
export class StreamTail {
  #text = ''

  push(bytes: Uint8Array): void {
    let last = ''
    for (let at = Math.max(0, bytes.length - LENGTH); at < bytes.length; at++)
      last += String.fromCharCode(bytes[at]!)
    this.#text = (this.#text + last).slice(-LENGTH)
  }

  /** Nothing has passed. */
  get isEmpty(): boolean {
    return this.#text === ''
  }

  /** A line behind which nothing more comes has ended; a CR may still be half of a line's end. */
  get endsLine(): boolean {
    return this.isEmpty || /[\r\n]$/.test(this.#text)
  }

  get position(): StreamPosition {
    if (this.isEmpty || /(?:\n\n|\n\r\n)$/.test(this.#text)) return 'between-events'
    return this.#text.endsWith('\n') ? 'between-lines' : 'inside-line'
  }
}
