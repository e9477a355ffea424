import { SlidingCount } from '../lib/sliding-count.ts'
import { RETRY_WINDOW_MS, withinBudget } from '../rules/retry.ts'

/** How many calls each provider got lately, and how many attempts more than calls. Providers are those of the file. */
export class RetryBudget {
  readonly #now: () => number
  readonly #counts = new Map<string, { calls: SlidingCount; retries: SlidingCount }>()

  /** `now`: milliseconds that never run backwards. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** A call goes to the provider, for the first time. */
  called(provider: string): void {
    this.#of(provider).calls.add(this.#now())
  }

  isSpent(provider: string): boolean {
    const { calls, retries } = this.#of(provider)
    const nowMs = this.#now()
    return !withinBudget(calls.sum(nowMs), retries.sum(nowMs))
  }

  /** It gets another attempt of the same call. */
  retried(provider: string): void {
    this.#of(provider).retries.add(this.#now())
  }

  #of(provider: string): { calls: SlidingCount; retries: SlidingCount } {
    let counts = this.#counts.get(provider)
    if (counts === undefined) {
      counts = { calls: new SlidingCount(RETRY_WINDOW_MS), retries: new SlidingCount(RETRY_WINDOW_MS) }
      this.#counts.set(provider, counts)
    }
    return counts
  }
}
