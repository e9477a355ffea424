import { join } from 'node:path'
import { readLines } from '../../src/lib/segment-lines.ts'
import { listSegments } from '../../src/lib/segments.ts'

/** Every line of a journal that nobody writes any more. */
export function allLines(directory: string): string[] {
  return listSegments(directory).flatMap((name) => {
    const lines: string[] = []
    for (let from = 0; ;) {
      const batch = readLines(join(directory, name), from, true)
      if (batch.next === from) return lines
      lines.push(...batch.lines)
      from = batch.next
    }
  })
}
