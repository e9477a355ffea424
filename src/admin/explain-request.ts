import { GatewayError } from '../message/error.ts'
import { JsonScanError, readString, scanObject } from '../wire/json-scan.ts'
import type { Span } from '../wire/json-scan.ts'
import { wrong } from './json-body.ts'

/** What somebody wants to have explained. */
export interface ExplainRequest {
  /** A past call; undefined: `path`, `headers` and `body` are a request. */
  readonly id: string | undefined
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Whose call it is, by id or name, where no value of the virtual key is at hand. */
  readonly virtualKey: string | undefined
}

const FIELDS = ['id', 'path', 'headers', 'body', 'virtual_key']
/** The body in it is judged by the bounds of calls, when it is read as one. */
const BOUNDS = { maxDepth: Infinity, maxFields: 100, maxValues: Infinity }
const HEADERS_MAX_BYTES = 256 * 1024

/**
 * Reads the request for an explanation. The body is taken out in its own bytes, which are counted. Throws
 * `invalid_request` naming the field.
 */
export function readExplainRequest(bytes: Uint8Array): ExplainRequest {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields = scan(text)
  const unknown = [...fields.keys()].find((name) => !FIELDS.includes(name))
  if (unknown !== undefined) throw wrong(unknown, 'a field of this name', `one of ${FIELDS.join(', ')}`)
  const id = stringIn(text, fields, 'id')
  const virtualKey = stringIn(text, fields, 'virtual_key')
  if (id !== undefined) {
    const beside = ['path', 'headers', 'body'].find((name) => fields.has(name))
    if (beside !== undefined) throw wrong(beside, 'it beside an id', 'one of the two')
    return { id, virtualKey, path: '', headers: {}, body: Buffer.alloc(0) }
  }
  const path = stringIn(text, fields, 'path')
  if (path === undefined) throw wrong('path', 'nothing', 'the path of a request, or the id of a past one')
  return { id, virtualKey, path, headers: headersIn(text, fields), body: bodyIn(text, fields) }
}

function scan(text: Buffer): ReadonlyMap<string, Span> {
  try {
    return scanObject(text, BOUNDS).fields
  } catch (error) {
    if (!(error instanceof JsonScanError)) throw error
    const details = error.field === undefined ? {} : { field: error.field }
    throw new GatewayError('invalid_request', error.message, details)
  }
}

function stringIn(text: Buffer, fields: ReadonlyMap<string, Span>, name: string): string | undefined {
  const span = fields.get(name)
  if (span === undefined) return undefined
  const value = readString(text, span)
  if (value === undefined || value === '')
    throw wrong(name, value === '' ? 'an empty string' : kindOf(text, span), 'a string')
  return value
}

function headersIn(text: Buffer, fields: ReadonlyMap<string, Span>): Record<string, string> {
  const span = fields.get('headers')
  if (span === undefined) return {}
  if (text[span.start] !== OPEN_BRACE) throw wrong('headers', kindOf(text, span), 'an object of strings')
  if (span.end - span.start > HEADERS_MAX_BYTES)
    throw wrong('headers', `${span.end - span.start} bytes`, `at most ${HEADERS_MAX_BYTES}`)
  const found = new Map<string, string>()
  for (const [written, value] of Object.entries(parse(text, span, 'headers'))) {
    const name = written.toLowerCase()
    if (typeof value !== 'string') throw wrong(`headers.${written}`, 'something else', 'a string')
    if (found.has(name)) throw wrong(`headers.${written}`, 'it twice', 'each header once')
    found.set(name, value)
  }
  return Object.fromEntries(found)
}

function bodyIn(text: Buffer, fields: ReadonlyMap<string, Span>): Buffer {
  const span = fields.get('body')
  if (span === undefined) throw wrong('body', 'nothing', 'the body of the request')
  if (text[span.start] === OPEN_BRACE) return text.subarray(span.start, span.end)
  const written = readString(text, span)
  if (written === undefined) throw wrong('body', kindOf(text, span), 'an object, or a string with its text')
  return Buffer.from(written)
}

function parse(text: Buffer, { start, end }: Span, field: string): object {
  try {
    return JSON.parse(text.toString('utf8', start, end)) as object
  } catch (error) {
    throw wrong(field, `no JSON (${(error as Error).message})`, 'an object of strings')
  }
}

const OPEN_BRACE = 0x7b

/** For messages: what stands there, without telling it. */
function kindOf(text: Buffer, { start }: Span): string {
  switch (String.fromCharCode(text[start]!)) {
    case '{':
      return 'an object'
    case '[':
      return 'a list'
    case '"':
      return 'a string'
    case 'n':
      return 'null'
    case 't':
    case 'f':
      return 'a boolean'
    default:
      return 'a number'
  }
}
