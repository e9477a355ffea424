import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { checkVersion, inTransaction, migrate, openWhole, verdictOf } from '../../lib/sqlite.ts'
import type { Body, ConfigStore, ObjectKind, SessionStore, StoredObject, StoredSession } from './port.ts'

/** One entry per version of the schema; `user_version` counts those that a file has. Released ones are never edited. */
const MIGRATIONS = [
  `CREATE TABLE objects (
     kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT, file_hash TEXT,
     created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, PRIMARY KEY (kind, id)) STRICT;
   CREATE TABLE sessions (
     digest TEXT PRIMARY KEY, kind TEXT NOT NULL, credential TEXT NOT NULL,
     created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL) STRICT;
   CREATE TABLE installation (salt BLOB NOT NULL) STRICT;`,
]

const MEMORY = ':memory:'
const SALT_BYTES = 16

/**
 * Opens the store in a SQLite file, which is made with the first thing that is written. Undefined: in memory, and
 * forgotten with the process. Throws where the file is damaged, of a newer version, or another process has it: what is
 * in it limits access, so that a start without it would open what was closed (F5).
 */
export function openConfigStore(path: string | undefined): ConfigStore {
  return new SqliteConfigStore(path ?? MEMORY)
}

/**
 * What the store holds, for commands that only look: nothing that is written is kept. Throws as {@link openConfigStore}
 * does, and where a gateway has it open, which nobody can read beside.
 */
export function readConfigStore(path: string | undefined): Pick<ConfigStore, 'objects' | 'write' | 'salt'> {
  const write = () => undefined
  if (path === undefined || !existsSync(path)) return { objects: [], write, salt: noSalt }
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true })
    checkVersion(database, MIGRATIONS)
    const objects = readObjects(database)
    const salt = saltIn(database)
    return { objects, write, salt: () => salt ?? noSalt() }
  } catch (error) {
    if (verdictOf(error) === 'busy') throw new Error(`config_store: ${path} ${KEPT}`, { cause: error })
    throw new Error(reasonOf(path, error), { cause: error })
  } finally {
    database?.close()
  }
}

const KEPT = 'cannot be read, because a Signalbox that runs keeps it to itself. Ask that one: -url.'

function noSalt(): never {
  throw new Error(
    'config_store: it has no salt, so nothing in it was sealed with a configured encryption_key.',
  )
}

class SqliteConfigStore implements ConfigStore {
  readonly sessions: SessionStore
  readonly #path: string
  #database: DatabaseSync | undefined
  #objects: readonly StoredObject[] = []

  constructor(path: string) {
    this.#path = path
    this.sessions = new SqliteSessions((toWrite) => (toWrite ? this.#open() : this.#database))
    if (path !== MEMORY && existsSync(path)) this.#objects = readObjects(this.#open())
  }

  get objects(): readonly StoredObject[] {
    return this.#objects
  }

  write({ put = [], forget = [] }: Parameters<ConfigStore['write']>[0]): void {
    if (put.length === 0 && forget.length === 0) return
    const database = this.#open()
    inTransaction(database, () => {
      const remove = database.prepare('DELETE FROM objects WHERE kind = ? AND id = ?')
      const insert = database.prepare(
        `INSERT INTO objects (kind, id, body, file_hash, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, file_hash = excluded.file_hash,
           updated_at_ms = excluded.updated_at_ms`,
      )
      for (const { kind, id } of forget) remove.run(kind, id)
      for (const { kind, id, body, fileHash, createdAtMs, updatedAtMs } of put) {
        const text = body === null ? null : JSON.stringify(body)
        insert.run(kind, id, text, fileHash ?? null, createdAtMs, updatedAtMs)
      }
    })
    this.#objects = readObjects(database)
  }

  salt(): Uint8Array {
    const database = this.#open()
    const known = saltIn(database)
    if (known !== undefined) return known
    const salt = new Uint8Array(randomBytes(SALT_BYTES))
    database.prepare('INSERT INTO installation (salt) VALUES (?)').run(salt)
    return salt
  }

  close(): void {
    this.#database?.close()
    this.#database = undefined
  }

  #open(): DatabaseSync {
    return (this.#database ??= openDatabase(this.#path))
  }
}

class SqliteSessions implements SessionStore {
  readonly #database: (toWrite: boolean) => DatabaseSync | undefined

  /** `database`: to write, it is made where there is none. */
  constructor(database: (toWrite: boolean) => DatabaseSync | undefined) {
    this.#database = database
  }

  add({ digest, kind, credential, createdAtMs, expiresAtMs }: StoredSession): void {
    const database = this.#database(true)!
    database.prepare('DELETE FROM sessions WHERE expires_at_ms <= ?').run(createdAtMs)
    database
      .prepare(
        'INSERT INTO sessions (digest, kind, credential, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)',
      )
      .run(digest, kind, credential, createdAtMs, expiresAtMs)
  }

  find(digest: string): StoredSession | undefined {
    const row = this.#database(false)?.prepare('SELECT * FROM sessions WHERE digest = ?').get(digest)
    if (row === undefined) return undefined
    return {
      digest,
      kind: row['kind'] as StoredSession['kind'],
      credential: row['credential'] as string,
      createdAtMs: row['created_at_ms'] as number,
      expiresAtMs: row['expires_at_ms'] as number,
    }
  }

  remove(digest: string): void {
    this.#database(false)?.prepare('DELETE FROM sessions WHERE digest = ?').run(digest)
  }

  removeAll(): void {
    this.#database(false)?.exec('DELETE FROM sessions')
  }
}

function saltIn(database: DatabaseSync): Uint8Array | undefined {
  return database.prepare('SELECT salt FROM installation').get()?.['salt'] as Uint8Array | undefined
}

/** In the order in which they were made. */
function readObjects(database: DatabaseSync): StoredObject[] {
  const rows = database.prepare('SELECT * FROM objects ORDER BY created_at_ms, rowid').all()
  return rows.map((row) => ({
    kind: row['kind'] as ObjectKind,
    id: row['id'] as string,
    body: row['body'] === null ? null : (JSON.parse(row['body'] as string) as Body),
    fileHash: (row['file_hash'] as string | null) ?? undefined,
    createdAtMs: row['created_at_ms'] as number,
    updatedAtMs: row['updated_at_ms'] as number,
  }))
}

function openDatabase(path: string): DatabaseSync {
  try {
    return path === MEMORY ? connect(path) : openWhole(path, connect)
  } catch (error) {
    throw new Error(reasonOf(path, error), { cause: error })
  }
}

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    // A second gateway would not see what the first one changes, and write over it (F13).
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
    // A key that was closed must not be open again after a power cut.
    database.exec('PRAGMA synchronous = FULL')
    if (database.prepare('PRAGMA quick_check').get()?.['quick_check'] !== 'ok')
      throw new Error('its pages contradict each other')
    migrate(database, MIGRATIONS)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function reasonOf(path: string, error: unknown): string {
  if (verdictOf(error) === 'busy')
    return `config_store: ${path} cannot be opened, because another Signalbox is using it. Stop that one, or give this one its own -app-dir.`
  const { message } = error as Error
  return `config_store: ${path} cannot be used (${message}). Restore it from a backup; or move it away, and what was made over the admin API is gone, limits and passwords among it.`
}
