import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue } from 'node:sqlite'
import { inTransaction, migrate, openWhole } from '../../lib/sqlite.ts'
import type { Account, Balance, Unit } from '../../rules/limits.ts'
import { unitOf } from '../../rules/limits.ts'
import type { StoredWindow } from './port.ts'

/** One entry per version of the schema, never edited once it was released. Amounts are nano-dollars, tokens or requests. */
const MIGRATIONS = [
  `CREATE TABLE windows (
     number INTEGER PRIMARY KEY, unit TEXT NOT NULL, account TEXT NOT NULL, rule TEXT NOT NULL,
     start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, used INTEGER NOT NULL, interrupted INTEGER NOT NULL,
     unpriced INTEGER NOT NULL) STRICT;
   CREATE INDEX windows_account ON windows (unit, account, number);
   CREATE INDEX windows_end ON windows (end_ms);
   CREATE TABLE accounts (unit TEXT NOT NULL, id TEXT NOT NULL, window INTEGER NOT NULL,
     PRIMARY KEY (unit, id)) STRICT, WITHOUT ROWID;
   CREATE TABLE reservations (attempt TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE segments (name TEXT PRIMARY KEY, consumed INTEGER NOT NULL) STRICT;`,
]

export const BUSY_TIMEOUT_MS = 250

/**
 * Opens the ledger's database for writing, as the newest version of the schema; makes it when there is none. Throws on
 * an empty file: nobody would have spent anything.
 */
export function openForWriting(path: string): DatabaseSync {
  return openWhole(path, connect)
}

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    database.exec('PRAGMA journal_mode = WAL')
    // A machine that loses its power keeps what was committed. Only the thread beside the calls waits for the disk.
    database.exec('PRAGMA synchronous = FULL')
    migrate(database, MIGRATIONS)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** The last window of each account. */
export function currentWindows(database: DatabaseSync): StoredWindow[] {
  const sql = 'SELECT windows.* FROM accounts JOIN windows ON windows.number = accounts.window'
  return database.prepare(sql).all().map(storedWindow)
}

export function storedWindow(row: Record<string, SQLOutputValue>): StoredWindow {
  return {
    number: Number(row['number']),
    unit: String(row['unit']) as Unit,
    account: String(row['account']),
    rule: String(row['rule']),
    startMs: Number(row['start_ms']),
    endMs: Number(row['end_ms']),
    used: Number(row['used']),
    interrupted: Number(row['interrupted']),
    unpriced: Number(row['unpriced']),
  }
}

/** Windows that are told of at once: a year of weeks, with some to spare. */
const HISTORY_MAX = 60

/** The windows of an account before its last one, the newest first. */
export function readHistory(path: string, account: Account): Balance[] {
  if (!existsSync(path)) return []
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    const sql = `SELECT * FROM windows WHERE unit = ?1 AND account = ?2
      AND number < (SELECT window FROM accounts WHERE unit = ?1 AND id = ?2) ORDER BY number DESC LIMIT ?3`
    const rows = database.prepare(sql).all(unitOf(account), account.id, HISTORY_MAX).map(storedWindow)
    return rows.map(({ startMs, endMs, used, interrupted, unpriced }) => {
      return { startMs, endMs, used, reserved: 0, interrupted, unpriced }
    })
  } finally {
    database.close()
  }
}

const DAY_MS = 24 * 60 * 60 * 1000
/** A year and a month: this month can be compared with that of last year. */
const RETENTION_MS = 400 * DAY_MS
/** Rows a statement deletes. */
const BATCH_ROWS = 500

/** Deletes one batch of windows that ended long ago, and accounts that were not used since. true: there may be more. */
export function retain(database: DatabaseSync, nowMs: number): boolean {
  const old = database
    .prepare('SELECT number FROM windows WHERE end_ms < ? LIMIT ?')
    .all(nowMs - RETENTION_MS, BATCH_ROWS)
    .map((row) => Number(row['number']))
  if (old.length === 0) return false
  inTransaction(database, () => {
    const forget = database.prepare(
      'DELETE FROM accounts WHERE (unit, id, window) IN (SELECT unit, account, number FROM windows WHERE number = ?)',
    )
    const remove = database.prepare('DELETE FROM windows WHERE number = ?')
    for (const number of old) {
      forget.run(number)
      remove.run(number)
    }
  })
  return true
}
