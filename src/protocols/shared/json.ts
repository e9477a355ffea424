/**
 * JSON in and out without losing digits. JSON.parse turns 9007199254740993 into …992, 1e400 into Infinity and
 * 1.0 into 1: a tool call would run with another id than the model meant.
 */
import type { JsonObject } from '../../message/request.ts'

/** Not yet in TypeScript's library: proposal-json-parse-with-source, in Node since version 21. */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (this: object, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): unknown
}
const withSource = JSON as unknown as JsonWithSource

/**
 * What may be a number that does not survive, if it stands outside a string: 15 digits, an exponent, a fraction
 * that ends in 0, a minus zero. 40 µs for 100 KB, where reading every number's source would take 200.
 */
const SUSPECT = /[[:,]\s*(-?(?=\d[\d.]{15}|\d+(?:\.\d+)?[eE]|\d+\.\d*0(?!\d)|(?<=-)0(?![\d.]))\d[\d.eE+-]*)/g

/** For objects and arrays out of {@link parseJson}: the numbers inside that are more than their value says. */
const inexact = new WeakMap<object, Map<string, string>>()

/**
 * JSON.parse, and remembers the digits that a double cannot hold for {@link stringifyJson}: the values are plain
 * numbers for whoever computes with them. Throws SyntaxError.
 */
export function parseJson(text: string): unknown {
  return hasInexactNumber(text) ? withSource.parse(text, remember) : JSON.parse(text)
}

/** JSON text of a value out of {@link parseJson}, number for number as it came. */
export function stringifyJson(value: unknown): string {
  if (typeof value !== 'object' || value === null || !inexact.has(value)) return JSON.stringify(value)
  return JSON.stringify(value, function (this: object, key: string, inner: unknown) {
    const source = inexact.get(this)?.get(key)
    return source === undefined ? inner : withSource.rawJSON(source)
  })
}

/**
 * A value that any JSON.stringify writes with the digits of the text. Only for output: its big numbers are
 * objects. Throws SyntaxError.
 */
export function parseForOutput(text: string): unknown {
  if (!hasInexactNumber(text)) return JSON.parse(text)
  return withSource.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && !isExact(value, source) ? withSource.rawJSON(source!) : value,
  )
}

function hasInexactNumber(text: string): boolean {
  SUSPECT.lastIndex = 0
  for (let match = SUSPECT.exec(text); match !== null; match = SUSPECT.exec(text)) {
    const source = match[1]!
    if (!isExact(Number(source), source)) return true
  }
  return false
}

function isExact(value: number, source: string | undefined): boolean {
  return source === undefined || JSON.stringify(value) === source
}

/** Reviver: children come before their parent, so a container that holds a remembered one is marked in turn. */
function remember(this: object, key: string, value: unknown, { source }: { source?: string }): unknown {
  const isInexact = typeof value === 'number' && !isExact(value, source)
  if (isInexact || (typeof value === 'object' && value !== null && inexact.has(value))) {
    let numbers = inexact.get(this)
    if (numbers === undefined) inexact.set(this, (numbers = new Map()))
    if (isInexact) numbers.set(key, source!)
  }
  return value
}

/** A value whose JSON text is known already; {@link jsonPieces} takes it as it is for an element of a list. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/**
 * The JSON text of a body, in pieces: each element of its lists is one. A letter beyond Latin-1 makes V8 keep the
 * string that it stands in at two bytes a letter, and work on it three to ten times slower; so it costs a message
 * and not the body. 100 KB with one dash: 430 µs in one string until they are bytes, 135 in pieces.
 */
export function jsonPieces(body: JsonObject): string[] {
  const pieces: string[] = []
  let before = '{'
  for (const [name, value] of Object.entries(body)) {
    if (value === undefined) continue
    pieces.push(`${before}${JSON.stringify(name)}:`)
    if (Array.isArray(value)) pushList(pieces, value)
    else pieces.push(JSON.stringify(value))
    before = ','
  }
  pieces.push(before === '{' ? '{}' : '}')
  return pieces
}

function pushList(pieces: string[], list: readonly unknown[]): void {
  pieces.push('[')
  let isFirst = true
  for (const element of list) {
    if (!isFirst) pieces.push(',')
    isFirst = false
    pieces.push(element instanceof JsonText ? element.text : (JSON.stringify(element) ?? 'null'))
  }
  pieces.push(']')
}
