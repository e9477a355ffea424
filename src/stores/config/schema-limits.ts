import * as z from 'zod/mini'
import { GOVERNANCE_DEFAULTS } from './defaults.ts'
import { block, count, dollars, flag, list, number, period, served, text, whole } from './fields.ts'

/** Budgets and rate limits, which stand at every owner of the `governance` settings; see `schema-governance.ts`. */

/** Nullable, because exports of the admin API write `null` where nothing is set. */
export const optionalText = z.nullable(text)

/** 100: no warning. */
export const percent = number(0, 100)

const quarterStart = block({
  quarter_start_month: served(whole(1, 12), 'Month with which the first quarter begins.', 1),
})

/** `limit` and `period` are the words of the short form; see `schema-accounts.ts`. */
export const budget = block({
  id: served(text, 'Name of its counter. Absent: made of the owner and the period.'),
  max_limit: served(dollars, 'US dollars in a period.'),
  max_budget: served(dollars, 'Short form of `max_limit`.'),
  reset_duration: served(period, 'Length of the period: `1h`, `1d`, `1w`, `1M`, `1Q`, `1Y`, or `monthly`.'),
  budget_duration: served(period, 'Short form of `reset_duration`.'),
  calendar_aligned: served(
    flag,
    'Periods begin with the calendar day, week, month, quarter or year. Words such as `monthly` mean so anyway.',
    false,
  ),
  reset_config: served(quarterStart, 'Fiscal years.'),
  soft_limit_percent: served(
    percent,
    'Own setting: from here on, answers carry a warning.',
    GOVERNANCE_DEFAULTS.soft_limit_percent,
  ),
  current_usage: served(dollars, 'Dollars spent before this gateway counted.'),
  last_reset: served(optionalText, 'When the period of `current_usage` began.'),
})

const rateLimit = block({
  id: served(text, 'Name of its counters. Absent: made of the owner and the period.'),
  token_max_limit: served(z.nullable(count), 'Tokens in a period.'),
  token_reset_duration: served(z.nullable(period), 'Length of the period for tokens.'),
  token_current_usage: served(count, 'Tokens used before this gateway counted.'),
  token_last_reset: served(optionalText, 'When their period began.'),
  request_max_limit: served(z.nullable(count), 'Requests in a period.'),
  request_reset_duration: served(z.nullable(period), 'Length of the period for requests.'),
  request_current_usage: served(count, 'Requests made before this gateway counted.'),
  request_last_reset: served(optionalText, 'When their period began.'),
  calendar_aligned: served(flag, 'Periods begin with the calendar day, week, month or year.', false),
})

export const budgets = list(budget)
export const rateLimits = list(rateLimit)

/** What every owner of limits has. Any number of each may be given, and all of them bind. */
export const limits = {
  budget_id: served(optionalText, 'One of `governance.budgets`.'),
  budget: served(z.nullable(budget), 'A budget, in place.'),
  budgets: served(z.nullable(budgets), 'Budgets, in place.'),
  rate_limit_id: served(optionalText, 'One of `governance.rate_limits`.'),
  rate_limit: served(z.nullable(rateLimit), 'A rate limit, in place.'),
  rate_limits: served(z.nullable(rateLimits), 'Own setting: rate limits, in place.'),
  calendar_aligned: served(flag, 'For those of its budgets and rate limits that do not say.'),
}

export type BudgetSettings = z.infer<typeof budget>
export type RateLimitSettings = z.infer<typeof rateLimit>

/** An owner, whatever else it has. */
export interface LimitedSettings {
  readonly budget_id?: string | null | undefined
  readonly budget?: BudgetSettings | null | undefined
  readonly budgets?: readonly BudgetSettings[] | null | undefined
  readonly rate_limit_id?: string | null | undefined
  readonly rate_limit?: RateLimitSettings | null | undefined
  readonly rate_limits?: readonly RateLimitSettings[] | null | undefined
  readonly calendar_aligned?: boolean | undefined
}
