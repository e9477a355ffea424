import type { JsonObject } from '../../message/request.ts'
import { parseObject } from './object.ts'

/** What does not stand for itself inside a JSON string. */
const SPECIAL = /["\\\p{Cc}]/u
const PROBE = 'probe'

/** Events that differ in more than their text are not learned from on and on. */
const LESSONS_MAX = 4
/** What was learned is kept as long as its stream is open, and there are thousands. */
const LESSON_MAX_LENGTH = 4096

/** Anthropic fills its events up with spaces before the last brace, Bedrock with letters in a field at the end. */
const PADDING = /^(.*,"p":")[a-zA-Z0-9]*("\})$/s
const SPACES = /^(.*?) *(\})$/s

/**
 * The events of a stream say the same around every few letters of text, but for what they are filled up with. What
 * that is, is learned from one event; one that has the same around another text says just that text. To compare takes
 * a tenth of parsing it.
 */
export class RepeatedText {
  readonly #read: (event: JsonObject) => string | undefined
  #before = ''
  /** Between the text and the filling, and behind that. */
  #middle = ''
  #tail = ''
  #lessons = 0

  /** `read`: the text of an event that may be learned. */
  constructor(read: (event: JsonObject) => string | undefined) {
    this.#read = read
  }

  /** What an event says that differs from the learned one in its text alone. Undefined: it has to be parsed. */
  textOf(data: string): string | undefined {
    const start = this.#before.length
    // Not startsWith and endsWith, which V8 compiles to a loop over letters.
    if (start === 0 || data.slice(0, start) !== this.#before) return undefined
    const tail = data.length - this.#tail.length
    if (tail < start || data.slice(tail) !== this.#tail) return undefined
    const filled = fillingStart(data, tail, this.#tail)
    const end = filled - this.#middle.length
    if (end < start || data.slice(end, filled) !== this.#middle) return undefined
    const text = stringBetween(data, start, end)
    if (text !== undefined) this.#lessons = 0
    return text
  }

  /** Takes an event as it came, with the text that is read of it and the name of its field. */
  learn(data: string, field: string, text: string): void {
    this.#before = ''
    if (this.#lessons === LESSONS_MAX || data.length > LESSON_MAX_LENGTH) return
    this.#lessons++
    const name = `"${field}"`
    const start = data.indexOf('"', data.indexOf(name) + name.length) + 1
    const before = data.slice(0, start)
    const after = data.slice(start + JSON.stringify(text).length - 2)
    const [, middle, tail] = PADDING.exec(after) ?? SPACES.exec(after) ?? []
    if (middle === undefined || tail === undefined) return
    // Whatever the search for the text has found: is it the text, and all of it?
    const probed = parseObject(before + PROBE + middle + tail)
    if (probed === undefined || this.#read(probed) !== PROBE) return
    this.#before = before
    this.#middle = middle
    this.#tail = tail
  }

  /** The next event may mean something else in the same words. */
  forget(): void {
    this.#before = ''
  }
}

/** Where what comes before `end` and only fills up begins. */
function fillingStart(data: string, end: number, tail: string): number {
  let at = end
  if (tail === '}') while (data.charCodeAt(at - 1) === 0x20) at--
  else while (isLetterOrDigit(data.charCodeAt(at - 1))) at--
  return at
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39)
}

/** The JSON string between two quotes. Undefined where it is none: it ends before, or is broken. */
export function stringBetween(data: string, start: number, end: number): string | undefined {
  const text = data.slice(start, end)
  if (!SPECIAL.test(text)) return text
  // A quote that ends it is none of its letters; nothing is parsed for those that say so.
  if (!text.includes('\\')) return undefined
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return undefined
  }
}

const BACKSLASH = 0x5c

/** Where the JSON string ends whose letters begin at `start`; -1 where it does not. */
export function endOfString(data: string, start: number): number {
  let end = data.indexOf('"', start)
  while (end !== -1 && isEscaped(data, end)) end = data.indexOf('"', end + 1)
  return end
}

function isEscaped(data: string, quote: number): boolean {
  let at = quote
  while (data.charCodeAt(at - 1) === BACKSLASH) at--
  return (quote - at) % 2 === 1
}
