/** What is held and charged, wherever it is kept: atomic over all levels, in the window of the reservation, and gone when at rest. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Account, Balance, Limits } from '../../../src/rules/limits.ts'
import type { Ledger, Reservation } from '../../../src/stores/ledger/port.ts'
import { DOLLAR, budget, owner, period, rateLimit } from '../../rules/accounts.ts'
import { LOCAL_STORES, postgresStore, usePostgres } from './stores.ts'
import { Clock, DAY, HOUR, amounts, demand, limits, reserved } from './values.ts'

const stores = [...LOCAL_STORES, postgresStore(usePostgres())]

async function hold(ledger: Ledger, ...asked: Parameters<Ledger['reserve']>): Promise<Reservation> {
  return reserved(await ledger.reserve(...asked))
}

/** Where an account stands once everything is where it has to be. */
async function balanceOf(ledger: Ledger, account: Account): Promise<Balance> {
  await ledger.flush()
  return ledger.balance(account)
}

/** One after the other. */
async function each<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await work(item))
  return results
}

describe.each(stores)('$name: one attempt', (store) => {
  const all: Limits = {
    budgets: [budget(10)],
    rateLimits: [rateLimit('tokens', 1000), rateLimit('requests', 5)],
  }
  const standing = (ledger: Ledger) =>
    each([...all.budgets, ...all.rateLimits], async (account) => {
      const { used, reserved: held } = await balanceOf(ledger, account)
      return [used, held]
    })

  it('holds its worst case, and is charged with the truth', async () => {
    const ledger = await store.open()
    const reservation = await hold(ledger, 'call', all, demand(4 * DOLLAR, 600))
    expect(await standing(ledger)).toEqual([
      [0, 4 * DOLLAR],
      [0, 600],
      [0, 1],
    ])
    reservation.settle(amounts(1_234_567, 321))
    expect(await standing(ledger)).toEqual([
      [1_234_567, 0],
      [321, 0],
      [1, 0],
    ])
  })

  it('A6 is released, once: nothing after the end does anything', async () => {
    const ledger = await store.open()
    const reservation = await hold(ledger, 'call', all, demand(DOLLAR, 600))
    reservation.release()
    reservation.release()
    reservation.settle(amounts(7, 7))
    expect(await standing(ledger)).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    const other = await hold(ledger, 'call', all, demand(DOLLAR, 600))
    other.settle(amounts(7, 7))
    other.settle(amounts(7, 7))
    other.release()
    expect(await standing(ledger)).toEqual([
      [7, 0],
      [7, 0],
      [1, 0],
    ])
  })

  it('A4 that costs more than was held is charged with that, and the next one is refused', async () => {
    const ledger = await store.open()
    ;(await hold(ledger, 'call', all, demand(4 * DOLLAR))).settle(amounts(20 * DOLLAR))
    expect((await balanceOf(ledger, all.budgets[0]!)).used).toBe(20 * DOLLAR)
    expect(await ledger.reserve('call', all, demand(1))).toMatchObject({ outcome: 'blocked' })
  })

  it('A4 of unknown size is alone: the next one waits until it has settled', async () => {
    const ledger = await store.open()
    const first = await hold(ledger, 'call', all, demand('unbounded'))
    expect(await ledger.reserve('call', all, demand('unbounded'))).toMatchObject({ outcome: 'blocked' })
    expect(await ledger.reserve('call', all, demand(1))).toMatchObject({ outcome: 'blocked' })
    first.settle(amounts(DOLLAR))
    expect(await ledger.reserve('call', all, demand('unbounded'))).toMatchObject({ outcome: 'reserved' })
  })

  it('of unknown cost is counted as one of which nobody knows', async () => {
    const ledger = await store.open()
    ;(await hold(ledger, 'call', all, demand(1))).settle(amounts(null, 30))
    expect(await balanceOf(ledger, all.budgets[0]!)).toMatchObject({ used: 0, unpriced: 1 })
    expect(await balanceOf(ledger, all.rateLimits[0]!)).toMatchObject({ used: 30, unpriced: 0 })
  })

  it('that nothing binds is let through, and counts nowhere', async () => {
    const ledger = await store.open()
    const { attempt } = await hold(ledger, 'call', { budgets: [], rateLimits: [] }, demand('unpriced'))
    expect(attempt).toBe('')
  })

  it('G5 has an id of its own, whatever the client calls it', async () => {
    const ledger = await store.open()
    const attempts = await each([1, 2, 3], async () => (await hold(ledger, 'same', all, demand(1))).attempt)
    expect(new Set(attempts).size).toBe(3)
    expect(attempts.join()).not.toContain('same')
  })

  it.each([
    ['negative', -1e6, 0],
    ['huge', 1e308, 1e14],
    ['infinite', Infinity, 1e14],
    ['no number', NaN, 0],
    ['a fraction', 0.1, 1],
  ])('A12 a cost that is %s never lessens what was used', async (_name, cost, used) => {
    const ledger = await store.open()
    ;(await hold(ledger, 'call', all, demand(1))).settle(amounts(cost))
    expect((await balanceOf(ledger, all.budgets[0]!)).used).toBe(used)
    expect(ledger.bentAmounts).toBe(1)
  })

  it('A17 very many tiny charges add up', async () => {
    const ledger = await store.open()
    const one = limits(budget(1000))
    const callers = 50
    const spend = async () => {
      for (let n = 0; n < store.calls / callers; n++) {
        const outcome = ledger.reserve('call', one, demand(100))
        reserved(outcome instanceof Promise ? await outcome : outcome).settle(amounts(100))
      }
    }
    await Promise.all(Array.from({ length: callers }, spend))
    expect((await balanceOf(ledger, one.budgets[0]!)).used).toBe(store.calls * 100)
  }, 60_000)
})

