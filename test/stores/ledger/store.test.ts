/** The ledger as a gateway opens it: what was spent outlives it, in a journal and a database. */
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { budget, DOLLAR, period, rateLimit } from '../../rules/accounts.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { openTestLedger } from './support.ts'
import { Clock, DAY, HOUR, amounts, demand, limits, reserved } from './values.ts'

const daily = budget(10, { period: period('1d') })

describe('after a restart', () => {
  it('what was used is what was used, in the same window', async () => {
    const clock = new Clock()
    const first = openTestLedger(clock)
    const all = { budgets: [daily], rateLimits: [rateLimit('tokens', 1000)] }
    const reservation = reserved(first.ledger.reserve('call', all, demand(DOLLAR, 100)))
    reservation.settle(amounts(DOLLAR, 77))
    reservation.logged()
    const before = [daily, all.rateLimits[0]!].map((account) => first.ledger.balance(account))
    await first.ledger.close()
    clock.timeMs += HOUR / 2
    const { ledger, interrupted } = openTestLedger({ path: first.path, now: clock.now })
    expect([daily, all.rateLimits[0]!].map((account) => ledger.balance(account))).toEqual(before)
    expect(before[0]).toMatchObject({ used: DOLLAR, reserved: 0 })
    expect(interrupted).toEqual([])
  })

  it('a window that ended meanwhile is over, and the next stands where it would have', async () => {
    const clock = new Clock()
    const first = openTestLedger(clock)
    const { startMs } = first.ledger.balance(daily)
    reserved(first.ledger.reserve('call', limits(daily), demand(DOLLAR))).settle(amounts(DOLLAR))
    await first.ledger.close()
    clock.timeMs += 2.5 * DAY
    const { ledger } = openTestLedger({ path: first.path, now: clock.now })
    expect(ledger.balance(daily)).toMatchObject({ used: 0, startMs: startMs + 2 * DAY })
    reserved(ledger.reserve('call', limits(daily), demand(DOLLAR))).settle(amounts(3))
    await ledger.flush()
    expect(ledger.history(daily)).toMatchObject([{ startMs, used: DOLLAR, reserved: 0 }])
    expect(ledger.balance(daily)).toMatchObject({ used: 3, startMs: startMs + 2 * DAY })
  })

  it('a period that was changed meanwhile takes what was used along', async () => {
    const clock = new Clock()
    const first = openTestLedger(clock)
    reserved(first.ledger.reserve('call', limits(daily), demand(DOLLAR))).settle(amounts(DOLLAR))
    await first.ledger.close()
    const { ledger } = openTestLedger({ path: first.path, now: clock.now })
    const monthly = budget(10, { period: period('1M', { calendarAligned: true }) })
    reserved(ledger.reserve('call', limits(monthly), demand(1))).settle(amounts(1))
    expect(ledger.balance(monthly)).toMatchObject({ used: DOLLAR + 1, endMs: Date.parse('2026-12-01') })
  })

  it('a period that was changed before has ended when it was to end', async () => {
    const clock = new Clock()
    const first = openTestLedger(clock)
    reserved(first.ledger.reserve('call', limits(daily), demand(DOLLAR))).settle(amounts(DOLLAR))
    const short = budget(10, { period: period('7m') })
    first.ledger.configure([short])
    await first.ledger.close()
    clock.timeMs += HOUR / 2
    const { ledger } = openTestLedger({ path: first.path, now: clock.now })
    expect(ledger.balance(short).used).toBe(0)
  })

  it('what the configuration says was used before is not taken twice', async () => {
    const clock = new Clock()
    const first = openTestLedger(clock)
    const imported = { ...daily, usedBefore: { amount: 5, sinceMs: clock.timeMs } }
    reserved(first.ledger.reserve('call', limits(imported), demand(1))).settle(amounts(1))
    first.ledger.clear(imported)
    await first.ledger.close()
    const { ledger } = openTestLedger({ path: first.path, now: clock.now })
    expect(ledger.balance(imported).used).toBe(0)
  })

  it('A7 an attempt that was open is charged with what it owed last, else released, once, and told until it is logged', async () => {
    const clock = new Clock()
    const first = openTestLedger(clock)
    const all = { budgets: [daily], rateLimits: [rateLimit('requests', 9, { period: period('1d') })] }
    const open = (call: string) => reserved(first.ledger.reserve(call, all, demand(DOLLAR)))
    const [answered, sent] = [open('answered'), open('sent')]
    answered.owe(amounts(100, 10))
    answered.owe(amounts(250, 20))
    await first.ledger.close()
    const second = openTestLedger({ path: first.path, now: clock.now })
    const common = { atMs: clock.timeMs }
    expect(second.interrupted.toSorted((a, b) => (a.call < b.call ? -1 : 1))).toEqual([
      { ...common, call: 'answered', attempt: answered.attempt, charged: amounts(250, 20) },
      { ...common, call: 'sent', attempt: sent.attempt, charged: undefined },
    ])
    expect(second.ledger.balance(daily)).toMatchObject({ used: 250, reserved: 0, interrupted: 250 })
    expect(second.ledger.balance(all.rateLimits[0]!)).toMatchObject({ used: 1, reserved: 0 })
    await second.ledger.close()
    const third = openTestLedger({ path: first.path, now: clock.now })
    expect(third.interrupted).toEqual(second.interrupted)
    expect(third.ledger.balance(daily)).toMatchObject({ used: 250, interrupted: 250 })
    third.logged()
    await third.ledger.close()
    expect(openTestLedger({ path: first.path, now: clock.now }).interrupted).toEqual([])
  })

  it('A7 an attempt that was settled, and whose call may have no row, is told with what it cost', async () => {
    const first = openTestLedger()
    const settled = reserved(first.ledger.reserve('call', limits(daily), demand(DOLLAR)))
    settled.settle(amounts(250, 20))
    const logged = reserved(first.ledger.reserve('other', limits(daily), demand(DOLLAR)))
    logged.settle(amounts(3))
    logged.logged()
    await first.ledger.close()
    const { ledger, interrupted } = openTestLedger({ path: first.path })
    expect(interrupted).toMatchObject([{ call: 'call', attempt: settled.attempt, charged: amounts(250, 20) }])
    expect(ledger.balance(daily)).toMatchObject({ used: 253, interrupted: 0 })
  })

  it('no attempt has the id of an earlier one', async () => {
    const first = openTestLedger()
    const before = reserved(first.ledger.reserve('call', limits(daily), demand(1))).attempt
    await first.ledger.close()
    const { ledger } = openTestLedger({ path: first.path })
    expect(reserved(ledger.reserve('call', limits(daily), demand(1))).attempt).not.toBe(before)
  })
})

