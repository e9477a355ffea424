/** Units of the calendar: their windows can begin with the day, week, month, quarter or year. */
export type CalendarUnit = 'day' | 'week' | 'month' | 'quarter' | 'year'

/** A length of time as settings write it. */
export interface Duration {
  /** As written; messages repeat it: "resets every 1h". */
  readonly text: string
  /** A month counts as 30 days, a quarter as 90, a year as 365. */
  readonly ms: number
  /** What it is a whole number of; undefined: parts of a day, or a mixture such as `1d12h`. */
  readonly calendar: { readonly unit: CalendarUnit; readonly count: number } | undefined
  /** Written as a word (`monthly`): people who write so mean the calendar's. */
  readonly isWord: boolean
}

const SECOND = 1000
const DAY = 86_400 * SECOND

/** Go's units, and those that Bifrost adds. Case tells minutes (`m`) from months (`M`). */
const UNITS: ReadonlyMap<string, { ms: number; unit?: CalendarUnit }> = new Map([
  ['ns', { ms: 1e-6 }],
  ['us', { ms: 1e-3 }],
  ['µs', { ms: 1e-3 }],
  ['ms', { ms: 1 }],
  ['s', { ms: SECOND }],
  ['m', { ms: 60 * SECOND }],
  ['h', { ms: 3600 * SECOND }],
  ['d', { ms: DAY, unit: 'day' }],
  ['w', { ms: 7 * DAY, unit: 'week' }],
  ['M', { ms: 30 * DAY, unit: 'month' }],
  ['Q', { ms: 90 * DAY, unit: 'quarter' }],
  ['Y', { ms: 365 * DAY, unit: 'year' }],
])

const WORDS: ReadonlyMap<string, string> = new Map([
  ['minutely', '1m'],
  ['hourly', '1h'],
  ['daily', '1d'],
  ['weekly', '1w'],
  ['monthly', '1M'],
  ['quarterly', '1Q'],
  ['yearly', '1Y'],
  ['annually', '1Y'],
])

const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|[smhdwMQY])/y

/** Longer ones are slips, and windows must fit into a date. */
const DURATION_MAX_MS = 100 * 365 * DAY

/** `30s`, `1h30m`, `1d`, `1M`, `monthly`. Undefined for anything else, for nothing at all and for over 100 years. */
export function parseDuration(text: string): Duration | undefined {
  const word = WORDS.get(text)
  const parts = partsOf(word ?? text)
  if (parts === undefined) return undefined
  const ms = parts.reduce((sum, { count, of }) => sum + count * of.ms, 0)
  if (!(ms > 0) || ms > DURATION_MAX_MS) return undefined
  const [only] = parts
  const unit = parts.length === 1 ? only!.of.unit : undefined
  const calendar =
    unit === undefined || !Number.isInteger(only!.count) ? undefined : { unit, count: only!.count }
  return { text, ms, calendar, isWord: word !== undefined }
}

interface Part {
  count: number
  of: { ms: number; unit?: CalendarUnit }
}

function partsOf(text: string): Part[] | undefined {
  const parts: Part[] = []
  PART.lastIndex = 0
  for (let match = PART.exec(text); match !== null; match = PART.exec(text)) {
    parts.push({ count: Number(match[1]), of: UNITS.get(match[2]!)! })
    if (PART.lastIndex === text.length) return parts
  }
  return undefined
}
