/** Several gateways on one ledger: processes that share budgets, die, are slow, and lose their database. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { PostgresAccess } from '../../../src/stores/config/configuration.ts'
import type { Interrupted } from '../../../src/stores/ledger/port.ts'
import { DOLLAR, budget, owner } from '../../rules/accounts.ts'
import { levels } from './programs/levels.ts'
import { SharedGateway } from './shared-gateway.ts'
import { openShared, usePostgres } from './stores.ts'
import { amounts, demand, limits, reserved } from './values.ts'

const postgres = usePostgres()

/** As the database has it: what was used and what is held, of all windows of an account. */
async function standing(access: PostgresAccess, account: string): Promise<[used: number, held: number]> {
  const sql = `SELECT sum(used) AS used, sum(reserved) AS held FROM signalbox_ledger.windows WHERE account = '${account}'`
  const [row] = await postgres.server.query(access.database, sql)
  return [Number(row!['used']), Number(row!['held'])]
}

async function start(access: PostgresAccess, count: number, options = {}): Promise<SharedGateway[]> {
  return Promise.all(Array.from({ length: count }, () => new SharedGateway(access, options).start()))
}

interface Called {
  admitted: number
  others: string[]
}

describe('A2 200 callers at once on a budget for ten calls', () => {
  it.each([
    [2, 100],
    [5, 20],
  ])(
    'split between %i gateways: ten are let in, and nothing is overspent, %i times',
    { timeout: 120_000 },
    async (count, runs) => {
      const access = await postgres.server.newDatabase()
      const gateways = await start(access, count)
      const order = { type: 'call', callers: 200 / count } as const
      for (let run = 0; run < runs; run++) {
        // A3: nobody knows the account before.
        const account = `run ${run}`
        const called = await Promise.all(gateways.map((one) => one.tell<Called>({ ...order, account })))
        const admitted = called.reduce((sum, each) => sum + each.admitted, 0)
        expect([admitted, called.flatMap(({ others }) => others)]).toEqual([10, called.map(() => 'blocked')])
      }
      await Promise.all(gateways.map((gateway) => gateway.tell({ type: 'settle' })))
      for (let run = 0; run < runs; run++)
        expect(await standing(access, `run ${run}`)).toEqual([10 * DOLLAR, 0])
      expect(gateways.flatMap((gateway) => gateway.truth().reports)).toEqual([])
    },
  )

  it('in all orders of the accounts: there is no deadlock', { timeout: 60_000 }, async () => {
    const access = await postgres.server.newDatabase()
    const gateways = await Promise.all([1, 2, 3].map(() => openShared(access)))
    const accounts = Array.from({ length: 6 }, (_, n) => budget(1000, { id: `b${n}`, owner: owner('team') }))
    const caller = async (_: unknown, number: number) => {
      const { ledger } = gateways[number % 3]!
      for (let turn = 0; turn < 20; turn++) {
        const shift = (number + turn) % 6
        const turned = [...accounts.slice(shift), ...accounts.slice(0, shift)]
        const bound = limits(...(turn % 2 === 0 ? turned : turned.toReversed()))
        reserved(await ledger.reserve('call', bound, demand(5))).settle(amounts(5))
      }
    }
    await Promise.all(Array.from({ length: 60 }, caller))
    await Promise.all(gateways.map(({ ledger }) => ledger.flush()))
    for (const { id } of accounts) expect(await standing(access, id)).toEqual([60 * 20 * 5, 0])
    expect(gateways.flatMap(({ reports }) => reports)).toEqual([])
  })
})

