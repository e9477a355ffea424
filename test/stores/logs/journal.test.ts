/** A line is on the disk when it was appended, or counted as lost. */
import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Journal } from '../../../src/stores/logs/journal.ts'
import { allLines } from '../../support/segments.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

function openJournal(directory: string) {
  const reports: string[] = []
  const journal = new Journal(directory, (message) => reports.push(message))
  return { journal, reports }
}

describe('F1 a disk that refuses', () => {
  it('loses the line, counts it, says so once, and goes on when it can', () => {
    const directory = join(temporaryDirectory(), 'journal')
    writeFileSync(directory, 'a file stands where the directory should be')
    const { journal, reports } = openJournal(directory)
    expect([journal.append('lost 1'), journal.append('lost 2')]).toEqual([false, false])
    rmSync(directory)
    expect([journal.append('kept 1'), journal.append('kept 2')]).toEqual([true, true])
    journal.close()
    expect(journal.lostLines).toBe(2)
    expect(reports).toEqual([
      'The log journal cannot be written; calls go on without log rows',
      'The log journal can be written again; 2 log rows were lost',
    ])
    expect(allLines(directory)).toEqual(['kept 1', 'kept 2'])
  })

  it('F2 half a line that a failed write left does not spoil the next', () => {
    const directory = join(temporaryDirectory(), 'journal')
    mkdirSync(directory)
    const { journal } = openJournal(directory)
    journal.append('whole')
    const [name] = readdirSync(directory)
    appendFileSync(join(directory, name!), '{"row":{"id":"tor')
    appendFileSync(join(directory, name!), '\nnext\n')
    journal.close()
    expect(allLines(directory)).toEqual(['whole', '{"row":{"id":"tor', 'next'])
  })
})
