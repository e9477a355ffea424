import type { LogQuery } from './port.ts'

/** A condition for `calls`, made of constant text; everything from outside is a bound value. */
export interface Condition {
  sql: string
  values: (string | number)[]
}

export function conditionOf(query: LogQuery): Condition {
  const parts: string[] = []
  const values: (string | number)[] = []
  const add = (value: string | number | undefined, sql: string) => {
    if (value === undefined) return
    parts.push(sql)
    values.push(value)
  }
  // A list is one bound value, however long: SQLite has a limit on bound values, and none on JSON.
  const addList = (list: readonly string[] | undefined, sql: string) =>
    add(list && JSON.stringify(list.map(comparable)), sql)

  addList(query.providers, 'provider IN (SELECT value FROM json_each(?))')
  addList(query.models, 'model IN (SELECT value FROM json_each(?))')
  addList(query.status, 'status IN (SELECT value FROM json_each(?))')
  addList(query.objects, 'object IN (SELECT value FROM json_each(?))')
  addList(query.selectedKeyIds, 'provider_key_id IN (SELECT value FROM json_each(?))')
  addList(query.requestClasses, 'request_class IN (SELECT value FROM json_each(?))')
  addList(query.virtualKeyIds, 'virtual_key_id IN (SELECT value FROM json_each(?))')
  add(query.sessionId && comparable(query.sessionId), 'session_id = ?')
  add(query.startTimeMs, 'timestamp_ms >= ?')
  add(query.endTimeMs, 'timestamp_ms <= ?')
  add(query.minLatencyMs, 'latency_ms >= ?')
  add(query.maxLatencyMs, 'latency_ms <= ?')
  add(query.minTokens, 'tokens >= ?')
  add(query.maxTokens, 'tokens <= ?')
  add(query.minCostNanodollars, 'cost_nanodollars >= ?')
  add(query.maxCostNanodollars, 'cost_nanodollars <= ?')
  if (query.unpricedOnly === true) parts.push('cost_nanodollars IS NULL')
  for (const [key, value] of Object.entries(query.metadata ?? {})) {
    parts.push('seq IN (SELECT seq FROM metadata WHERE key = ? AND value = ?)')
    values.push(comparable(key), comparable(value))
  }
  return { sql: parts.length === 0 ? 'TRUE' : parts.join(' AND '), values }
}

/** Ties are in the order in which the calls ended, so that pages never overlap. */
const ORDERS = {
  timestamp: { asc: 'timestamp_ms ASC, seq ASC', desc: 'timestamp_ms DESC, seq DESC' },
  latency: { asc: 'latency_ms ASC, seq ASC', desc: 'latency_ms DESC, seq DESC' },
  tokens: { asc: 'tokens ASC, seq ASC', desc: 'tokens DESC, seq DESC' },
  cost: { asc: 'cost_nanodollars ASC, seq ASC', desc: 'cost_nanodollars DESC, seq DESC' },
} as const

/**
 * The order of a page. Where few calls match, the index of times must not be used: walking a million calls
 * through it to find three takes twice as long as reading them in the order of the table and sorting three.
 */
export function orderOf(query: LogQuery, matches: number): string {
  const order = ORDERS[query.sortBy][query.order]
  return matches < FEW_MATCHES ? `+${order}` : order
}

const FEW_MATCHES = 10_000

/**
 * Text as it is compared in SQL. A model's name comes from the client and may hold what JSON can say and SQLite
 * cannot: its JSON functions end a text at NUL, and half a surrogate pair has no UTF-8.
 */
export function comparable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}').toWellFormed()
}
