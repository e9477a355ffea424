import { SegmentWriter } from '../../lib/segments.ts'

export type Report = (message: string, error?: unknown) => void

/** The writing end of the log's journal. A line that the disk refuses is lost, and counted. */
export class Journal {
  readonly #segments: SegmentWriter
  readonly #report: Report
  /** The last write failed and may have left half a line. */
  #torn = false
  /** Lines that could not be written since the last one that could. */
  #refused = 0
  /** Lines that could not be written since the start. */
  lostLines = 0

  constructor(directory: string, report: Report) {
    this.#segments = new SegmentWriter(directory)
    this.#report = report
  }

  /** Appends one line, given without its end. false: the disk refused it, and it is lost. Never throws. */
  append(line: string): boolean {
    try {
      const text = this.#torn ? `\n${line}\n` : `${line}\n`
      if (this.#segments.write(text) < Buffer.byteLength(text))
        throw new Error('the disk is full: it took only a part of a line')
    } catch (error) {
      this.#fail(error)
      return false
    }
    if (this.#torn) this.#recover()
    return true
  }

  /** Begins another segment when somebody has deleted the one in use. */
  leaveDeleted(): void {
    if (this.#segments.leaveDeleted())
      this.#report('The log journal was deleted while it was in use; the log goes on in a new one')
  }

  close(): void {
    this.#segments.close()
  }

  #fail(error: unknown): void {
    this.lostLines++
    if (this.#refused++ === 0)
      this.#report('The log journal cannot be written; calls go on without log rows', error)
    this.#torn = true
  }

  #recover(): void {
    this.#report(`The log journal can be written again; ${this.#refused} log rows were lost`)
    this.#torn = false
    this.#refused = 0
  }
}
