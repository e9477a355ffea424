import { RecentMap } from '../lib/recent-map.ts'

/** In any minute, of one address (I15). */
const TRIES_MAX = 10
const PERIOD_MS = 60_000
/** Whoever has more addresses than these could try from a new one each time anyway. */
const ADDRESSES_MAX = 10_000

/**
 * Counts failed logins by address, so that nobody guesses quickly, and nobody is locked out by somebody elsewhere. A
 * try counts when it begins: a hundred at once are no way around it. Time is an argument.
 */
export class LoginThrottle {
  readonly #tries = new RecentMap<string, number[]>(ADDRESSES_MAX)

  /** How long to wait, in milliseconds; 0: go on, and the try is counted. */
  begin(address: string, nowMs: number): number {
    const recent = (this.#tries.get(address) ?? []).filter(
      (atMs) => atMs > nowMs - PERIOD_MS && atMs <= nowMs,
    )
    if (recent.length >= TRIES_MAX) return recent[0]! + PERIOD_MS - nowMs
    this.#tries.set(address, [...recent, nowMs])
    return 0
  }

  /** The try was no guess. */
  succeeded(address: string): void {
    const tries = this.#tries.get(address) ?? []
    this.#tries.set(address, tries.slice(0, -1))
  }
}
