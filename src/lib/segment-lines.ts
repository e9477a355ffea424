import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

export interface Batch {
  lines: string[]
  /** Where to read on. */
  next: number
}

const BATCH_BYTES = 1024 * 1024
const NEWLINE = 0x0a

/**
 * The complete lines of a segment from a byte offset on, about {@link BATCH_BYTES} of them unless told. What follows the
 * last line end is still being written; in a finished segment it is the line in which the process died, and it
 * is given too, for the reader to judge.
 */
export function readLines(path: string, from: number, finished: boolean, batchBytes = BATCH_BYTES): Batch {
  const file = openSync(path, 'r')
  try {
    const available = fstatSync(file).size - from
    for (let size = batchBytes; available > 0; size *= 2) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(size, available))
      const chunk = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from))
      const isAll = chunk.length === available
      const end = isAll && finished ? chunk.length : chunk.lastIndexOf(NEWLINE) + 1
      if (end > 0) return { lines: linesOf(chunk.subarray(0, end)), next: from + end }
      if (isAll || chunk.length === 0) break
    }
    return { lines: [], next: from }
  } finally {
    closeSync(file)
  }
}

function linesOf(bytes: Buffer): string[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
}