describe.each(stores)('$name: several accounts', (store) => {
  const kinds = ['customer', 'team', 'virtual_key', 'virtual_key_provider', 'provider', 'model'] as const

  it('A16 any combination of exhausted levels blocks, names each, and holds nothing of the others', async () => {
    const ledger = await store.open()
    for (let combination = 1; combination < 2 ** kinds.length; combination++) {
      const levels = kinds.map((kind) => budget(10, { id: `${kind}-${combination}`, owner: owner(kind) }))
      const full = levels.filter((_, index) => (combination >> index) % 2 === 1)
      for (const level of full) await hold(ledger, 'fill', limits(level), demand(10 * DOLLAR))
      const outcome = await ledger.reserve('call', limits(...levels), demand(1))
      expect(outcome).toMatchObject({ outcome: 'blocked', blocks: full.map((account) => ({ account })) })
      const held = await each(levels, async (level) => (await balanceOf(ledger, level)).reserved)
      expect(held).toEqual(levels.map((level) => (full.includes(level) ? 10 * DOLLAR : 0)))
    }
  })

  it('several budgets of one owner each count, in windows of their own', async () => {
    const clock = new Clock()
    const ledger = await store.open(clock.now)
    const [hourly, daily] = [budget(10, { id: 'h' }), budget(15, { id: 'd', period: period('1d') })]
    const both = limits(hourly, daily)
    ;(await hold(ledger, 'call', both, demand(DOLLAR))).settle(amounts(9 * DOLLAR))
    await ledger.flush()
    expect(await ledger.reserve('call', both, demand(2 * DOLLAR))).toMatchObject({
      blocks: [{ account: hourly }],
    })
    clock.timeMs += HOUR
    ;(await hold(ledger, 'call', both, demand(2 * DOLLAR))).settle(amounts(2 * DOLLAR))
    expect(await ledger.reserve('call', both, demand(5 * DOLLAR))).toMatchObject({
      blocks: [{ account: daily }],
    })
    expect(await each([hourly, daily], async (one) => (await balanceOf(ledger, one)).used)).toEqual([
      2 * DOLLAR,
      11 * DOLLAR,
    ])
  })

  it('a budget that two owners share is charged once', async () => {
    const ledger = await store.open()
    const shared = ['team', 'virtual_key'] as const
    const both = limits(...shared.map((kind) => budget(10, { owner: owner(kind) })))
    ;(await hold(ledger, 'call', both, demand(6 * DOLLAR))).settle(amounts(6 * DOLLAR))
    expect(await balanceOf(ledger, both.budgets[0]!)).toMatchObject({ used: 6 * DOLLAR, reserved: 0 })
  })

  it('budgets and rate limits of one id are different accounts', async () => {
    const ledger = await store.open()
    const all = { budgets: [budget(10, { id: 'x' })], rateLimits: [rateLimit('tokens', 1000, { id: 'x' })] }
    ;(await hold(ledger, 'call', all, demand(5, 7))).settle(amounts(5, 7))
    expect([
      (await balanceOf(ledger, all.budgets[0]!)).used,
      (await balanceOf(ledger, all.rateLimits[0]!)).used,
    ]).toEqual([5, 7])
  })
})

