import type { HeaderReader } from '../protocol.ts'
import { isObject, stringOf } from './object.ts'

/** Nobody waits longer; a larger number is a fault or an attack on whoever sleeps for it. */
const SECONDS_MAX = 86_400

/**
 * Whole seconds of an upstream's `retry-after`, rounded up: a number, a date (measured against the answer's own
 * `date`, since there is no clock here), or OpenAI's `retry-after-ms`. Undefined when absent or unreadable.
 */
export function readRetryAfter(header: HeaderReader): number | undefined {
  const milliseconds = number(header('retry-after-ms'))
  if (milliseconds !== undefined) return clamp(milliseconds / 1000)
  const value = header('retry-after')
  const seconds = number(value)
  if (seconds !== undefined) return clamp(seconds)
  const until = Date.parse(value ?? '')
  const sent = Date.parse(header('date') ?? '')
  return Number.isNaN(until) || Number.isNaN(sent) ? undefined : clamp((until - sent) / 1000)
}

function number(value: string | undefined): number | undefined {
  return value !== undefined && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined
}

function clamp(seconds: number): number {
  return Math.ceil(Math.min(Math.max(seconds, 0), SECONDS_MAX))
}

/** `x-should-retry`, in which Anthropic and OpenAI overrule what the status says. */
export function readShouldRetry(header: HeaderReader): boolean | undefined {
  const value = header('x-should-retry')
  return value === 'true' ? true : value === 'false' ? false : undefined
}

/** Google's, among the details of an error: `{"@type": "…RetryInfo", "retryDelay": "34.07s"}`. */
export function readRetryInfo(details: unknown): number | undefined {
  const list: unknown[] = Array.isArray(details) ? details : []
  const delays = list.map((detail) => (isObject(detail) ? stringOf(detail.retryDelay) : ''))
  const delay = delays.find((text) => text !== '')
  const seconds = number(delay?.replace(/s$/, ''))
  return seconds === undefined ? undefined : clamp(seconds)
}
