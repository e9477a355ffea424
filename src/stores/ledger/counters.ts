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
}

interface Counter {
  window: CountedWindow
  /** Undefined: read from disk, and not met in the configuration since. */
  rule: WindowRule | undefined
}

/**
 * Every account's window of now. A window that has ended is left when the account is next needed, so there is no timer
 * for any of them; a clock that goes back leaves it where it is (H8).
 */
export class Counters {
  readonly #counters: Readonly<Record<Unit, Map<string, Counter>>> = {
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
      const counter: Counter = { window: { ...window, reserved: 0 }, rule: undefined }
      this.#counters[window.unit].set(window.account, counter)
    }
  }

  /** The window in which an attempt of now counts. */
  windowOf(account: Account, nowMs: number): CountedWindow {
    const unit = unitOf(account)
    const counter = this.#counters[unit].get(account.id)
    if (counter === undefined) return this.#begin(account, unit, nowMs).window
    if (counter.rule === undefined) this.#follow(counter, account.period.rule, nowMs)
    if (nowMs >= counter.window.endMs) this.#advance(counter, nowMs)
    return counter.window
  }

  balanceOf(account: Account, nowMs: number): Balance {
    const { rule } = account.period
    const counter = this.#counters[unitOf(account)].get(account.id)
    if (counter === undefined) return { ...NOTHING, ...opening(account, nowMs) }
    const { window } = counter
    if (nowMs >= window.endMs) return { ...NOTHING, ...windowAt(counter.rule ?? rule, nowMs, window.startMs) }
    return snapshot(window)
  }

  configure(accounts: Iterable<Account>, nowMs: number): void {
    for (const account of accounts) {
      const counter = this.#counters[unitOf(account)].get(account.id)
      if (counter !== undefined) this.#follow(counter, account.period.rule, nowMs)
    }
  }

  clear(account: Account, nowMs: number): void {
    const window = this.windowOf(account, nowMs)
    window.used = 0
    window.interrupted = 0
    window.unpriced = 0
    this.#append(clearLine(window.number))
  }

  #begin(account: Account, unit: Unit, nowMs: number): Counter {
    const { rule } = account.period
    const window = this.#window(unit, account.id, rule, opening(account, nowMs))
    const counter = { window, rule }
    this.#counters[unit].set(account.id, counter)
    return counter
  }

  #advance(counter: Counter, nowMs: number): void {
    const { unit, account, startMs } = counter.window
    counter.window = this.#window(unit, account, counter.rule!, windowAt(counter.rule!, nowMs, startMs))
  }

  /** Takes other windows from now on: one that has not ended changes its ends and keeps what was used. */
  #follow(counter: Counter, rule: WindowRule, nowMs: number): void {
    const { window } = counter
    const text = ruleText(rule)
    counter.rule = rule
    if (window.rule === text) return
    window.rule = text
    if (nowMs >= window.endMs) return
    const { startMs, endMs } = windowAt(rule, Math.max(nowMs, window.startMs), window.startMs)
    window.startMs = startMs
    window.endMs = endMs
    this.#append(windowLine(window))
  }

  #window(unit: Unit, account: string, rule: WindowRule, ends: Window & { used?: number }): CountedWindow {
    const number = ++this.#lastNumber
    const window = { ...NOTHING, ...ends, number, unit, account, rule: ruleText(rule) }
    this.#append(windowLine(window))
    return window
  }
}

const NOTHING = { used: 0, reserved: 0, interrupted: 0, unpriced: 0 }

/** The first window of an account, with what the configuration says was used in it before. */
function opening({ period: { rule }, usedBefore }: Account, nowMs: number): Window & { used: number } {
  const sinceMs = usedBefore?.sinceMs
  const window = windowAt(rule, nowMs, sinceMs ?? nowMs)
  const isOfThis = sinceMs === undefined || (sinceMs >= window.startMs && sinceMs < window.endMs)
  return { ...window, used: isOfThis ? (usedBefore?.amount ?? 0) : 0 }
}

export function snapshot(window: CountedWindow): Balance {
  const { startMs, endMs, used, reserved, interrupted, unpriced } = window
  return { startMs, endMs, used, reserved, interrupted, unpriced }
}
