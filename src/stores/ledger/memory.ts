import { randomBytes } from 'node:crypto'
import { holdFor } from '../../rules/limits.ts'
import type { Account, Balance, Block, Demand, Limits } from '../../rules/limits.ts'
import { Counters, snapshot } from './counters.ts'
import type { Ledger, Reservation, Reserved, StoredWindow } from './port.ts'
import { reserveLine } from './records.ts'
import { HeldReservation, NOTHING_HELD, bent } from './reservation.ts'
import type { Hold, Recorder } from './reservation.ts'

export interface MemoryLedgerOptions {
  /** Milliseconds since 1970. */
  now: () => number
  recorder: Recorder
  /** The last window of each account. */
  windows: readonly StoredWindow[]
}

/** The random part of an attempt's id, the same for all of a process. */
export const PROCESS_BYTES = 9
/** A call's id is told when it was interrupted; a client's own may be as long as a header. */
export const CALL_MAX_LENGTH = 200
/** Accounts, holds and charges, in memory and told to a recorder. What an operation costs grows only with its own accounts. */
export class MemoryLedger implements Omit<Ledger, 'history' | 'flush' | 'close'> {
  readonly #now: () => number
  readonly #recorder: Recorder
  readonly #counters: Counters
  readonly #process = randomBytes(PROCESS_BYTES).toString('base64url')
  #attempts = 0
  bentAmounts = 0

  constructor({ now, recorder, windows }: MemoryLedgerOptions) {
    this.#now = now
    this.#recorder = recorder
    this.#counters = new Counters(windows, (line) => recorder.append(line))
  }

  reserve(call: string, { budgets, rateLimits }: Limits, demand: Demand): Reserved {
    if (budgets.length === 0 && rateLimits.length === 0) return NOTHING_HELD
    const nowMs = this.#now()
    const holds: Hold[] = []
    const blocks: Block[] = []
    for (const account of budgets) this.#look(account, demand, nowMs, holds, blocks)
    for (const account of rateLimits) this.#look(account, demand, nowMs, holds, blocks)
    if (blocks.length > 0) return { outcome: 'blocked', blocks }
    // What cannot be remembered must not be spent.
    if (!this.#recorder.isReady()) return { outcome: 'unavailable', because: 'disk' }
    return { outcome: 'reserved', reservation: this.#hold(call, nowMs, holds) }
  }

  balance(account: Account): Balance {
    return this.#counters.balanceOf(account, this.#now())
  }

  configure(accounts: Iterable<Account>): void {
    this.#counters.configure(accounts, this.#now())
    this.#recorder.commit()
  }

  clear(account: Account): void {
    this.#counters.clear(account, this.#now())
    this.#recorder.commit()
  }

  #look(account: Account, demand: Demand, nowMs: number, holds: Hold[], blocks: Block[]): void {
    const window = this.#counters.windowOf(account, nowMs)
    const amount = holdFor(account, window, demand)
    if (amount === undefined) blocks.push({ account, balance: snapshot(window), demand })
    // Two owners may share a budget.
    else if (!holds.some((hold) => hold.window === window)) holds.push({ window, amount })
  }

  #hold(call: string, nowMs: number, holds: readonly Hold[]): Reservation {
    const attempt = `${this.#process}.${(++this.#attempts).toString(36)}`
    const bend = (amount: number) => this.#bend(amount)
    const listed = holds.map(({ window, amount }) => `${window.number},${amount}`).join()
    this.#recorder.append(reserveLine(attempt, call.slice(0, CALL_MAX_LENGTH), nowMs, listed))
    for (const { window, amount } of holds) window.reserved += amount
    return new HeldReservation(attempt, holds, this.#recorder, bend)
  }

  #bend(amount: number): number {
    const possible = bent(amount)
    if (possible !== amount) this.bentAmounts++
    return possible
  }
}

const NO_RECORD: Recorder = { isReady: () => true, append: () => {}, commit: () => {} }

/** A ledger that nothing outlives: for tests. */
export function openMemoryLedger(now: () => number = Date.now): Ledger {
  const ledger = new MemoryLedger({ now, recorder: NO_RECORD, windows: [] })
  return Object.assign(ledger, {
    history: () => [],
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  })
}
