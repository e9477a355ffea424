/** What the journal holds comes into the database exactly once, wherever it was cut and however often it is read. */
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Budget } from '../../../src/rules/limits.ts'
import { retain } from '../../../src/stores/ledger/database.ts'
import { Folder } from '../../../src/stores/ledger/folder.ts'
import { MemoryLedger } from '../../../src/stores/ledger/memory.ts'
import { loggedLine } from '../../../src/stores/ledger/records.ts'
import type { Reservation } from '../../../src/stores/ledger/port.ts'
import { budget, period } from '../../rules/accounts.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { Clock, DAY, HOUR, amounts, demand, limits, reserved } from './values.ts'

/** A database and its journal, without threads. */
class Store {
  readonly path = join(temporaryDirectory(), 'ledger.db')
  readonly directory = `${this.path}.journal`
  readonly reports: string[] = []
  folder = this.#open()

  constructor() {
    mkdirSync(this.directory)
    onTestFinished(() => this.folder.close())
  }

  /** As after a crash: a new process reads what there is. */
  restart(): void {
    this.folder.close()
    this.folder = this.#open()
  }

  append(text: Buffer | string, segment = 1): void {
    appendFileSync(join(this.directory, `0000000${segment}-00c0ffee.ndjson`), text)
  }

  fold(isFinished = true): void {
    while (this.folder.step(isFinished));
  }

  /** `account start → used`, of every window in which anything was. */
  used(): Record<string, number> {
    const database = new DatabaseSync(this.path, { readOnly: true })
    const rows = database.prepare('SELECT account, start_ms, used FROM windows WHERE used > 0').all()
    database.close()
    return Object.fromEntries(
      rows.map((row) => [`${String(row['account'])} ${Number(row['start_ms'])}`, Number(row['used'])]),
    )
  }

  #open(): Folder {
    return new Folder({
      path: this.path,
      journalDirectory: this.directory,
      report: (message) => this.reports.push(message),
    })
  }
}

/** A ledger whose lines are kept as they come. */
class Recorded {
  readonly clock = new Clock()
  text = ''
  readonly ledger = new MemoryLedger({
    now: this.clock.now,
    windows: [],
    recorder: { isReady: () => true, commit: () => {}, append: (line) => (this.text += `${line}\n`) },
  })
}

type Step =
  | { type: 'reserve'; accounts: number[]; amount: number }
  | { type: 'owe' | 'settle' | 'release'; which: number; amount: number }
  | { type: 'wait' }
  | { type: 'clear'; account: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('reserve' as const),
      accounts: fc.uniqueArray(fc.nat(2), { minLength: 1 }),
      amount: fc.nat(400),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('owe' as const, 'settle' as const, 'release' as const),
      which: fc.nat(20),
      amount: fc.nat(500),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const), account: fc.nat(2) }) },
)

interface Moment {
  bytes: number
  /** What is charged if the process dies here. */
  used: Record<string, number>
}

/** The journal of some operations, and what each beginning of them comes to. */
function record(run: readonly Step[]): { text: string; moments: Moment[] } {
  const recorded = new Recorded()
  const { ledger, clock } = recorded
  const budgets: Budget[] = ['a', 'b', 'c'].map((id) => budget(1, { id, period: period('1d') }))
  const settled = new Map<string, number>()
  const open: { reservation: Reservation; windows: string[]; owed: number }[] = []
  const moments: Moment[] = [{ bytes: 0, used: {} }]
  for (const step of run) {
    if (step.type === 'wait') clock.timeMs += 0.4 * DAY
    else if (step.type === 'reserve') {
      const chosen = step.accounts.map((index) => budgets[index]!)
      const reservation = reserved(ledger.reserve('call', limits(...chosen), demand(step.amount)))
      const windows = chosen.map((each) => `${each.id} ${ledger.balance(each).startMs}`)
      open.push({ reservation, windows, owed: 0 })
    } else if (step.type === 'clear') {
      const cleared = budgets[step.account]!
      ledger.clear(cleared)
      settled.delete(`${cleared.id} ${ledger.balance(cleared).startMs}`)
    } else if (open.length > 0) {
      const one = open[step.which % open.length]!
      if (step.type === 'owe') one.reservation.owe(amounts((one.owed = step.amount)))
      else open.splice(open.indexOf(one), 1)
      if (step.type === 'release') one.reservation.release()
      if (step.type === 'settle') {
        one.reservation.settle(amounts(step.amount))
        for (const window of one.windows) settled.set(window, (settled.get(window) ?? 0) + step.amount)
      }
    }
    const used = new Map(settled)
    for (const { windows, owed } of open)
      for (const window of windows) used.set(window, (used.get(window) ?? 0) + owed)
    moments.push({
      bytes: Buffer.byteLength(recorded.text),
      used: Object.fromEntries([...used].filter(([, amount]) => amount > 0)),
    })
  }
  return { text: recorded.text, moments }
}

