/** The ledger in Postgres while Postgres is away, silent, foreign or not to be used. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { PostgresAccess } from '../../../src/stores/config/configuration.ts'
import type { Ledger } from '../../../src/stores/ledger/port.ts'
import { DOLLAR, budget, period } from '../../rules/accounts.ts'
import { MuteProxy } from '../../support/mute-proxy.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { openShared, usePostgres } from './stores.ts'
import { Clock, DAY, amounts, demand, limits, reserved } from './values.ts'

const postgres = usePostgres()
const one = limits(budget(10))
const shared = one.budgets[0]!
const OUT_OF_REACH = { outcome: 'unavailable', because: 'authority' }

/** A gateway that reaches Postgres through a proxy. */
async function openBehindProxy() {
  const access = await postgres.server.newDatabase()
  const proxy = await MuteProxy.start(access.port)
  onTestFinished(() => proxy.close())
  return { access, proxy, ...(await openShared({ ...access, port: proxy.port })) }
}

const reserve = async (ledger: Ledger, dollars: number) =>
  ledger.reserve('call', one, demand(dollars * DOLLAR))

async function reachable(ledger: Ledger): Promise<void> {
  const outcome = async () => {
    const asked = await reserve(ledger, 0)
    if (asked.outcome === 'reserved') asked.reservation.release()
    return asked.outcome
  }
  await expect.poll(outcome, { timeout: 20_000 }).toBe('reserved')
}

async function standing({ database }: PostgresAccess): Promise<string[]> {
  const rows = await postgres.server.query(
    database,
    'SELECT used, reserved FROM signalbox_ledger.windows ORDER BY number',
  )
  return rows.map(
    ({ used, reserved: held }) => `${Number(used) / DOLLAR} used, ${Number(held) / DOLLAR} held`,
  )
}

describe('while Postgres is away', () => {
  it('calls that nothing binds go on, all others are refused, and what was spent is charged afterwards', async () => {
    const access = await postgres.server.newDatabase()
    const { ledger, reports } = await openShared(access)
    const [settled, released] = [reserved(await reserve(ledger, 4)), reserved(await reserve(ledger, 4))]
    await postgres.server.stop()
    try {
      expect(await reserve(ledger, 1)).toEqual(OUT_OF_REACH)
      expect(await reserve(ledger, 1)).toEqual(OUT_OF_REACH)
      const free = await ledger.reserve('call', { budgets: [], rateLimits: [] }, demand('unpriced'))
      expect(reserved(free).attempt).toBe('')
      settled.settle(amounts(3 * DOLLAR))
      released.release()
    } finally {
      await postgres.server.start()
    }
    await reachable(ledger)
    await ledger.flush()
    expect(await standing(access)).toEqual(['3 used, 0 held'])
    expect(reports.slice(-2).map((report) => report.replace(/:.*/, ''))).toEqual([
      'Postgres does not answer; calls with a budget or a limit are refused',
      'Postgres answers; calls with a budget or a limit go on',
    ])
  })

  it('a gateway starts, and lets calls in when Postgres is there', async () => {
    const access = await postgres.server.newDatabase()
    const proxy = await MuteProxy.start(access.port)
    onTestFinished(() => proxy.close())
    proxy.isMute = true
    const { ledger } = await openShared({ ...access, port: proxy.port })
    expect(await reserve(ledger, 1)).toEqual(OUT_OF_REACH)
    proxy.isMute = false
    proxy.cut()
    await reachable(ledger)
  })

  it(
    'a gateway stops in a few seconds, and its next start brings what it had settled',
    { timeout: 30_000 },
    async () => {
      const { access, proxy, ledger, journalDirectory } = await openBehindProxy()
      const reservation = reserved(await reserve(ledger, 4))
      proxy.isMute = true
      reservation.settle(amounts(2 * DOLLAR))
      await ledger.close()
      expect(await standing(access)).toEqual(['0 used, 4 held'])
      const { ledger: next, interrupted } = await openShared(access, { journalDirectory })
      expect(next.balance(shared).used).toBe(2 * DOLLAR)
      expect(await standing(access)).toEqual(['2 used, 0 held'])
      expect(interrupted).toEqual([])
    },
  )
})

