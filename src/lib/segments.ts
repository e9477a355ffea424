import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A journal is a directory of segment files, one JSON line a record. Their numbers give the order in which
 * they were written; the random part makes each name unique for ever, so that a database that has been moved,
 * restored or begun anew never takes a segment for one that it has read before.
 */
const SEGMENT_NAME = /^\d{8}-[0-9a-f]{8}\.ndjson$/

/** Large enough that rotating costs nothing, small enough that a finished one is soon read and deleted. */
export const SEGMENT_MAX_BYTES = 8 * 1024 * 1024

/** Names of the segments, oldest first; the last is the one being written, all others are finished. */
export function listSegments(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => SEGMENT_NAME.test(name))
    .toSorted()
}

/** The name of the segment after the last of `names`. */
export function nextSegmentName(names: readonly string[]): string {
  const last = names.at(-1)
  const number = last === undefined ? 1 : Number(last.slice(0, 8)) + 1
  return `${String(number).padStart(8, '0')}-${randomBytes(4).toString('hex')}.ndjson`
}

/**
 * The writing end of a journal. One write into the page cache makes a line safe from a crash of the process
 * (not of the machine) in about five microseconds; a database commit takes twenty, and may have to wait.
 */
export class SegmentWriter {
  readonly #directory: string
  #file: number | undefined
  #name: string | undefined
  #size = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Appends whole lines, and returns how many bytes the disk took: fewer than given when it is full. Throws when it took none. */
  write(lines: string): number {
    const written = writeSync(this.#segment(), lines)
    this.#size += written
    return written
  }

  /** Begins another segment when somebody has deleted the one in use, for no one would ever read its lines. true: it did. */
  leaveDeleted(): boolean {
    if (this.#file === undefined || fstatSync(this.#file).nlink > 0) return false
    this.close()
    this.#name = undefined
    return true
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
}
