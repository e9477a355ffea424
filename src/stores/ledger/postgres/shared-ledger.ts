import { limitOf, unitOf, wantedOf } from '../../../rules/limits.ts'
import type { Account, Balance, Block, Demand, Limits } from '../../../rules/limits.ts'
import type { CountedWindow } from '../counters.ts'
import type { LedgerJournal } from '../journal.ts'
import { CALL_MAX_LENGTH } from '../memory.ts'
import type { Ledger, Reserved } from '../port.ts'
import { cancelLine, emptyLine } from '../records.ts'
import { HeldReservation, NOTHING_HELD, bent } from '../reservation.ts'
import type { Courier } from './courier.ts'
import type { Pulse } from './pulse.ts'
import type { Answer, Asked, Reserving } from './reserving.ts'
import { idOf, keyOf, offerOf, storable } from './standing.ts'
import type { Standing } from './standing.ts'

export interface SharedLedgerOptions {
  /** In the ids of its attempts. */
  process: string
  journal: LedgerJournal
  reserving: Reserving
  standing: Standing
  pulse: Pulse
  courier: Courier
  now: () => number
}

const OUT_OF_REACH: Reserved = { outcome: 'unavailable', because: 'authority' }

/** The port, on what works for it. */
export class SharedLedger implements Ledger {
  readonly #on: SharedLedgerOptions
  #attempts = 0
  bentAmounts = 0
  close: () => Promise<void> = () => Promise.resolve()

  constructor(options: SharedLedgerOptions) {
    this.#on = options
  }

  reserve(call: string, { budgets, rateLimits }: Limits, demand: Demand): Reserved | Promise<Reserved> {
    if (budgets.length === 0 && rateLimits.length === 0) return NOTHING_HELD
    const { journal, pulse } = this.#on
    // What cannot be remembered must not be spent.
    if (!journal.isReady()) return { outcome: 'unavailable', because: 'disk' }
    if (!pulse.isUp) return OUT_OF_REACH
    return this.#ask(call, [...budgets, ...rateLimits], demand)
  }

  balance(account: Account): Balance {
    return this.#on.standing.balanceOf(account, this.#on.now())
  }

  history(account: Account): Promise<readonly Balance[]> {
    return this.#on.pulse.history(account)
  }

  configure(accounts: Iterable<Account>): void {
    this.#on.pulse.configure(accounts)
  }

  clear(account: Account): void {
    const { journal, standing, now } = this.#on
    const nowMs = now()
    journal.append(emptyLine(unitOf(account), idOf(account), nowMs))
    journal.commit()
    const window = standing.windowOf(account)
    if (window !== undefined && nowMs < window.endMs)
      Object.assign(window, { used: 0, interrupted: 0, unpriced: 0 })
  }

  /** Whether it was reserved is not known, and must not be. */
  cancel(attempt: string): void {
    this.#on.journal.append(cancelLine(attempt))
    this.#on.journal.commit()
  }

  async flush(): Promise<void> {
    this.#on.journal.commit()
    await this.#on.courier.flush()
    await this.#on.pulse.flush()
  }

  async #ask(call: string, bound: readonly Account[], demand: Demand): Promise<Reserved> {
    const { journal, courier } = this.#on
    const first = await this.#askOnce(call, bound, demand)
    if (first.outcome !== 'blocked') return first
    // Agents call again at once, and what their last call gave back may be on its way.
    journal.commit()
    if (!courier.isBehind) return first
    await courier.catchUp()
    return this.#askOnce(call, bound, demand)
  }

  async #askOnce(call: string, bound: readonly Account[], demand: Demand): Promise<Reserved> {
    const { process, reserving, now } = this.#on
    const nowMs = now()
    const attempt = `${process}.${(++this.#attempts).toString(36)}`
    // Two owners may share a budget.
    const accounts = [...new Map(bound.map((account) => [keyOf(account), account])).values()]
    const asked = accounts.map((account): Asked => [
      ...offerOf(account, nowMs),
      Math.min(Math.floor(limitOf(account)), Number.MAX_SAFE_INTEGER),
      wantedAmount(account, demand),
    ])
    const answer = await reserving.ask([attempt, storable(call.slice(0, CALL_MAX_LENGTH)), nowMs, asked])
    if (answer === undefined) return OUT_OF_REACH
    const [, amounts] = answer
    if (amounts.includes(null)) {
      const full = new Set(accounts.filter((_, index) => amounts[index] === null).map(keyOf))
      return { outcome: 'blocked', blocks: this.#blocks(bound, full, demand, nowMs) }
    }
    const bend = (amount: number) => this.#bend(amount)
    const reservation = new HeldReservation(attempt, this.#holds(accounts, answer), this.#on.journal, bend)
    return { outcome: 'reserved', reservation }
  }

  #blocks(bound: readonly Account[], full: ReadonlySet<string>, demand: Demand, nowMs: number): Block[] {
    return bound
      .filter((account) => full.has(keyOf(account)))
      .map((account) => ({ account, balance: this.#on.standing.balanceOf(account, nowMs), demand }))
  }

  #holds(accounts: readonly Account[], [numbers, amounts]: Answer) {
    return accounts.map((account, index) => {
      const window = this.#on.standing.windowOf(account)
      const amount = amounts[index]!
      if (window?.number === numbers[index]) return { window: window!, amount }
      // It has ended since, and another one is told of.
      const ended: CountedWindow = {
        number: numbers[index]!,
        unit: unitOf(account),
        account: idOf(account),
        rule: '',
        followed: undefined,
        startMs: 0,
        endMs: 0,
        used: 0,
        reserved: amount,
        interrupted: 0,
        unpriced: 0,
      }
      return { window: ended, amount }
    })
  }

  #bend(amount: number): number {
    const possible = bent(amount)
    if (possible !== amount) this.bentAmounts++
    return possible
  }
}

/** As Postgres is asked for it. What it could not read would fail the calls that are asked for together with this one. */
function wantedAmount(account: Account, demand: Demand): number | null {
  const wanted = wantedOf(account, demand)
  if (wanted === 'unpriced' || wanted === 'untold') return null
  return wanted === 'unbounded' ? -1 : Math.min(Math.ceil(wanted), Number.MAX_SAFE_INTEGER)
}
