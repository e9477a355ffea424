/** A string of this many bytes is noted as a long one. */
const LONG_MIN_BYTES = 256

/**
 * Strings that somebody will look for inside of a body, as they stand there: `"scope"` is that string, and `"sig` each
 * that begins so.
 */
export class WatchedStrings {
  readonly needles: readonly string[]
  readonly #byFirst: (Watched[] | undefined)[] = Array.from({ length: 256 }, () => undefined)

  constructor(needles: readonly string[]) {
    this.needles = needles
    for (const [index, needle] of needles.entries()) {
      const isWhole = needle.endsWith('"')
      const bytes = Buffer.from(isWhole ? needle : `${needle} `)
      const at = bytes[1]!
      this.#byFirst[at] = [...(this.#byFirst[at] ?? []), { index, bytes: bytes.subarray(0, -1), isWhole }]
    }
  }

  /** Those that begin with the byte behind the quote. */
  beginningWith(byte: number): readonly Watched[] | undefined {
    return this.#byFirst[byte]
  }
}

interface Watched {
  readonly index: number
  /** Without the closing quote. */
  readonly bytes: Buffer
  readonly isWhole: boolean
}

/**
 * What a walk over a body has seen of the strings inside of its values. To look for a name in 100 KB takes 50 µs each
 * time; to see it in passing, 3 for all of them.
 */
export class NestedStrings {
  /** Where the long ones begin and end, in turns, quotes included. */
  readonly long: number[] = []
  readonly #watched: WatchedStrings
  readonly #places: number[][]

  constructor(watched: WatchedStrings) {
    this.#watched = watched
    this.#places = watched.needles.map(() => [])
  }

  /** A string from quote to quote; to be told of in the order of the body. */
  saw(body: Buffer, start: number, end: number): void {
    if (end - start > LONG_MIN_BYTES) this.long.push(start, end)
    const watched = this.#watched.beginningWith(body[start + 1]!)
    if (watched === undefined) return
    for (const { index, bytes, isWhole } of watched) {
      const { length } = bytes
      const fits = isWhole ? end - start === length + 1 : end - start > length
      if (fits && isAt(body, start, bytes)) this.#places[index]!.push(start)
    }
  }

  /** Does it stand between these offsets? Undefined: it is none of those that were watched for. */
  holds(start: number, end: number, needle: string): boolean | undefined {
    const index = this.#watched.needles.indexOf(needle)
    if (index === -1) return undefined
    const places = this.#places[index]!
    // The first that is not before the span.
    let from = 0
    for (let to = places.length; from < to;) {
      const middle = (from + to) >> 1
      if (places[middle]! < start) from = middle + 1
      else to = middle
    }
    return from < places.length && places[from]! < end
  }
}

function isAt(body: Buffer, start: number, bytes: Buffer): boolean {
  for (let at = bytes.length - 1; at > 0; at--) if (body[start + at] !== bytes[at]) return false
  return true
}