describe('a gateway that dies', () => {
  const LEASE = { beatMs: 40, beatsMissed: 10 }

  it('leaves nothing held: what it had reserved is free after some beats, for another one', async () => {
    const access = await postgres.server.newDatabase()
    const [dying, other] = await start(access, 2, LEASE)
    await dying!.tell({ type: 'hold', count: 10, account: 'shared' })
    const call = { type: 'call', callers: 1, account: 'shared' } as const
    expect(await other!.tell(call)).toEqual({ admitted: 0, others: ['blocked'] })
    await dying!.kill()
    await expect.poll(() => other!.tell(call), { timeout: 20_000 }).toEqual({ admitted: 1, others: [] })
    expect(other!.truth().reports).toEqual([
      'A gateway of the shared ledger is gone; 10 of its reservations were ended',
    ])
  })

  it('keeps what it holds while it is only slow', async () => {
    const access = await postgres.server.newDatabase()
    const [slow, other] = await start(access, 2, { beatMs: 40, beatsMissed: 1000 })
    await slow!.tell({ type: 'hold', count: 10, account: 'shared' })
    slow!.signal('SIGSTOP')
    await sleep(1_000)
    const call = { type: 'call', callers: 5, account: 'shared' } as const
    expect(await other!.tell(call)).toEqual({ admitted: 0, others: ['blocked'] })
    slow!.signal('SIGCONT')
    await slow!.tell({ type: 'settle' })
    expect(await standing(access, 'shared')).toEqual([10 * DOLLAR, 0])
    expect(other!.truth().reports).toEqual([])
  })

  it('is not taken for dead by one that has much to ask of Postgres', async () => {
    const access = await postgres.server.newDatabase()
    const [calm] = await start(access, 1, { beatMs: 1_000, beatsMissed: 30 })
    await calm!.tell({ type: 'hold', count: 10, account: 'shared' })
    const { ledger, reports } = await openShared(access, { beatMs: 1_000, beatsMissed: 30 })
    // A hundred in a beat.
    ledger.configure(Array.from({ length: 5_000 }, (_, n) => budget(1, { id: `b${n}` })))
    await ledger.flush()
    expect(await standing(access, 'shared')).toEqual([0, 10 * DOLLAR])
    expect(reports).toEqual([])
  })

  it('and was only taken for dead: what it settles later is charged, once', async () => {
    const access = await postgres.server.newDatabase()
    const [slow, other] = await start(access, 2, LEASE)
    await slow!.tell({ type: 'hold', count: 4, account: 'shared' })
    slow!.signal('SIGSTOP')
    await expect.poll(() => standing(access, 'shared'), { timeout: 20_000 }).toEqual([0, 0])
    expect(await other!.tell({ type: 'call', callers: 3, account: 'shared' })).toMatchObject({ admitted: 3 })
    slow!.signal('SIGCONT')
    await slow!.tell({ type: 'settle' })
    await expect.poll(() => standing(access, 'shared')).toEqual([7 * DOLLAR, 0])
    expect(await slow!.tell({ type: 'call', callers: 9, account: 'shared' })).toMatchObject({ admitted: 3 })
  })
})

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0)

it(
  'A7 A8 F3 gateways killed while they spend, and a database started anew: nothing that a client saw the end of is lost or counted twice, and nothing stays held',
  { timeout: 180_000 },
  async () => {
    const access = await postgres.server.newDatabase()
    const gateways = await start(access, 3)
    const interrupted = new Map<string, Interrupted>()
    for (const gateway of gateways) void gateway.tell({ type: 'spend' })
    const KILLS = 12
    let kill = 0
    for (; kill < KILLS || interrupted.size <= KILLS * 20; kill++) {
      await sleep(100 + ((kill * 37) % 250))
      if (kill % 4 === 3) {
        await postgres.server.stop()
        await sleep(200)
        await postgres.server.start()
      }
      const gateway = gateways[kill % gateways.length]!
      const endedBefore = gateway.truth().ended.size
      await expect
        .poll(() => gateway.truth().ended.size, { timeout: 20_000 })
        .toBeGreaterThan(endedBefore + 50)
      await gateway.kill()
      await gateway.start()
      for (const each of await gateway.tell<Interrupted[]>({ type: 'interrupted' }))
        interrupted.set(each.attempt, each)
      void gateway.tell({ type: 'spend' })
    }
    for (const gateway of gateways) {
      await gateway.kill()
      await gateway.start()
      for (const each of await gateway.tell<Interrupted[]>({ type: 'interrupted' }))
        interrupted.set(each.attempt, each)
      await gateway.tell({ type: 'settle' })
    }
    const truths = gateways.map((gateway) => gateway.truth())
    const ended = new Map(truths.flatMap((truth) => [...truth.ended]))
    const shown = new Map(truths.flatMap((truth) => [...truth.shown]))
    const charged = new Map([...interrupted].map(([id, { charged: owed }]) => [id, owed?.nanodollars ?? 0]))
    // Settled, and killed before the client was told.
    const silent = [...shown].filter(([attempt]) => !ended.has(attempt) && !charged.has(attempt))
    expect(silent.length).toBeLessThanOrEqual(kill + gateways.length)
    for (const [attempt, amount] of charged) {
      expect(ended.has(attempt)).toBe(false)
      expect(amount).toBeGreaterThanOrEqual(shown.get(attempt) ?? 0)
    }
    const expected = sum(ended.values()) + sum(charged.values()) + sum(silent.map(([, amount]) => amount))
    for (const { id } of levels.budgets) expect(await standing(access, id)).toEqual([expected, 0])
    expect(ended.size).toBeGreaterThan(500)
    expect(charged.size).toBeGreaterThan(KILLS * 20)
    const left = await postgres.server.query(access.database, 'SELECT * FROM signalbox_ledger.reservations')
    expect(left.filter(({ state }) => state !== 'cancelled' && state !== 'abandoned')).toEqual([])
  },
)
