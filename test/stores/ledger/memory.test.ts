/** What is held and charged, in memory: atomic over all levels, in the window of the reservation, and gone when at rest. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Account, Limits } from '../../../src/rules/limits.ts'
import { openMemoryLedger } from '../../../src/stores/ledger/memory.ts'
import type { Ledger, Reservation } from '../../../src/stores/ledger/port.ts'
import { DOLLAR, budget, owner, period, rateLimit } from '../../rules/accounts.ts'
import { Clock, DAY, HOUR, amounts, demand, limits, reserved } from './values.ts'

describe('one attempt', () => {
  const all: Limits = {
    budgets: [budget(10)],
    rateLimits: [rateLimit('tokens', 1000), rateLimit('requests', 5)],
  }
  const standing = (ledger: Ledger) =>
    [...all.budgets, ...all.rateLimits].map((account) => {
      const { used, reserved: held } = ledger.balance(account)
      return [used, held]
    })

  it('holds its worst case, and is charged with the truth', () => {
    const ledger = openMemoryLedger()
    const reservation = reserved(ledger.reserve('call', all, demand(4 * DOLLAR, 600)))
    expect(standing(ledger)).toEqual([
      [0, 4 * DOLLAR],
      [0, 600],
      [0, 1],
    ])
    reservation.settle(amounts(1_234_567, 321))
    expect(standing(ledger)).toEqual([
      [1_234_567, 0],
      [321, 0],
      [1, 0],
    ])
  })

  it('A6 is released, once: nothing after the end does anything', () => {
    const ledger = openMemoryLedger()
    const reservation = reserved(ledger.reserve('call', all, demand(DOLLAR, 600)))
    reservation.release()
    reservation.release()
    reservation.settle(amounts(7, 7))
    expect(standing(ledger)).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    const other = reserved(ledger.reserve('call', all, demand(DOLLAR, 600)))
    other.settle(amounts(7, 7))
    other.settle(amounts(7, 7))
    other.release()
    expect(standing(ledger)).toEqual([
      [7, 0],
      [7, 0],
      [1, 0],
    ])
  })

  it('A4 that costs more than was held is charged with that, and the next one is refused', () => {
    const ledger = openMemoryLedger()
    reserved(ledger.reserve('call', all, demand(4 * DOLLAR))).settle(amounts(20 * DOLLAR))
    expect(ledger.balance(all.budgets[0]!).used).toBe(20 * DOLLAR)
    expect(ledger.reserve('call', all, demand(1))).toMatchObject({ outcome: 'blocked' })
  })

  it('A4 of unknown size is alone: the next one waits until it has settled', () => {
    const ledger = openMemoryLedger()
    const first = reserved(ledger.reserve('call', all, demand('unbounded')))
    expect(ledger.reserve('call', all, demand('unbounded')).valueOf()).toMatchObject({ outcome: 'blocked' })
    expect(ledger.reserve('call', all, demand(1)).valueOf()).toMatchObject({ outcome: 'blocked' })
    first.settle(amounts(DOLLAR))
    expect(ledger.reserve('call', all, demand('unbounded'))).toMatchObject({ outcome: 'reserved' })
  })

  it('of unknown cost is counted as one of which nobody knows', () => {
    const ledger = openMemoryLedger()
    reserved(ledger.reserve('call', all, demand(1))).settle(amounts(null, 30))
    expect(ledger.balance(all.budgets[0]!)).toMatchObject({ used: 0, unpriced: 1 })
    expect(ledger.balance(all.rateLimits[0]!)).toMatchObject({ used: 30, unpriced: 0 })
  })

  it('that nothing binds is let through, and counts nowhere', () => {
    const { attempt } = reserved(
      openMemoryLedger().reserve('call', { budgets: [], rateLimits: [] }, demand('unpriced')),
    )
    expect(attempt).toBe('')
  })

  it('G5 has an id of its own, whatever the client calls it', () => {
    const ledger = openMemoryLedger()
    const attempts = [1, 2, 3].map(() => reserved(ledger.reserve('same', all, demand(1))).attempt)
    expect(new Set(attempts).size).toBe(3)
    expect(attempts.join()).not.toContain('same')
  })

  it.each([
    ['negative', -1e6, 0],
    ['huge', 1e308, 1e14],
    ['infinite', Infinity, 1e14],
    ['no number', NaN, 0],
    ['a fraction', 0.1, 1],
  ])('A12 a cost that is %s never lessens what was used', (_name, cost, used) => {
    const ledger = openMemoryLedger()
    reserved(ledger.reserve('call', all, demand(1))).settle(amounts(cost))
    expect(ledger.balance(all.budgets[0]!).used).toBe(used)
    expect(ledger.bentAmounts).toBe(1)
  })

  it('A17 a million tiny charges add up', () => {
    const ledger = openMemoryLedger()
    const one = limits(budget(1000))
    for (let n = 0; n < 1_000_000; n++)
      reserved(ledger.reserve('call', one, demand(100))).settle(amounts(100))
    expect(ledger.balance(one.budgets[0]!).used).toBe(100_000_000)
  })
})

describe('several accounts', () => {
  const levels = (
    ['customer', 'team', 'virtual_key', 'virtual_key_provider', 'provider', 'model'] as const
  ).map((kind) => budget(10, { id: kind, owner: owner(kind) }))

  it('A16 any combination of exhausted levels blocks, names each, and holds nothing of the others', () => {
    for (let combination = 1; combination < 2 ** levels.length; combination++) {
      const ledger = openMemoryLedger()
      const full = levels.filter((_, index) => (combination >> index) % 2 === 1)
      for (const level of full) reserved(ledger.reserve('fill', limits(level), demand(10 * DOLLAR)))
      const outcome = ledger.reserve('call', limits(...levels), demand(1))
      expect(outcome).toMatchObject({ outcome: 'blocked', blocks: full.map((account) => ({ account })) })
      const held = levels.map((level) => ledger.balance(level).reserved)
      expect(held).toEqual(levels.map((level) => (full.includes(level) ? 10 * DOLLAR : 0)))
    }
  })

  it('several budgets of one owner each count, in windows of their own', () => {
    const clock = new Clock()
    const ledger = openMemoryLedger(clock.now)
    const [hourly, daily] = [budget(10, { id: 'h' }), budget(15, { id: 'd', period: period('1d') })]
    const both = limits(hourly, daily)
    reserved(ledger.reserve('call', both, demand(DOLLAR))).settle(amounts(9 * DOLLAR))
    expect(ledger.reserve('call', both, demand(2 * DOLLAR))).toMatchObject({ blocks: [{ account: hourly }] })
    clock.timeMs += HOUR
    reserved(ledger.reserve('call', both, demand(2 * DOLLAR))).settle(amounts(2 * DOLLAR))
    expect(ledger.reserve('call', both, demand(5 * DOLLAR))).toMatchObject({ blocks: [{ account: daily }] })
    expect([hourly, daily].map((each) => ledger.balance(each).used)).toEqual([2 * DOLLAR, 11 * DOLLAR])
  })

  it('a budget that two owners share is charged once', () => {
    const ledger = openMemoryLedger()
    const shared = ['team', 'virtual_key'] as const
    const both = limits(...shared.map((kind) => budget(10, { owner: owner(kind) })))
    reserved(ledger.reserve('call', both, demand(6 * DOLLAR))).settle(amounts(6 * DOLLAR))
    expect(ledger.balance(both.budgets[0]!)).toMatchObject({ used: 6 * DOLLAR, reserved: 0 })
  })

  it('budgets and rate limits of one id are different accounts', () => {
    const ledger = openMemoryLedger()
    const all = { budgets: [budget(10, { id: 'x' })], rateLimits: [rateLimit('tokens', 1000, { id: 'x' })] }
    reserved(ledger.reserve('call', all, demand(5, 7))).settle(amounts(5, 7))
    expect([ledger.balance(all.budgets[0]!).used, ledger.balance(all.rateLimits[0]!).used]).toEqual([5, 7])
  })
})

describe('windows', () => {
  it('H9 what was reserved before a reset is charged to the window before it', () => {
    const clock = new Clock()
    const ledger = openMemoryLedger(clock.now)
    const one = limits(budget(10))
    const flying = Array.from({ length: 50 }, () => reserved(ledger.reserve('call', one, demand(DOLLAR / 5))))
    clock.timeMs += HOUR
    const later = reserved(ledger.reserve('call', one, demand(10 * DOLLAR)))
    expect(ledger.balance(one.budgets[0]!)).toMatchObject({ used: 0, reserved: 10 * DOLLAR })
    for (const reservation of flying) reservation.settle(amounts(DOLLAR / 5))
    later.settle(amounts(3 * DOLLAR))
    expect(ledger.balance(one.budgets[0]!)).toMatchObject({ used: 3 * DOLLAR, reserved: 0 })
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
  ])('%s %o: %s', (text, how, _why, moments) => {
    const clock = new Clock()
    const ledger = openMemoryLedger(clock.now)
    const one = limits(budget(10, { period: period(text, how) }))
    reserved(ledger.reserve('call', one, demand(5))).settle(amounts(5))
    for (const [moment, used] of moments) {
      clock.timeMs = Date.parse(moment)
      expect(ledger.balance(one.budgets[0]!).used).toBe(used)
      reserved(ledger.reserve('call', one, demand(5))).release()
      expect(ledger.balance(one.budgets[0]!).used).toBe(used)
    }
  })

  it('H8 a clock that went forward and back resets once', () => {
    const clock = new Clock()
    const ledger = openMemoryLedger(clock.now)
    const one = limits(budget(10))
    const spend = () => reserved(ledger.reserve('call', one, demand(5))).settle(amounts(5))
    spend()
    clock.timeMs += 40 * DAY
    spend()
    clock.timeMs -= 40 * DAY
    spend()
    clock.timeMs += 2 * HOUR
    spend()
    expect(ledger.balance(one.budgets[0]!).used).toBe(15)
  })

  it('looking at a balance begins no window', () => {
    const clock = new Clock()
    const ledger = openMemoryLedger(clock.now)
    const one = limits(budget(10))
    expect(ledger.balance(one.budgets[0]!).startMs).toBe(clock.timeMs)
    clock.timeMs += 10
    reserved(ledger.reserve('call', one, demand(5)))
    expect(ledger.balance(one.budgets[0]!).startMs).toBe(clock.timeMs)
  })
})

describe('a changed configuration', () => {
  /** 5 of 10 dollars used in an hour that began ten minutes ago. */
  function used() {
    const clock = new Clock()
    const ledger = openMemoryLedger(clock.now)
    reserved(ledger.reserve('call', limits(budget(10)), demand(5 * DOLLAR))).settle(amounts(5 * DOLLAR))
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
  ])('%s: what was used stays', (_name, account, dollars, ends) => {
    const { ledger } = used()
    ledger.configure([account])
    const { used: stays, endMs } = ledger.balance(account)
    expect([stays / DOLLAR, new Date(endMs).toISOString()]).toEqual([dollars, ends])
  })

  it('H8 with a clock that went back, the window stays where it was', () => {
    const { clock, ledger } = used()
    clock.timeMs -= 40 * DAY
    const monthly = budget(10, { period: period('1M', { calendarAligned: true }) })
    ledger.configure([monthly])
    expect(ledger.balance(monthly)).toMatchObject({ used: 5 * DOLLAR, endMs: Date.parse('2026-12-01') })
  })

  it('an attempt under way counts in the window that its own became', () => {
    const { ledger } = used()
    const flying = reserved(ledger.reserve('call', limits(budget(10)), demand(DOLLAR)))
    const changed = budget(10, { period: period('1d') })
    ledger.configure([changed])
    expect(ledger.balance(changed)).toMatchObject({ used: 5 * DOLLAR, reserved: DOLLAR })
    flying.settle(amounts(DOLLAR))
    expect(ledger.balance(changed)).toMatchObject({ used: 6 * DOLLAR, reserved: 0 })
  })

  it('calls of the configuration before do not change it back', () => {
    const { ledger } = used()
    const changed = budget(10, { period: period('1d') })
    ledger.configure([changed])
    reserved(ledger.reserve('call', limits(budget(10)), demand(1))).settle(amounts(1))
    expect(ledger.balance(changed)).toMatchObject({ used: 5 * DOLLAR + 1 })
    expect(ledger.balance(changed).endMs).toBe(Date.parse('2026-11-22T10:20:00Z'))
  })

  it('removed and added again: what was used stays', () => {
    const { ledger } = used()
    ledger.configure([])
    ledger.configure([budget(10)])
    expect(ledger.balance(budget(10)).used).toBe(5 * DOLLAR)
  })

  it('usage that is cleared is gone, and the window stays', () => {
    const { ledger } = used()
    ledger.clear(budget(10))
    expect(ledger.balance(budget(10))).toMatchObject({ used: 0, endMs: Date.parse('2026-11-21T11:20:00Z') })
  })

  it.each<[string, number | undefined, number, number]>([
    // period, since, used then, used now
    ['1h', Date.parse('2026-11-21T10:00:00Z'), 3, 3],
    ['1h', Date.parse('2026-11-21T09:10:00Z'), 3, 0],
    ['1h', undefined, 3, 3],
    ['1M', Date.parse('2026-11-01T00:00:00Z'), 3, 3],
  ])('what the configuration says was used in %s since %s', (text, sinceMs, amount, expected) => {
    const ledger = openMemoryLedger(new Clock().now)
    const before = budget(10, { period: period(text), usedBefore: { amount, sinceMs } })
    expect(ledger.balance(before).used).toBe(expected)
    reserved(ledger.reserve('call', limits(before), demand(1))).settle(amounts(1))
    expect(ledger.balance(before).used).toBe(expected + 1)
  })
})

