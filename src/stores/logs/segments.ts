import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import type { CallRow } from './port.ts'
import { redactSecrets } from './redact.ts'

/**
 * The journal is a directory of segment files, one JSON line a record. Their numbers give the order in which
 * they were written; the random part makes each name unique for ever, so that a database that has been moved,
 * restored or begun anew never takes a segment for one that it has read before.
 */
const SEGMENT_NAME = /^\d{8}-[0-9a-f]{8}\.ndjson$/

/** Large enough that rotating costs nothing, small enough that a finished one is soon read and deleted. */
export const SEGMENT_MAX_BYTES = 8 * 1024 * 1024

/** Names of the segments, oldest first; the last is the one being written, all others are finished. */
export function listSegments(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => SEGMENT_NAME.test(name))
    .toSorted()
}

/** The name of the segment after the last of `names`. */
export function nextSegmentName(names: readonly string[]): string {
  const last = names.at(-1)
  const number = last === undefined ? 1 : Number(last.slice(0, 8)) + 1
  return `${String(number).padStart(8, '0')}-${randomBytes(4).toString('hex')}.ndjson`
}

const ROW_OPENS = '{"row":'

/** The journal's line for a row. */
export function rowLine(row: CallRow): string {
  const json = JSON.stringify(row)
  return `${ROW_OPENS}${mayHoldSecrets(row) ? redactSecrets(json) : json}}`
}

/** Text of upstreams and of clients; the other fields are the gateway's own. */
function mayHoldSecrets(row: CallRow): boolean {
  if (row.error !== undefined || row.attempts.some((attempt) => attempt.error !== undefined)) return true
  for (const _ in row.metadata) return true
  return false
}

/** The journal's line for a call whose bodies were given up. */
export function shedLine(id: string): string {
  return JSON.stringify({ shed: id })
}

export type JournalRecord = { row: CallRow; json: string } | { shed: string }

/** What a line says. Throws on one that was torn. */
export function readLine(line: string): JournalRecord {
  const parsed = JSON.parse(line) as { row: CallRow } | { shed: string }
  return 'row' in parsed ? { row: parsed.row, json: line.slice(ROW_OPENS.length, -1) } : parsed
}
