import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { readLines } from '../../../lib/segment-lines.ts'
import { listSegments } from '../../../lib/segments.ts'
import type { PostgresAccess } from '../../config/configuration.ts'
import type { Report } from '../journal.ts'
import { parseRecord } from '../records.ts'
import { PostgresConnection, reasonOf } from './connection.ts'
import type { Standing } from './standing.ts'

export interface CourierOptions {
  access: PostgresAccess
  node: string
  process: string
  journalDirectory: string
  standing: Standing
  report: Report
}

/** Locks of a batch are held until it is applied, so it is a small one. */
const BATCH_BYTES = 32 * 1024
const TIMEOUT_MS = 2_000
const RETRY_MS = 250
/** Failures after which one is worth a line: a start anew of Postgres is not. */
const REPORTED_FAILURE = 8

/**
 * Brings the journal into Postgres, line by line and each once: how far a segment was read is committed together with
 * what stood in it. While Postgres is out of reach the journal keeps what was settled, and so does a dead gateway's disk.
 */
export class Courier {
  readonly #options: CourierOptions
  readonly #connection: PostgresConnection
  /** Nobody writes them any more: what stands at their end without a line end is torn. */
  readonly #finished: ReadonlySet<string>
  readonly #consumed = new Map<string, number>()
  #running: Promise<void> | undefined
  #hasBegun = false
  #isWoken = false
  #isClosed = false
  #failures = 0
  #onceRetried: (() => void) | undefined
  #onceCaughtUp: (() => void)[] = []

  constructor(options: CourierOptions) {
    this.#options = options
    this.#connection = new PostgresConnection(options.access)
    this.#finished = new Set(listSegments(options.journalDirectory))
  }

  /** Brings in what the process before left. Rejects when Postgres does not take it. */
  async begin(): Promise<void> {
    while (await this.#step());
    this.#hasBegun = true
    if (this.#isWoken) this.wake()
  }

  /** There are lines in the journal. */
  wake(): void {
    this.#isWoken = true
    if (!this.#hasBegun) return
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
  }

  /** There are lines that are not in Postgres yet. */
  get isBehind(): boolean {
    return this.#running !== undefined
  }

  /** Waits for the lines of now, and no longer than until Postgres refuses them. */
  catchUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#onceCaughtUp.push(resolve)
      this.wake()
    })
  }

  /** Postgres answers again. */
  retry(): void {
    this.#onceRetried?.()
  }

  /** Waits until all lines of now are in Postgres. */
  async flush(): Promise<void> {
    if (!this.#hasBegun) return
    this.wake()
    await this.#running
  }

  close(): void {
    this.#isClosed = true
    this.#connection.close()
    this.#tell()
    this.retry()
  }

  async #run(): Promise<void> {
    while (this.#isWoken && !this.#isClosed) {
      this.#isWoken = false
      try {
        while (await this.#step());
        this.#recovered()
        this.#tell()
      } catch (error) {
        this.#isWoken = true
        this.#failed(error)
        this.#tell()
        await this.#pause()
      }
    }
  }

  /** Applies one batch of lines. true: there may be more. */
  async #step(): Promise<boolean> {
    const { journalDirectory } = this.#options
    const names = listSegments(journalDirectory)
    for (const [index, name] of names.entries()) {
      const isWhole = index < names.length - 1 || this.#finished.has(name)
      const from = this.#consumed.get(name) ?? (await this.#consumedBefore(name))
      const { lines, next } = readLines(join(journalDirectory, name), from, isWhole, BATCH_BYTES)
      if (next > from) {
        await this.#apply(name, next, lines)
        return true
      }
      if (isWhole) await this.#remove(name)
    }
    return false
  }

  async #consumedBefore(name: string): Promise<number> {
    const sql = 'SELECT consumed FROM signalbox_ledger.segments WHERE node = $1 AND name = $2'
    const [row] = await this.#connection.query(sql, [this.#options.node, name], TIMEOUT_MS)
    return Number(row?.['consumed'] ?? 0)
  }

  async #apply(name: string, next: number, lines: readonly string[]): Promise<void> {
    const { node, process, standing, report } = this.#options
    const records = lines.map(parseRecord)
    const whole = records.filter((record) => record !== undefined)
    // Postgres does not ask what is in the log.
    const told = whole.filter(([word]) => word !== 'logged')
    const parameters = [node, process, name, next, JSON.stringify(told)]
    const rows = await this.#connection.call('apply', parameters, TIMEOUT_MS)
    standing.take(rows as Parameters<Standing['take']>[0])
    this.#consumed.set(name, next)
    const damaged = lines.length - whole.length
    if (damaged > 0) report(`${damaged} damaged lines of the ledger’s journal ${name} were skipped`)
  }

  /** The file goes first: a crash between the two leaves a name that no segment will ever have again. */
  async #remove(name: string): Promise<void> {
    unlinkSync(join(this.#options.journalDirectory, name))
    this.#consumed.delete(name)
    const sql = 'DELETE FROM signalbox_ledger.segments WHERE node = $1 AND name = $2'
    await this.#connection.query(sql, [this.#options.node, name], TIMEOUT_MS)
  }

  #failed(error: unknown): void {
    if (++this.#failures === REPORTED_FAILURE)
      this.#options.report(
        `Spend waits in the ledger’s journal, because Postgres does not take it: ${reasonOf(error)}`,
      )
  }

  #recovered(): void {
    if (this.#failures >= REPORTED_FAILURE)
      this.#options.report('Spend that waited in the journal is in Postgres')
    this.#failures = 0
  }

  #tell(): void {
    for (const resolve of this.#onceCaughtUp.splice(0)) resolve()
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS)
      timer.unref()
      this.#onceRetried = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
