/** Real processes that die, and real disks that are full. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { canMount, runOnSmallDisk } from '../../support/small-disk.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { callRow } from './rows.ts'
import { idsOf, openTestStore } from './support.ts'

const KILLS = 100
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning']
const programs = join(import.meta.dirname, 'programs')

/** Half of them while the writer thread still starts, half while it writes. */
function lifeMs(kill: number): number {
  return kill % 2 === 0 ? (kill * 37) % 60 : 150 + ((kill * 37) % 250)
}

/** Starts the program, kills it some time after its first line, and returns the ids that it printed whole. */
async function recordUntilKilled(path: string, run: string, delayMs: number): Promise<string[]> {
  // A file, because a write to it returns when the line is there, as the recording of the call does.
  const printed = `${path}.${run}.txt`
  const output = openSync(printed, 'w')
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, join(programs, 'record-until-killed.ts'), path, run],
    { stdio: ['ignore', output, 'inherit'] },
  )
  closeSync(output)
  while (statSync(printed).size === 0 && child.exitCode === null) await setTimeout(2)
  await setTimeout(delayMs)
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return readFileSync(printed, 'utf8').split('\n').slice(0, -1)
}

it(
  `F3 after ${KILLS} kills at any moment, every acknowledged call is there once`,
  { timeout: 180_000 },
  async () => {
    const directory = temporaryDirectory()
    // Two at a time, each in its own database: a process takes longer to start than to live.
    const perStore = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const path = join(directory, name, 'logs.db')
        mkdirSync(join(directory, name))
        const acknowledged: string[] = []
        for (let kill = 0; kill < KILLS / 2; kill++) {
          acknowledged.push(...(await recordUntilKilled(path, `${kill}`, lifeMs(kill))))
        }
        return { path, acknowledged }
      }),
    )
    for (const { path, acknowledged } of perStore) {
      const store = openTestStore({ path })
      await store.writer.flush()
      const counts = new Map<string, number>()
      for (let offset = 0; ; offset += 1000) {
        const ids = await idsOf(store, { offset, order: 'asc' })
        for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
        if (ids.length < 1000) break
      }
      expect(acknowledged.length).toBeGreaterThan(KILLS)
      expect(acknowledged.filter((id) => !counts.has(id))).toEqual([])
      expect([...counts].filter(([, count]) => count > 1)).toEqual([])
    }
  },
)

it.skipIf(!canMount)(
  'F1 a full disk stops nothing: what is lost is counted, and rows go on when there is room',
  () => {
    const disk = join(temporaryDirectory(), 'disk')
    mkdirSync(disk)
    const program = join(programs, 'fill-the-disk.ts')
    const { stdout, stderr } = runOnSmallDisk(disk, program)
    expect(stderr).toBe('')
    const result = JSON.parse(stdout) as Record<string, unknown> & { reports: string[] }
    expect(result).toMatchObject({ lostAfterwards: 0, missing: 0 })
    expect(result['lostWhileFull']).toBeGreaterThan(50)
    expect(result['total']).toBeGreaterThan(100)
    const said = (start: string) => result.reports.filter((report) => report.startsWith(start)).length
    expect(said('The log journal cannot be written')).toBe(1)
    expect(said('The log journal can be written again')).toBe(1)
  },
)

it('F13 a second process on the same database is refused, and says who has it', async () => {
  const first = openTestStore()
  expect(() => openTestStore({ path: first.path })).toThrow(
    `logs_store: the log database ${first.path} cannot be opened, because another Signalbox (process ${process.pid}) is using it.`,
  )
  const second = spawnSync(
    process.execPath,
    [...NODE_FLAGS, join(programs, 'record-until-killed.ts'), first.path, '2'],
    { encoding: 'utf8' },
  )
  expect(second.status).toBe(1)
  expect(second.stderr).toContain(`another Signalbox (process ${process.pid}) is using it`)
  first.writer.record(callRow({ id: 'a' }))
  await first.writer.flush()
  expect(await idsOf(first)).toEqual(['a'])
  await first.close()
  const third = openTestStore({ path: first.path })
  expect(await idsOf(third)).toEqual(['a'])
})
