import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseSections } from '../../../src/providers/credentials/aws-files.ts'

const sections = (text: string) =>
  Object.fromEntries([...parseSections(text)].map(([name, section]) => [name, Object.fromEntries(section)]))

const ROWS: [title: string, text: string, expected: object][] = [
  ['nothing', '', {}],
  ['settings before any section', 'a = b\n[s]', { s: {} }],
  ['names in any case, values as they are', '[s]\nAWS_Access_Key_ID = AbC', { s: { aws_access_key_id: 'AbC' } }],
  ['a value with an equals sign', '[s]\nkey=abc==', { s: { key: 'abc==' } }],
  ['a value with the signs of remarks', '[s]\nkey = a#b;c', { s: { key: 'a#b;c' } }],
  ['a remark behind a value', '[s]\nkey = a ; b # c', { s: { key: 'a' } }],
  ['an empty value', '[s]\nkey =', { s: { key: '' } }],
  ['a section that comes twice', '[s]\na=1\n[t]\n[s]\nb=2', { s: { a: '1', b: '2' }, t: {} }],
  ['a setting that comes twice', '[s]\na=1\na=2', { s: { a: '2' } }],
  ['lines that are nothing', '[s]\nnothing\n[\n=', { s: { '': '' } }],
  ['names that every object has', '[__proto__]\nconstructor = x', JSON.parse('{"__proto__":{"constructor":"x"}}') as object],
] // prettier-ignore

it.each(ROWS)('%s', (_title, text, expected) => {
  expect(sections(text)).toEqual(expected)
})

it('reads back what was written', () => {
  const word = fc.stringMatching(/^[\w./+-]{1,12}$/)
  const file = fc.dictionary(word, fc.dictionary(word.map((name) => name.toLowerCase()), fc.stringMatching(/^[\w/+=.:-]{1,20}$/))) // prettier-ignore
  fc.assert(
    fc.property(
      file,
      fc.constantFrom('\n', '\r\n'),
      fc.constantFrom('=', ' = ', '= '),
      (written, end, equals) => {
        const lines = Object.entries(written).flatMap(([name, settings]) => [
          `[${name}]`,
          ...Object.entries(settings).map(([key, value]) => key + equals + value),
          '# a remark',
        ])
        expect(sections(lines.join(end))).toEqual({ ...written })
      },
    ),
  )
})

it('never throws', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('[', ']', '=', ' ', '\n', '#', '"', 'a', '\t') }), (text) => void parseSections(text))) // prettier-ignore
})
