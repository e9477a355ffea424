import { unitOf } from '../../rules/limits.ts'
import type { Account, Balance, Unit } from '../../rules/limits.ts'
import { ruleText, windowAt } from '../../rules/windows.ts'
import type { Window, WindowRule } from '../../rules/windows.ts'
import type { StoredWindow } from './port.ts'
import { clearLine, windowLine } from './records.ts'

/** A window of an account. Attempts that reserved in it go on to count in it when it has ended. */
export interface CountedWindow extends StoredWindow {
  rule: string
  startMs: number
  endMs: number
  used: number
  reserved: number
  interrupted: number
  unpriced: number
  /** Undefined: it was read from disk, and the account has not been met in the configuration since. */
  followed: WindowRule | undefined
}

/**
 * Every account's window of now. A window that has ended is left when the account is next needed, so there is no timer
 * for any of them; a clock that goes back leaves it where it is (H8).
 */
export class Counters {
  readonly #windows: Readonly<Record<Unit, Map<string, CountedWindow>>> = {
    nanodollars: new Map(),
    tokens: new Map(),
    requests: new Map(),
  }
  readonly #append: (line: string) => void
  #lastNumber = 0

  /** `stored`: the last window of each account. `append` takes the journal's lines. */
  constructor(stored: readonly StoredWindow[], append: (line: string) => void) {
    this.#append = append
    for (const window of stored) {
      this.#lastNumber = Math.max(this.#lastNumber, window.number)
      this.#windows[window.unit].set(window.account, { ...window, reserved: 0, followed: undefined })
    }
  }

  /** The window in which an attempt of now counts. */
  windowOf(account: Account, nowMs: number): CountedWindow {
    const unit = unitOf(account)
    const window = this.#windows[unit].get(account.id)
    if (window === undefined)
      return this.#begin(unit, account.id, account.period.rule, opening(account, nowMs))
    if (window.followed === undefined) this.#follow(window, account.period.rule, nowMs)
    return nowMs < window.endMs ? window : this.#next(window, nowMs)
  }

  balanceOf(account: Account, nowMs: number): Balance {
    const window = this.#windows[unitOf(account)].get(account.id)
    if (window === undefined) return { ...NOTHING, ...opening(account, nowMs) }
    if (nowMs < window.endMs) return snapshot(window)
    return { ...NOTHING, ...windowAt(window.followed ?? account.period.rule, nowMs, window.startMs) }
  }

  configure(accounts: Iterable<Account>, nowMs: number): void {
    for (const account of accounts) {
      const window = this.#windows[unitOf(account)].get(account.id)
      if (window !== undefined) this.#follow(window, account.period.rule, nowMs)
    }
  }

  clear(account: Account, nowMs: number): void {
    const window = this.windowOf(account, nowMs)
    window.used = 0
    window.interrupted = 0
    window.unpriced = 0
    this.#append(clearLine(window.number))
  }

  #next({ unit, account, startMs, followed }: CountedWindow, nowMs: number): CountedWindow {
    return this.#begin(unit, account, followed!, windowAt(followed!, nowMs, startMs))
  }

  /** Takes other windows from now on: one that has not ended changes its ends and keeps what was used. */
  #follow(window: CountedWindow, rule: WindowRule, nowMs: number): void {
    const text = ruleText(rule)
    window.followed = rule
    if (window.rule === text) return
    window.rule = text
    if (nowMs >= window.endMs) return
    const { startMs, endMs } = windowAt(rule, Math.max(nowMs, window.startMs), window.startMs)
    window.startMs = startMs
    window.endMs = endMs
    this.#append(windowLine(window))
  }

  #begin(unit: Unit, account: string, followed: WindowRule, ends: Window & { used?: number }): CountedWindow {
    const number = ++this.#lastNumber
    const window = { ...NOTHING, ...ends, number, unit, account, rule: ruleText(followed), followed }
    this.#windows[unit].set(account, window)
    this.#append(windowLine(window))
    return window
  }
}

export const NOTHING = { used: 0, reserved: 0, interrupted: 0, unpriced: 0 }

/** The first window of an account, with what the configuration says was used in it before. */
export function opening({ period: { rule }, usedBefore }: Account, nowMs: number): Window & { used: number } {
  const sinceMs = usedBefore?.sinceMs
  const window = windowAt(rule, nowMs, sinceMs ?? nowMs)
  const isOfThis = sinceMs === undefined || (sinceMs >= window.startMs && sinceMs < window.endMs)
  return { ...window, used: isOfThis ? (usedBefore?.amount ?? 0) : 0 }
}

export function snapshot(window: CountedWindow): Balance {
  const { startMs, endMs, used, reserved, interrupted, unpriced } = window
  return { startMs, endMs, used, reserved, interrupted, unpriced }
}
