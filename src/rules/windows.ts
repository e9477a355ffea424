import { calendarDayAt, startOfDay } from '../lib/time-zone.ts'
import type { CalendarDay } from '../lib/time-zone.ts'

/** From one reset to the next, in milliseconds since 1970; the end is the next one's start. */
export interface Window {
  readonly startMs: number
  readonly endMs: number
}

/** How long a budget or a limit lasts: so many of a unit. */
export interface Duration {
  readonly count: number
  readonly unit: keyof typeof UNIT_MS
}

/** Which windows follow each other. */
export interface WindowRule {
  readonly duration: Duration
  /**
   * Windows begin with the calendar's day, Monday, month or year in the time zone. Otherwise each begins when the one
   * before ends, the first when it is first needed. Durations below a day are the same either way.
   */
  readonly calendarAligned: boolean
  /** Of the IANA database. */
  readonly timeZone: string
  /** 1 to 12: the month with which a year's first quarter begins. */
  readonly quarterStartMonth: number
}

const DAY_MS = 24 * 60 * 60 * 1000

/** What a unit is outside of the calendar: a month has 30 days there, a year 365. */
const UNIT_MS = {
  millisecond: 1,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30 * DAY_MS,
  quarter: 90 * DAY_MS,
  year: 365 * DAY_MS,
} as const

const CALENDAR_UNITS: Readonly<Record<string, Duration['unit']>> = {
  d: 'day',
  w: 'week',
  M: 'month',
  Q: 'quarter',
  Y: 'year',
}

/** Go's units of `time.ParseDuration`, in milliseconds. */
const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** As guides and short forms of budgets write them. */
const WORDS: Readonly<Record<string, string>> = {
  minutely: '1m',
  hourly: '1h',
  daily: '1d',
  weekly: '1w',
  monthly: '1M',
  quarterly: '1Q',
  yearly: '1Y',
  annually: '1Y',
}

/** For messages: what {@link parseDuration} takes. */
export const DURATION_FORMS =
  'a duration from 1s to 100Y, such as 30s, 5m, 1h, 1h30m, 1d, 1w, 1M (30 days), 1Q or 1Y (365 days)'

const SHORTEST_MS = 1000
const LONGEST_MS = 100 * UNIT_MS.year

/** A duration as configurations write it: Go's, or one count of `d`, `w`, `M`, `Q`, `Y`. Undefined: it is none. */
export function parseDuration(text: string): Duration | undefined {
  const written = Object.hasOwn(WORDS, text) ? WORDS[text]! : text
  const duration = parseCalendar(written) ?? parseGo(written)
  if (duration === undefined) return undefined
  const length = lengthMs(duration)
  return length >= SHORTEST_MS && length <= LONGEST_MS ? duration : undefined
}

function parseCalendar(text: string): Duration | undefined {
  const [, number, letter] = /^(\d+(?:\.\d*)?|\.\d+)([dwMQY])$/.exec(text) ?? []
  if (number === undefined) return undefined
  const [count, unit] = [Number(number), CALENDAR_UNITS[letter!]!]
  return Number.isInteger(count) ? { count, unit } : inMilliseconds(count * UNIT_MS[unit])
}

function parseGo(text: string): Duration | undefined {
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|[uµμ]s|ms|s|m|h))+$/.test(text)) return undefined
  let sum = 0
  for (const [, number, unit] of text.matchAll(/([\d.]+)([^\d.]+)/g)) sum += Number(number) * GO_UNITS[unit!]!
  return inMilliseconds(sum)
}

function inMilliseconds(milliseconds: number): Duration {
  return { count: Math.round(milliseconds), unit: 'millisecond' }
}

/** In milliseconds, outside of the calendar. */
export function lengthMs({ count, unit }: Duration): number {
  return count * UNIT_MS[unit]
}

/** Equal texts have equal windows. */
export function ruleText({ duration, calendarAligned, timeZone, quarterStartMonth }: WindowRule): string {
  const { count, unit } = duration
  if (!isAligned(duration, calendarAligned)) return `${count} ${unit}`
  return `${count} ${unit} in ${timeZone}${unit === 'quarter' ? ` from month ${quarterStartMonth}` : ''}`
}

/** How long each window is, in milliseconds; undefined: the calendar says it. */
export function fixedLengthMs({ duration, calendarAligned }: WindowRule): number | undefined {
  return isAligned(duration, calendarAligned) ? undefined : lengthMs(duration)
}

/** Quarters are the calendar's whatever is said, for there is no other word for them. */
function isAligned({ unit }: Duration, calendarAligned: boolean): boolean {
  return unit === 'quarter' || (calendarAligned && unit !== 'millisecond')
}

/** The window in which a moment lies. `anchorMs`: where any window of a rule that is not aligned to the calendar begins. */
export function windowAt(rule: WindowRule, timeMs: number, anchorMs: number): Window {
  const { duration, calendarAligned } = rule
  if (isAligned(duration, calendarAligned)) return calendarWindow(rule, timeMs)
  const length = lengthMs(duration)
  const startMs = anchorMs + Math.floor((timeMs - anchorMs) / length) * length
  return { startMs, endMs: startMs + length }
}

/** What is left of a window, in milliseconds. */
export function remainingMs({ endMs }: Window, nowMs: number): number {
  return Math.max(0, endMs - nowMs)
}

/** The last window of each rule. Zones cost 30 µs to ask, and many accounts have the same. */
const lastWindows = new Map<string, Window>()
const RULES_MAX = 1000

function calendarWindow(rule: WindowRule, timeMs: number): Window {
  const text = ruleText(rule)
  const last = lastWindows.get(text)
  if (last !== undefined && timeMs >= last.startMs && timeMs < last.endMs) return last
  const window = findCalendarWindow(rule, timeMs)
  if (lastWindows.size >= RULES_MAX) lastWindows.clear()
  lastWindows.set(text, window)
  return window
}

function findCalendarWindow(rule: WindowRule, timeMs: number): Window {
  const { timeZone } = rule
  for (let day = calendarDayAt(timeMs, timeZone); ;) {
    const [first, next] = periodOf(rule, day)
    const endMs = startOfDay(next, timeZone)
    if (timeMs < endMs) return { startMs: startOfDay(first, timeZone), endMs }
    // Clocks went back across midnight: it is yesterday once more, in a window that has begun already.
    day = next
  }
}

/** A Monday: where periods of several days or weeks are counted from. */
const MONDAY = Date.UTC(1970, 0, 5)

/** The first day of the period in which a day lies, and that of the next. */
function periodOf({ duration, quarterStartMonth }: WindowRule, day: CalendarDay): [CalendarDay, CalendarDay] {
  const { count, unit } = duration
  if (unit === 'day' || unit === 'week') {
    const days = unit === 'week' ? 7 * count : count
    const number = (Date.UTC(day.year, day.month, day.day) - MONDAY) / DAY_MS
    const first = Math.floor(number / days) * days
    return [dayOfNumber(first), dayOfNumber(first + days)]
  }
  const months = count * (unit === 'year' ? 12 : unit === 'quarter' ? 3 : 1)
  const from = unit === 'quarter' ? quarterStartMonth - 1 : 0
  const first = Math.floor((day.year * 12 + day.month - from) / months) * months + from
  return [firstOfMonth(first), firstOfMonth(first + months)]
}

function dayOfNumber(number: number): CalendarDay {
  const date = new Date(MONDAY + number * DAY_MS)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() }
}

function firstOfMonth(number: number): CalendarDay {
  return { year: Math.floor(number / 12), month: number - Math.floor(number / 12) * 12, day: 1 }
}
