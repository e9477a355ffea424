import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameError } from '../../src/wire/frame-error.ts'
import { jsonArray } from '../../src/wire/json-array.ts'
import { slice, slices } from '../support/sse.ts'

/** The data of the frames in a text that is cut at the places, and whether it ends between two frames. */
function read(text: string, places: readonly number[] = []) {
  const data: string[] = []
  const reader = jsonArray.reader((frame) => data.push(frame.data))
  for (const part of slice(new TextEncoder().encode(text), places)) reader.push(part)
  reader.end()
  return { data, whole: reader.isBetweenFrames }
}

function write(...data: string[]): string {
  const writer = jsonArray.writer()
  return data.map((one) => writer.write('', one)).join('') + writer.end()
}

describe('reading', () => {
  it.each([
    ['Google’s own form', '[{"a":1}\n,\r\n{"b":2}\n]', ['{"a":1}', '{"b":2}'], true],
    ['no white space', '[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}'], true],
    ['pretty', '[\n  {\n    "a": [1, {}]\n  }\n]\n', ['{\n    "a": [1, {}]\n  }'], true],
    ['nothing in it', '[]', [], true],
    ['nothing at all', '', [], true],
    ['brackets in strings', '[{"a":"}]{"},{"b":"\\"}\\\\"}]', ['{"a":"}]{"}', '{"b":"\\"}\\\\"}'], true],
    ['B7 cut between elements', '[{"a":1}\n,', ['{"a":1}'], true],
    ['B7 cut inside of one', '[{"a":1}\n,\r\n{"b"', ['{"a":1}'], false],
  ])('%s', (_name, text, data, whole) => {
    expect(read(text)).toEqual({ data, whole })
  })

  it.each([
    ['a page', '<html>'],
    ['an object', '{"error":{}}'],
    ['a number as element', '[1]'],
    ['something behind the end', '[{}]{'],
  ])('refuses %s', (_name, text) => {
    expect(() => read(text)).toThrow(FrameError)
  })

  it('refuses an element longer than any that is sent', () => {
    const part = new TextEncoder().encode('[{"a":"'.padEnd(1024 * 1024, 'x'))
    const reader = jsonArray.reader(() => {})
    expect(() => {
      for (let sent = 0; sent < 20; sent++) reader.push(part)
    }).toThrow('longer than')
  })
})

describe('writing', () => {
  it.each([
    [[], '[]'],
    [['{"a":1}'], '[{"a":1}\n]'],
    [['{"a":1}', '{"b":2}'], '[{"a":1}\n,\r\n{"b":2}\n]'],
  ])('%j', (data, text) => {
    expect(write(...data)).toBe(text)
  })

  it('keeps a connection open with white space, but never before the bracket', () => {
    const writer = jsonArray.writer()
    expect(writer.idle).toBe('')
    const text =
      writer.write('', '{"a":1}') + writer.idle + writer.write('', '{"b":2}') + writer.idle + writer.end()
    expect(JSON.parse(text)).toEqual([{ a: 1 }, { b: 2 }])
  })
})

it('what is written is JSON and reads the same, however it is cut', () => {
  const element = fc
    .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())
    .map((value) => JSON.stringify(value))
  fc.assert(
    fc.property(fc.array(element, { maxLength: 5 }), slices, (data, places) => {
      const text = write(...data)
      expect(JSON.parse(text)).toEqual(data.map((one) => JSON.parse(one)))
      // Lone surrogates have no bytes.
      const sent = data.map((one) => new TextDecoder().decode(new TextEncoder().encode(one)))
      expect(read(text, places)).toEqual({ data: sent, whole: true })
    }),
    { numRuns: 2_000 },
  )
}, 60_000)
