import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RawInput, inputArguments } from '../../../src/protocols/shared/raw-input.ts'

/** The pieces that the client gets, and the whole of it. */
function read(...pieces: string[]): { told: string[]; input: string } {
  const raw = new RawInput()
  const told = [...pieces.map((piece) => raw.push(piece)), raw.end()].filter((text) => text !== '')
  return { told, input: raw.input }
}

describe('#69 the text of a custom tool out of JSON arguments', () => {
  it.each<[name: string, pieces: string[], told: string[], input?: string]>([
    ['in one piece', ['{"input":"a\\nb"}'], ['a\nb']],
    ['piece by piece', ['{"in', 'put": "a', 'b', '"}'], ['a', 'b']],
    ['an escape cut in two', ['{"input":"a\\', 'nb"}'], ['a', '\nb']],
    ['a code cut in two', ['{"input":"\\u00', 'e9"}'], ['é']],
    [
      'a letter of two halves, which no client could read one by one',
      ['{"input":"\\ud83d', '\\ude00"}'],
      ['😀'],
    ],
    ['… whose other half never comes', ['{"input":"\\ud83d"}'], ['\ud83d']],
    ['C2 a backslash that escapes nothing is meant', ['{"input":"\\d+ C:\\path"}'], ['\\d+ C:\\path']],
    ['what follows the text is not told', ['{"input":"a","x":1}', ' '], ['a']],
    ['a field of another name', ['{"patch":"a"}'], ['a']],
    ['the field behind others', ['{"x":1,"input":"a"}'], ['a']],
    ['a JSON string', ['"a\\tb"'], ['a\tb']],
    ['the text alone', ['*** Begin', ' Patch'], ['*** Begin Patch']],
    ['C1 an object without a text stays as the model wrote it', ['{"a":1,"b":2}'], ['{"a":1,"b":2}']],
    ['nothing', [''], []],
    ['an empty object', ['{}'], []],
    [
      'C2 cut off inside the text: the tool gets what it must refuse',
      ['{"input":"rm a'],
      ['rm a'],
      '{"input":"rm a',
    ],
  ])('%s', (_name, pieces, told, input = told.join('')) => {
    expect(read(...pieces)).toEqual({ told, input })
  })

  it('any text survives any slicing', () => {
    const unit = fc.constantFrom('a', '"', '\\', '\n', '\u0000', '😀', 'é', '\ud800')
    fc.assert(
      fc.property(
        fc.string({ unit }),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.boolean(),
        (text, cuts, ascii) => {
          const json = ascii ? escaped(inputArguments(text)) : inputArguments(text)
          const places = [...new Set(cuts.map((cut) => cut % (json.length + 1)))].toSorted((a, b) => a - b)
          const pieces = [0, ...places].map((from, at) => json.slice(from, places[at]))
          const { told, input } = read(...pieces)
          expect(input).toBe(text)
          expect(told.join('')).toBe(text)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

/** As Python writes JSON. */
function escaped(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
