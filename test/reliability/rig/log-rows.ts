import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

import type { CallRow } from '../../../src/stores/logs/port.ts'

const WAIT_MS = 10_000
const POLL_MS = 20

/** The log rows of a session in the database of a gateway, waited for until there are so many. */
export async function rowsOf(appDir: string, session: string, count = 1): Promise<CallRow[]> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const rows = read(appDir, 'WHERE session_id = ?', session)
    if (rows.length >= count || waitedMs >= WAIT_MS) return rows
    await sleep(POLL_MS)
  }
}

export function allRows(appDir: string): CallRow[] {
  return read(appDir, '')
}

function read(appDir: string, where: string, ...values: string[]): CallRow[] {
  const database = openLog(appDir)
  if (database === undefined) return []
  try {
    return database
      .prepare(`SELECT row FROM details JOIN calls USING (seq) ${where} ORDER BY seq`)
      .all(...values)
      .map(({ row }) => JSON.parse(String(row)) as CallRow)
  } catch {
    // The tables are not made yet.
    return []
  } finally {
    database.close()
  }
}

export function openLog(appDir: string, readOnly = true): DatabaseSync | undefined {
  try {
    return new DatabaseSync(join(appDir, 'logs.db'), { readOnly, timeout: 1_000 })
  } catch {
    return undefined
  }
}
