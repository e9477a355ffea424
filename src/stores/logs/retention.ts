import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from '../../lib/sqlite.ts'

export interface Limits {
  /** Age at which a row is deleted. */
  rowDays: number
  /** Age at which bodies are deleted; rows outlive them. */
  contentDays: number
  /** Size of the database, beyond which the oldest bodies go first, then the oldest rows. */
  maxBytes: number
}

/** Contents are dated by epochs of ten minutes, the grain in which they are deleted. */
const EPOCH_MS = 10 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000

/** Rows a statement deletes. Small: between two batches the writer takes what has come in meanwhile. */
const BATCH_ROWS = 500
/** A content may be megabytes. */
const BATCH_CONTENTS = 50
/** A megabyte: less is soon filled again. */
const BATCH_PAGES = 256

export function epochOf(timeMs: number): number {
  return Math.floor(timeMs / EPOCH_MS)
}

/** Deletes one batch of what is too old or too much. true: there may be more. */
export function retain(database: DatabaseSync, limits: Limits, nowMs: number): boolean {
  const contentDays = Math.min(limits.contentDays, limits.rowDays)
  return (
    deleteRows(database, nowMs - limits.rowDays * DAY_MS) ||
    deleteContents(database, epochOf(nowMs - contentDays * DAY_MS)) ||
    deleteUnused(database) ||
    shrinkTo(database, limits.maxBytes) ||
    giveBack(database)
  )
}

function deleteRows(database: DatabaseSync, beforeMs: number): boolean {
  const old = database.prepare('SELECT seq FROM calls WHERE timestamp_ms < ? LIMIT ?')
  const seqs = old.all(beforeMs, BATCH_ROWS).map((row) => Number(row['seq']))
  if (seqs.length === 0) return false
  const statements = [
    database.prepare('DELETE FROM calls WHERE seq = ?'),
    database.prepare('DELETE FROM details WHERE seq = ?'),
    database.prepare('DELETE FROM metadata WHERE seq = ?'),
  ]
  inTransaction(database, () => {
    for (const statement of statements) for (const seq of seqs) statement.run(seq)
  })
  return true
}

function deleteContents(database: DatabaseSync, beforeEpoch: number): boolean {
  const statement = database.prepare(
    'DELETE FROM contents WHERE seq IN (SELECT seq FROM contents WHERE epoch < ? ORDER BY epoch LIMIT ?)',
  )
  return Number(statement.run(beforeEpoch, BATCH_CONTENTS).changes) > 0
}

/** Lists and blocks that were last used before the oldest content are used by none. */
function deleteUnused(database: DatabaseSync): boolean {
  const oldest = oldestContent(database) ?? Number.MAX_SAFE_INTEGER
  const statements = [
    database.prepare('DELETE FROM lists WHERE id IN (SELECT id FROM lists WHERE epoch < ? LIMIT ?)'),
    database.prepare('DELETE FROM blocks WHERE id IN (SELECT id FROM blocks WHERE epoch < ? LIMIT ?)'),
  ]
  return statements.some((statement) => Number(statement.run(oldest, BATCH_ROWS).changes) > 0)
}

function shrinkTo(database: DatabaseSync, maxBytes: number): boolean {
  if (usedBytes(database) <= maxBytes) return false
  const content = oldestContent(database)
  if (content !== undefined) return deleteContents(database, content + 1)
  const batch = database.prepare('SELECT timestamp_ms FROM calls ORDER BY timestamp_ms LIMIT 1 OFFSET ?')
  const last =
    batch.get(BATCH_ROWS) ?? database.prepare('SELECT max(timestamp_ms) AS timestamp_ms FROM calls').get()
  const time = last?.['timestamp_ms']
  return typeof time === 'number' && deleteRows(database, time + 1)
}

function oldestContent(database: DatabaseSync): number | undefined {
  const oldest = database.prepare('SELECT min(epoch) AS epoch FROM contents').get()?.['epoch']
  return typeof oldest === 'number' ? oldest : undefined
}

/** Gives free pages at the end of the file back to the disk, when they are worth it. */
function giveBack(database: DatabaseSync): boolean {
  const free = pragma(database, 'freelist_count')
  if (free < BATCH_PAGES || free < pragma(database, 'page_count') / 10) return false
  database.exec(`PRAGMA incremental_vacuum(${BATCH_PAGES})`)
  return true
}

/** Bytes in use; pages that deletions have freed are filled again first. */
function usedBytes(database: DatabaseSync): number {
  return (pragma(database, 'page_count') - pragma(database, 'freelist_count')) * pragma(database, 'page_size')
}

function pragma(database: DatabaseSync, name: 'page_count' | 'freelist_count' | 'page_size'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()![name])
}
