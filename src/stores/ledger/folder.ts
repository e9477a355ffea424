import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { readLines } from '../../lib/segment-lines.ts'
import { listSegments } from '../../lib/segments.ts'
import { inTransaction } from '../../lib/sqlite.ts'
import { currentWindows, openForWriting, retain } from './database.ts'
import { Fold } from './fold.ts'
import type { Report } from './journal.ts'
import type { Interrupted, StoredWindow } from './port.ts'

export interface FolderOptions {
  path: string
  journalDirectory: string
  report: Report
}

interface Opened {
  database: DatabaseSync
  fold: Fold
  /** Bytes of each segment whose lines are in the database. */
  consumed: Map<string, number>
}

/**
 * Moves the journal into the database. How far a segment has been read is committed together with what stood in it, so
 * a crash at any point counts each record exactly once.
 */
export class Folder {
  readonly #options: FolderOptions
  #opened: Opened | undefined

  constructor(options: FolderOptions) {
    this.#options = options
  }

  /**
   * Folds one batch of lines. true: there may be more. `isFinished`: nobody writes the journal any more, so its last
   * segment is read to its end, and deleted as the others are. Throws what hinders it, with nothing lost.
   */
  step(isFinished: boolean): boolean {
    return this.#guard((opened) => {
      const { journalDirectory } = this.#options
      const names = listSegments(journalDirectory)
      for (const [index, name] of names.entries()) {
        const isWhole = isFinished || index < names.length - 1
        const from = opened.consumed.get(name) ?? 0
        const { lines, next } = readLines(join(journalDirectory, name), from, isWhole)
        if (next > from) {
          this.#store(opened, name, lines, next)
          return true
        }
        if (isWhole) this.#remove(opened, name)
      }
      return false
    })
  }

  /** Deletes one batch of what is past its retention. true: there may be more. Throws as {@link step} does. */
  retain(nowMs: number): boolean {
    return this.#guard(({ database }) => retain(database, nowMs))
  }

  /** After the last step of a start: ends what the process before left open, and tells what is not logged. */
  abandon(): Interrupted[] {
    return this.#guard(({ database, fold }) =>
      inTransaction(database, () => {
        const interrupted = fold.abandon()
        fold.write()
        return interrupted
      }),
    )
  }

  windows(): StoredWindow[] {
    return this.#guard(({ database }) => currentWindows(database))
  }

  close(): void {
    this.#opened?.database.close()
    this.#opened = undefined
  }

  #guard<Result>(work: (opened: Opened) => Result): Result {
    try {
      return work((this.#opened ??= this.#open()))
    } catch (error) {
      // What is folded in memory may be ahead of the database.
      this.close()
      throw error
    }
  }

  #open(): Opened {
    const database = openForWriting(this.#options.path)
    try {
      const consumed = new Map<string, number>()
      for (const row of database.prepare('SELECT name, consumed FROM segments').all())
        consumed.set(String(row['name']), Number(row['consumed']))
      return { database, fold: new Fold(database), consumed }
    } catch (error) {
      database.close()
      throw error
    }
  }

  #store({ database, fold, consumed }: Opened, name: string, lines: readonly string[], next: number): void {
    const damaged = inTransaction(database, () => {
      const skipped = lines.filter((line) => !fold.apply(line)).length
      fold.write()
      database.prepare('INSERT OR REPLACE INTO segments (name, consumed) VALUES (?, ?)').run(name, next)
      return skipped
    })
    consumed.set(name, next)
    if (damaged > 0)
      this.#options.report(`${damaged} damaged lines of the ledger’s journal ${name} were skipped`)
  }

  /** The file goes first: a crash between the two leaves a name that no segment will ever have again. */
  #remove({ database, consumed }: Opened, name: string): void {
    unlinkSync(join(this.#options.journalDirectory, name))
    database.prepare('DELETE FROM segments WHERE name = ?').run(name)
    consumed.delete(name)
  }
}
