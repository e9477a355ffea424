import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { SEGMENT_MAX_BYTES, listSegments, nextSegmentName } from './segments.ts'

export type Report = (message: string, error?: unknown) => void

/**
 * The writing end of the journal. One write into the page cache makes a line safe from a crash of the process
 * (not of the machine) in about five microseconds; a database commit takes twenty, and may have to wait.
 */
export class Journal {
  readonly #directory: string
  readonly #report: Report
  #file: number | undefined
  #name: string | undefined
  #size = 0
  /** The last write failed and may have left half a line. */
  #torn = false
  /** Lines that could not be written since the last one that could. */
  #refused = 0
  /** Lines that could not be written since the start. */
  lostLines = 0

  constructor(directory: string, report: Report) {
    this.#directory = directory
    this.#report = report
  }

  /** Appends one line, given without its end. false: the disk refused it, and it is lost. Never throws. */
  append(line: string): boolean {
    try {
      const text = this.#torn ? `\n${line}\n` : `${line}\n`
      const written = writeSync(this.#segment(), text)
      this.#size += written
      if (written < Buffer.byteLength(text))
        throw new Error('the disk is full: it took only a part of a line')
    } catch (error) {
      this.#fail(error)
      return false
    }
    if (this.#torn) this.#recover()
    return true
  }

  /** Begins another segment when somebody has deleted the one in use: no one would ever read its lines. */
  leaveDeleted(): void {
    if (this.#file === undefined || fstatSync(this.#file).nlink > 0) return
    this.#report('The log journal was deleted while it was in use; the log goes on in a new one')
    this.close()
    this.#name = undefined
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #segment(): number {
    if (this.#file === undefined) mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    else if (this.#size < SEGMENT_MAX_BYTES) return this.#file
    const name = nextSegmentName(this.#name === undefined ? listSegments(this.#directory) : [this.#name])
    const full = this.#file
    try {
      this.#file = openSync(join(this.#directory, name), 'ax', 0o600)
    } catch (error) {
      // No room for another file does not mean none in this one.
      if (full !== undefined) return full
      throw error
    }
    if (full !== undefined) closeSync(full)
    this.#name = name
    this.#size = 0
    return this.#file
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