describe('A7 F4 a journal that ends anywhere', () => {
  it('comes to what some beginning of the operations comes to, and no later start changes it', () => {
    fc.assert(
      fc.property(
        fc.array(steps, { maxLength: 25 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (run, share) => {
          const { text, moments } = record(run)
          const bytes = Buffer.from(text).subarray(0, Math.round(share * Buffer.byteLength(text)))
          const store = new Store()
          store.append(bytes)
          store.fold()
          const interrupted = store.folder.abandon()
          // A record is whole without the end of its line.
          const { used } = moments.findLast((moment) => moment.bytes <= bytes.length + 1)!
          expect(store.used()).toEqual(used)
          store.restart()
          store.fold()
          expect(store.folder.abandon()).toEqual(interrupted)
          expect(store.used()).toEqual(used)
          expect(interrupted.every(({ call }) => call === 'call')).toBe(true)
          // Until they are in the log.
          store.append(`\n${interrupted.map(({ attempt }) => `${loggedLine(attempt)}\n`).join('')}`, 2)
          store.restart()
          store.fold()
          expect(store.folder.abandon()).toEqual([])
          expect(store.used()).toEqual(used)
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)

  it('comes to the same in any pieces, read by any number of processes', () => {
    fc.assert(
      fc.property(
        fc.array(steps, { maxLength: 25 }),
        fc.array(fc.record({ bytes: fc.nat(400), segment: fc.boolean(), restarts: fc.boolean() }), {
          maxLength: 8,
        }),
        (run, pieces) => {
          const { text, moments } = record(run)
          const bytes = Buffer.from(text)
          const store = new Store()
          let [from, segment] = [0, 1]
          for (const piece of pieces) {
            store.append(bytes.subarray(from, from + piece.bytes), segment)
            from += piece.bytes
            // Segments end where lines do.
            if (piece.segment && bytes[from - 1] === 0x0a) segment++
            if (piece.restarts) store.restart()
            store.fold(false)
          }
          store.append(bytes.subarray(from), segment)
          store.restart()
          store.fold()
          store.folder.abandon()
          expect(store.used()).toEqual(moments.at(-1)!.used)
          expect(readdirSync(store.directory)).toEqual([])
        },
      ),
      { numRuns: 40 },
    )
  }, 60_000)
})

describe('reading', () => {
  it('skips what is damaged, says so, and counts the rest', () => {
    const recorded = new Recorded()
    const one = limits(budget(1, { period: period('1d') }))
    const spend = () => reserved(recorded.ledger.reserve('call', one, demand(5))).settle(amounts(5))
    spend()
    recorded.text += '["settle","torn\n\u0000\u0000\n'
    spend()
    const store = new Store()
    store.append(recorded.text)
    store.fold()
    expect(Object.values(store.used())).toEqual([10])
    expect(store.reports).toEqual([
      '2 damaged lines of the ledger’s journal 00000001-00c0ffee.ndjson were skipped',
    ])
  })

  it('counts a line once that stands there twice, and what settles that was never reserved not at all', () => {
    const recorded = new Recorded()
    const one = limits(budget(1, { period: period('1d') }))
    reserved(recorded.ledger.reserve('call', one, demand(5))).settle(amounts(5))
    const settled = recorded.text.split('\n').flatMap((line) => [line, line])
    recorded.text = ''
    reserved(recorded.ledger.reserve('call', one, demand(5))).owe(amounts(2))
    const store = new Store()
    store.append(
      `${settled.join('\n')}["settle","x.1",[7],0]\n${recorded.text}${recorded.text.split('\n')[0]}\n`,
    )
    store.fold()
    store.folder.abandon()
    expect(Object.values(store.used())).toEqual([7])
  })

  it('F2 counts a batch once whose transaction failed at its end', () => {
    const recorded = new Recorded()
    const store = new Store()
    const attempt = reserved(
      recorded.ledger.reserve('call', limits(budget(1, { period: period('1d') })), demand(5)),
    )
    store.append(recorded.text)
    store.fold(false)
    recorded.text = ''
    attempt.settle(amounts(5))
    store.append(recorded.text)
    const database = new DatabaseSync(store.path)
    database.exec("CREATE TRIGGER refuse BEFORE INSERT ON segments BEGIN SELECT RAISE(ABORT, 'refused'); END")
    expect(() => store.fold(false)).toThrow('refused')
    database.exec('DROP TRIGGER refuse')
    database.close()
    store.fold(false)
    expect(Object.values(store.used())).toEqual([5])
  })

  it('leaves the segment that is being written, and its unfinished line', () => {
    const store = new Store()
    store.append('["window",1,"tokens","a","1 day",0,86400000,7]\n["window",2,"tok')
    store.fold(false)
    store.append('ens","b","1 day",0,86400000,8]\n')
    store.fold(false)
    expect(store.used()).toEqual({ 'a 0': 7, 'b 0': 8 })
    expect(readdirSync(store.directory)).toHaveLength(1)
  })
})

describe('windows that have ended', () => {
  /** So many windows of a length, each with something used. */
  function recordWindows(length: string, count: number, recorded: Recorded): void {
    const one = limits(budget(1, { id: length, period: period(length) }))
    for (let n = 0; n < count; n++) {
      reserved(recorded.ledger.reserve('call', one, demand(5))).settle(amounts(5))
      recorded.clock.timeMs += DAY
    }
  }

  it.each(['at once', 'one by one'])(
    'read %s, are kept from a day on; shorter ones go with the next',
    (how) => {
      const recorded = new Recorded()
      const store = new Store()
      for (const length of ['1d', '1h'])
        for (let n = 0; n < 4; n++) {
          recordWindows(length, 1, recorded)
          if (how === 'at once') continue
          store.append(recorded.text)
          recorded.text = ''
          store.fold(false)
        }
      store.append(recorded.text)
      store.fold(false)
      expect(Object.keys(store.used()).map((key) => key.split(' ')[0])).toEqual([
        '1d',
        '1d',
        '1d',
        '1d',
        '1h',
      ])
    },
  )

  it('and are short may have attempts open in them', () => {
    const recorded = new Recorded()
    const hourly = limits(budget(1, { id: 'open', period: period('1h') }))
    const open = reserved(recorded.ledger.reserve('call', hourly, demand(5)))
    recorded.clock.timeMs += HOUR
    const other = reserved(recorded.ledger.reserve('call', hourly, demand(5)))
    other.settle(amounts(6))
    other.logged()
    const store = new Store()
    store.append(recorded.text)
    store.fold(false)
    recorded.text = ''
    open.settle(amounts(7))
    open.logged()
    store.append(recorded.text)
    store.fold(false)
    expect(Object.values(store.used())).toEqual([6])
    expect(store.folder.abandon()).toEqual([])
  })

  it('F7 are deleted after 400 days, with accounts that were not used since', () => {
    const recorded = new Recorded()
    recordWindows('1d', 3, recorded)
    const store = new Store()
    store.append(recorded.text)
    store.fold()
    const database = new DatabaseSync(store.path)
    onTestFinished(() => database.close())
    const counts = () =>
      ['windows', 'accounts'].map(
        (table) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!['n'],
      )
    const end = recorded.clock.timeMs - DAY
    for (const [days, expected] of [
      [398, [3, 1]],
      [400, [2, 1]],
      [401, [1, 1]],
      [402, [0, 0]],
    ] as const) {
      while (retain(database, end + days * DAY));
      expect([days, counts()]).toEqual([days, expected])
    }
  })
})

it('F5 a database that is none is told of, and nothing is deleted', () => {
  const store = new Store()
  store.append('["window",1,"tokens","a","1 day",0,86400000,7]\n')
  writeFileSync(store.path, 'This is no database. '.repeat(100))
  expect(() => store.folder.step(true)).toThrow('file is not a database')
  expect(readdirSync(store.directory)).toHaveLength(1)
})
