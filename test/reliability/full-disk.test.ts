/** The program on a disk that is full, and on one that fails now and then. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'

import { type Gateway, newAppDir, removeAppDir, startGateway } from '../support/gateway.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { canMount } from '../support/small-disk.ts'
import { allRows } from './rig/log-rows.ts'
import { APIS, ask, invoice, keyWithBudget, logged, providersAt } from './rig/money.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ strict: false })
})
afterAll(() => provider.close())

const config = () => ({
  providers: providersAt(provider.url),
  governance: {
    virtual_keys: [keyWithBudget('budgeted', 1_000), { id: 'free', name: 'free', value: 'sk-bf-free' }],
  },
})

let calls = 0
const call = (gateway: Gateway, key: string) =>
  ask(gateway.url, {
    api: APIS[++calls % 4]!,
    stream: calls % 3 === 0,
    virtualKey: `sk-bf-${key}`,
    directive: {
      nonce: `${key}-${calls}`,
      say: 'a word of an answer',
      usage: { in: 10 + (calls % 90), out: 7 },
    },
  })

async function api<Answer>({ url }: Gateway, path: string): Promise<Answer> {
  return (await fetch(`${url}/api/${path}`)).json() as Promise<Answer>
}

async function standing(gateway: Gateway): Promise<{ used: number; reserved: number }> {
  const { budget } = await api<{ budget: { nanodollars: { used: number; reserved: number } } }>(
    gateway,
    'governance/budgets/budget-budgeted',
  )
  return budget.nanodollars
}

const billedTo = (key: string) =>
  provider.ledger.filter(({ id }) => provider.requests[id - 1]!.nonce!.startsWith(`${key}-`))

// ==== A disk without room

/** Its home is its application folder. */
const ON_SMALL_DISK =
  'exec 3<"$HOME/config.json"; mount -t tmpfs -o size=16m none "$HOME" && cat <&3 >"$HOME/config.json" && exec "$@"'

/** Until not one page is left. */
function fill(path: string): void {
  for (const size of [256 * 1024, 4096])
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' })
    } catch {
      // It is full.
    }
}

it.skipIf(!canMount)(
  'F1 on a full disk nobody with a budget spends, everybody else is served, and no charge is lost',
  { timeout: 60_000 },
  async () => {
    const within = ['unshare', '-rm', 'sh', '-c', ON_SMALL_DISK, 'sh']
    const gateway = await startGateway({ config: config(), within })
    const ballast = join(`/proc/${gateway.pid}/root`, gateway.appDir, 'ballast')
    try {
      const statuses = { budgeted: new Map<number, number>(), free: new Map<number, number>() }
      const make = async (key: 'budgeted' | 'free') => {
        const { status, text } = await call(gateway, key)
        statuses[key].set(status, (statuses[key].get(status) ?? 0) + 1)
        return { status, text }
      }
      for (let made = 0; made < 200; made++) await make(made % 2 === 0 ? 'budgeted' : 'free')
      fill(ballast)
      // What room the journal's last page has is used up first.
      let refused = await make('budgeted')
      for (let made = 0; refused.status === 200 && made < 3_000; made++) refused = await make('budgeted')
      expect(refused).toMatchObject({
        status: 503,
        text: expect.stringContaining('the disk takes nothing more'),
      })
      for (let made = 0; made < 50; made++) {
        // What was read of the journals is deleted, and makes room.
        fill(ballast)
        await make('budgeted')
        await make('free')
      }
      expect([...statuses.budgeted.keys()].toSorted((a, b) => a - b)).toEqual([200, 503])
      expect(statuses.budgeted.get(503)).toBeGreaterThan(25)
      expect(gateway.exitCode()).toBeNull()

      rmSync(ballast)
      await expect.poll(async () => (await make('budgeted')).status, { timeout: 10_000 }).toBe(200)
      for (let made = 0; made < 20; made++) expect((await make('budgeted')).status).toBe(200)
      expect(await standing(gateway)).toEqual({
        limit: 1_000e9,
        remaining: expect.any(Number),
        used: invoice(billedTo('budgeted')),
        reserved: 0,
      })
      expect(statuses.budgeted.get(200)).toBe(billedTo('budgeted').length)
      expect([...statuses.free.keys()]).toEqual([200])
      // Every row is in the log, or counted as lost.
      const all = [...statuses.budgeted.values(), ...statuses.free.values()].reduce(
        (sum, each) => sum + each,
        0,
      )
      const { dropped_requests: lost } = await api<{ dropped_requests: number }>(gateway, 'logs/dropped')
      const found = async () =>
        (await api<{ stats: { total_requests: number } }>(gateway, 'logs?limit=1')).stats.total_requests
      await expect.poll(found, { timeout: 10_000 }).toBe(all - lost)
      expect(lost).toBeGreaterThan(0)
    } finally {
      rmSync(ballast, { force: true })
      await gateway.close()
    }
  },
)

