import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { storedWindow } from './database.ts'
import type { Amounts, Interrupted, StoredWindow } from './port.ts'
import { parseRecord } from './records.ts'
import type { LedgerRecord } from './records.ts'

/** A reservation that has not ended, or of whose call the log may have no row. */
interface Open {
  readonly call: string
  readonly atMs: number
  /** Numbers of the windows in which it counts. */
  readonly windows: readonly number[]
  /** What it is charged with, in their order, if nothing more is heard of it. */
  owed?: { charges: readonly number[]; amounts: Amounts }
  /** What it was charged with at its end; null: nothing. */
  ended?: Amounts | null
}

type WindowRecord = Extract<LedgerRecord, ['window', ...unknown[]]>

type Writable = { -readonly [Field in keyof StoredWindow]: StoredWindow[Field] }

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Folds the journal's records into the database. What a batch opens and closes again never reaches it, so the work is
 * that of the windows that it touches. After an error it must be thrown away: what it knows may be ahead of the database.
 */
export class Fold {
  readonly #sql: ReturnType<typeof statements>
  readonly #open = new Map<string, Open>()
  /** Reservations that differ from those in the database. */
  readonly #changed = new Set<string>()
  /** Those that are there. */
  readonly #stored = new Set<string>()
  /** Windows that records have touched since the last write; undefined: there is none of that number. */
  readonly #windows = new Map<number, Writable | undefined>()

  constructor(database: DatabaseSync) {
    this.#sql = statements(database)
    for (const row of this.#sql.reservations.all()) {
      const attempt = String(row['attempt'])
      this.#open.set(attempt, JSON.parse(String(row['json'])) as Open)
      this.#stored.add(attempt)
    }
  }

  /** Takes a line, in the transaction of the next {@link write}. false: it is damaged. */
  apply(line: string): boolean {
    const record = parseRecord(line)
    if (record === undefined) return false
    this.#take(record)
    return true
  }

  /**
   * Ends every open reservation as that of a process that is dead: charged with what it owed, else released. Tells of
   * them, and of those that are not logged, until they are.
   */
  abandon(): Interrupted[] {
    return [...this.#open].map(([attempt, open]) => {
      const { call, atMs, owed } = open
      this.#end(attempt, owed?.charges ?? [], owed?.amounts ?? null, true)
      return { attempt, call, atMs, charged: open.ended ?? undefined }
    })
  }

  /** Writes what the records have changed. */
  write(): void {
    for (const [number, window] of this.#windows) {
      if (window === undefined) continue
      if (this.#isOver(window)) this.#sql.removeWindow.run(number)
      else this.#sql.putWindow.run(...columnsOf(window))
    }
    this.#windows.clear()
    for (const attempt of this.#changed) {
      const open = this.#open.get(attempt)
      if (open !== undefined) {
        this.#sql.putReservation.run(attempt, JSON.stringify(open))
        this.#stored.add(attempt)
      } else if (this.#stored.delete(attempt)) this.#sql.removeReservation.run(attempt)
    }
    this.#changed.clear()
  }

  #take(record: LedgerRecord): void {
    switch (record[0]) {
      case 'window':
        return this.#begin(record)
      case 'clear': {
        const window = this.#window(record[1])
        if (window !== undefined) Object.assign(window, { used: 0, interrupted: 0, unpriced: 0 })
        return
      }
      case 'reserve': {
        const [, attempt, call, atMs, holds] = record
        if (this.#open.has(attempt)) return
        this.#open.set(attempt, { call, atMs, windows: holds.filter((_, index) => index % 2 === 0) })
        this.#changed.add(attempt)
        return
      }
      case 'owe': {
        const [, attempt, charges, nanodollars, tokens, requests] = record
        const open = this.#open.get(attempt)
        if (open === undefined || open.ended !== undefined) return
        open.owed = { charges, amounts: { nanodollars, tokens, requests } }
        this.#changed.add(attempt)
        return
      }
      case 'settle': {
        const [, attempt, charges, , nanodollars, tokens, requests] = record
        return this.#end(attempt, charges, { nanodollars, tokens, requests }, false)
      }
      case 'release':
      case 'logged':
        return this.#forget(record[1])
    }
  }

  #begin([, number, unit, account, rule, startMs, endMs, used]: WindowRecord): void {
    const known = this.#window(number)
    if (known !== undefined) {
      Object.assign(known, { rule, startMs, endMs })
      return
    }
    // The one before is looked at when this one is written: it may be over.
    const before = this.#sql.current.get(unit, account)?.['window']
    if (before !== undefined) this.#window(Number(before))
    this.#sql.putAccount.run(unit, account, number)
    this.#windows.set(number, {
      number,
      unit,
      account,
      rule,
      startMs,
      endMs,
      used,
      interrupted: 0,
      unpriced: 0,
    })
  }

  /** What has ended was ended before: a line may stand in the journal twice. */
  #end(attempt: string, charges: readonly number[], amounts: Amounts | null, isInterrupted: boolean): void {
    const open = this.#open.get(attempt)
    if (open === undefined || open.ended !== undefined) return
    delete open.owed
    open.ended = amounts
    this.#changed.add(attempt)
    for (const [index, number] of open.windows.entries()) {
      const window = this.#window(number)
      if (window === undefined || amounts === null) continue
      const charge = charges[index] ?? 0
      window.used = Math.min(window.used + charge, Number.MAX_SAFE_INTEGER)
      if (isInterrupted) window.interrupted += charge
      if (amounts.nanodollars === null && window.unit === 'nanodollars') window.unpriced++
    }
  }

  #forget(attempt: string): void {
    if (this.#open.delete(attempt)) this.#changed.add(attempt)
  }

  #window(number: number): Writable | undefined {
    if (!this.#windows.has(number)) {
      const row = this.#sql.window.get(number)
      this.#windows.set(number, row === undefined ? undefined : storedWindow(row))
    }
    return this.#windows.get(number)
  }

  /** Minutes and hours of rate limits are no history that anybody reads, and there would be millions. */
  #isOver({ number, unit, account, startMs, endMs }: StoredWindow): boolean {
    return endMs - startMs < DAY_MS && this.#sql.current.get(unit, account)?.['window'] !== number
  }
}

function columnsOf(window: StoredWindow) {
  const { number, unit, account, rule, startMs, endMs, used, interrupted, unpriced } = window
  return [number, unit, account, rule, startMs, endMs, used, interrupted, unpriced] as const
}

function statements(
  database: DatabaseSync,
): Record<
  | 'reservations'
  | 'window'
  | 'current'
  | 'putWindow'
  | 'removeWindow'
  | 'putAccount'
  | 'putReservation'
  | 'removeReservation',
  StatementSync
> {
  return {
    reservations: database.prepare('SELECT attempt, json FROM reservations'),
    window: database.prepare('SELECT * FROM windows WHERE number = ?'),
    current: database.prepare('SELECT window FROM accounts WHERE unit = ? AND id = ?'),
    putWindow: database.prepare('INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    removeWindow: database.prepare('DELETE FROM windows WHERE number = ?'),
    putAccount: database.prepare('INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)'),
    putReservation: database.prepare('INSERT OR REPLACE INTO reservations VALUES (?, ?)'),
    removeReservation: database.prepare('DELETE FROM reservations WHERE attempt = ?'),
  }
}
