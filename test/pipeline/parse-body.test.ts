import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { JsonObject } from '../../src/message/request.ts'
import { parseBody, SharedValues } from '../../src/pipeline/parse-body.ts'
import { stringifyJson } from '../../src/protocols/shared/json.ts'
import { scanObject } from '../../src/wire/json-scan.ts'

const parse = (text: string): JsonObject => {
  const body = Buffer.from(text)
  return parseBody({ body, ...scanObject(body) })
}

/** Long enough to be shared. */
const PAD = 'x'.repeat(1100)

describe('parseBody', () => {
  it('reads what JSON.parse reads, wherever the tools stand, and again the second time', () => {
    const tools = fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())).map((value) => [PAD, '—', value])
    const around = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 })
    fc.assert(
      fc.property(around, tools, around, (before, list, after) => {
        const { tools: _, ...rest } = before
        const text = JSON.stringify({ ...rest, tools: list, ...after })
        expect(parse(text)).toEqual(JSON.parse(text))
        expect(parse(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('gives bodies with the same tools one frozen list, and others their own', () => {
    const body = (turn: string, schema: string) =>
      `{"messages":["${turn}"],"tools":[{"name":"${PAD}","input_schema":${schema}}],"model":"m"}`
    const first = parse(body('one', '{"type":"object"}'))
    const second = parse(body('two', '{"type":"object"}'))
    const other = parse(body('two', '{"type":"objecT"}'))
    expect(second['tools']).toBe(first['tools'])
    expect(second['messages']).toEqual(['two'])
    expect(other['tools']).not.toBe(first['tools'])
    const [tool] = first['tools'] as { input_schema: JsonObject }[]
    expect(() => (tool!.input_schema['type'] = 'string')).toThrow(TypeError)
    expect(() => (first['model'] = 'n')).not.toThrow()
  })

  it('does so in `toolConfig`, too', () => {
    const body = (turn: string) =>
      `{"messages":["${turn}"],"toolConfig":{"tools":[{"toolSpec":{"name":"${PAD}"}}]}}`
    expect(parse(body('two'))['toolConfig']).toBe(parse(body('one'))['toolConfig'])
  })

  it.each([
    [
      'a key that JavaScript has a meaning for',
      `{"__proto__":{"a":1},"tools":[{"__proto__":{"b":2}},"${PAD}"]}`,
    ],
    ['tools that are no list', `{"tools":"${PAD}"}`],
    ['an empty body', '{}'],
    ['small tools', '{"tools":[{"name":"Bash"}],"model":"m"}'],
  ])('%s', (_name, text) => {
    expect(JSON.stringify(parse(text))).toBe(text)
  })

  it('keeps the digits of numbers inside the tools', () => {
    const text = `{"tools":[{"name":"${PAD}","default":9007199254740993}]}`
    for (const parsed of [parse(text), parse(text)])
      expect(stringifyJson(parsed['tools'])).toBe(text.slice('{"tools":'.length, -1))
  })

  it.each([
    ['inside the tools', `{"a":1,"tools":["${PAD}",tru],"b":2}`],
    ['before them', `{"a":[tru],"tools":["${PAD}"],"b":2}`],
    ['behind them', `{"a":1,"tools":["${PAD}"],"b":[tru]}`],
  ])('a fault %s is told as the parser tells it of the whole body', (_name, text) => {
    const fault = (read: () => unknown) => {
      try {
        read()
      } catch (error) {
        return String(error)
      }
    }
    expect(fault(() => parse(text))).toBe(fault(() => JSON.parse(text)))
    expect(fault(() => parse(text))).toMatch(/^SyntaxError/)
  })
})

describe('SharedValues', () => {
  it('keeps a hundred, however small', () => {
    const values = new SharedValues(1_000_000)
    const text = (n: number) => Buffer.from(`["${n}"]`)
    const first = values.parse(text(0))
    for (let n = 1; n < 100; n++) values.parse(text(n))
    expect(values.parse(text(0))).toBe(first)
    for (let n = 100; n < 200; n++) values.parse(text(n))
    expect(values.parse(text(0))).not.toBe(first)
  })

  const text = (name: string, length = 10) => Buffer.from(JSON.stringify([name.padEnd(length - 4)]))

  it('keeps what was used last, within its bytes', () => {
    const values = new SharedValues(40)
    const [a, b] = ['a', 'b'].map((name) => values.parse(text(name)))
    for (const name of ['c', 'd']) values.parse(text(name))
    expect(values.parse(text('a'))).toBe(a)
    values.parse(text('e'))
    expect(values.parse(text('a'))).toBe(a)
    expect(values.parse(text('b'))).not.toBe(b)
  })

  it('gives every text its own value, however many come in which order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom(8, 9, 12))),
        (uses) => {
          const values = new SharedValues(40)
          for (const [name, length] of uses)
            expect(values.parse(text(name, length))).toEqual([name.padEnd(length - 4)])
        },
      ),
    )
  })

  it('does not keep, and does not freeze, what would push out the others', () => {
    const values = new SharedValues(40)
    const a = values.parse(text('a'))
    const long = values.parse(text('long', 11))
    expect(Object.isFrozen(long)).toBe(false)
    expect(values.parse(text('long', 11))).not.toBe(long)
    expect(values.parse(text('a'))).toBe(a)
  })

  it('does not hold on to the body that a text is part of', () => {
    const values = new SharedValues(40)
    const body = Buffer.from('{"tools":["a"]}')
    const a = values.parse(body.subarray(9, 14))
    body.fill('x')
    expect(values.parse(Buffer.from('["a"]'))).toBe(a)
  })

  it('remembers nothing of a text that is no JSON', () => {
    const values = new SharedValues(40)
    for (let time = 0; time < 2; time++) expect(() => values.parse(Buffer.from('[tru]'))).toThrow(SyntaxError)
  })
})
