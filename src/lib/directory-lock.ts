import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { verdictOf } from './sqlite.ts'

export class LockedError extends Error {}

/**
 * Takes a directory for this process alone, and returns how to give it back. Throws {@link LockedError} when
 * another process has it.
 *
 * The lock is SQLite's own on a small database, because the kernel lets go of it however the process ends. A
 * file with a process id does not do: after a crash the id may be another program's, and in containers every
 * gateway is process 1.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(directory, 'lock'))
  try {
    // Nothing in it outlives the process, so the disk need not be waited for: 3 to 40 ms of every start.
    database.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN IMMEDIATE')
    database.exec('CREATE TABLE IF NOT EXISTS owner (pid INTEGER)')
    database.exec('DELETE FROM owner')
    database.prepare('INSERT INTO owner VALUES (?)').run(process.pid)
    database.exec('COMMIT')
    // Holds the write lock, but lets a second process read whose it is.
    database.exec('BEGIN IMMEDIATE')
    return () => database.close()
  } catch (error) {
    const busy = verdictOf(error) === 'busy'
    const owner = busy ? ownerOf(database) : ''
    database.close()
    if (busy) throw new LockedError(`another Signalbox${owner} is using it`, { cause: error })
    throw error
  }
}

function ownerOf(database: DatabaseSync): string {
  try {
    const pid = database.prepare('SELECT pid FROM owner').get()?.['pid']
    return pid === undefined ? '' : ` (process ${String(pid)})`
  } catch {
    return ''
  }
}
