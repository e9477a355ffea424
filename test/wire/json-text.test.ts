import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readJsonText, writeJsonText } from '../../src/wire/json-text.ts'

/** A string is narrow when no letter is beyond Latin-1; what V8 makes of it follows from that. */
const isNarrow = (text: string) => Buffer.from(text, 'latin1').toString('latin1') === text

describe('readJsonText', () => {
  it.each([
    ['ASCII', '{"a":"plain"}', true],
    ['one dash', '{"a":"one — dash"}', true],
    ['a letter of Latin-1, two bytes in UTF-8', '{"é":"café"}', true],
    ['a letter outside of the basic plane', '{"a":"🙂"}', true],
    ['a wide letter at the very end', '"…"', true],
    ['an escaped backslash before a wide letter', '{"a":"\\\\—"}', false],
    ['a few hundred wide places', JSON.stringify('a — b'.repeat(250)), true],
    ['more of them', JSON.stringify('a — b'.repeat(300)), false],
    ['a long run of another script', JSON.stringify('流式传输的每个事件都要转发'.repeat(40)), false],
  ])('%s', (_name, text, narrow) => {
    const read = readJsonText(Buffer.from(text))
    expect(JSON.parse(read)).toEqual(JSON.parse(text))
    expect(isNarrow(read)).toBe(narrow)
  })

  it.each(['"\\—"', '{"a":—}', '—', '"\\u20—"'])('%s stays as wrong as it is', (text) => {
    expect(() => JSON.parse(readJsonText(Buffer.from(text)))).toThrow(SyntaxError)
  })

  it('reads as the body does, whatever the text, also into memory that was used before', () => {
    const texts = fc.string({ unit: fc.oneof(fc.constantFrom('—', '\\', '"', 'é', '中', '🙂'), fc.string()) })
    fc.assert(
      fc.property(fc.jsonValue(), texts, (value, text) => {
        const body = Buffer.from(JSON.stringify([text, value]))
        expect(JSON.parse(readJsonText(body))).toEqual(JSON.parse(body.toString()))
      }),
    )
  })
})

describe('writeJsonText', () => {
  it('gives the bytes of whatever pieces, in memory of their own', () => {
    const pieces = fc.array(fc.string({ unit: fc.oneof(fc.constantFrom('—', 'é', '中', '🙂'), fc.string()) }))
    fc.assert(
      fc.property(pieces, pieces, (one, other) => {
        const written = writeJsonText(one)
        writeJsonText(other)
        expect(written.toString()).toBe(one.join(''))
      }),
    )
  })

  it('gives them for a text that is too long to be kept room for', () => {
    const piece = 'é'.repeat(1024 * 1024)
    const written = writeJsonText([piece, '—', piece])
    expect(written.equals(Buffer.from(`${piece}—${piece}`))).toBe(true)
  })
})