describe.each(stores)('$name: windows', (store) => {
  it('H9 what was reserved before a reset is charged to the window before it', async () => {
    const clock = new Clock()
    const ledger = await store.open(clock.now)
    const one = limits(budget(10))
    const flying = await each(Array.from({ length: 50 }), () => hold(ledger, 'call', one, demand(DOLLAR / 5)))
    clock.timeMs += HOUR
    const later = await hold(ledger, 'call', one, demand(10 * DOLLAR))
    expect(await balanceOf(ledger, one.budgets[0]!)).toMatchObject({ used: 0, reserved: 10 * DOLLAR })
    for (const reservation of flying) reservation.settle(amounts(DOLLAR / 5))
    later.settle(amounts(3 * DOLLAR))
    expect(await balanceOf(ledger, one.budgets[0]!)).toMatchObject({ used: 3 * DOLLAR, reserved: 0 })
  })

  it.each<[string, Partial<ReturnType<typeof period>['rule']>, string, [string, number][]]>([
    // period, how, and at which moments how much is used of what was spent at 2026-11-21T10:20
    [
      '1h',
      {},
      'the end of an hour',
      [
        ['2026-11-21T11:19:59.999Z', 5],
        ['2026-11-21T11:20:00Z', 0],
      ],
    ],
    ['1h', {}, 'H8 40 days on', [['2026-12-31T10:20:00Z', 0]]],
    [
      '1h',
      {},
      'H8 two hours back',
      [
        ['2026-11-21T08:20:00Z', 5],
        ['2026-11-21T11:19:00Z', 5],
        ['2026-11-21T11:20:00Z', 0],
      ],
    ],
    [
      '1d',
      { calendarAligned: true },
      'midnight',
      [
        ['2026-11-21T23:59:59.999Z', 5],
        ['2026-11-22T00:00:00Z', 0],
      ],
    ],
    [
      '1d',
      { calendarAligned: true, timeZone: 'Asia/Shanghai' },
      'H8 midnight there',
      [
        ['2026-11-21T15:59:59.999Z', 5],
        ['2026-11-21T16:00:00Z', 0],
      ],
    ],
    [
      '1M',
      { calendarAligned: true },
      'H8 the end of a month',
      [
        ['2026-11-30T23:59:59.999Z', 5],
        ['2026-12-01T00:00:00Z', 0],
      ],
    ],
    [
      '1M',
      {},
      '30 days',
      [
        ['2026-12-21T10:19:59.999Z', 5],
        ['2026-12-21T10:20:00Z', 0],
      ],
    ],
    [
      '1Q',
      { quarterStartMonth: 3 },
      'a fiscal quarter',
      [
        ['2026-11-30T23:59:59.999Z', 5],
        ['2026-12-01T00:00:00Z', 0],
      ],
    ],
  ])('%s %o: %s', async (text, how, _why, moments) => {
    const clock = new Clock()
    const ledger = await store.open(clock.now)
    const one = limits(budget(10, { period: period(text, how) }))
    ;(await hold(ledger, 'call', one, demand(5))).settle(amounts(5))
    for (const [moment, used] of moments) {
      clock.timeMs = Date.parse(moment)
      expect((await balanceOf(ledger, one.budgets[0]!)).used).toBe(used)
      ;(await hold(ledger, 'call', one, demand(5))).release()
      expect((await balanceOf(ledger, one.budgets[0]!)).used).toBe(used)
    }
  })

  it('H8 a clock that went forward and back resets once', async () => {
    const clock = new Clock()
    const ledger = await store.open(clock.now)
    const one = limits(budget(10))
    const spend = async () => (await hold(ledger, 'call', one, demand(5))).settle(amounts(5))
    await spend()
    clock.timeMs += 40 * DAY
    await spend()
    clock.timeMs -= 40 * DAY
    await spend()
    clock.timeMs += 2 * HOUR
    await spend()
    expect((await balanceOf(ledger, one.budgets[0]!)).used).toBe(15)
  })

  it('looking at a balance begins no window', async () => {
    const clock = new Clock()
    const ledger = await store.open(clock.now)
    const one = limits(budget(10))
    expect((await balanceOf(ledger, one.budgets[0]!)).startMs).toBe(clock.timeMs)
    clock.timeMs += 10
    await hold(ledger, 'call', one, demand(5))
    expect((await balanceOf(ledger, one.budgets[0]!)).startMs).toBe(clock.timeMs)
  })
})

