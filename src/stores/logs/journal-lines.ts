import type { CallRow } from './port.ts'
import { redactSecrets } from './redact.ts'

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
