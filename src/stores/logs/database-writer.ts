import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ContentTable } from './content-table.ts'
import { readLines } from '../../lib/segment-lines.ts'
import { listSegments } from '../../lib/segments.ts'
import { inodeOf, inTransaction, moveAside, verdictOf } from '../../lib/sqlite.ts'
import { openForWriting } from './database.ts'
import { readLine } from './journal-lines.ts'
import type { Report } from './journal.ts'
import type { HandedBody } from './messages.ts'
import { epochOf, retain } from './retention.ts'
import type { Limits } from './retention.ts'
import { RowTable } from './row-table.ts'

export interface DatabaseWriterOptions {
  path: string
  journalDirectory: string
  /** Of the ring in which the bodies are. */
  memory: SharedArrayBuffer
  report: Report
  /** So many of the bodies that were given, in their order, are no longer needed; `dropped` of them never can be stored. */
  onDone: (taken: number, dropped: number) => void
}

interface OpenDatabase {
  database: DatabaseSync
  inode: number | undefined
  rows: RowTable
  contents: ContentTable
  /** Bytes of each segment whose lines are in the database. */
  consumed: Map<string, number>
}

/** Bodies stored in one transaction. */
const BATCH_BODIES = 128
const BATCH_BYTES = 8 * 1024 * 1024

/**
 * Moves rows from the journal, and bodies from memory, into the database. How far a segment has been read is
 * committed together with the rows that were in it, so a crash at any point leaves each row in exactly once.
 */
export class DatabaseWriter {
  readonly #options: DatabaseWriterOptions
  readonly #pending: HandedBody[] = []
  #open: OpenDatabase | undefined
  #journalClosed = false

  constructor(options: DatabaseWriterOptions) {
    this.#options = options
  }

  give(bodies: readonly HandedBody[]): void {
    this.#pending.push(...bodies)
  }

  /** Nobody writes the journal any more, so its last segment is finished too. */
  journalIsClosed(): void {
    this.#journalClosed = true
  }

  /**
   * Writes one batch of rows and one of bodies. true: there may be more. Throws what hinders it for now, with
   * nothing lost: the rows are in the journal and the bodies wait.
   */
  drain(): boolean {
    return this.#guard((open) => {
      const more = this.#writeRows(open)
      return this.#writeBodies(open) || more
    })
  }

  /** Deletes one batch of what is past its retention. true: there may be more. Throws as {@link drain} does. */
  retain(limits: Limits): boolean {
    return this.#guard(({ database, contents }) => {
      const more = retain(database, limits, Date.now())
      if (more) contents.forget()
      return more
    })
  }

  close(): void {
    this.#open?.database.close()
    this.#open = undefined
  }

  #guard(work: (open: OpenDatabase) => boolean): boolean {
    try {
      this.#leaveDeleted()
      this.#open ??= this.#openDatabase()
      return work(this.#open)
    } catch (error) {
      const verdict = verdictOf(error)
      if (verdict !== 'busy') this.close()
      if (verdict !== 'unusable') throw error
      const aside = moveAside(this.#options.path, new Date())
      this.#options.report(
        `The log database cannot be used; it is now ${aside}, and a new one is begun`,
        error,
      )
      return true
    }
  }

  /** SQLite goes on writing to a file that somebody has deleted or replaced, where nobody will ever read it. */
  #leaveDeleted(): void {
    if (this.#open === undefined || this.#open.inode === inodeOf(this.#options.path)) return
    this.#options.report('The log database was taken away while it was in use; the log goes on in a new one')
    this.close()
  }

  #openDatabase(): OpenDatabase {
    const database = openForWriting(this.#options.path)
    try {
      const consumed = new Map<string, number>()
      for (const row of database.prepare('SELECT name, consumed FROM segments').all()) {
        consumed.set(String(row['name']), Number(row['consumed']))
      }
      return {
        database,
        inode: inodeOf(this.#options.path),
        rows: new RowTable(database),
        contents: new ContentTable(database, this.#options.memory),
        consumed,
      }
    } catch (error) {
      database.close()
      throw error
    }
  }

  #writeRows(open: OpenDatabase): boolean {
    const names = listSegments(this.#options.journalDirectory)
    for (const [index, name] of names.entries()) {
      const finished = this.#journalClosed || index < names.length - 1
      const from = open.consumed.get(name) ?? 0
      const { lines, next } = readLines(join(this.#options.journalDirectory, name), from, finished)
      if (next > from) {
        this.#store(open, name, lines, next)
        return true
      }
      if (finished) this.#remove(open, name)
    }
    return false
  }

  #store(
    { database, rows, contents, consumed }: OpenDatabase,
    name: string,
    lines: string[],
    next: number,
  ): void {
    const epoch = epochOf(Date.now())
    let skipped = 0
    inTransaction(database, () => {
      for (const line of lines) {
        try {
          const record = readLine(line)
          if ('row' in record) rows.insert(record.row, record.json)
          else contents.putShed(record.shed, epoch)
        } catch (error) {
          if (verdictOf(error) !== 'permanent') throw error
          skipped++
        }
      }
      database.prepare('INSERT OR REPLACE INTO segments (name, consumed) VALUES (?, ?)').run(name, next)
    })
    consumed.set(name, next)
    if (skipped > 0) this.#options.report(`${skipped} damaged lines of the log journal ${name} were skipped`)
  }

  /** The file goes first: a crash between the two leaves a name that no segment will ever have again. */
  #remove({ database, consumed }: OpenDatabase, name: string): void {
    unlinkSync(join(this.#options.journalDirectory, name))
    database.prepare('DELETE FROM segments WHERE name = ?').run(name)
    consumed.delete(name)
  }

  #writeBodies(open: OpenDatabase): boolean {
    const batch: HandedBody[] = []
    let bytes = 0
    for (const body of this.#pending) {
      if (batch.length === BATCH_BODIES || bytes >= BATCH_BYTES) break
      batch.push(body)
      if (body.type !== 'shed') bytes += body.place.length
    }
    if (batch.length === 0) return false
    const dropped = this.#keep(open, batch)
    this.#pending.splice(0, batch.length)
    this.#options.onDone(batch.length, dropped)
    return true
  }

  /** Stores the bodies together, or, when one of them never can be, each by itself. Returns how many were dropped. */
  #keep(open: OpenDatabase, batch: readonly HandedBody[]): number {
    const epoch = epochOf(Date.now())
    try {
      inTransaction(open.database, () => batch.forEach((body) => open.contents.put(body, epoch)))
      return 0
    } catch (error) {
      open.contents.forget()
      if (verdictOf(error) !== 'permanent') throw error
      if (batch.length > 1) return batch.reduce((dropped, each) => dropped + this.#keep(open, [each]), 0)
      this.#options.report(`The bodies of call ${batch[0]!.id} could not be stored`, error)
      open.contents.putShed(batch[0]!.id, epoch)
      return 1
    }
  }
}
