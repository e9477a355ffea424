import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'

/**
 * Brings a database to the newest version of its schema: one entry per version, of which `user_version` counts those
 * that the file has. Throws {@link NewerSchemaError} when the file has more.
 */
export function migrate(database: DatabaseSync, migrations: readonly string[]): void {
  const version = checkVersion(database, migrations)
  for (let next = version; next < migrations.length; next++) {
    inTransaction(database, () => database.exec(`${migrations[next]}; PRAGMA user_version = ${next + 1}`))
  }
}

/** The version of the schema that a database has. Throws as {@link migrate} does. */
export function checkVersion(database: DatabaseSync, migrations: readonly string[]): number {
  const version = schemaVersion(database)
  if (version > migrations.length) throw new NewerSchemaError(version, migrations.length)
  return version
}

export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()!['user_version'])
}

/** The file was written by a newer version of the program. */
export class NewerSchemaError extends Error {
  constructor(version: number, known: number) {
    super(`its schema is version ${version}, and this Signalbox knows up to ${known}`)
  }
}

/**
 * Opens a database for its owner alone. One that is missing is made under another name first, so that a file of this
 * name is a whole database, or damaged. Throws on an empty one: SQLite takes it for a new database, and everything
 * would be gone in silence.
 */
export function openWhole(path: string, connect: (path: string) => DatabaseSync): DatabaseSync {
  if (!existsSync(path)) {
    const beside = `${path}.new`
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    for (const suffix of ['', '-wal', '-shm']) rmSync(beside + suffix, { force: true })
    // SQLite would create it for everybody to read; its other files take the permissions of this one.
    closeSync(openSync(beside, 'a', 0o600))
    connect(beside).close()
    renameSync(beside, path)
  }
  if (statSync(path).size === 0) throw new Error('it is empty')
  return connect(path)
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