describe('an answer that is lost', () => {
  it('leaves nothing held, though Postgres had reserved', async () => {
    const { access, proxy, ledger } = await openBehindProxy()
    reserved(await reserve(ledger, 1)).settle(amounts(DOLLAR))
    await ledger.flush()
    proxy.isMute = true
    const asked = reserve(ledger, 4)
    await expect.poll(() => standing(access)).toEqual(['1 used, 4 held'])
    proxy.cut()
    expect(await asked).toEqual(OUT_OF_REACH)
    proxy.isMute = false
    await reachable(ledger)
    await expect.poll(() => standing(access)).toEqual(['1 used, 0 held'])
  })

  it('to what was settled: it is charged once', async () => {
    const { access, proxy, ledger } = await openBehindProxy()
    reserved(await reserve(ledger, 1)).settle(amounts(DOLLAR))
    await ledger.flush()
    const reservation = reserved(await reserve(ledger, 4))
    proxy.isMute = true
    reservation.settle(amounts(2 * DOLLAR))
    await expect.poll(() => standing(access)).toEqual(['3 used, 0 held'])
    proxy.cut()
    proxy.isMute = false
    await reachable(ledger)
    await ledger.flush()
    expect(await standing(access)).toEqual(['3 used, 0 held'])
  })

  it(
    'a Postgres that says nothing is not waited for longer than some seconds',
    { timeout: 30_000 },
    async () => {
      const { access, proxy, ledger } = await openBehindProxy()
      reserved(await reserve(ledger, 1)).settle(amounts(DOLLAR))
      await ledger.flush()
      proxy.isMute = true
      expect(await Promise.all([1, 2, 3].map(() => reserve(ledger, 1)))).toEqual(
        [1, 2, 3].map(() => OUT_OF_REACH),
      )
      proxy.isMute = false
      await reachable(ledger)
      await expect.poll(() => standing(access)).toEqual(['1 used, 0 held'])
    },
  )
})

describe('the start', () => {
  it.each<[string, Partial<PostgresAccess>, string]>([
    ['a wrong password', { password: 'wrong' }, 'password authentication failed for user "signalbox"'],
    ['no such database', { database: 'elsewhere' }, 'database "elsewhere" does not exist'],
  ])('is refused: %s', async (_title, changes, reason) => {
    const access = await postgres.server.newDatabase()
    const { host, port, database } = { ...access, ...changes }
    await expect(openShared({ ...access, ...changes })).rejects.toThrow(
      `the ledger in Postgres (${host}:${port}, database ${database}) cannot be used: ${reason}`,
    )
  })

  it('encrypted: `require` takes any certificate, the others want one of a known authority', async () => {
    const access = await postgres.server.newDatabase()
    const { ledger } = await openShared({ ...access, sslMode: 'require' })
    expect(await reserve(ledger, 1)).toMatchObject({ outcome: 'reserved' })
    const sql =
      'SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND datname = current_database()'
    const [row] = await postgres.server.query(access.database, sql)
    expect(Number(row!['count'])).toBeGreaterThan(1)
    for (const sslMode of ['verify-ca', 'verify-full'] as const) {
      const wary = await openShared({ ...access, sslMode })
      expect(await reserve(wary.ledger, 1)).toEqual(OUT_OF_REACH)
      expect(wary.reports.join()).toMatch(/certificate/)
    }
  })

  it('is refused: a schema of a newer version', async () => {
    const access = await postgres.server.newDatabase()
    await (await openShared(access)).ledger.close()
    await postgres.server.query(access.database, 'UPDATE signalbox_ledger.version SET number = 99')
    await expect(openShared(access)).rejects.toThrow('is of a newer Signalbox (version 99, this one knows 1)')
  })

  it('F13 is refused: another process has the same app dir', async () => {
    const access = await postgres.server.newDatabase()
    const { journalDirectory } = await openShared(access)
    await expect(openShared(access, { journalDirectory })).rejects.toThrow(
      `the ledger’s journal ${journalDirectory} cannot be opened, because another Signalbox`,
    )
  })

  it('of a copy of an app dir: the first gateway lets no call in, because both would count as one', async () => {
    const access = await postgres.server.newDatabase()
    const first = await openShared(access)
    const copy = join(temporaryDirectory(), 'copy')
    cpSync(first.journalDirectory, copy, { recursive: true, filter: (path) => !path.endsWith('lock') })
    await openShared(access, { journalDirectory: copy })
    await expect.poll(() => reserve(first.ledger, 1)).toEqual(OUT_OF_REACH)
    expect(first.reports.join()).toContain('another gateway runs with a copy of this app dir')
  })
})

