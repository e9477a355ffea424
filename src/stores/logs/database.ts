import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * One entry per version of the schema; `user_version` counts those that a file has. Entries that were
 * released are never edited.
 *
 * calls is narrow, because the sums of a page read all of it: a million calls are 200 MB and 130 ms, where
 * with the rows inside they would be a gigabyte.
 */
const MIGRATIONS = [
  `CREATE TABLE calls (
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
   CREATE INDEX lists_epoch ON lists (epoch);`,
  // What a call cost; unknown in the rows that are there.
  `ALTER TABLE calls ADD COLUMN cost_nanodollars INTEGER;
   ALTER TABLE calls ADD COLUMN request_class TEXT;`,
]

/**
 * What a reader of a file of an earlier version needs to find the columns of this one: a gateway that was updated
 * migrates its log when it starts, and the log is readable before.
 */
const OLDER_VIEWS: Readonly<Record<number, string>> = {
  1: 'CREATE TEMP VIEW calls AS SELECT *, NULL AS cost_nanodollars, NULL AS request_class FROM main.calls',
}

/** How long a write waits for another connection's lock: short, for the writer thread comes back by itself. */
const BUSY_TIMEOUT_MS = 250

/** Opens the log database for writing, as the newest version of the schema; makes it when there is none. */
export function openForWriting(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true })
  // SQLite would create it for everybody to read; its other files take the permissions of this one.
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    // Before the first table: it decides whether pages can be given back to the disk at all.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec('PRAGMA journal_size_limit = 67108864')
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Opens the log database for reading beside the writer. undefined: there is none yet. */
export function openForReading(path: string): DatabaseSync | undefined {
  if (!existsSync(path)) return undefined
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  const version = schemaVersion(database)
  if (version === MIGRATIONS.length) return database
  const view = OLDER_VIEWS[version]
  if (view !== undefined) {
    database.exec(view)
    return database
  }
  database.close()
  return undefined
}

function migrate(database: DatabaseSync): void {
  const version = schemaVersion(database)
  if (version > MIGRATIONS.length) throw new NewerSchemaError(version)
  for (let next = version; next < MIGRATIONS.length; next++) {
    inTransaction(database, () => database.exec(`${MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}`))
  }
}

function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()!['user_version'])
}

/** The file was written by a newer Signalbox. */
class NewerSchemaError extends Error {
  constructor(version: number) {
    super(`its schema is version ${version}, and this Signalbox knows up to ${MIGRATIONS.length}`)
  }
}

/** Which file has the name now; undefined: none. */
export function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

/** Runs the work in a transaction that takes the write lock at once. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk or a corrupt page has rolled back by itself already.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/**
 * Puts a database that cannot be used out of the way, with its write-ahead log, and returns where it is now.
 * What it held stays there for the operator to save.
 */
export function moveAside(path: string, now: Date): string {
  const aside = `${path}.unusable-${now.toISOString().replaceAll(/[:.]/g, '-')}`
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
  }
  return aside
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
/** NOMEM, READONLY, IOERR, FULL, CANTOPEN: the machine's trouble, which may pass. */
const PASSING = new Set([7, 8, 10, 13, 14])

/** What an error of the database asks for: begin a new one, try again, open it again, or leave this piece out. */
export function verdictOf(error: unknown): 'unusable' | 'busy' | 'passing' | 'permanent' {
  if (error instanceof NewerSchemaError) return 'unusable'
  if (!(error instanceof Error)) return 'permanent'
  // A file error of our own, e.g. EACCES or ENOSPC while the directory is made.
  if ('syscall' in error) return 'passing'
  if (!('errcode' in error)) return 'permanent'
  // Extended result codes carry the primary one in their low byte.
  const code = Number(error.errcode) & 0xff
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return 'unusable'
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) return 'busy'
  return PASSING.has(code) ? 'passing' : 'permanent'
}