it('A1 200 callers at once on a budget for ten calls: ten are let in, and nothing is overspent, 100 times', async () => {
  for (let run = 0; run < 100; run++) {
    const ledger = openMemoryLedger()
    const one = limits(budget(10), budget(1000, { id: 'team', owner: owner('team') }))
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
    expect(ledger.balance(one.budgets[0]!)).toMatchObject({ used: 10 * DOLLAR, reserved: 0 })
    expect(ledger.balance(one.budgets[1]!)).toMatchObject({ used: 10 * DOLLAR, reserved: 0 })
  }
})

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

it('A14 any interleaving of reserve, settle, release, clear, reset and change keeps Σreserved ≥ 0 and used = Σsettled, and comes to rest at 0', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (run) => {
      const clock = new Clock()
      const ledger = openMemoryLedger(clock.now)
      const accounts: Account[] = PERIODS.slice(0, 3).flatMap((text, n) => [
        budget(1e-6, { id: `b${n}`, period: period(text) }),
        rateLimit('tokens', 1000, { id: `t${n}`, period: period(text) }),
      ])
      const open: { reservation: Reservation; held: [account: number, endMs: number, amount: number][] }[] =
        []
      const used = new Map<string, number>()
      const windowOf = (index: number) => ledger.balance(accounts[index]!).endMs
      for (const step of run) {
        if (step.type === 'wait') clock.timeMs += step.ms
        if (step.type === 'reserve') {
          const chosen = step.accounts.map((index) => accounts[index]!)
          const bound: Limits = {
            budgets: chosen.filter((account) => 'limitNanodollars' in account),
            rateLimits: chosen.filter((account) => 'counts' in account),
          }
          const outcome = ledger.reserve('call', bound, demand(step.amount, step.amount))
          if ('outcome' in outcome && outcome.outcome === 'reserved') {
            const amount = step.amount === 'unbounded' ? 100 : step.amount
            open.push({
              reservation: outcome.reservation,
              held: step.accounts.map((index) => [index, windowOf(index), amount]),
            })
          }
        }
        if ((step.type === 'settle' || step.type === 'release') && open.length > 0) {
          const [{ reservation, held }] = open.splice(step.which % open.length, 1) as [(typeof open)[0]]
          if (step.type === 'release') reservation.release()
          else {
            const truth = Math.floor((held[0]![2] * step.share) / 5)
            reservation.settle(amounts(truth, truth))
            for (const [index, endMs] of held) {
              const key = `${index}/${endMs}`
              used.set(key, (used.get(key) ?? 0) + truth)
            }
          }
        }
        if (step.type === 'clear') {
          ledger.clear(accounts[step.account]!)
          used.set(`${step.account}/${windowOf(step.account)}`, 0)
        }
        if (step.type === 'configure') {
          const before = windowOf(step.account)
          const old = accounts[step.account]!
          accounts[step.account] = { ...old, period: period(step.period) }
          ledger.configure(accounts)
          const after = windowOf(step.account)
          const [from, to] = [`${step.account}/${before}`, `${step.account}/${after}`]
          if (from !== to) {
            used.set(to, used.get(from) ?? 0)
            used.delete(from)
            for (const { held } of open)
              for (const hold of held) if (hold[0] === step.account && hold[1] === before) hold[1] = after
          }
        }
        for (const [index, account] of accounts.entries()) {
          const stands = ledger.balance(account)
          expect(stands.reserved).toBeGreaterThanOrEqual(0)
          expect(stands.used).toBe(used.get(`${index}/${stands.endMs}`) ?? 0)
        }
      }
      for (const { reservation } of open) reservation.release()
      expect(accounts.map((account) => ledger.balance(account).reserved)).toEqual(accounts.map(() => 0))
    }),
    { numRuns: 500 },
  )
})