describe('what it is told', () => {
  it('H8 windows follow the clock of Postgres: that of this machine may be set at any time', async () => {
    const { ledger } = await openShared(await postgres.server.newDatabase())
    reserved(await reserve(ledger, 4)).settle(amounts(DOLLAR))
    await ledger.flush()
    const { endMs } = ledger.balance(shared)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 40 * DAY })
    onTestFinished(() => void vi.useRealTimers())
    reserved(await reserve(ledger, 4)).settle(amounts(DOLLAR))
    await ledger.flush()
    expect(ledger.balance(shared)).toMatchObject({ used: 2 * DOLLAR, endMs })
  })

  it('balances of other gateways are known after a beat', async () => {
    const access = await postgres.server.newDatabase()
    const [here, there] = [await openShared(access), await openShared(access)]
    there.ledger.configure([shared])
    reserved(await reserve(here.ledger, 4)).settle(amounts(DOLLAR))
    await expect.poll(() => there.ledger.balance(shared)).toMatchObject({ used: DOLLAR, reserved: 0 })
    there.ledger.clear(shared)
    await expect.poll(() => here.ledger.balance(shared).used).toBe(DOLLAR)
    here.ledger.configure([shared])
    await expect.poll(() => here.ledger.balance(shared).used).toBe(0)
  })

  it('windows that have ended are told, those shorter than a day are not kept', async () => {
    const clock = new Clock()
    const { ledger } = await openShared(await postgres.server.newDatabase(), { now: clock.now })
    const daily = budget(10, { period: period('1d') })
    const hourly = budget(10, { id: 'hourly' })
    for (let day = 1; day <= 3; day++) {
      reserved(await ledger.reserve('call', limits(daily, hourly), demand(1))).settle(amounts(day))
      await ledger.flush()
      clock.timeMs += DAY
    }
    reserved(await ledger.reserve('call', limits(daily, hourly), demand(1)))
    expect((await ledger.history(daily)).map(({ used }) => used)).toEqual([3, 2, 1])
    expect(await ledger.history(hourly)).toEqual([])
  })

  it('windows that ended a year and a month ago are forgotten', async () => {
    const access = await postgres.server.newDatabase()
    const clock = new Clock()
    const spend = async (days: number) => {
      clock.timeMs += days * DAY
      const { ledger } = await openShared(access, { now: clock.now })
      reserved(await reserve(ledger, 1)).settle(amounts(DOLLAR))
      await ledger.close()
      return standing(access)
    }
    const daily = budget(10, { id: 'old', period: period('1d') })
    const { ledger } = await openShared(access, { now: clock.now })
    reserved(await ledger.reserve('call', limits(daily), demand(1))).settle(amounts(2 * DOLLAR))
    await ledger.close()
    expect(await spend(399)).toEqual(['2 used, 0 held', '1 used, 0 held'])
    expect(await spend(3)).toEqual(['1 used, 0 held'])
  })

  it('A12 a name that Postgres cannot hold fails no call, and none beside it', async () => {
    const { ledger } = await openShared(await postgres.server.newDatabase())
    const calls = ['plain', 'with \0 zero', 'half \ud83d', 'x'.repeat(199) + '😀']
    const outcomes = await Promise.all(calls.map(async (call) => ledger.reserve(call, one, demand(1))))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(calls.map(() => 'reserved'))
    for (const id of calls) {
      const named = budget(10, { id })
      reserved(await ledger.reserve('call', limits(named), demand(5))).settle(amounts(5))
      await ledger.flush()
      expect(ledger.balance(named)).toMatchObject({ used: 5, reserved: 0 })
      ledger.clear(named)
      await ledger.flush()
      expect(ledger.balance(named).used).toBe(0)
    }
  })
})