describe.each(stores)('$name: a changed configuration', (store) => {
  /** 5 of 10 dollars used in an hour that began ten minutes ago. */
  async function used() {
    const clock = new Clock()
    const ledger = await store.open(clock.now)
    ;(await hold(ledger, 'call', limits(budget(10)), demand(5 * DOLLAR))).settle(amounts(5 * DOLLAR))
    clock.timeMs += HOUR / 6
    return { clock, ledger }
  }

  it.each<[string, Account, number, string]>([
    ['raised', budget(20), 5, '2026-11-21T11:20:00.000Z'],
    ['lowered', budget(1), 5, '2026-11-21T11:20:00.000Z'],
    ['given to another owner', budget(10, { owner: owner('team', 'x') }), 5, '2026-11-21T11:20:00.000Z'],
    ['a longer period', budget(10, { period: period('1d') }), 5, '2026-11-22T10:20:00.000Z'],
    ['a shorter period', budget(10, { period: period('7m') }), 5, '2026-11-21T10:34:00.000Z'],
    [
      'aligned to the calendar',
      budget(10, { period: period('1M', { calendarAligned: true }) }),
      5,
      '2026-12-01T00:00:00.000Z',
    ],
    ['another budget', budget(10, { id: 'other' }), 0, '2026-11-21T11:30:00.000Z'],
  ])('%s: what was used stays', async (_name, account, dollars, ends) => {
    const { ledger } = await used()
    ledger.configure([account])
    const { used: stays, endMs } = await balanceOf(ledger, account)
    expect([stays / DOLLAR, new Date(endMs).toISOString()]).toEqual([dollars, ends])
  })

  it('H8 with a clock that went back, the window stays where it was', async () => {
    const { clock, ledger } = await used()
    clock.timeMs -= 40 * DAY
    const monthly = budget(10, { period: period('1M', { calendarAligned: true }) })
    ledger.configure([monthly])
    expect(await balanceOf(ledger, monthly)).toMatchObject({
      used: 5 * DOLLAR,
      endMs: Date.parse('2026-12-01'),
    })
  })

  it('an attempt under way counts in the window that its own became', async () => {
    const { ledger } = await used()
    const flying = await hold(ledger, 'call', limits(budget(10)), demand(DOLLAR))
    const changed = budget(10, { period: period('1d') })
    ledger.configure([changed])
    expect(await balanceOf(ledger, changed)).toMatchObject({ used: 5 * DOLLAR, reserved: DOLLAR })
    flying.settle(amounts(DOLLAR))
    expect(await balanceOf(ledger, changed)).toMatchObject({ used: 6 * DOLLAR, reserved: 0 })
  })

  it('calls of the configuration before do not change it back', async () => {
    const { ledger } = await used()
    const changed = budget(10, { period: period('1d') })
    ledger.configure([changed])
    ;(await hold(ledger, 'call', limits(budget(10)), demand(1))).settle(amounts(1))
    expect(await balanceOf(ledger, changed)).toMatchObject({ used: 5 * DOLLAR + 1 })
    expect((await balanceOf(ledger, changed)).endMs).toBe(Date.parse('2026-11-22T10:20:00Z'))
  })

  it('removed and added again: what was used stays', async () => {
    const { ledger } = await used()
    ledger.configure([])
    ledger.configure([budget(10)])
    expect((await balanceOf(ledger, budget(10))).used).toBe(5 * DOLLAR)
  })

  it('usage that is cleared is gone, and the window stays', async () => {
    const { ledger } = await used()
    ledger.clear(budget(10))
    expect(await balanceOf(ledger, budget(10))).toMatchObject({
      used: 0,
      endMs: Date.parse('2026-11-21T11:20:00Z'),
    })
  })

  it.each<[string, number | undefined, number, number]>([
    // period, since, used then, used now
    ['1h', Date.parse('2026-11-21T10:00:00Z'), 3, 3],
    ['1h', Date.parse('2026-11-21T09:10:00Z'), 3, 0],
    ['1h', undefined, 3, 3],
    ['1M', Date.parse('2026-11-01T00:00:00Z'), 3, 3],
  ])('what the configuration says was used in %s since %s', async (text, sinceMs, amount, expected) => {
    const ledger = await store.open(new Clock().now)
    const before = budget(10, { period: period(text), usedBefore: { amount, sinceMs } })
    expect((await balanceOf(ledger, before)).used).toBe(expected)
    ;(await hold(ledger, 'call', limits(before), demand(1))).settle(amounts(1))
    expect((await balanceOf(ledger, before)).used).toBe(expected + 1)
  })
})

