/**
 * Finds and replaces the top-level fields of a JSON request body without parsing the rest of it.
 *
 * The native path forwards the client's bytes as they came, because prompt caches, replayed signatures, key
 * order and big numbers do not survive a parse and a stringify. So routing reads `model`, `stream` and a few
 * others here, as byte spans, and the edit that it needs is a splice.
 *
 * The top level is checked as strictly as any JSON parser does, so that the model that was checked is the
 * model that the upstream reads. Nested values are only walked over: brackets must match, strings must end,
 * depth and number are bounded, and outside strings no byte may stand that JSON has no use for (a comment or
 * a single quote could hide a field from us that a lenient upstream sees). Whether a nested number, escape
 * or comma is right is left to the upstream, which judges the whole body anyway.
 */
import { isUtf8 } from 'node:buffer'
import { JsonScanError, describeByte, quoted } from './json-scan-error.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  JsonWalker,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-walker.ts'
import type { ScanLimits } from './json-walker.ts'
import { NestedStrings } from './nested-strings.ts'
import type { WatchedStrings } from './nested-strings.ts'

export { JsonScanError }

/** Byte offsets into the body; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface ScannedObject {
  /** Values of the top-level fields by name, in the order of the body. */
  readonly fields: ReadonlyMap<string, Span>
  /** What was seen of strings inside of the values; undefined where nothing was watched for. */
  readonly strings: NestedStrings | undefined
}

/**
 * Depth: the requests of real agents nest 17 levels (tool schemas), and JSON.stringify overflows the stack
 * somewhere below 5,000. Fields: no API has 100 at its top level, and each costs 1 µs here. Values: a 5 MB
 * Claude Code body, which fills a context of a million tokens, holds 40,000; JSON.parse takes 110 ms for
 * 250,000 distinct tiny keys, and stalls every other call meanwhile.
 */
export const SCAN_LIMITS: ScanLimits = { maxDepth: 128, maxFields: 1_000, maxValues: 250_000 }

const UNLIMITED: ScanLimits = { maxDepth: Infinity, maxFields: Infinity, maxValues: Infinity }

/**
 * Finds the top-level fields of a JSON object.
 *
 * Throws {@link JsonScanError} when the body is not one JSON object within the limits, or names a top-level
 * field twice: parsers differ on which of the two wins, so the model that we check could be another one than
 * the upstream serves.
 */
export function scanObject(
  body: Buffer,
  limits: ScanLimits = SCAN_LIMITS,
  watched?: WatchedStrings,
): ScannedObject {
  const strings = watched && new NestedStrings(watched)
  const walker = new JsonWalker(body, limits, strings)
  const fields = new Map<string, Span>()
  let close = walker.skipSpace(openingBrace(body, walker) + 1)
  if (body[close] !== CLOSE_BRACE) close = scanFields(body, walker, close, fields)
  const rest = walker.skipSpace(close + 1)
  if (rest < body.length) throw walker.syntaxError(rest, 'nothing after the closing "}"')
  return { fields, strings }
}

/** Collects one field or more from `at` on; returns the offset of the closing brace. */
function scanFields(body: Buffer, walker: JsonWalker, at: number, fields: Map<string, Span>): number {
  for (;;) {
    const keyStart = at
    if (body[at] !== QUOTE) throw walker.syntaxError(at, 'a field name in double quotes')
    const keyEnd = walker.strictStringEnd(at)
    const name = readText(body, { start: keyStart, end: keyEnd })
    if (fields.has(name)) throw duplicateField(name, keyStart)
    walker.enterField(name, keyStart)
    at = walker.skipSpace(keyEnd)
    if (body[at] !== COLON) throw walker.syntaxError(at, '":" after the field name')
    const start = walker.skipSpace(at + 1)
    const end = walker.valueEnd(start)
    fields.set(name, { start, end })
    at = walker.skipSpace(end)
    if (body[at] !== COMMA && body[at] !== CLOSE_BRACE)
      throw walker.syntaxError(at, '"," or "}" after the value')
    walker.leaveField()
    if (body[at] === CLOSE_BRACE) return at
    at = walker.skipSpace(at + 1)
  }
}

/** The string at the span of a top-level field; undefined when the value is of another type. */
export function readString(body: Buffer, span: Span): string | undefined {
  return body[span.start] === QUOTE ? readText(body, span) : undefined
}

