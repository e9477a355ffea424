/**
 * The scanner must see at the top level exactly what a JSON parser sees, refuse with one error type, and leave
 * every byte that it was not asked to change.
 */
import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  JsonScanError,
  arrayElements,
  readBoolean,
  readNumber,
  readString,
  scanObject,
  splice,
} from '../../src/wire/json-scan.ts'
import type { Span } from '../../src/wire/json-scan.ts'

function slice(body: Buffer, span: Span): string {
  return body.toString('utf8', span.start, span.end)
}

/** JSON text of a value, with white space and escapes where JSON allows them. */
function write(value: unknown, space: () => string, escape: () => boolean): string {
  const text = (plain: string) =>
    `"${Array.from({ length: plain.length }, (_, at) => {
      const unit = plain.charCodeAt(at).toString(16).padStart(4, '0')
      return escape() || /[\ud800-\udfff]/.test(plain[at]!)
        ? `\\u${unit}`
        : JSON.stringify(plain[at]).slice(1, -1)
    }).join('')}"`
  const list = (open: string, items: string[], close: string) =>
    open + (items.length === 0 ? space() : items.map((item) => space() + item + space()).join(',')) + close
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value))
    return list(
      '[',
      value.map((item) => write(item, space, escape)),
      ']',
    )
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([key, item]) => text(key) + space() + ':' + space() + write(item, space, escape),
  )
  return list('{', members, '}')
}

/** Takes the choices of a generated list in turn. */
function cycle<Choice>(choices: Choice[]): () => Choice {
  let next = 0
  return () => choices[next++ % choices.length]!
}

const key = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('model', '__proto__', '1', 'toString', 'a"b\\'),
)
const members = fc.uniqueArray(fc.tuple(key, fc.jsonValue({ stringUnit: 'binary' })), {
  selector: ([name]) => name,
})
const spaces = fc.array(fc.constantFrom('', '', ' ', '\n', '\r\n\t '), { minLength: 1 })
const escapes = fc.array(fc.boolean(), { minLength: 1 })

/** A JSON object with its members, written in any of the ways that JSON allows. */
const written = fc.tuple(members, spaces, escapes).map(([pairs, space, escape]) => {
  const object = Object.fromEntries(pairs)
  return { object, text: write(object, cycle(space), cycle(escape)) }
})

it('E3 E4 E9 any object: the names and values that JSON.parse gives', () => {
  fc.assert(
    fc.property(written, ({ text }) => {
      const body = Buffer.from(text)
      const { fields } = scanObject(body)
      const parsed = JSON.parse(text) as Record<string, unknown>
      expect([...fields.keys()].toSorted()).toEqual(Object.keys(parsed).toSorted())
      for (const [name, span] of fields) {
        const value = parsed[name]
        expect(JSON.parse(slice(body, span))).toEqual(value)
        expect(readString(body, span)).toBe(typeof value === 'string' ? value : undefined)
        expect(readNumber(body, span)).toBe(typeof value === 'number' ? value : undefined)
        expect(readBoolean(body, span)).toBe(typeof value === 'boolean' ? value : undefined)
        const elements = arrayElements(body, span)?.map((element): unknown =>
          JSON.parse(slice(body, element)),
        )
        expect(elements).toEqual(Array.isArray(value) ? value : undefined)
      }
    }),
    { numRuns: 2_000 },
  )
})

it('any object, any values replaced: the edited body parses to the changed object', () => {
  fc.assert(
    fc.property(written, fc.array(fc.tuple(fc.nat(), fc.jsonValue())), ({ object, text }, chosen) => {
      const names = Object.keys(object)
      const wanted = new Map<string, unknown>()
      for (const [pick, value] of chosen) if (names.length > 0) wanted.set(names[pick % names.length]!, value)
      const body = Buffer.from(text)
      const { fields } = scanObject(body)
      const edits = [...wanted].map(([name, value]) => ({
        span: fields.get(name)!,
        text: JSON.stringify(value),
      }))
      const expected = JSON.stringify(Object.fromEntries([...Object.entries(object), ...wanted]))
      expect(JSON.parse(splice(body, edits).toString())).toEqual(JSON.parse(expected))
    }),
    { numRuns: 2_000 },
  )
})

const punctuation = ['{', '}', '[', ']', ',', ':', '"', '\\', '/', "'", ' ', '\n', '\0', '\ufeff']
const tokens = ['\\"', '"a"', '"b":', '"\\u0061"', '"c":"', '"model":"x",', '1', '-', '.5', 'e9', 'true', 'é']
const piece = fc.constantFrom(...punctuation, ...tokens)
const assembled = fc.array(piece).map((pieces) => Buffer.from(`{"a":1${pieces.join('')}`))
const loose = fc.array(piece).map((pieces) => Buffer.from(pieces.join('')))
const random = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes))
const damaged = fc
  .tuple(
    written,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.oneof(
      piece.map((text) => Buffer.from(text)),
      random,
    ),
  )
  .map(([{ text }, at, removed, inserted]) => {
    const body = Buffer.from(text)
    const start = at % body.length
    return Buffer.concat([body.subarray(0, start), inserted, body.subarray(start + removed)])
  })

/**
 * What JSON.parse makes of the body with each nested value replaced by null: the scanner vouches for the
 * top level only, nested values may be ill-formed and are the upstream's to refuse.
 */
function topLevel(body: Buffer, fields: ReadonlyMap<string, Span>): Record<string, unknown> {
  const nested = [...fields.values()].filter((span) => body[span.start] === 0x5b || body[span.start] === 0x7b)
  return JSON.parse(
    splice(
      body,
      nested.map((span) => ({ span, text: 'null' })),
    ).toString(),
  ) as Record<string, unknown>
}

function parses(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

it('E1-E6 any bytes: a JsonScanError, or a top level that JSON.parse accepts and reads alike', () => {
  fc.assert(
    fc.property(fc.oneof(random, loose, assembled, damaged), (body) => {
      try {
        const { fields } = scanObject(body)
        expect(isUtf8(body)).toBe(true)
        const parsed = topLevel(body, fields)
        expect([...fields.keys()].toSorted()).toEqual(Object.keys(parsed).toSorted())
        for (const [name, span] of fields) {
          if (typeof parsed[name] === 'string') expect(readString(body, span)).toBe(parsed[name])
          if (typeof parsed[name] === 'number') expect(readNumber(body, span)).toBe(parsed[name])
          arrayElements(body, span)
        }
      } catch (error) {
        if (!(error instanceof JsonScanError)) throw error
        expect(error.offset).toBeLessThanOrEqual(body.length)
        if (error.kind !== 'duplicate_field') expect(isUtf8(body) && parses(body)).toBe(false)
      }
    }),
    { numRuns: 20_000 },
  )
})

it('E6 the first byte that is not UTF-8 is named', () => {
  const text = fc.string({ unit: 'binary' }).map((value) => Buffer.from(`{${value}`))
  fc.assert(
    fc.property(text, text, fc.constantFrom('ff', 'c0af', 'e4bd', '80'), (before, after, bad) => {
      const body = Buffer.concat([before, Buffer.from(bad, 'hex'), after])
      const refused = expect.objectContaining({ kind: 'invalid_utf8', offset: before.length }) as Error
      expect(() => scanObject(body)).toThrow(refused)
    }),
  )
})