it.each(stores)(
  '$name: A1 200 callers at once on a budget for ten calls: ten are let in, and nothing is overspent, 100 times',
  async (store) => {
    const ledger = await store.open()
    for (let run = 0; run < 100; run++) {
      const one = limits(
        budget(10, { id: `own ${run}` }),
        budget(1000, { id: `team ${run}`, owner: owner('team') }),
      )
      let admitted = 0
      const caller = async () => {
        await Promise.resolve()
        const outcome = await ledger.reserve('call', one, demand(DOLLAR))
        if (outcome.outcome !== 'reserved') return
        admitted++
        for (let waits = run % 5; waits > 0; waits--) await Promise.resolve()
        outcome.reservation.settle(amounts(DOLLAR))
      }
      await Promise.all(Array.from({ length: 200 }, caller))
      expect(admitted).toBe(10)
      expect(await balanceOf(ledger, one.budgets[0]!)).toMatchObject({ used: 10 * DOLLAR, reserved: 0 })
      expect(await balanceOf(ledger, one.budgets[1]!)).toMatchObject({ used: 10 * DOLLAR, reserved: 0 })
    }
  },
  60_000,
)

type Step =
  | { type: 'reserve'; accounts: number[]; amount: number | 'unbounded' }
  | { type: 'settle' | 'release'; which: number; share: number }
  | { type: 'wait'; ms: number }
  | { type: 'clear' | 'configure'; account: number; period: string }