/**
 * The number at the span of a top-level field; undefined when the value is of another type. 1e400 reads as
 * Infinity, as JSON.parse reads it: whoever uses the number checks its range.
 */
export function readNumber(body: Buffer, span: Span): number | undefined {
  const first = body[span.start]!
  const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39)
  return isNumber ? Number(body.toString('latin1', span.start, span.end)) : undefined
}

/** The boolean at the span of a top-level field; undefined when the value is of another type. */
export function readBoolean(body: Buffer, span: Span): boolean | undefined {
  const first = body[span.start]
  return first === 0x74 ? true : first === 0x66 ? false : undefined
}

/**
 * The spans of an array's elements, without the space around them. Undefined when the value is not an array,
 * or one whose elements do not stand one between two commas: the scan lets a nested `[1,,2]` pass.
 */
export function arrayElements(body: Buffer, span: Span): Span[] | undefined {
  if (body[span.start] !== OPEN_BRACKET) return undefined
  const walker = new JsonWalker(body, UNLIMITED)
  const elements: Span[] = []
  let at = walker.skipSpace(span.start + 1)
  if (body[at] === CLOSE_BRACKET) return elements
  for (;;) {
    const end = walker.elementEnd(at)
    if (end === at) return undefined
    elements.push({ start: at, end })
    at = walker.skipSpace(end)
    if (body[at] === CLOSE_BRACKET) return elements
    if (body[at] !== COMMA) return undefined
    at = walker.skipSpace(at + 1)
  }
}

/** Put `text` in the place of the bytes at `span`; an empty span inserts. */
export interface Edit {
  readonly span: Span
  readonly text: string
}

/** The body with the edits made, in one allocation; all other bytes stay. The spans must not overlap. */
export function splice(body: Buffer, edits: readonly Edit[]): Buffer {
  const ordered = edits.toSorted((a, b) => a.span.start - b.span.start)
  let size = body.length
  for (const { span, text } of ordered) size += Buffer.byteLength(text) - (span.end - span.start)
  const result = Buffer.allocUnsafe(size)
  let from = 0
  let to = 0
  for (const { span, text } of ordered) {
    if (span.start < from) throw new RangeError(`Edits overlap at byte ${span.start}`)
    to += body.copy(result, to, from, span.start)
    to += result.write(text, to)
    from = span.end
  }
  body.copy(result, to, from)
  return result
}

/** Offset of the brace that opens the body, or why there is none. */
function openingBrace(body: Buffer, walker: JsonWalker): number {
  const at = walker.skipSpace(0)
  if (at === body.length) {
    throw new JsonScanError('empty', 0, 'The request body is empty: send a JSON object')
  }
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    const message = 'The request body starts with a byte order mark (EF BB BF): send the JSON without it'
    throw new JsonScanError('syntax', 0, message)
  }
  if (!isUtf8(body)) {
    const offset = firstInvalidUtf8(body)
    const message = `The request body is not valid UTF-8 at byte ${offset}: send JSON in UTF-8`
    throw new JsonScanError('invalid_utf8', offset, message)
  }
  if (body[at] !== OPEN_BRACE) {
    const message = `The request body must be a JSON object, but it starts with ${describeByte(body[at])}`
    throw new JsonScanError('not_an_object', at, message)
  }
  return at
}

/** Halves the body down to a few characters, then steps through them: native isUtf8 sees each byte twice at most. */
function firstInvalidUtf8(body: Buffer): number {
  let start = 0
  let end = body.length
  while (end - start > 8) {
    let middle = (start + end) >> 1
    // A character has at most three bytes after its first, and each of them starts with the bits 10.
    for (let step = 0; step < 3 && (body[middle]! & 0xc0) === 0x80; step++) middle++
    if (isUtf8(body.subarray(start, middle))) start = middle
    else end = middle
  }
  for (;;) {
    const first = body[start]!
    const next = start + (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4)
    if (!isUtf8(body.subarray(start, next))) return start
    start = next
  }
}

function duplicateField(name: string, offset: number): JsonScanError {
  const message = `The field ${quoted(name)} stands twice in the request body (again at byte ${offset}): send it once`
  return new JsonScanError('duplicate_field', offset, message, name)
}

/** A string that the scan has checked, quotes included, decoded. */
function readText(body: Buffer, span: Span): string {
  const text = body.toString('utf8', span.start + 1, span.end - 1)
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}
