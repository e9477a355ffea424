/** Real processes that die, and real disks that are full. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Interrupted } from '../../../src/stores/ledger/port.ts'
import { canMount, runOnSmallDisk } from '../../support/small-disk.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { levels } from './programs/levels.ts'
import { openTestLedger } from './support.ts'

const KILLS = 20
const CALLS = 10_000
/** Of the calls of `spend.ts`. */
const DEAREST = 5_100
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning']
const programs = join(import.meta.dirname, 'programs')

/** Starts the program, and kills it some time after its first call. */
async function spendUntilKilled(path: string, truthPath: string, lifeMs: number): Promise<void> {
  const sizeOf = () => (existsSync(truthPath) ? readFileSync(truthPath).length : 0)
  const before = sizeOf()
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, join(programs, 'spend-until-killed.ts'), path, truthPath],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  while (sizeOf() === before && child.exitCode === null) await setTimeout(2)
  await setTimeout(lifeMs)
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** What provider and clients know, by attempt. */
function readTruth(truthPath: string) {
  const shown = new Map<string, number>()
  const ended = new Map<string, number>()
  const reports: string[] = []
  for (const line of readFileSync(truthPath, 'utf8').split('\n').slice(0, -1)) {
    const [word, attempt, amount] = line.split(' ')
    if (word === 'shown') shown.set(attempt!, Number(amount))
    if (word === 'ended') ended.set(attempt!, Number(amount))
    if (word === 'report') reports.push(line)
  }
  return { shown, ended, reports }
}

const sum = (amounts: Iterable<number>) => [...amounts].reduce((total, amount) => total + amount, 0)

it(
  `A7 A8 F3 after ${KILLS} kills and ${CALLS} calls: nothing that a client saw the end of is lost or counted twice, and nothing stays reserved`,
  { timeout: 180_000 },
  async () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    const truthPath = `${path}.truth`
    const interrupted: Interrupted[] = []
    let completed = 0
    for (let kill = 0; kill < KILLS || completed < CALLS; kill++) {
      await spendUntilKilled(path, truthPath, (kill * 37) % 250)
      const { ledger, interrupted: found, logged } = openTestLedger({ path })
      interrupted.push(...found)
      const { shown, ended, reports } = readTruth(truthPath)
      expect(reports).toEqual([])
      completed = ended.size
      const charged = new Map<string, number>()
      // Each is charged with no less than the client got, and in the end with what it cost.
      for (const { attempt, charged: amounts } of interrupted) {
        const amount = amounts?.nanodollars ?? 0
        if (ended.has(attempt)) expect(amount).toBe(ended.get(attempt))
        else charged.set(attempt, amount)
        expect(amount).toBeGreaterThanOrEqual(shown.get(attempt) ?? 0)
      }
      for (const budget of levels.budgets) {
        const { used, reserved, interrupted: ofThem } = ledger.balance(budget)
        expect(reserved).toBe(0)
        expect(used).toBe(sum(ended.values()) + sum(charged.values()))
        // Of each kill one may have been settled, and its client not told.
        expect(sum(charged.values()) - ofThem).toBeGreaterThanOrEqual(0)
        expect(sum(charged.values()) - ofThem).toBeLessThanOrEqual((kill + 1) * DEAREST)
      }
      const counted = [...charged.values()].filter((amount) => amount > 0).length
      expect(ledger.balance(levels.rateLimits[0]!).used).toBe(ended.size + counted)
      logged()
      await ledger.close()
    }
    expect(interrupted.length).toBeGreaterThan(KILLS * 25)
  },
)

it.skipIf(!canMount)(
  'F1 while the disk is full nothing is let in, and what is settled then is there afterwards',
  () => {
    const disk = join(temporaryDirectory(), 'disk')
    mkdirSync(disk)
    const program = join(programs, 'fill-the-disk.ts')
    const { stdout, stderr } = runOnSmallDisk(disk, program)
    expect(stderr).toBe('')
    const result = JSON.parse(stdout) as Record<string, unknown> & { expected: number; reports: string[] }
    expect(result.expected).toBeGreaterThanOrEqual(150 * 7)
    const everywhere = levels.budgets.map(() => result.expected)
    expect(result).toMatchObject({
      refusedAs: 'unavailable',
      usedWhileFull: everywhere,
      usedAfterwards: everywhere,
    })
    expect(result['waitedMs']).toBeLessThan(10_000)
    // The disk may have taken a part of a line.
    expect(result.reports.filter((report) => !/database|damaged/.test(report))).toEqual([
      'The ledger cannot be written; calls with a budget or a limit are refused',
      'The ledger can be written again; calls with a budget or a limit go on',
    ])
  },
)