const PERIODS = ['30s', '5m', '1h', '1d']
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('reserve' as const),
    accounts: fc.uniqueArray(fc.nat(5), { minLength: 1 }),
    amount: fc.oneof(fc.nat(400), fc.constant('unbounded' as const)),
  }),
  // Up to a fifth more than was held.
  fc.record({
    type: fc.constantFrom('settle' as const, 'release' as const),
    which: fc.nat(20),
    share: fc.nat(6),
  }),
  fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: -60_000, max: 600_000 }) }),
  fc.record({
    type: fc.constantFrom('clear' as const, 'configure' as const),
    account: fc.nat(5),
    period: fc.constantFrom(...PERIODS),
  }),
)

it.each(stores)(
  '$name: A14 any interleaving of reserve, settle, release, clear, reset and change keeps Σreserved ≥ 0 and used = Σsettled, and comes to rest at 0',
  async (store) => {
    const clock = new Clock()
    const ledger = await store.open(clock.now)
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 60 }), async (run) => {
        clock.timeMs = Date.parse('2026-11-21T10:20:00Z')
        const number = ++runs
        const accounts: Account[] = PERIODS.slice(0, 3).flatMap((text, n) => [
          budget(1e-6, { id: `b${n} of ${number}`, period: period(text) }),
          rateLimit('tokens', 1000, { id: `t${n} of ${number}`, period: period(text) }),
        ])
        const open: {
          reservation: Reservation
          held: { account: number; endMs: number; amount: number }[]
        }[] = []
        const used = new Map<string, number>()
        const windowOf = async (index: number) => (await balanceOf(ledger, accounts[index]!)).endMs
        for (const step of run) {
          if (step.type === 'wait') clock.timeMs += step.ms
          if (step.type === 'reserve') {
            const chosen = step.accounts.map((index) => accounts[index]!)
            const bound: Limits = {
              budgets: chosen.filter((account) => 'limitNanodollars' in account),
              rateLimits: chosen.filter((account) => 'counts' in account),
            }
            const outcome = await ledger.reserve('call', bound, demand(step.amount, step.amount))
            if (outcome.outcome === 'reserved') {
              const amount = step.amount === 'unbounded' ? 100 : step.amount
              open.push({
                reservation: outcome.reservation,
                held: await each(step.accounts, async (account) => ({
                  account,
                  endMs: await windowOf(account),
                  amount,
                })),
              })
            }
          }
          if ((step.type === 'settle' || step.type === 'release') && open.length > 0) {
            const [{ reservation, held }] = open.splice(step.which % open.length, 1) as [(typeof open)[0]]
            if (step.type === 'release') reservation.release()
            else {
              const truth = Math.floor((held[0]!.amount * step.share) / 5)
              reservation.settle(amounts(truth, truth))
              for (const { account, endMs } of held) {
                const key = `${account}/${endMs}`
                used.set(key, (used.get(key) ?? 0) + truth)
              }
            }
          }
          if (step.type === 'clear') {
            ledger.clear(accounts[step.account]!)
            used.set(`${step.account}/${await windowOf(step.account)}`, 0)
          }
          if (step.type === 'configure') {
            const before = await windowOf(step.account)
            const old = accounts[step.account]!
            accounts[step.account] = { ...old, period: period(step.period) }
            ledger.configure(accounts)
            const after = await windowOf(step.account)
            const [from, to] = [`${step.account}/${before}`, `${step.account}/${after}`]
            if (from !== to) {
              used.set(to, used.get(from) ?? 0)
              used.delete(from)
              for (const { held } of open)
                for (const one of held)
                  if (one.account === step.account && one.endMs === before) one.endMs = after
            }
          }
          for (const [index, account] of accounts.entries()) {
            const stands = await balanceOf(ledger, account)
            expect(stands.reserved).toBeGreaterThanOrEqual(0)
            expect(stands.used).toBe(used.get(`${index}/${stands.endMs}`) ?? 0)
          }
        }
        for (const { reservation } of open) reservation.release()
        expect(await each(accounts, async (account) => (await balanceOf(ledger, account)).reserved)).toEqual(
          accounts.map(() => 0),
        )
      }),
      { numRuns: store.runs },
    )
  },
  120_000,
)
