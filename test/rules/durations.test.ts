import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/rules/durations.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const LENGTHS: [text: string, ms: number, calendar?: [unit: string, count: number]][] = [
  ['30s', 30_000],
  ['5m', 5 * MINUTE],
  ['1h', HOUR],
  ['1h30m', 1.5 * HOUR],
  ['1.5h', 1.5 * HOUR],
  ['250ms', 250],
  ['1500us', 1.5],
  ['1500µs', 1.5],
  ['1000000ns', 1],
  ['1d', DAY, ['day', 1]],
  ['30d', 30 * DAY, ['day', 30]],
  ['1.5d', 1.5 * DAY],
  ['1d12h', 1.5 * DAY],
  ['1w', 7 * DAY, ['week', 1]],
  ['1M', 30 * DAY, ['month', 1]],
  ['2M', 60 * DAY, ['month', 2]],
  ['1Q', 90 * DAY, ['quarter', 1]],
  ['1Y', 365 * DAY, ['year', 1]],
  ['100Y', 36_500 * DAY, ['year', 100]],
]

const WORDS: [word: string, ms: number, unit: string | undefined][] = [
  ['minutely', MINUTE, undefined],
  ['hourly', HOUR, undefined],
  ['daily', DAY, 'day'],
  ['weekly', 7 * DAY, 'week'],
  ['monthly', 30 * DAY, 'month'],
  ['quarterly', 90 * DAY, 'quarter'],
  ['yearly', 365 * DAY, 'year'],
  ['annually', 365 * DAY, 'year'],
]

const NONE = [
  '', ' ', '1', 'h', '1H', '1D', '1 h', ' 1h', '1h ', '1h,', '-1h', '+1h', '1e3s', '.5h', '1.h', '0s', '0h0m',
  '1x', 'Monthly', 'month', '101Y', '9'.repeat(400) + 'Y', 'constructor',
] // prettier-ignore

describe('durations', () => {
  it.each(LENGTHS)('%s', (text, ms, calendar) => {
    const [unit, count] = calendar ?? []
    const expected = calendar && { unit, count }
    expect(parseDuration(text)).toEqual({ text, ms, calendar: expected, isWord: false })
  })

  it.each(WORDS)('the word %s', (text, ms, unit) => {
    expect(parseDuration(text)).toEqual({ text, ms, calendar: unit && { unit, count: 1 }, isWord: true })
  })

  it.each(NONE)('"%.20s" is none', (text) => expect(parseDuration(text)).toBeUndefined())

  it('any text is a positive length or none', () => {
    const pieces = fc.constantFrom(
      ...'0123456789',
      '.',
      '-',
      ' ',
      'ns',
      'ms',
      'm',
      'h',
      'd',
      'w',
      'M',
      'Q',
      'Y',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((all) => all.join('')),
        ),
        (text) => {
          const found = parseDuration(text)
          if (found !== undefined) expect(found.ms).toBeGreaterThan(0)
          if (found !== undefined) expect(Number.isFinite(found.ms)).toBe(true)
        },
      ),
    )
  })
})
