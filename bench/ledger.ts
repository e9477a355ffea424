/**
 * What the ledger costs a call: `node bench/ledger.ts`. Four levels with a budget, a token limit and a request limit
 * each, out of 10,000 accounts of each kind; the journal is written as in the gateway. Microseconds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Budget, Limits, Owner, RateLimit } from '../src/rules/limits.ts'
import { openMemoryLedger } from '../src/stores/ledger/memory.ts'
import type { Ledger, Reserved } from '../src/stores/ledger/port.ts'
import { openLedger } from '../src/stores/ledger/sqlite.ts'
import { median } from './statistics.ts'

const ACCOUNTS = 10_000
const CALLS = 20_000
const KINDS = ['customer', 'team', 'virtual_key', 'provider'] as const

const period = {
  text: '1M',
  rule: {
    duration: { count: 1, unit: 'month' },
    calendarAligned: true,
    timeZone: 'Europe/Berlin',
    quarterStartMonth: 1,
  },
} as const

const owners: Owner[] = Array.from({ length: ACCOUNTS }, (_, n) => {
  return { kind: KINDS[n % KINDS.length]!, id: `owner-${n}`, name: `owner ${n}` }
})
const common = (owner: Owner) => ({ id: `${owner.kind}:${owner.id}`, owner, period, usedBefore: undefined })
const budgets: Budget[] = owners.map((owner) => {
  return { ...common(owner), limitNanodollars: 1e15, softLimitNanodollars: 8e14 }
})
const limitsOf = (counts: RateLimit['counts']) =>
  owners.map((owner) => ({ ...common(owner), counts, limit: 1e12 }))
const [tokens, requests] = [limitsOf('tokens'), limitsOf('requests')]

/** What binds a call, of four accounts of each kind. */
const boundBy = (levels: readonly number[]): Limits => ({
  budgets: levels.map((level) => budgets[level]!),
  rateLimits: levels.flatMap((level) => [tokens[level]!, requests[level]!]),
})
/** Every call meets four owners that no other key has: all of them are far from the processor. */
const apart = Array.from({ length: ACCOUNTS / 4 }, (_, n) =>
  boundBy([4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3]),
)
/** 9,000 keys of 400 teams of 40 customers, at four providers. */
const company = Array.from({ length: 9_000 }, (_, n) =>
  boundBy([n % 4, 10 + (n % 40), 100 + (n % 400), 1_000 + n]),
)
const withoutRates = apart.map((each) => ({ ...each, rateLimits: [] }))

function measure(name: string, ledger: Ledger, bound: readonly Limits[]): void {
  const times: Record<string, number[]> = { reserve: [], owe: [], settle: [], 'reserve + settle': [] }
  for (let n = 0; n < 2 * CALLS; n++) {
    const limits = bound[(n * 7919) % bound.length]!
    const withOwe = n % 2 === 1
    const start = process.hrtime.bigint()
    const { reservation } = ledger.reserve('call', limits, { nanodollars: 1e9, tokens: 40_000 }) as Extract<
      Reserved,
      { outcome: 'reserved' }
    >
    const held = process.hrtime.bigint()
    if (withOwe) reservation.owe({ nanodollars: 1000, tokens: 10, requests: 1 })
    const owed = process.hrtime.bigint()
    reservation.settle({ nanodollars: 123_456, tokens: 4_321, requests: 1 })
    const settled = process.hrtime.bigint()
    if (n < CALLS / 2) continue
    times['reserve']!.push(Number(held - start) / 1000)
    if (withOwe) times['owe']!.push(Number(owed - held) / 1000)
    else times['reserve + settle']!.push(Number(settled - start) / 1000)
    times['settle']!.push(Number(settled - owed) / 1000)
  }
  const shown = Object.entries(times).map(([what, all]) => {
    const p99 = all.toSorted((a, c) => a - c)[Math.floor(all.length * 0.99)]!
    return `${what} ${median(all).toFixed(1)} (p99 ${p99.toFixed(1)})`
  })
  console.log(`${name}: ${shown.join(', ')}`)
}

const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
const report = (message: string) => console.error(message)
const path = join(directory, 'ledger.db')
measure('in memory, 12 accounts', openMemoryLedger(), apart)
const { ledger } = openLedger({ path, report })
measure('journaled, 4 budgets', ledger, withoutRates)
measure('journaled, 12 accounts', ledger, apart)
measure('journaled, 12 accounts, as a company has them', ledger, company)
await ledger.flush()
const configuring = performance.now()
ledger.configure([...budgets, ...tokens, ...requests])
console.log(
  `a changed configuration of ${3 * ACCOUNTS} accounts: ${(performance.now() - configuring).toFixed(1)} ms`,
)
await ledger.close()
const opening = performance.now()
const again = openLedger({ path, report })
console.log(`a start with ${3 * ACCOUNTS} accounts: ${(performance.now() - opening).toFixed(1)} ms`)
await again.ledger.close()
rmSync(directory, { recursive: true })
