import type { JsonObject } from '../../message/request.ts'
import { endOfString, stringBetween } from '../shared/repeated-text.ts'
import { firstCandidate, partsOf } from './wire.ts'

const NAME = '"text"'
const USAGE = '"usageMetadata"'
const PROBE = 'probe'

/** Chunks that differ in more than text and usage are not learned from on and on. */
const LESSONS_MAX = 8
/** What was learned is kept as long as its stream is open, and there are thousands. */
const LESSON_MAX_LENGTH = 4096

/**
 * The chunks of a stream say the same around every few words of text, but for the usage so far. What that is, is
 * learned from one chunk; a chunk that has the same around another text says just that text. To compare takes
 * a fifth of parsing it.
 */
export class RepeatedChunk {
  kind: 'text' | 'thinking' = 'text'
  /** It tells the usage so far. */
  counts = false
  #before = ''
  /** Between the text and the usage, and behind the usage. */
  #middle = ''
  #tail = ''
  #lessons = 0

  /** What a chunk says that differs from the learned one in text and usage alone. Undefined: it has to be parsed. */
  textOf(data: string): string | undefined {
    const start = this.#before.length
    // Not startsWith and endsWith, which V8 compiles to a loop over letters.
    if (start === 0 || data.slice(0, start) !== this.#before) return undefined
    const end = endOfString(data, start)
    const rest = end + this.#middle.length
    if (end <= start || data.slice(end, rest) !== this.#middle) return undefined
    if (data.length < rest + this.#tail.length || data.slice(data.length - this.#tail.length) !== this.#tail)
      return undefined
    return stringBetween(data, start, end)
  }

  /** Takes a chunk as it came and parsed, unless it says more than one text. */
  learn(data: string, chunk: JsonObject): void {
    if (this.#lessons === LESSONS_MAX || data.length > LESSON_MAX_LENGTH) return
    const said = onlyText(chunk)
    if (said === undefined) return
    const start = data.indexOf('"', data.indexOf(NAME) + NAME.length) + 1
    const before = data.slice(0, start)
    const after = data.slice(start + JSON.stringify(said.text).length - 2)
    const usage = after.indexOf(USAGE)
    const behind = after.lastIndexOf('},"')
    this.#lessons++
    if (!says(before, after)) return
    this.kind = said.kind
    this.counts = usage !== -1
    this.#before = before
    this.#middle = usage === -1 ? after : after.slice(0, usage + USAGE.length)
    this.#tail = usage === -1 ? '' : after.slice(behind > usage ? behind : after.length - 2)
  }
}

/** The text of a chunk that has nothing else to say. */
function onlyText(chunk: JsonObject): { kind: 'text' | 'thinking'; text: string } | undefined {
  const candidate = firstCandidate(chunk)
  if (
    candidate === undefined ||
    candidate.finishReason !== undefined ||
    candidate.groundingMetadata !== undefined
  )
    return undefined
  const [part, ...others] = partsOf(candidate)
  if (part === undefined || others.length > 0 || typeof part.text !== 'string' || part.text === '')
    return undefined
  const isThought = part.thought === true
  if (Object.keys(part).length !== (isThought ? 2 : 1)) return undefined
  return { kind: isThought ? 'thinking' : 'text', text: part.text }
}

/** Whatever the search for the text has found: is it the text, and all of it? */
function says(before: string, after: string): boolean {
  try {
    return onlyText(JSON.parse(before + PROBE + after) as JsonObject)?.text === PROBE
  } catch {
    return false
  }
}
