import { unitOf } from '../../../rules/limits.ts'
import type { Account, Balance, Unit } from '../../../rules/limits.ts'
import { fixedLengthMs, ruleText, windowAt } from '../../../rules/windows.ts'
import { NOTHING, opening, snapshot } from '../counters.ts'
import type { CountedWindow } from '../counters.ts'

/** A window as Postgres tells it. */
type StandingRow = [
  unit: Unit,
  account: string,
  number: number,
  rule: string,
  startMs: number,
  endMs: number,
  used: number,
  reserved: number,
  interrupted: number,
  unpriced: number,
]

/** An account as Postgres needs it to begin its window. */
export type Offer = [
  unit: Unit,
  account: string,
  rule: string,
  lengthMs: number | null,
  startMs: number,
  endMs: number,
  used: number,
]

/** Postgres knows no text with a zero or half a character in it. */
export function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

/** The name of an account in Postgres. */
export function idOf(account: Account): string {
  return storable(account.id)
}

/** Equal for accounts that count together. */
export function keyOf(account: Account): string {
  return `${unitOf(account)} ${idOf(account)}`
}

/** Where accounts stood when Postgres last told. Nothing is admitted by it. */
export class Standing {
  readonly #windows = new Map<string, CountedWindow>()

  take(rows: readonly StandingRow[]): void {
    for (const [unit, account, number, rule, startMs, endMs, used, reserved, interrupted, unpriced] of rows) {
      const told = { number, unit, account, rule, startMs, endMs, used, reserved, interrupted, unpriced }
      const key = `${unit} ${account}`
      const known = this.#windows.get(key)
      // An attempt goes on to count in its own window when another has begun.
      if (known?.number === number) Object.assign(known, told)
      else this.#windows.set(key, { ...told, followed: undefined })
    }
  }

  /** The window of an account that Postgres has told of. */
  windowOf(account: Account): CountedWindow | undefined {
    return this.#windows.get(keyOf(account))
  }

  balanceOf(account: Account, nowMs: number): Balance {
    const window = this.windowOf(account)
    if (window === undefined) return { ...NOTHING, ...opening(account, nowMs) }
    // What ends here may have been given up by a neighbour already, and been told of so.
    if (nowMs < window.endMs) return { ...snapshot(window), reserved: Math.max(0, window.reserved) }
    return { ...NOTHING, ...windowAt(account.period.rule, nowMs, window.startMs) }
  }
}

/** The window that would be an account's first, or its next where the calendar says it. */
export function offerOf(account: Account, nowMs: number): Offer {
  const { rule } = account.period
  const { startMs, endMs, used } = opening(account, nowMs)
  return [unitOf(account), idOf(account), ruleText(rule), fixedLengthMs(rule) ?? null, startMs, endMs, used]
}