// ==== A disk that fails now and then

const RUNS = 10
const CALLS = 100
const OPERATIONS = 'pwrite64,fdatasync,fsync,ftruncate'
const FILES = ['ledger.db', 'ledger.db-wal', 'ledger.db.new', 'ledger.db.new-wal', 'logs.db', 'logs.db-wal']
const strace = (...args: string[]) => ['strace', '-D', '--seccomp-bpf', '-f', '-qq', ...args]
const canInject = spawnSync('sh', ['-c', `${strace('-o', '/dev/null').join(' ')} true`]).status === 0

/** Runs the program so that of its writes and syncs of these files, in each thread, the nth fails, and each tenth after it. */
function failingFrom(n: number, appDir: string): string[] {
  const error = n % 2 === 0 ? 'EIO' : 'ENOSPC'
  const inject = `inject=${OPERATIONS}:error=${error}:when=${n}+${RUNS}`
  const paths = FILES.flatMap((file) => ['-P', join(appDir, file)])
  return strace('-o', join(appDir, 'trace'), ...paths, '-e', `trace=${OPERATIONS}`, '-e', inject)
}

function isWhole(path: string): boolean {
  const database = new DatabaseSync(path)
  try {
    return database.prepare('PRAGMA integrity_check').get()?.['integrity_check'] === 'ok'
  } finally {
    database.close()
  }
}

it.skipIf(!canInject)(
  `F2 each write and each sync of the databases fails in one of ${RUNS} lives of a gateway: nothing is torn, and no charge and no row is lost`,
  { timeout: 120_000 },
  async () => {
    for (let run = 1; run <= RUNS; run++) {
      const appDir = await newAppDir()
      const before = provider.ledger.length
      const gateway = await startGateway({ config: config(), appDir, within: failingFrom(run, appDir) })
      onTestFinished(() => gateway.close())
      for (let made = 0; made < CALLS; made++) expect((await call(gateway, 'budgeted')).status).toBe(200)
      const isInjected = () => readFileSync(join(appDir, 'trace'), 'utf8').split('INJECTED').length - 1
      await expect.poll(isInjected, { timeout: 10_000 }).toBeGreaterThan(2)
      expect(gateway.exitCode()).toBeNull()
      process.kill(gateway.pid, 'SIGKILL')
      await gateway.close()

      const again = await startGateway({ config: config(), appDir })
      onTestFinished(() => again.close())
      const truth = { used: invoice(provider.ledger.slice(before)), reserved: 0 }
      expect(await standing(again)).toMatchObject(truth)
      await expect.poll(() => allRows(appDir).length, { timeout: 10_000 }).toBe(CALLS)
      expect(logged(allRows(appDir))).toBe(truth.used)
      await again.close()
      const whole = ['ledger.db', 'logs.db'].map((file) => isWhole(join(appDir, file)))
      expect({ run, whole }).toEqual({ run, whole: [true, true] })
      await removeAppDir(appDir)
    }
  },
)
