import { GatewayError } from '../message/error.ts'
import type { LogQuery } from '../stores/logs/port.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 1000
const SORTS = ['timestamp', 'latency', 'tokens', 'cost'] as const
const ORDERS = ['desc', 'asc'] as const
const METADATA_PREFIX = 'metadata_'
/** SQLite takes an expression of up to a thousand conditions. */
const METADATA_MAX = 100

/** Filters over what no call has yet, so that no call passes them: a routing rule. */
const NEVER_MATCHING = ['routing_rule_ids', 'routing_engine_used']

const NANO_PER_DOLLAR = 1e9

/**
 * The question that a query string asks of the log, by Bifrost's names; unknown parameters are ignored, as
 * there. `request_classes` is our own.
 *
 * Throws `invalid_request` naming the parameter.
 */
export function parseLogQuery(query: URLSearchParams): LogQuery {
  const metadata = [...query].filter(([name]) => name.startsWith(METADATA_PREFIX))
  if (metadata.length > METADATA_MAX)
    throw wrong('metadata_', `${metadata.length} of them`, `at most ${METADATA_MAX}`)
  return {
    providers: NEVER_MATCHING.some((name) => query.get(name)) ? [] : list(query, 'providers'),
    models: list(query, 'models'),
    status: list(query, 'status'),
    objects: list(query, 'objects'),
    selectedKeyIds: list(query, 'selected_key_ids'),
    virtualKeyIds: list(query, 'virtual_key_ids'),
    sessionId: query.get('session_id') || undefined,
    startTimeMs: time(query, 'start_time'),
    endTimeMs: time(query, 'end_time'),
    minLatencyMs: number(query, 'min_latency'),
    maxLatencyMs: number(query, 'max_latency'),
    minTokens: number(query, 'min_tokens'),
    maxTokens: number(query, 'max_tokens'),
    minCostNanodollars: nanodollars(query, 'min_cost'),
    maxCostNanodollars: nanodollars(query, 'max_cost'),
    unpricedOnly: query.get('missing_cost_only') === 'true' || undefined,
    requestClasses: list(query, 'request_classes'),
    contentSearch: query.get('content_search') || undefined,
    metadata: Object.fromEntries(
      metadata.map(([name, value]) => [name.slice(METADATA_PREFIX.length), value]),
    ),
    limit: integer(query, 'limit', LIMIT_DEFAULT, 1, LIMIT_MAX),
    offset: integer(query, 'offset', 0, 0, Number.MAX_SAFE_INTEGER),
    sortBy: oneOf(query, 'sort_by', SORTS),
    order: oneOf(query, 'order', ORDERS),
  }
}

function list(query: URLSearchParams, name: string): string[] | undefined {
  const values = (query.get(name) ?? '').split(',').map((value) => value.trim())
  const given = values.filter((value) => value !== '')
  return given.length > 0 ? given : undefined
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (!text) return undefined
  const value = Number(text)
  if (!/^\d/.test(text) || !Number.isFinite(value)) throw wrong(name, text, 'a number that is not negative')
  return value
}

function nanodollars(query: URLSearchParams, name: string): number | undefined {
  const dollars = number(query, name)
  return dollars === undefined ? undefined : Math.round(dollars * NANO_PER_DOLLAR)
}

function integer(query: URLSearchParams, name: string, absent: number, min: number, max: number): number {
  const text = query.get(name)
  if (!text) return absent
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw wrong(name, text, max === LIMIT_MAX ? `a whole number from ${min} to ${max}` : 'a whole number')
  }
  return value
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/

function time(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (!text) return undefined
  // A plus sign that nobody escaped arrives as a space: 2026-01-02T03:04:05 02:00.
  const value = Date.parse(text.replace(/ (?=\d\d:\d\d$)/, '+').replace(' ', 'T'))
  if (!RFC_3339.test(text.replace(/ (?=\d\d:\d\d$)/, '+')) || Number.isNaN(value)) {
    throw wrong(name, text, 'a time such as 2026-01-31T09:30:00Z')
  }
  return value
}

function oneOf<Value extends string>(query: URLSearchParams, name: string, values: readonly Value[]): Value {
  const text = query.get(name)
  if (!text) return values[0]!
  const value = values.find((each) => each === text)
  if (value === undefined) throw wrong(name, text, `one of ${values.join(', ')}`)
  return value
}

function wrong(field: string, found: string, expected: string): GatewayError {
  const shown = JSON.stringify(found.length > 60 ? `${found.slice(0, 60)}…` : found)
  return new GatewayError('invalid_request', `${field}: found ${shown}, expected ${expected}.`, { field })
}
