import type { Limits } from '../../../../src/rules/limits.ts'
import { budget, owner, period, rateLimit } from '../../../rules/accounts.ts'

/** Four levels, with budgets and limits that are never reached. */
export const levels: Limits = {
  budgets: (['virtual_key', 'team', 'customer', 'provider'] as const).map((kind) =>
    budget(1000, { id: kind, owner: owner(kind), period: period('1Y', { calendarAligned: true }) }),
  ),
  rateLimits: [rateLimit('requests', 1e9, { period: period('1Y', { calendarAligned: true }) })],
}
