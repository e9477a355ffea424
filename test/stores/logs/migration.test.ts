import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openForWriting } from '../../../src/stores/logs/database.ts'
import type { CallRow, LogQuery } from '../../../src/stores/logs/port.ts'
import { RowTable } from '../../../src/stores/logs/row-table.ts'
import { SqliteReader } from '../../../src/stores/logs/sqlite-reader.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { callRow, logQuery } from './rows.ts'

/** The schema of 0.1.0, as it is in files that are out there. */
const VERSION_1 = `CREATE TABLE calls (
     seq INTEGER PRIMARY KEY, id TEXT NOT NULL, timestamp_ms INTEGER NOT NULL, provider TEXT NOT NULL,
     model TEXT NOT NULL, status TEXT NOT NULL, object TEXT NOT NULL, provider_key_id TEXT, virtual_key_id TEXT,
     session_id TEXT, latency_ms REAL NOT NULL, tokens INTEGER NOT NULL) STRICT;
   CREATE INDEX calls_id ON calls (id);
   CREATE INDEX calls_timestamp ON calls (timestamp_ms);
   CREATE INDEX calls_session ON calls (session_id, timestamp_ms) WHERE session_id IS NOT NULL;
   CREATE TABLE details (seq INTEGER PRIMARY KEY, row TEXT NOT NULL) STRICT;
   CREATE TABLE metadata (key TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
     PRIMARY KEY (key, value, seq)) STRICT, WITHOUT ROWID;
   CREATE INDEX metadata_seq ON metadata (seq);
   CREATE TABLE segments (name TEXT PRIMARY KEY, consumed INTEGER NOT NULL) STRICT;

   CREATE TABLE contents (
     seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, shed INTEGER NOT NULL,
     frame INTEGER, lists TEXT, response_is_stream INTEGER, response_truncated_bytes INTEGER,
     response_codec INTEGER, response BLOB) STRICT;
   CREATE INDEX contents_epoch ON contents (epoch);
   CREATE TABLE blocks (
     id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, epoch INTEGER NOT NULL, codec INTEGER NOT NULL,
     data BLOB NOT NULL) STRICT;
   CREATE INDEX blocks_epoch ON blocks (epoch);
   CREATE TABLE lists (
     id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, block INTEGER NOT NULL, epoch INTEGER NOT NULL,
     UNIQUE (parent, block)) STRICT;
   CREATE INDEX lists_epoch ON lists (epoch);`

/** A row of 0.1.0 had neither cost nor class. */
function oldRow(id: string): CallRow {
  const { cost: _cost, requestClass: _class, ...row } = callRow({ id })
  return row
}

/** A log of 0.1.0 with these calls. Returns its path. */
function oldLog(...ids: string[]): string {
  const path = join(temporaryDirectory(), 'logs.db')
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA journal_mode = WAL; ${VERSION_1}; PRAGMA user_version = 1`)
  const calls = database.prepare(
    `INSERT INTO calls (id, timestamp_ms, provider, model, status, object, latency_ms, tokens)
     VALUES (?, 1, 'anthropic', 'claude-sonnet-4-5', 'success', 'responses_stream', 1, 23600)`,
  )
  const details = database.prepare('INSERT INTO details (seq, row) VALUES (?, ?)')
  for (const id of ids) details.run(calls.run(id).lastInsertRowid, JSON.stringify(oldRow(id)))
  database.close()
  return path
}

function readerOf(path: string): SqliteReader {
  const reader = new SqliteReader(path)
  onTestFinished(() => reader.close())
  return reader
}

const idsOf = (reader: SqliteReader, query: Partial<LogQuery> = {}) =>
  reader.list(logQuery(query)).rows.map(({ id }) => id)

describe('a log of 0.1.0', () => {
  it('is brought up to date when it is opened for writing, and keeps its rows', () => {
    const path = oldLog('old')
    const database = openForWriting(path)
    const table = new RowTable(database)
    for (const row of [callRow({ id: 'new' }), oldRow('from the journal')])
      table.insert(row, JSON.stringify(row))
    database.close()

    const reader = readerOf(path)
    expect(idsOf(reader)).toEqual(['from the journal', 'new', 'old'])
    expect(reader.get('old')?.row).toEqual(JSON.parse(JSON.stringify(oldRow('old'))))
    expect(idsOf(reader, { minCostNanodollars: 0 })).toEqual(['new'])
    expect(idsOf(reader, { unpricedOnly: true })).toEqual(['from the journal', 'old'])
    expect(reader.list(logQuery()).stats).toMatchObject({
      totalRequests: 3,
      totalCostNanodollars: 12_381_000,
      unpricedRequests: 2,
    })
  })

  it('is opened twice without harm', () => {
    const path = oldLog('old')
    openForWriting(path).close()
    openForWriting(path).close()
    expect(idsOf(readerOf(path))).toEqual(['old'])
  })

  it('is readable before: the gateway may not have been started since the update', () => {
    const reader = readerOf(oldLog('a', 'b'))
    expect(idsOf(reader)).toEqual(['b', 'a'])
    expect(idsOf(reader, { sortBy: 'cost', order: 'asc' })).toEqual(['a', 'b'])
    expect(idsOf(reader, { maxCostNanodollars: 5 })).toEqual([])
    expect(idsOf(reader, { requestClasses: ['main'] })).toEqual([])
    expect(idsOf(reader, { contentSearch: 'claude-sonnet' })).toEqual(['b', 'a'])
    expect(reader.get('a')?.row.id).toBe('a')
    expect(reader.list(logQuery()).stats).toMatchObject({ totalCostNanodollars: 0, unpricedRequests: 2 })
  })
})
