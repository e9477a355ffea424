import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  JsonText,
  jsonPieces,
  parseForOutput,
  parseJson,
  stringifyJson,
} from '../../../src/protocols/shared/json.ts'
import type { Json } from '../../support/provider/json.ts'

/** Texts that JSON.stringify(JSON.parse(text)) changes. */
const INEXACT = [
  '{"id":9007199254740993}',
  '{"id":-9007199254740993}',
  '{"a":[1,{"b":1e400}]}',
  '{"pi":3.14159265358979323846}',
  '{"one":1.0}',
  '{"rate":[0.10,2.50]}',
  '{"zero":-0}',
  '{"large":1E5,"small":1e-7}',
  '{"uint64":18446744073709551615}',
  '{"a":{"b":{"c":[[[12345678901234567890]]]}},"d":"12345678901234567890"}',
]

const EXACT = [
  '{}',
  '[]',
  '{"max":9007199254740991}',
  '{"a":"1.0, 1e5, 12345678901234567890"}',
  '{"a":1.5,"b":-2,"c":1e+21}',
  '{"":0}',
]

describe('E5 numbers keep their digits', () => {
  it.each([...INEXACT, ...EXACT])('%s', (text) => {
    expect(stringifyJson(parseJson(text))).toBe(text)
    expect(JSON.stringify(parseForOutput(text))).toBe(text)
  })

  it.each(INEXACT)('and a plain stringify would lose them: %s', (text) => {
    expect(JSON.stringify(JSON.parse(text))).not.toBe(text)
  })

  it('gives plain numbers to whoever computes', () => {
    expect(parseJson('{"a":[1.0,1e400,9007199254740993]}')).toEqual({ a: [1, Infinity, 9007199254740992] })
  })

  it('keeps the digits of a part that is taken out', () => {
    const { tools } = parseJson('{"n":1.0,"tools":[{"input":{"id":9007199254740993}}]}') as Json
    expect(stringifyJson(tools[0].input)).toBe('{"id":9007199254740993}')
  })

  it('E4 leaves __proto__ a plain key', () => {
    const text = '{"__proto__":{"polluted":1.0},"constructor":{"prototype":{"x":1.0}}}'
    expect(stringifyJson(parseJson(text))).toBe(text)
    expect(({} as Json).polluted).toBeUndefined()
  })

  it('agrees with JSON.parse on any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text))
        expect(JSON.parse(stringifyJson(parseJson(text)))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('keeps any numbers, wherever they stand', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,3})?$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(digits, fc.string())), (pairs) => {
        const text = `{"list":[${pairs.map(([number, key]) => `{${JSON.stringify(key)}:${number}}`).join(',')}]}`
        expect(stringifyJson(parseJson(text))).toBe(text)
        expect(JSON.stringify(parseForOutput(text))).toBe(text)
      }),
    )
  })

  it.each(['', '{', '{"a":1,}', "{'a':1}", '{"a":01}'])('throws on %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
    expect(() => parseForOutput(text)).toThrow(SyntaxError)
  })
})

describe('jsonPieces', () => {
  it('gives the text of JSON.stringify, each element of a list for itself', () => {
    const body = {
      model: 'm',
      stop: undefined,
      tools: [],
      messages: [{ role: 'user' }, undefined, '—'],
      n: 1,
    }
    expect(jsonPieces(body).join('')).toBe(JSON.stringify(body))
    expect(jsonPieces(body).filter((piece) => piece.includes('—'))).toEqual(['"—"'])
  })

  it('takes a text that is known already as it is, and everything else takes it as its value', () => {
    const body = { tools: [new JsonText('{"a":1.0}'), { b: 2 }], other: new JsonText('[3]') }
    expect(jsonPieces(body).join('')).toBe('{"tools":[{"a":1.0},{"b":2}],"other":[3]}')
    expect(JSON.stringify(body)).toBe('{"tools":[{"a":1},{"b":2}],"other":[3]}')
  })

  it('gives it for any object', () => {
    const objects = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())))
    fc.assert(
      fc.property(objects, (body) => {
        expect(jsonPieces(body).join('')).toBe(JSON.stringify(body))
      }),
    )
  })
})
