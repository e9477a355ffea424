import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { migrate, schemaVersion } from '../../lib/sqlite.ts'

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
    migrate(database, MIGRATIONS)
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
