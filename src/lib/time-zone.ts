/** A day of the calendar; `month` counts from 0, as in `Date`, and may lie beyond the year. */
export interface CalendarDay {
  readonly year: number
  readonly month: number
  readonly day: number
}

const DAY_MS = 24 * 60 * 60 * 1000

/** Making one costs 50 µs, asking it 2. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** Is it a name of the IANA database that this runtime knows, or `UTC`? */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

/** The day that it is in the zone at a moment, in milliseconds since 1970. */
export function calendarDayAt(timeMs: number, zone: string): CalendarDay {
  const local = new Date(timeMs + offsetAt(timeMs, zone))
  return { year: local.getUTCFullYear(), month: local.getUTCMonth(), day: local.getUTCDate() }
}

/**
 * The first moment of a day in the zone. That is midnight, but not everywhere: where clocks go forward at midnight
 * the day begins at one (Beirut, Cairo), where they go back across it midnight comes twice and the first counts
 * (Havana), and a day that a zone skipped (Apia, 30 December 2011) begins and ends with the next one.
 */
export function startOfDay({ year, month, day }: CalendarDay, zone: string): number {
  const midnight = Date.UTC(year, month, day)
  if (zone === 'UTC') return midnight
  const before = offsetAt(midnight - DAY_MS, zone)
  const after = offsetAt(midnight + DAY_MS, zone)
  for (const offset of [Math.max(before, after), Math.min(before, after)])
    if (offsetAt(midnight - offset, zone) === offset) return midnight - offset
  return firstMoment(midnight - Math.max(before, after), midnight - Math.min(before, after), (timeMs) => {
    return timeMs + offsetAt(timeMs, zone) >= midnight
  })
}

export const WEEKDAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const

/** What a clock on the wall shows; `hour` from 0 to 23. */
export interface WallClock {
  readonly hour: number
  readonly weekday: (typeof WEEKDAYS)[number]
}

/** Clocks are changed on the quarter of an hour, so that an offset holds till the next. */
const QUARTER_MS = 15 * 60 * 1000
const offsets = new Map<string, { quarter: number; offsetMs: number }>()

/** The hour and the day that it is in the zone. Asked for with every call: costs nothing but a look within a quarter. */
export function wallClockAt(timeMs: number, zone: string): WallClock {
  const quarter = Math.floor(timeMs / QUARTER_MS)
  let known = offsets.get(zone)
  if (known?.quarter !== quarter) offsets.set(zone, (known = { quarter, offsetMs: offsetAt(timeMs, zone) }))
  const local = new Date(timeMs + known.offsetMs)
  return { hour: local.getUTCHours(), weekday: WEEKDAYS[local.getUTCDay()]! }
}

/** What local time is ahead of UTC, in milliseconds. */
function offsetAt(timeMs: number, zone: string): number {
  if (zone === 'UTC') return 0
  const field: Record<string, number> = {}
  for (const { type, value } of formatOf(zone).formatToParts(timeMs)) field[type] = Number(value)
  const { year, month, day, hour, minute, second } = field
  const local = Date.UTC(year!, month! - 1, day, hour, minute, second)
  return local - Math.floor(timeMs / 1000) * 1000
}

/** Between a moment at which something does not hold and one at which it does, the first at which it does. */
function firstMoment(no: number, yes: number, holds: (timeMs: number) => boolean): number {
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2)
    if (holds(middle)) yes = middle
    else no = middle
  }
  return yes
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, format)
  }
  return format
}