describe('its files', () => {
  it('are made when something is spent, for the owner alone, and the journal is empty after it was closed', async () => {
    const { ledger, path } = openTestLedger()
    expect(readdirSync(join(path, '..'))).toEqual(['ledger.db.journal'])
    reserved(ledger.reserve('call', limits(daily), demand(1))).settle(amounts(1))
    await ledger.flush()
    expect([path, `${path}.journal`].map((file) => statSync(file).mode & 0o077)).toEqual([0, 0])
    const segments = () => readdirSync(`${path}.journal`).filter((name) => name.endsWith('.ndjson'))
    expect(segments()).toHaveLength(1)
    await ledger.close()
    expect(segments()).toEqual([])
  })

  it('F13 a second process on the same ledger is refused', async () => {
    const first = openTestLedger()
    expect(() => openTestLedger({ path: first.path })).toThrow(
      `the ledger ${first.path} cannot be opened, because another Signalbox (process ${process.pid}) is using it. Stop that one, or give this one its own -app-dir.`,
    )
    await first.ledger.close()
    openTestLedger({ path: first.path })
  })

  it('F5 a damaged database is refused, and what was journalled stays', () => {
    const path = join(temporaryDirectory(), 'ledger.db')
    writeFileSync(path, 'This is no database. '.repeat(100))
    for (let time = 0; time < 2; time++)
      expect(() => openTestLedger({ path })).toThrow(
        `the ledger ${path} cannot be opened, because file is not a database. Put a copy of it back, or move it and its journal away to begin with nothing spent.`,
      )
  })

  it('F5 an empty one is refused: nobody would have spent anything', async () => {
    const first = openTestLedger()
    reserved(first.ledger.reserve('call', limits(daily), demand(1))).settle(amounts(1))
    await first.ledger.flush()
    await first.ledger.close()
    writeFileSync(first.path, '')
    expect(() => openTestLedger({ path: first.path })).toThrow('cannot be opened, because it is empty')
  })

  it('F5 one of a newer version is refused', async () => {
    const { DatabaseSync } = await import('node:sqlite')
    const path = join(temporaryDirectory(), 'ledger.db')
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => openTestLedger({ path })).toThrow(
      'its schema is version 99, and this Signalbox knows up to 1',
    )
  })
})

it('the journal stays short while calls go on', async () => {
  const { ledger, path, reports } = openTestLedger()
  const one = limits(budget(1e6, { period: period('1d') }))
  // 26 MB of lines.
  for (let n = 0; n < 100_000; n++)
    reserved(ledger.reserve('x'.repeat(100), one, demand(DOLLAR))).settle(amounts(1))
  await ledger.flush()
  const sizes = readdirSync(`${path}.journal`)
    .filter((name) => name.endsWith('.ndjson'))
    .map((name) => statSync(join(`${path}.journal`, name)).size)
  expect(sizes).toHaveLength(1)
  expect(ledger.balance(one.budgets[0]!)).toMatchObject({ used: 100_000, reserved: 0 })
  await ledger.close()
  expect(openTestLedger({ path }).ledger.balance(one.budgets[0]!).used).toBe(100_000)
  expect(reports).toEqual([])
}, 60_000)
