/**
 * Long texts of a body on their way from one JSON to another, past parser and encoder: a mark stands in their place
 * meanwhile. Of a coding agent's 100 KB, 90 are texts that nothing looks into; to read them out of their escapes and
 * to write them back takes 170 µs and leaves 300 KB to the collector, to copy them 5 µs. An escape inside of them that
 * JSON does not know is for the upstream to refuse, as on the native path: the scan has seen where each string ends.
 */
import { randomBytes } from 'node:crypto'
import type { Edit } from './json-scan.ts'
import { COLON, OPEN_BRACE, OPEN_BRACKET } from './json-walker.ts'

/** Begins a mark: nobody can write it who has not seen it, and no client ever does. */
const SECRET = `\x7f${randomBytes(12).toString('hex')}`
const MARK_END = '\x7f'
/** The names of what is text in the APIs of conversations. */
const NAMES = ['text', 'content', 'output', 'system', 'instructions', 'input'].map(quoted)
/** Cohere's text of a document; elsewhere this name is of bytes in base64. */
const DATA = quoted('data')
const DOCUMENT = quoted('document')
/**
 * So many bytes stay at both ends: codecs trim texts, look at how they begin, and whether they are blank. Where an
 * escape or a letter of several bytes stands, it is some more.
 */
const EDGE_BYTES = 32
const EDGE_MAX_BYTES = 96
/** The longest escape. */
const ESCAPE_BYTES = 6
const MIN_BYTES = 64
const BACKSLASH = 0x5c

export class SetAside {
  readonly #body: Buffer
  /** Begin and end of each, in turns. */
  readonly #places: number[] = []

  constructor(body: Buffer) {
    this.#body = body
  }

  get isEmpty(): boolean {
    return this.#places.length === 0
  }

  /** The edit that puts a mark in the place of the string from quote to quote, if it is a text that may be set aside. */
  edit(start: number, end: number): Edit | undefined {
    if (!isText(this.#body, start)) return undefined
    const from = cutAfter(this.#body, start + 1 + EDGE_BYTES)
    const to = cutAfter(this.#body, end - 1 - EDGE_MAX_BYTES)
    if (from === undefined || to === undefined || to - from < MIN_BYTES) return undefined
    const index = this.#places.push(from, to) / 2 - 1
    return { span: { start: from, end: to }, text: `${SECRET}\\"${index}${MARK_END}` }
  }

  /** Adds a piece of JSON text, with the texts where their marks are, as they stood in the body. Throws where one was cut. */
  restore(piece: string, into: (string | Buffer)[]): void {
    let from = 0
    for (let at = piece.indexOf(SECRET); at !== -1; at = piece.indexOf(SECRET, from)) {
      const quote = piece.indexOf('"', at)
      const end = piece.indexOf(MARK_END, quote)
      const index = Number(piece.slice(quote + 1, end))
      if (quote === -1 || end === -1 || !(index < this.#places.length / 2))
        throw new Error('the mark of a text was cut')
      into.push(piece.slice(from, at), this.#text(index, quote - at - SECRET.length))
      from = end + 1
    }
    into.push(from === 0 ? piece : piece.slice(from))
  }

  /** `backslashes` before the mark's quote: 1 in JSON text, 3 where that is a string of another JSON. */
  #text(index: number, backslashes: number): string | Buffer {
    const bytes = this.#body.subarray(this.#places[2 * index], this.#places[2 * index + 1])
    if (backslashes === 1) return bytes
    // Inside of a string it stands as the encoder would have written it.
    let text = JSON.stringify(JSON.parse(`"${bytes.toString('utf8')}"`)).slice(1, -1)
    for (let depth = backslashes; depth > 1; depth >>= 1) text = JSON.stringify(text).slice(1, -1)
    return text
  }
}

/** Has it a name of a text, and is it no JSON that a codec might parse? */
function isText(body: Buffer, start: number): boolean {
  const first = body[start + 1]
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return false
  const end = nameEnd(body, start)
  if (NAMES.some((name) => endsWith(body, end, name))) return true
  if (!endsWith(body, end, DATA)) return false
  const brace = lastBefore(body, end - DATA.length)
  return body[brace] === OPEN_BRACE && endsWith(body, nameEnd(body, brace), DOCUMENT)
}

/** Where the name ends whose value begins at `start`; 0 where there is none. */
function nameEnd(body: Buffer, start: number): number {
  const colon = lastBefore(body, start)
  return body[colon] === COLON ? lastBefore(body, colon) + 1 : 0
}

function endsWith(body: Buffer, end: number, name: Buffer): boolean {
  return end >= name.length && body.compare(name, 0, name.length, end - name.length, end) === 0
}

function quoted(name: string): Buffer {
  return Buffer.from(`"${name}"`)
}

/** Where the last byte stands that is not white space. */
function lastBefore(body: Buffer, at: number): number {
  do at--
  while (body[at]! <= 0x20)
  return at
}

/** The first place from `at` on that is inside of no escape and no letter of several bytes. */
function cutAfter(body: Buffer, at: number): number | undefined {
  const end = at + EDGE_MAX_BYTES - EDGE_BYTES
  let plain = 0
  for (let back = at - 1; plain < ESCAPE_BYTES && body[back] !== BACKSLASH; back--) plain++
  for (let cut = at; cut < end; cut++) {
    const isLetterStart = (body[cut]! & 0xc0) !== 0x80
    if (plain >= ESCAPE_BYTES && isLetterStart) return cut
    plain = body[cut] === BACKSLASH ? 0 : plain + 1
  }
  return undefined
}
