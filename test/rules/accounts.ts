import type { Balance, Budget, Owner, OwnerKind, RateLimit } from '../../src/rules/limits.ts'
import { parseDuration } from '../../src/rules/windows.ts'
import type { WindowRule } from '../../src/rules/windows.ts'

export const DOLLAR = 1_000_000_000

export function period(text: string, changes: Partial<WindowRule> = {}): Budget['period'] {
  const duration = parseDuration(text)!
  return {
    text,
    rule: { duration, calendarAligned: false, timeZone: 'UTC', quarterStartMonth: 1, ...changes },
  }
}

export function owner(kind: OwnerKind, name = 'dev'): Owner {
  return { kind, id: `${kind}-${name}`, name }
}

/** Of a virtual key, for an hour, unless said otherwise. */
export function budget(limitDollars: number, changes: Partial<Budget> = {}): Budget {
  const limitNanodollars = Math.round(limitDollars * DOLLAR)
  return {
    id: 'budget',
    owner: owner('virtual_key'),
    period: period('1h'),
    usedBefore: undefined,
    limitNanodollars,
    softLimitNanodollars: limitNanodollars,
    ...changes,
  }
}

export function rateLimit(
  counts: RateLimit['counts'],
  limit: number,
  changes: Partial<RateLimit> = {},
): RateLimit {
  return {
    id: 'rate',
    owner: owner('virtual_key'),
    period: period('1h'),
    usedBefore: undefined,
    counts,
    limit,
    ...changes,
  }
}

export function balance(used: number, reserved = 0, changes: Partial<Balance> = {}): Balance {
  return { startMs: 0, endMs: 3_600_000, used, reserved, interrupted: 0, unpriced: 0, ...changes }
}
