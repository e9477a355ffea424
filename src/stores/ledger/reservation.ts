import type { Unit } from '../../rules/limits.ts'
import type { CountedWindow } from './counters.ts'
import type { Amounts, Reservation, Reserved } from './port.ts'
import { loggedLine, oweLine, releaseLine, settleLine } from './records.ts'

/** Where the lines of the journal go. */
export interface Recorder {
  /** May more be remembered? false: the disk refuses what there is already. */
  isReady(): boolean
  /** Keeps a line for the next write, which is soon. */
  append(line: string): void
  /** Writes every line that was appended; those that the disk refuses wait. */
  commit(): void
}

/** What is held of one account. */
export interface Hold {
  readonly window: CountedWindow
  readonly amount: number
}

/** Makes an amount of anything: a whole number that is not negative, and that sums stay exact with. */
export type Bend = (amount: number) => number

/** A thousand times what the dearest call of today costs, and far below where sums of nano-dollars lose a unit. */
const AMOUNT_MAX = 1e14

/** A negative amount would refill a budget, and what is no number would end it (A12). */
export function bent(amount: number): number {
  return amount >= 0 ? Math.min(Math.ceil(amount), AMOUNT_MAX) : 0
}

/** For accounts that none binds. */
export const NOTHING_HELD: Reserved = {
  outcome: 'reserved',
  reservation: { attempt: '', owe: () => {}, settle: () => {}, release: () => {}, logged: () => {} },
}

/** Holds of one attempt, in the windows in which it was made; whoever makes it adds them there. */
export class HeldReservation implements Reservation {
  readonly attempt: string
  readonly #holds: readonly Hold[]
  readonly #recorder: Recorder
  readonly #bend: Bend
  #isOpen = true
  #isUnlogged = false

  constructor(attempt: string, holds: readonly Hold[], recorder: Recorder, bend: Bend) {
    this.attempt = attempt
    this.#holds = holds
    this.#recorder = recorder
    this.#bend = bend
  }

  owe(known: Amounts): void {
    if (!this.#isOpen) return
    const amounts = this.#bent(known)
    this.#recorder.append(oweLine(this.attempt, this.#charges(amounts).join(), amounts))
    this.#recorder.commit()
  }

  settle(truth: Amounts): void {
    if (!this.#isOpen) return
    const amounts = this.#bent(truth)
    const isUnpriced = amounts.nanodollars === null
    const charges = this.#charges(amounts)
    this.#close()
    for (const [index, { window }] of this.#holds.entries()) {
      window.used = Math.min(window.used + charges[index]!, Number.MAX_SAFE_INTEGER)
      if (isUnpriced && window.unit === 'nanodollars') window.unpriced++
    }
    this.#isUnlogged = true
    this.#recorder.append(settleLine(this.attempt, charges.join(), amounts))
    this.#recorder.commit()
  }

  release(): void {
    if (!this.#isOpen) return
    this.#close()
    this.#recorder.append(releaseLine(this.attempt))
  }

  logged(): void {
    if (this.#isUnlogged) this.#recorder.append(loggedLine(this.attempt))
    this.#isUnlogged = false
  }

  #close(): void {
    this.#isOpen = false
    for (const { window, amount } of this.#holds) window.reserved -= amount
  }

  #charges(amounts: Readonly<Record<Unit, number | null>>): number[] {
    return this.#holds.map(({ window }) => amounts[window.unit] ?? 0)
  }

  #bent({ nanodollars, tokens, requests }: Amounts): Amounts {
    return {
      nanodollars: nanodollars === null ? null : this.#bend(nanodollars),
      tokens: this.#bend(tokens),
      requests: this.#bend(requests),
    }
  }
}
