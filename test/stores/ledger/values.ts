import type { Demand, Limits } from '../../../src/rules/limits.ts'
import type { Amounts, Ledger, Reservation, Reserved } from '../../../src/stores/ledger/port.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** A clock that stands where it is put. */
export class Clock {
  timeMs: number
  constructor(start: string | number = '2026-11-21T10:20:00Z') {
    this.timeMs = typeof start === 'number' ? start : Date.parse(start)
  }

  readonly now = () => this.timeMs
}

export const limits = (...budgets: Limits['budgets']): Limits => ({ budgets, rateLimits: [] })

export function demand(nanodollars: Demand['nanodollars'], tokens: Demand['tokens'] = 0): Demand {
  return { nanodollars, tokens }
}

export function amounts(nanodollars: number | null, tokens = 0, requests = 1): Amounts {
  return { nanodollars, tokens, requests }
}

/** The reservation of an attempt that is let through. */
export function reserved(outcome: ReturnType<Ledger['reserve']>): Reservation {
  const { outcome: told, ...rest } = outcome as Reserved
  if (told !== 'reserved') throw new Error(`not reserved: ${told} ${JSON.stringify(rest)}`)
  return (rest as { reservation: Reservation }).reservation
}
