/** What is appended is read, in order, once and whole, wherever segments end. */
import { statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLines } from '../../src/lib/segment-lines.ts'
import { SEGMENT_MAX_BYTES, SegmentWriter, listSegments, nextSegmentName } from '../../src/lib/segments.ts'
import { allLines } from '../support/segments.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

describe('segments', () => {
  it('are numbered upwards, also past a start with some left over', () => {
    const first = nextSegmentName([])
    const tenth = nextSegmentName(['00000009-00c0ffee.ndjson'])
    expect([first, tenth]).toEqual([
      expect.stringMatching(/^00000001-[0-9a-f]{8}\.ndjson$/),
      expect.stringMatching(/^00000010-[0-9a-f]{8}\.ndjson$/),
    ])
  })

  it('are read in the order of their numbers, and other files are left alone', () => {
    const directory = temporaryDirectory()
    for (const name of ['00000010-00000000.ndjson', '00000009-ffffffff.ndjson', 'lock', '9.ndjson']) {
      writeFileSync(join(directory, name), '')
    }
    expect(listSegments(directory)).toEqual(['00000009-ffffffff.ndjson', '00000010-00000000.ndjson'])
  })

  it('begin anew at their size, and no line stands in two', () => {
    const directory = temporaryDirectory()
    const segments = new SegmentWriter(directory)
    const line = 'x'.repeat(SEGMENT_MAX_BYTES / 4)
    for (let n = 0; n < 9; n++) expect(segments.write(`${n}${line}\n`)).toBe(line.length + 2)
    segments.close()
    const sizes = listSegments(directory).map((name) => statSync(join(directory, name)).size)
    expect(sizes).toEqual([4, 4, 1].map((lines) => lines * (line.length + 2)))
    expect(allLines(directory).map((each) => each[0])).toEqual(Array.from('012345678'))
  })
})

describe('a segment that somebody deletes', () => {
  it('is left, because no one would read what stands in it', () => {
    const directory = temporaryDirectory()
    const segments = new SegmentWriter(directory)
    segments.write('lost\n')
    expect(segments.leaveDeleted()).toBe(false)
    unlinkSync(join(directory, listSegments(directory)[0]!))
    expect(segments.leaveDeleted()).toBe(true)
    segments.write('kept\n')
    segments.close()
    expect(allLines(directory)).toEqual(['kept'])
  })
})

describe('reading', () => {
  const rows: [name: string, text: string, from: number, finished: boolean, lines: string[], next: number][] =
    [
      ['complete lines', 'one\ntwo\n', 0, false, ['one', 'two'], 8],
      ['from an offset', 'one\ntwo\n', 4, false, ['two'], 8],
      ['not the line that is being written', 'one\ntw', 0, false, ['one'], 4],
      ['nothing, while the only line is being written', 'on', 0, false, [], 0],
      ['the torn end of a finished segment', 'one\ntw', 0, true, ['one', 'tw'], 6],
      ['nothing at the end', 'one\n', 4, true, [], 4],
      ['no empty lines: one stands where a write failed', 'one\n\ntwo\n', 0, false, ['one', 'two'], 9],
    ]
  it.each(rows)('%s', (_name, text, from, finished, lines, next) => {
    const file = join(temporaryDirectory(), 'segment')
    writeFileSync(file, text)
    expect(readLines(file, from, finished)).toEqual({ lines, next })
  })

  it('lines longer than a batch', () => {
    const directory = temporaryDirectory()
    const lines = ['a', 'b'.repeat(5 * 1024 * 1024), 'c']
    writeFileSync(join(directory, nextSegmentName([])), `${lines.join('\n')}\n`)
    expect(allLines(directory)).toEqual(lines)
  })

  it('any lines, whenever the reader comes', () => {
    const text = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((line) => !line.includes('\n') && line.isWellFormed())
    fc.assert(
      fc.property(fc.array(fc.record({ text, read: fc.boolean() })), (steps) => {
        const directory = temporaryDirectory()
        const segments = new SegmentWriter(directory)
        const seen: string[] = []
        let from = 0
        const read = () => {
          for (const name of listSegments(directory)) {
            const batch = readLines(join(directory, name), from, false)
            seen.push(...batch.lines)
            from = batch.next
          }
        }
        for (const step of steps) {
          segments.write(`${step.text}\n`)
          if (step.read) read()
        }
        read()
        segments.close()
        expect(seen).toEqual(steps.map((step) => step.text))
      }),
      { numRuns: 50 },
    )
  })
})
