import { describe, expect, it } from 'vitest'
import { calendarDayAt, isTimeZone, startOfDay, wallClockAt } from '../../src/lib/time-zone.ts'

describe('the first moment of a day', () => {
  it.each([
    // zone, day, its first moment, why
    ['UTC', '2026-03-29', '2026-03-29T00:00:00.000Z', ''],
    ['Europe/Berlin', '2026-01-15', '2026-01-14T23:00:00.000Z', 'winter'],
    ['Europe/Berlin', '2026-07-15', '2026-07-14T22:00:00.000Z', 'summer'],
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', 'clocks go forward at two'],
    ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z', 'so that day has 23 hours'],
    ['Asia/Shanghai', '2026-11-21', '2026-11-20T16:00:00.000Z', ''],
    ['Asia/Kathmandu', '2026-11-21', '2026-11-20T18:15:00.000Z', 'a quarter of an hour'],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z', 'clocks go back at two'],
    ['America/New_York', '2026-11-02', '2026-11-02T05:00:00.000Z', 'so that day has 25 hours'],
    ['Africa/Cairo', '2024-04-26', '2024-04-25T22:00:00.000Z', 'midnight is skipped: the day begins at one'],
    ['Asia/Beirut', '2022-03-27', '2022-03-26T22:00:00.000Z', 'midnight is skipped'],
    ['America/Havana', '2024-11-03', '2024-11-03T04:00:00.000Z', 'midnight comes twice: the first counts'],
    ['America/St_Johns', '2010-11-07', '2010-11-07T02:30:00.000Z', 'clocks go back at 00:01'],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z', 'a day that never was'],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00.000Z', 'begins where it was skipped'],
    ['Pacific/Kiritimati', '2026-01-01', '2025-12-31T10:00:00.000Z', 'the first to have it'],
  ])('%s %s is %s %s', (zone, text, expected) => {
    const [year, month, day] = text.split('-').map(Number)
    expect(new Date(startOfDay({ year: year!, month: month! - 1, day: day! }, zone)).toISOString()).toBe(
      expected,
    )
  })
})

it.each([
  ['UTC', '2026-11-21T23:59:59.999Z', '2026-11-21'],
  ['Asia/Shanghai', '2026-11-21T15:59:59.999Z', '2026-11-21'],
  ['Asia/Shanghai', '2026-11-21T16:00:00.000Z', '2026-11-22'],
  ['America/Los_Angeles', '2024-03-01T07:59:59.000Z', '2024-02-29'],
])('the day in %s at %s', (zone, moment, expected) => {
  const { year, month, day } = calendarDayAt(Date.parse(moment), zone)
  expect(`${year}-${String(month + 1).padStart(2, '0')}-${day}`).toBe(expected)
})

it.each([
  ['UTC', true],
  ['Europe/Berlin', true],
  ['Mars/Olympus_Mons', false],
  ['', false],
])('a time zone? %s', (name, expected) => {
  expect(isTimeZone(name)).toBe(expected)
})

describe('the clock on the wall', () => {
  it.each([
    ['UTC', '2026-11-21T23:59:59.999Z', 23, 'saturday'],
    ['Asia/Kathmandu', '2026-11-21T18:14:59Z', 23, 'saturday'],
    ['Asia/Kathmandu', '2026-11-21T18:15:00Z', 0, 'sunday'],
    ['America/New_York', '2026-11-01T05:59:59Z', 1, 'sunday'],
    ['America/New_York', '2026-11-01T06:00:00Z', 1, 'sunday'],
    ['America/New_York', '2026-11-01T07:00:00Z', 2, 'sunday'],
    ['Europe/Berlin', '2026-03-29T00:59:59Z', 1, 'sunday'],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', 3, 'sunday'],
    ['Europe/Berlin', '2026-03-28T12:00:00Z', 13, 'saturday'],
  ])('of %s at %s', (zone, time, hour, weekday) => {
    expect(wallClockAt(Date.parse(time), zone)).toEqual({ hour, weekday })
  })
})
