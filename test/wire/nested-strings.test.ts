import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { WATCHED } from '../../src/pipeline/watched.ts'
import { PROTOCOLS } from '../../src/protocols/index.ts'
import { holds } from '../../src/wire/json-edits.ts'
import { arrayElements, scanObject } from '../../src/wire/json-scan.ts'
import { WatchedStrings } from '../../src/wire/nested-strings.ts'

const NEEDLES = ['"scope"', '"signalbox.', '"s"', '"sco', '"é"']
const watched = new WatchedStrings(NEEDLES)

/** Strings that are one of them, nearly one, or have one in them. */
const names = fc.constantFrom(
  'scope',
  'scop',
  'scopes',
  's',
  '',
  'signalbox.',
  'signalbox.x',
  'signalbox',
  'é',
  '\\',
  'x"scope"',
)
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    names,
    fc.integer(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ),
})).value

describe('what a scan notes of strings', () => {
  it('is what a search of the bytes finds, in every element of a list', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 6 }), fc.constantFrom(undefined, 1), (list, space) => {
        const body = Buffer.from(JSON.stringify({ list, other: ['scope'] }, undefined, space))
        const { fields, strings } = scanObject(body, undefined, watched)
        for (const span of arrayElements(body, fields.get('list')!)!)
          for (const needle of NEEDLES) {
            const isIn = holds({ body }, span, needle)
            // A search takes what is quoted inside of a string for one, too.
            const isQuoted = body.toString('utf8', span.start, span.end).includes(`\\${needle}`)
            const isAlone = body[span.start] === 0x22
            if (!isQuoted && !isAlone) expect(strings!.holds(span.start, span.end, needle), needle).toBe(isIn)
          }
      }),
    )
  })

  it('finds names of which any letters are written as escapes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('scope', 'signalbox.', 'signalbox.x', 's'),
        fc.array(fc.boolean(), { minLength: 11 }),
        (name, isEscaped) => {
          const written = name
            .split('')
            .map((letter, at) =>
              isEscaped[at] === true && letter !== '.'
                ? String.raw`\u00${letter.charCodeAt(0).toString(16)}`
                : letter,
            )
          const body = Buffer.from(`{"a":[{"${written.join('')}":1}]}`)
          const { strings } = scanObject(body, undefined, watched)
          const needle = name.startsWith('signalbox.') ? '"signalbox.' : `"${name}"`
          expect(strings!.holds(0, body.length, needle)).toBe(true)
        },
      ),
    )
  })

  it('finds long ones, in order', () => {
    const long = 'x'.repeat(300)
    const body = Buffer.from(JSON.stringify({ a: [long, 'short', { [long]: `${long}\\"` }], b: long }))
    const { strings } = scanObject(body, undefined, watched)
    const found = strings!.long.flatMap((at, index, all) =>
      index % 2 === 0 ? [body.toString('utf8', at, all[index + 1])] : [],
    )
    expect(found).toEqual([long, long, `${long}\\"`].map((text) => JSON.stringify(text)))
  })

  it('says nothing of what was not watched for', () => {
    const body = Buffer.from('{"a":["other"]}')
    const { fields, strings } = scanObject(body, undefined, watched)
    const { start, end } = fields.get('a')!
    expect(strings!.holds(start, end, '"other"')).toBeUndefined()
    expect(holds({ body, strings }, fields.get('a')!, '"other"')).toBe(true)
  })

  it.each(PROTOCOLS.flatMap(({ id, foreignBlocks }) => (foreignBlocks ? [[id, foreignBlocks.needle]] : [])))(
    'covers the whole strings that %s takes for foreign: %s',
    (_id, needle) => {
      if (needle.startsWith('"')) expect(WATCHED.needles).toContain(needle)
    },
  )
})
