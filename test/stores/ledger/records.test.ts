import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cancelLine,
  clearLine,
  emptyLine,
  loggedLine,
  oweLine,
  parseRecord,
  releaseLine,
  reserveLine,
  settleLine,
  windowLine,
} from '../../../src/stores/ledger/records.ts'
import type { StoredWindow } from '../../../src/stores/ledger/port.ts'

const window: StoredWindow = {
  number: 3,
  unit: 'tokens',
  account: 'Büro "7"\n',
  rule: '1 month in Asia/Tokyo',
  startMs: 5,
  endMs: 9,
  used: 2,
  interrupted: 0,
  unpriced: 0,
}

const LINES: [line: string, record: unknown[]][] = [
  [windowLine(window), ['window', 3, 'tokens', 'Büro "7"\n', '1 month in Asia/Tokyo', 5, 9, 2]],
  [clearLine(3), ['clear', 3]],
  [
    reserveLine('a-_.1', 'x"\n\u2028', 17, '3,500,4,1'),
    ['reserve', 'a-_.1', 'x"\n\u2028', 17, [3, 500, 4, 1]],
  ],
  [oweLine('a.1', '5,1', { nanodollars: null, tokens: 9, requests: 1 }), ['owe', 'a.1', [5, 1], null, 9, 1]],
  [oweLine('a.1', '5', { nanodollars: 5, tokens: 9, requests: 1 }), ['owe', 'a.1', [5], 5, 9, 1]],
  [
    settleLine('a.1', '5,1', { nanodollars: 5, tokens: 9, requests: 1 }),
    ['settle', 'a.1', [5, 1], 0, 5, 9, 1],
  ],
  [
    settleLine('a.1', '0', { nanodollars: null, tokens: 0, requests: 1 }),
    ['settle', 'a.1', [0], 1, null, 0, 1],
  ],
  [releaseLine('a.1'), ['release', 'a.1']],
  [loggedLine('a.1'), ['logged', 'a.1']],
  [cancelLine('a.1'), ['cancel', 'a.1']],
  [emptyLine('tokens', 'Büro "7"\n', 17), ['empty', 'tokens', 'Büro "7"\n', 17]],
]

it.each(LINES)('%s is one line, and is read as it was written', (line, record) => {
  expect(line).not.toContain('\n')
  expect(parseRecord(line)).toEqual(record)
})

describe('what is no record', () => {
  it.each([
    ['nothing', ''],
    ['no list', '{"settle":"a"}'],
    ['another word', '["spend","a",[1],0]'],
    ['a name of every object', '["constructor","a"]'],
    ['too short', '["settle","a",[1]]'],
    ['too long', '["release","a",1]'],
    ['A12 a negative amount', '["settle","a",[-1],0,5,9,1]'],
    ['A12 a fraction', '["settle","a",[0.5],0,5,9,1]'],
    ['A12 more than is exact', '["settle","a",[9007199254740993],0,5,9,1]'],
    ['A12 a text for a number', '["settle","a",["1"],0,5,9,1]'],
    ['a number for a text', '["release",7]'],
    ['no number for a window', '["clear",null]'],
    ['two lines in one', '["release","a"]["release","b"]'],
  ])('%s', (_name, line) => {
    expect(parseRecord(line)).toBeUndefined()
  })

  it('any beginning of a line, and any line with a letter changed, is read as a record of its kind or not at all', () => {
    for (const [line] of LINES)
      for (let length = 0; length < line.length; length++)
        expect(parseRecord(line.slice(0, length))).toBeUndefined()
    fc.assert(
      fc.property(fc.constantFrom(...LINES), fc.nat(), fc.string({ maxLength: 2 }), ([line], at, letter) => {
        const changed = line.slice(0, at % line.length) + letter + line.slice((at % line.length) + 1)
        const record = parseRecord(changed)
        const all = record?.flat(2) ?? []
        expect(
          all.every((field) => typeof field === 'string' || field === null || Number.isSafeInteger(field)),
        ).toBe(true)
      }),
    )
  })
})
