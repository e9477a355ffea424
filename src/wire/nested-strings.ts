/** A string of this many bytes is noted as a long one. */
const LONG_MIN_BYTES = 256
const BACKSLASH = 0x5c

/**
 * Strings that somebody will look for inside of a body: `"scope"` is that string, and `"sig` each that begins so. What
 * spells its letters as escapes (`"sc\u006fpe"`) is taken for it, too, for whoever hides a name.
 */
export class WatchedStrings {
  readonly needles: readonly string[]
  readonly #indexes: ReadonlyMap<string, number>
  readonly #byFirst: (Watched[] | undefined)[] = Array.from({ length: 256 }, () => undefined)

  constructor(needles: readonly string[]) {
    this.needles = needles
    this.#indexes = new Map(needles.map((needle, index) => [needle, index]))
    for (const [index, needle] of needles.entries()) {
      const isWhole = needle.endsWith('"')
      const bytes = Buffer.from(isWhole ? needle : `${needle} `)
      const at = bytes[1]!
      const one = { index, bytes: bytes.subarray(0, -1), isWhole }
      for (const first of [at, BACKSLASH]) this.#byFirst[first] = [...(this.#byFirst[first] ?? []), one]
    }
  }

  indexOf(needle: string): number | undefined {
    return this.#indexes.get(needle)
  }

  /** Those that may begin with the byte behind the quote. */
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
    for (const one of watched) if (isAt(body, start, end, one)) this.#places[one.index]!.push(start)
  }

  /** Does it stand between these offsets? Undefined: it is none of those that were watched for. */
  holds(start: number, end: number, needle: string): boolean | undefined {
    const index = this.#watched.indexOf(needle)
    if (index === undefined) return undefined
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

function isAt(body: Buffer, start: number, end: number, { bytes, isWhole }: Watched): boolean {
  const { length } = bytes
  let at = 1
  while (at < length && body[start + at] === bytes[at]) at++
  if (at < length) return isLetterEscape(body, start + at)
  return !isWhole || end - start === length + 1
}

/** Is it `\u004x` to `\u007x`, where ASCII has its letters? */
export function isLetterEscape(body: Uint8Array, at: number): boolean {
  if (body[at] !== BACKSLASH || body[at + 1] !== 0x75 || body[at + 2] !== 0x30 || body[at + 3] !== 0x30)
    return false
  const digit = body[at + 4]!
  return digit >= 0x34 && digit <= 0x37
}
