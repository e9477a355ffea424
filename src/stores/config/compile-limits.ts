import { parseDuration } from '../../rules/windows.ts'
import { GOVERNANCE_DEFAULTS } from './defaults.ts'
import type { Budget, Limits, Origin, Owner, Period, RateLimit, UsedBefore } from './governance.ts'
import { MONEY_MAX_DOLLARS, nanodollars } from './money.ts'
import type { Notice } from './notice.ts'
import type { GovernanceSettings } from './schema-governance.ts'
import type { BudgetSettings, LimitedSettings, RateLimitSettings } from './schema-limits.ts'

/** Where an object that stands at a place of the settings came from. */
export type OriginOf = (settings: object, place: string) => Origin

export const NO_LIMITS: Limits = Object.freeze({ budgets: [], rateLimits: [] })

/** Settings with the place where they stand. */
interface Placed<Value> {
  readonly settings: Value
  readonly place: string
}

/** Compiles the budgets and rate limits of one owner after another, and knows all of them by the ids of their counters. */
export class LimitsCompiler {
  readonly budgets = new Map<string, Budget>()
  readonly rateLimits = new Map<string, RateLimit>()
  /** One counter is another owner's, too. */
  sharesCounters = false
  readonly #governance: GovernanceSettings
  readonly #originOf: OriginOf
  readonly #notices: Notice[]
  readonly #budgetsById: ReadonlyMap<string, Placed<BudgetSettings>>
  readonly #rateLimitsById: ReadonlyMap<string, Placed<RateLimitSettings>>

  constructor(governance: GovernanceSettings, originOf: OriginOf, notices: Notice[]) {
    this.#governance = governance
    this.#originOf = originOf
    this.#notices = notices
    this.#budgetsById = byId(governance.budgets, 'governance.budgets')
    this.#rateLimitsById = byId(governance.rate_limits, 'governance.rate_limits')
  }

  compile(settings: LimitedSettings, owner: Owner, place: string): Limits {
    const budgets = inPlace('budget', settings.budget, settings.budgets, place)
    const named = settings.budget_id ? this.#budgetsById.get(settings.budget_id) : undefined
    const rateLimits = inPlace('rate_limit', settings.rate_limit, settings.rate_limits, place)
    const namedLimit = settings.rate_limit_id ? this.#rateLimitsById.get(settings.rate_limit_id) : undefined
    if (named !== undefined) budgets.unshift(named)
    if (namedLimit !== undefined) rateLimits.unshift(namedLimit)
    if (budgets.length === 0 && rateLimits.length === 0) return NO_LIMITS
    const aligned = settings.calendar_aligned
    return {
      budgets: budgets.map((each) => this.#budget(each, owner, aligned)),
      rateLimits: rateLimits.flatMap((each) => this.#rateLimit(each, owner, aligned)),
    }
  }

  #budget({ settings, place }: Placed<BudgetSettings>, owner: Owner, aligned: boolean | undefined): Budget {
    const dollars = settings.max_limit ?? settings.max_budget ?? 0
    const limitNanodollars = nanodollars(dollars)
    if (Number(dollars) > MONEY_MAX_DOLLARS) {
      const message = `${place}: budgets count to ${MONEY_MAX_DOLLARS} dollars, so this one ends there.`
      this.#notices.push({ kind: 'governance', message })
    }
    const period = this.#period(
      settings.reset_duration ?? settings.budget_duration ?? '1M',
      settings.calendar_aligned ?? aligned,
      settings.reset_config?.quarter_start_month,
    )
    const percent =
      settings.soft_limit_percent ??
      this.#governance.soft_limit_percent ??
      GOVERNANCE_DEFAULTS.soft_limit_percent
    const used = settings.current_usage === undefined ? undefined : nanodollars(settings.current_usage)
    return this.#known(this.budgets, {
      id: settings.id || this.#freeId(this.budgets, owner, period),
      owner,
      limitNanodollars,
      softLimitNanodollars:
        percent === 100 ? limitNanodollars : Math.floor((limitNanodollars / 100) * percent),
      period,
      usedBefore: usedBefore(used, settings.last_reset),
      origin: this.#originOf(settings, place),
    })
  }

  #rateLimit({ settings, place }: Placed<RateLimitSettings>, owner: Owner, aligned?: boolean): RateLimit[] {
    return (['token', 'request'] as const).flatMap((what) => {
      const limit = settings[`${what}_max_limit`]
      const duration = settings[`${what}_reset_duration`]
      if (limit === undefined || limit === null || !duration) return []
      const counts = `${what}s` as const
      const period = this.#period(duration, settings.calendar_aligned ?? aligned, undefined)
      return this.#known(this.rateLimits, {
        id: settings.id ? `${settings.id}/${counts}` : this.#freeId(this.rateLimits, owner, period, counts),
        owner,
        counts,
        limit,
        period,
        usedBefore: usedBefore(settings[`${what}_current_usage`], settings[`${what}_last_reset`]),
        origin: this.#originOf(settings, place),
      })
    })
  }

  #period(text: string, calendarAligned: boolean | undefined, quarterStartMonth = 1): Period {
    // Who writes "monthly" means the calendar's months; who writes "1M" gets Bifrost's 30 days.
    const isWord = !/\d/.test(text)
    const rule = {
      // The types of the settings let nothing else through.
      duration: parseDuration(text) ?? { count: 1, unit: 'month' as const },
      calendarAligned: calendarAligned ?? isWord,
      timeZone: this.#governance.time_zone ?? GOVERNANCE_DEFAULTS.time_zone,
      quarterStartMonth,
    }
    return { text, rule }
  }

  #known<Limit extends Budget | RateLimit>(all: Map<string, Limit>, limit: Limit): Limit {
    if (all.has(limit.id)) this.sharesCounters = true
    else all.set(limit.id, limit)
    return limit
  }

  /** Made of what does not move when others are added, so that the counter stays the same one. */
  #freeId(taken: ReadonlyMap<string, unknown>, owner: Owner, period: Period, counts?: string): string {
    const id = [owner.kind, owner.id, period.text, ...(counts === undefined ? [] : [counts])].join('/')
    for (let number = 2, free = id; ; free = `${id}#${number++}`) if (!taken.has(free)) return free
  }
}

function byId<Value extends { id?: string | undefined }>(
  list: readonly Value[] | undefined,
  path: string,
): Map<string, Placed<Value>> {
  const found = new Map<string, Placed<Value>>()
  for (const [index, settings] of (list ?? []).entries())
    if (settings.id) found.set(settings.id, { settings, place: `${path}[${index}]` })
  return found
}

function inPlace<Value>(
  name: string,
  one: Value | null | undefined,
  many: readonly Value[] | null | undefined,
  place: string,
): Placed<Value>[] {
  const listed = (many ?? []).map((settings, index) => ({ settings, place: `${place}.${name}s[${index}]` }))
  return one ? [{ settings: one, place: `${place}.${name}` }, ...listed] : listed
}

function usedBefore(amount: number | undefined, since: string | null | undefined): UsedBefore | undefined {
  if (amount === undefined || amount === 0) return undefined
  const sinceMs = since ? Date.parse(since) : NaN
  return { amount, sinceMs: Number.isNaN(sinceMs) ? undefined : sinceMs }
}
