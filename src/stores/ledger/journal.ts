import type { SegmentWriter } from '../../lib/segments.ts'
import type { Recorder } from './reservation.ts'

export type Report = (message: string, error?: unknown) => void

export interface JournalOptions {
  segments: Pick<SegmentWriter, 'write' | 'leaveDeleted' | 'close'>
  report: Report
  /** Lines were written. */
  onWritten: () => void
}

/** How long a reservation may wait for company. An answer's first byte does not wait for it: see `owe`. */
const GATHER_MS = 20
/** How soon a disk that refused is asked again, when no call does it before. */
const RETRY_MS = 1000

const NEWLINE = 0x0a

/**
 * The writing end of the ledger's journal. Nothing is ever lost here: what the disk refuses waits in memory, whole lines
 * of it, while no more attempts are let in.
 */
export class LedgerJournal implements Recorder {
  readonly #options: JournalOptions
  /** Whole lines, with their ends. */
  #waiting = ''
  #timer: NodeJS.Timeout | undefined
  #isRefused = false
  /** Half a line stands at the end of the segment. */
  #isTorn = false

  constructor(options: JournalOptions) {
    this.#options = options
  }

  isReady(): boolean {
    if (this.#isRefused) this.commit()
    return !this.#isRefused
  }

  append(line: string): void {
    this.#waiting += `${line}\n`
    this.#timer ??= setTimeout(() => this.#gathered(), GATHER_MS).unref()
  }

  commit(): void {
    if (this.#waiting === '') return
    const text = this.#isTorn ? `\n${this.#waiting}` : this.#waiting
    try {
      const written = this.#options.segments.write(text)
      this.#waiting = this.#rest(text, written)
      if (this.#waiting !== '') throw new Error('the disk is full: it took only a part')
    } catch (error) {
      this.#refused(error)
      return
    }
    this.#options.onWritten()
    if (this.#isRefused)
      this.#options.report('The ledger can be written again; calls with a budget or a limit go on')
    this.#isRefused = false
  }

  close(): void {
    clearTimeout(this.#timer)
    this.commit()
    this.#options.segments.close()
  }

  #gathered(): void {
    this.#timer = undefined
    if (this.#options.segments.leaveDeleted()) {
      this.#isTorn = false
      this.#options.report(
        'The ledger’s journal was deleted while it was in use; up to a second of spend may be lost',
      )
    }
    this.commit()
    if (this.#isRefused) this.#timer = setTimeout(() => this.#gathered(), RETRY_MS).unref()
  }

  /** The lines that are not on the disk. One whose end alone is missing is: a second copy of it would count twice. */
  #rest(text: string, written: number): string {
    this.#isTorn = false
    if (written === Buffer.byteLength(text)) return ''
    const bytes = Buffer.from(text)
    this.#isTorn = bytes[written - 1] !== NEWLINE
    const from = bytes[written] === NEWLINE ? written + 1 : bytes.lastIndexOf(NEWLINE, written - 1) + 1
    return bytes.toString('utf8', from)
  }

  #refused(error: unknown): void {
    if (!this.#isRefused)
      this.#options.report('The ledger cannot be written; calls with a budget or a limit are refused', error)
    this.#isRefused = true
  }
}
