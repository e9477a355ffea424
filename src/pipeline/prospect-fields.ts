import { fieldsWithin, holds } from '../wire/json-edits.ts'
import type { Searched } from '../wire/json-edits.ts'
import { arrayElements, readNumber, readString } from '../wire/json-scan.ts'
import type { Span } from '../wire/json-scan.ts'
import { isLetterEscape } from '../wire/nested-strings.ts'

/** An object of a body: its fields, by name. */
export interface Fields extends Searched {
  readonly fields: ReadonlyMap<string, Span>
}

/** A count that a request names; `unreadable`: something stands there that readers may take for different numbers. */
export type Amount = number | 'unreadable' | undefined

/** More digits are no count. */
const NUMBER_MAX_BYTES = 64
/** What no request asks for; a double counts this far. */
const AMOUNT_MAX = Number.MAX_SAFE_INTEGER

/** Null is as good as absent. A number in quotes counts: lenient upstreams, and Google's, take it. */
export function amountOf({ body, fields }: Fields, name: string): Amount {
  const span = fields.get(name)
  if (span === undefined || isNull(body, span)) return undefined
  if (span.end - span.start > NUMBER_MAX_BYTES) return 'unreadable'
  const text = readString(body, span)
  const value = text === undefined ? readNumber(body, span) : text.trim() === '' ? NaN : Number(text)
  return value !== undefined && value >= 0 && value <= AMOUNT_MAX ? Math.ceil(value) : 'unreadable'
}

/** The largest of several; `unreadable` as soon as one is. */
export function largest(amounts: readonly Amount[]): Amount {
  let most: number | undefined
  for (const amount of amounts) {
    if (amount === 'unreadable') return amount
    if (amount !== undefined) most = Math.max(most ?? 0, amount)
  }
  return most
}

/** The object in a field, whichever its name is; `unreadable`: it is none, is there twice, or names something twice. */
export function objectOf(of: Fields, ...names: readonly string[]): Fields | 'unreadable' | undefined {
  const { body, fields } = of
  const spans = names.flatMap((name) => fields.get(name) ?? []).filter((span) => !isNull(body, span))
  const [span] = spans
  if (span === undefined) return undefined
  if (spans.length > 1) return 'unreadable'
  const inner = objectAt(body, span)
  return inner === undefined ? 'unreadable' : { body, fields: inner }
}

/** Is there a value other than null, false, and empty ones? */
export function says({ body, fields }: Fields, ...names: readonly string[]): boolean {
  return names.some((name) => {
    const span = fields.get(name)
    return (
      span !== undefined &&
      !EMPTY.test(body.toString('latin1', span.start, Math.min(span.end, span.start + 16)))
    )
  })
}

const EMPTY = /^(?:null|false|""|\[\s*\]|\{\s*\})$/

export function textOf({ body, fields }: Fields, name: string): string | undefined {
  const span = fields.get(name)
  return span === undefined || span.end - span.start > TEXT_MAX_BYTES ? undefined : readString(body, span)
}

const TEXT_MAX_BYTES = 1024
const LETTER_N = 0x6e
const OPEN_BRACE = 0x7b
const QUOTE = 0x22

function isNull(body: Buffer, { start }: Span): boolean {
  return body[start] === LETTER_N
}

/** Fields of the object at a place. Undefined: there is none, or it names one twice. */
export function objectAt(body: Buffer, span: Span): ReadonlyMap<string, Span> | undefined {
  // An exception about what is no object costs 10 µs.
  return body[span.start] === OPEN_BRACE ? fieldsWithin(body, span) : undefined
}

/** Nothing but texts. */
export function isListOfNames({ body, fields }: Fields, name: string): boolean {
  const span = fields.get(name)
  const elements = span && arrayElements(body, span)
  return elements?.every(({ start }) => body[start] === QUOTE) === true
}

/** May one of the watched strings stand in the span, however its letters are written? */
export function mayHold(of: Fields, span: Span, needles: readonly string[]): boolean {
  if (needles.some((needle) => holds(of, span, needle))) return true
  return of.strings === undefined && hidesLetters(of.body.subarray(span.start, span.end))
}

/**
 * Are there letters written as escapes (`\\u0069mage`)? Only somebody who hides a name does so; what stands in such a
 * text cannot be found by its bytes.
 */
export function hidesLetters(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(ESCAPE); at !== -1; at = bytes.indexOf(ESCAPE, at + ESCAPE.length))
    if (isLetterEscape(bytes, at)) return true
  return false
}

const ESCAPE = '\\u00'
