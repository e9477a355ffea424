import { Affinity } from './affinity.ts'
import { Health } from './health.ts'
import type { HealthChange } from './health.ts'
import { RetryBudget } from './retry-budget.ts'
import { Slots } from './slots.ts'

/** What is remembered from one call to the next of how providers do. Lost with the process: it is learned in seconds. */
export interface Resilience {
  readonly health: Health
  readonly retries: RetryBudget
  readonly slots: Slots
  readonly affinity: Affinity
}

/** `now`: milliseconds that never run backwards. */
export function newResilience(now: () => number, onHealth?: (change: HealthChange) => void): Resilience {
  return {
    health: new Health(now, onHealth),
    retries: new RetryBudget(now),
    slots: new Slots(),
    affinity: new Affinity(now),
  }
}
