import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDuration, remainingMs, ruleText, windowAt } from '../../src/rules/windows.ts'
import type { Duration, WindowRule } from '../../src/rules/windows.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const at = (text: string) => Date.parse(text)
const spoken = (timeMs: number) =>
  new Date(timeMs).toISOString().replace(':00.000Z', 'Z').replace('T00:00Z', '')

function rule(duration: string, changes: Partial<WindowRule> = {}): WindowRule {
  return {
    duration: parseDuration(duration)!,
    calendarAligned: true,
    timeZone: 'UTC',
    quarterStartMonth: 1,
    ...changes,
  }
}

describe('durations', () => {
  it.each<[string, Duration['count'], Duration['unit']]>([
    ['30s', 30_000, 'millisecond'],
    ['5m', 300_000, 'millisecond'],
    ['1h', HOUR, 'millisecond'],
    ['1h30m', 1.5 * HOUR, 'millisecond'],
    ['1.5h', 1.5 * HOUR, 'millisecond'],
    ['.5h', 0.5 * HOUR, 'millisecond'],
    ['1h0.5s', HOUR + 500, 'millisecond'],
    ['1500ms', 1500, 'millisecond'],
    ['2000000µs', 2000, 'millisecond'],
    ['3600000000000ns', HOUR, 'millisecond'],
    ['1d', 1, 'day'],
    ['1.5d', 36 * HOUR, 'millisecond'],
    ['2w', 2, 'week'],
    ['1M', 1, 'month'],
    ['1Q', 1, 'quarter'],
    ['1Y', 1, 'year'],
    ['100Y', 100, 'year'],
    ['hourly', HOUR, 'millisecond'],
    ['daily', 1, 'day'],
    ['weekly', 1, 'week'],
    ['monthly', 1, 'month'],
    ['quarterly', 1, 'quarter'],
    ['yearly', 1, 'year'],
  ])('%s', (text, count, unit) => {
    expect(parseDuration(text)).toEqual({ count, unit })
  })

  it.each([
    ['', 'nothing'],
    ['1', 'no unit'],
    ['h', 'no number'],
    ['1 h', 'a blank'],
    ['-1h', 'negative'],
    ['+1h', 'a sign'],
    ['0s', 'no time'],
    ['0d', 'no time'],
    ['999ms', 'shorter than a second'],
    ['101Y', 'longer than a century'],
    ['1e9d', 'no number of Go'],
    ['1.2.3h', 'two points'],
    ['1d12h', 'mixed: Go knows no days'],
    ['1D', 'another case'],
    ['1m1', 'no unit at the end'],
    ['constructor', 'a name of every object'],
    ['9'.repeat(400) + 'h', 'infinite'],
  ])('%s is none: %s', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  it('of any text are none, or between a second and a century', () => {
    const near = fc.string({ unit: fc.constantFrom(...Array.from('0159.hmsdwMQYuµn- ')), maxLength: 12 })
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        const duration = parseDuration(text)
        if (duration === undefined) return
        const { startMs, endMs } = windowAt({ ...rule('1h'), duration, calendarAligned: false }, 0, 0)
        expect(endMs - startMs).toBeGreaterThanOrEqual(duration.unit === 'quarter' ? 89 * DAY : 1000)
        expect(endMs - startMs).toBeLessThanOrEqual(100 * 366 * DAY)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('windows of the calendar', () => {
  const berlin = { timeZone: 'Europe/Berlin' }
  it.each<[string, Partial<WindowRule>, string, string, string, string]>([
    // duration, where, moment, start, end, why
    ['1d', {}, '2026-11-21T13:00Z', '2026-11-21', '2026-11-22', ''],
    ['1d', {}, '2026-11-21T00:00Z', '2026-11-21', '2026-11-22', 'the start is inside'],
    ['1d', {}, '2026-11-20T23:59:59.999Z', '2026-11-20', '2026-11-21', 'the end is not'],
    ['1w', {}, '2026-11-21T13:00Z', '2026-11-16', '2026-11-23', 'from Monday'],
    ['1w', {}, '2026-11-16T00:00Z', '2026-11-16', '2026-11-23', 'Monday itself'],
    ['2w', {}, '2026-11-21T13:00Z', '2026-11-09', '2026-11-23', 'counted from 5 January 1970'],
    ['1M', {}, '2026-01-31T23:59Z', '2026-01-01', '2026-02-01', 'H8 month end'],
    ['1M', {}, '2026-02-28T23:59Z', '2026-02-01', '2026-03-01', 'H8 28 days'],
    ['1M', {}, '2028-02-29T12:00Z', '2028-02-01', '2028-03-01', 'leap year'],
    ['1M', {}, '2026-12-31T12:00Z', '2026-12-01', '2027-01-01', 'into the next year'],
    ['3M', {}, '2026-11-21T12:00Z', '2026-10-01', '2027-01-01', ''],
    ['1Y', {}, '2028-12-31T12:00Z', '2028-01-01', '2029-01-01', 'leap year'],
    ['1Q', {}, '2026-11-21T12:00Z', '2026-10-01', '2027-01-01', ''],
    [
      '1Q',
      { quarterStartMonth: 2 },
      '2026-01-31T12:00Z',
      '2025-11-01',
      '2026-02-01',
      'fiscal year from February',
    ],
    ['1Q', { quarterStartMonth: 12 }, '2026-12-01T00:00Z', '2026-12-01', '2027-03-01', 'from December'],
    [
      '1Q',
      { calendarAligned: false },
      '2026-11-21T12:00Z',
      '2026-10-01',
      '2027-01-01',
      'always of the calendar',
    ],
    ['1d', berlin, '2026-03-29T12:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z', 'H8 23 hours'],
    ['1d', berlin, '2026-10-25T12:00Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z', 'H8 25 hours'],
    ['1M', berlin, '2026-03-31T22:30Z', '2026-03-31T22:00Z', '2026-04-30T22:00Z', 'already April there'],
    ['1w', berlin, '2026-03-29T21:59Z', '2026-03-22T23:00Z', '2026-03-29T22:00Z', 'H8 a week of 167 hours'],
    [
      '1d',
      { timeZone: 'Asia/Shanghai' },
      '2026-11-21T16:00Z',
      '2026-11-21T16:00Z',
      '2026-11-22T16:00Z',
      'H8',
    ],
    [
      '1d',
      { timeZone: 'Africa/Cairo' },
      '2024-04-26T12:00Z',
      '2024-04-25T22:00Z',
      '2024-04-26T21:00Z',
      'no midnight',
    ],
    [
      '1d',
      { timeZone: 'America/St_Johns' },
      '2010-11-07T03:00Z',
      '2010-11-07T02:30Z',
      '2010-11-08T03:30Z',
      'yesterday once more: the window goes on',
    ],
  ])('%s %o at %s: %s to %s %s', (duration, where, moment, start, end) => {
    const window = windowAt(rule(duration, where), at(moment), 0)
    expect([spoken(window.startMs), spoken(window.endMs)]).toEqual([start, end])
  })
})

describe('windows that follow each other', () => {
  it.each([
    // duration, anchor, moment, start, end
    ['1h', '2026-11-21T10:20Z', '2026-11-21T10:20Z', '2026-11-21T10:20Z', '2026-11-21T11:20Z'],
    ['1h', '2026-11-21T10:20Z', '2026-11-21T13:19Z', '2026-11-21T12:20Z', '2026-11-21T13:20Z'],
    ['1h', '2026-11-21T10:20Z', '2026-11-21T09:00Z', '2026-11-21T08:20Z', '2026-11-21T09:20Z'],
    ['1d', '2026-03-28T10:20Z', '2026-03-30T10:00Z', '2026-03-29T10:20Z', '2026-03-30T10:20Z'],
    ['1M', '2026-01-31T10:20Z', '2026-03-02T10:19Z', '2026-01-31T10:20Z', '2026-03-02T10:20Z'],
    ['1Y', '2028-01-01T00:00Z', '2028-12-31T00:00Z', '2028-12-31', '2029-12-31'],
  ])('%s from %s at %s: %s to %s', (duration, anchor, moment, start, end) => {
    const window = windowAt(rule(duration, { calendarAligned: false }), at(moment), at(anchor))
    expect([spoken(window.startMs), spoken(window.endMs)]).toEqual([start, end])
  })

  it('below a day are the same with the calendar', () => {
    const [aligned, rolling] = [true, false].map((calendarAligned) =>
      windowAt(rule('6h', { calendarAligned, timeZone: 'Asia/Kathmandu' }), at('2026-11-21T13:00Z'), 7),
    )
    expect(aligned).toEqual(rolling)
  })
})

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/St_Johns',
  'Africa/Cairo',
  'Pacific/Apia',
  'Australia/Lord_Howe',
]
const rules = fc.record({
  duration: fc.record({
    count: fc.integer({ min: 1, max: 13 }),
    unit: fc.constantFrom<Duration['unit']>('day', 'week', 'month', 'quarter', 'year'),
  }),
  calendarAligned: fc.boolean(),
  timeZone: fc.constantFrom(...ZONES),
  quarterStartMonth: fc.integer({ min: 1, max: 12 }),
})
const moments = fc.integer({ min: at('1990-01-01'), max: at('2090-01-01') })

it('H8 every moment lies in one window, and the next begins where it ends', () => {
  fc.assert(
    fc.property(rules, moments, moments, (each, moment, anchor) => {
      const ask = (timeMs: number) => {
        // So that no answer is remembered from the question before.
        windowAt(each, at('2300-01-01'), anchor)
        return windowAt(each, timeMs, anchor)
      }
      const window = ask(moment)
      expect(window.startMs).toBeLessThanOrEqual(moment)
      expect(window.endMs).toBeGreaterThan(moment)
      expect(ask(window.startMs)).toEqual(window)
      expect(ask(window.endMs - 1)).toEqual(window)
      expect(ask(window.endMs).startMs).toBe(window.endMs)
      expect(windowAt(each, window.endMs, anchor)).toEqual(ask(window.endMs))
    }),
    { numRuns: 500 },
  )
})

it.each([
  [0, 10, 3, 7],
  [0, 10, 10, 0],
  [0, 10, 12, 0],
])('what is left of [%i, %i) at %i is %i', (startMs, endMs, now, left) => {
  expect(remainingMs({ startMs, endMs }, now)).toBe(left)
})

it.each<[string, Partial<WindowRule>, string]>([
  ['1M', { timeZone: 'Asia/Tokyo' }, '1 month in Asia/Tokyo'],
  ['1M', { calendarAligned: false, timeZone: 'Asia/Tokyo' }, '1 month'],
  ['1Q', { calendarAligned: false, quarterStartMonth: 4 }, '1 quarter in UTC from month 4'],
  ['90s', {}, '90000 millisecond'],
])('%s %o is told from others as %s', (duration, changes, text) => {
  expect(ruleText(rule(duration, changes))).toBe(text)
})
