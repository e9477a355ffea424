/** F1, F2: whatever the disk takes of a write, each line comes to it once and whole. */
import fc from 'fast-check'
import { expect, it, onTestFinished, vi } from 'vitest'
import { LedgerJournal } from '../../../src/stores/ledger/journal.ts'

/** A disk that takes so many bytes of the next writes; of all others, all. 0: it refuses. */
class Disk {
  readonly takes: number[]
  text = Buffer.alloc(0)
  writes = 0
  isDeleted = false

  constructor(takes: number[] = []) {
    this.takes = takes
  }

  write(lines: string): number {
    this.writes++
    const bytes = Buffer.from(lines)
    const taken = Math.min(this.takes.shift() ?? bytes.length, bytes.length)
    if (taken === 0) throw new Error('ENOSPC')
    this.text = Buffer.concat([this.text, bytes.subarray(0, taken)])
    return taken
  }

  leaveDeleted(): boolean {
    const was = this.isDeleted
    this.isDeleted = false
    return was
  }

  close(): void {}

  /** As a reader judges them: lines that are whole. */
  lines(): string[] {
    return this.text
      .toString('utf8')
      .split('\n')
      .filter((line) => /^<[^<>]*>$/.test(line))
  }
}

function openJournal(disk: Disk) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const reports: string[] = []
  let written = 0
  const journal = new LedgerJournal({
    segments: disk,
    report: (message) => reports.push(message),
    onWritten: () => written++,
  })
  return { journal, reports, written: () => written }
}

it('lines wait for each other, and are written together', () => {
  const disk = new Disk()
  const { journal, written } = openJournal(disk)
  journal.append('<1>')
  journal.append('<2>')
  expect(disk.writes).toBe(0)
  journal.append('<3>')
  journal.commit()
  expect([disk.lines(), disk.writes, written()]).toEqual([['<1>', '<2>', '<3>'], 1, 1])
})

it('lines that nobody commits are written soon', () => {
  const disk = new Disk()
  const { journal } = openJournal(disk)
  journal.append('<1>')
  vi.advanceTimersByTime(100)
  expect(disk.lines()).toEqual(['<1>'])
})

it('F1 while the disk is full lines wait, nothing more is let in, and it is said once', () => {
  const disk = new Disk([0, 0, 0])
  const { journal, reports } = openJournal(disk)
  expect(journal.isReady()).toBe(true)
  journal.append('<1>')
  journal.commit()
  journal.append('<2>')
  journal.commit()
  expect(journal.isReady()).toBe(false)
  expect(journal.isReady()).toBe(true)
  expect(disk.lines()).toEqual(['<1>', '<2>'])
  expect(reports).toEqual([
    'The ledger cannot be written; calls with a budget or a limit are refused',
    'The ledger can be written again; calls with a budget or a limit go on',
  ])
})

it('F1 a disk that has room again is found without a call', () => {
  const disk = new Disk([0, 0])
  const { journal } = openJournal(disk)
  journal.append('<1>')
  journal.commit()
  vi.advanceTimersByTime(10_000)
  expect(disk.lines()).toEqual(['<1>'])
})

it('a segment that is deleted while it is in use is told of', () => {
  const disk = new Disk()
  const { journal, reports } = openJournal(disk)
  disk.isDeleted = true
  journal.append('<1>')
  vi.advanceTimersByTime(100)
  expect(reports).toEqual([expect.stringContaining('journal was deleted')])
  expect(disk.lines()).toEqual(['<1>'])
})

it('F2 any part that a write leaves out is written again, and nothing twice', () => {
  const line = fc
    .string({ unit: fc.constantFrom('a', 'é', '漢', '😀'), maxLength: 6 })
    .map((text) => `<${text}>`)
  const turn = fc.record({ lines: fc.array(line, { maxLength: 4 }), take: fc.option(fc.nat(30)) })
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 12 }), (turns) => {
      const disk = new Disk()
      const { journal } = openJournal(disk)
      let number = 0
      const given: string[] = []
      for (const { lines, take } of turns) {
        for (const each of lines) {
          given.push(`<${number++}${each.slice(1)}`)
          journal.append(given.at(-1)!)
        }
        disk.takes.length = 0
        if (take !== null) disk.takes.push(take)
        journal.commit()
      }
      disk.takes.length = 0
      journal.close()
      expect(disk.lines()).toEqual(given)
    }),
    { numRuns: 1000 },
  )
})
