import { forecast } from '../rules/budgets.ts'
import { limitOf } from '../rules/limits.ts'
import type { Balance } from '../rules/limits.ts'
import type { Budget, Limits, RateLimit } from '../stores/config/governance.ts'
import { fields, items, textOf } from '../stores/config/raw.ts'
import type { Fields } from '../stores/config/raw.ts'
import type { Ledger } from '../stores/ledger/port.ts'

export interface LimitContext {
  readonly ledger: Pick<Ledger, 'balance'>
  readonly nowMs: number
}

type View = Record<string, unknown>

const NANO_PER_DOLLAR = 1e9

/** A budget and where it stands, in dollars; the amounts of `nanodollars` are those that are counted. */
export function budgetView(budget: Budget, { ledger, nowMs }: LimitContext): View {
  const { id, owner, limitNanodollars, softLimitNanodollars, period } = budget
  const balance = ledger.balance(budget)
  const { used, reserved, interrupted, unpriced } = balance
  const remaining = Math.max(0, limitNanodollars - used - reserved)
  const { perHour, projectedUse, exhaustedAtMs } = forecast(limitNanodollars, balance, nowMs)
  return {
    id,
    max_limit: dollars(limitNanodollars),
    reset_duration: period.text,
    calendar_aligned: period.rule.calendarAligned,
    current_usage: dollars(used),
    last_reset: moment(balance.startMs),
    resets_at: moment(balance.endMs),
    reserved: dollars(reserved),
    remaining: dollars(remaining),
    soft_limit: dollars(softLimitNanodollars),
    interrupted: dollars(interrupted),
    unpriced_requests: unpriced,
    nanodollars: { limit: limitNanodollars, used, reserved, remaining },
    forecast: {
      per_hour: dollars(perHour),
      projected_usage: dollars(projectedUse),
      exhausted_at: exhaustedAtMs === undefined ? null : moment(exhaustedAtMs),
    },
    owner,
  }
}

/** The counters of one rate limit, tokens and requests or one of them. Its `id` is that of the settings, if it has one. */
export function rateLimitView(
  id: string | undefined,
  counters: readonly RateLimit[],
  { ledger, nowMs }: LimitContext,
): View {
  const views = counters.map((counter) => counterView(counter, ledger.balance(counter), nowMs))
  return { id: id ?? null, ...Object.assign({}, ...views), owner: counters[0]?.owner }
}

function counterView(counter: RateLimit, balance: Balance, nowMs: number): View {
  const what = counter.counts === 'tokens' ? 'token' : 'request'
  const limit = limitOf(counter)
  const { exhaustedAtMs } = forecast(limit, balance, nowMs)
  return {
    [`${what}_max_limit`]: limit,
    [`${what}_reset_duration`]: counter.period.text,
    [`${what}_current_usage`]: balance.used,
    [`${what}_last_reset`]: moment(balance.startMs),
    [`${what}_resets_at`]: moment(balance.endMs),
    [`${what}_reserved`]: balance.reserved,
    [`${what}_remaining`]: Math.max(0, limit - balance.used - balance.reserved),
    [`${what}_exhausted_at`]: exhaustedAtMs === undefined ? null : moment(exhaustedAtMs),
  }
}

/** Every limit of an owner, whatever form its settings have; the first of each alone, too, for clients of Bifrost 1.4. */
export function limitsOfOwner(body: Fields, limits: Limits | undefined, context: LimitContext): View {
  const overrides = inOrder(body, 'budget').map((each) => each['override'])
  const budgets = (limits?.budgets ?? []).map((budget, at) => ({
    ...budgetView(budget, context),
    ...(overrides[at] !== undefined && { override: overrides[at] }),
  }))
  const rateLimits = grouped(inOrder(body, 'rate_limit'), limits?.rateLimits ?? []).map(({ id, counters }) =>
    rateLimitView(id, counters, context),
  )
  return {
    budgets,
    budget: budgets[0] ?? null,
    rate_limits: rateLimits,
    rate_limit: rateLimits[0] ?? null,
  }
}

/** The limits of an owner as its settings have them, in the order in which they are compiled: named, one, many. */
export function inOrder(body: Fields, name: 'budget' | 'rate_limit'): Fields[] {
  const named = textOf(body[`${name}_id`])
  const one = body[name]
  return [
    ...(named === undefined ? [] : [{ id: named, isNamed: true }]),
    ...(one === undefined || one === null ? [] : [fields(one)]),
    ...items(body[`${name}s`]).map(fields),
  ]
}

/** Counters by the settings that they are of: a named one has those of its id, another one what it limits. */
function grouped(
  settings: readonly Fields[],
  counters: readonly RateLimit[],
): { id: string | undefined; counters: RateLimit[] }[] {
  const left = [...counters]
  return settings.flatMap((each) => {
    const id = textOf(each['id'])
    const isOf = (counter: RateLimit | undefined, what: 'tokens' | 'requests') =>
      counter?.counts === what &&
      (each['isNamed'] === true
        ? counter.id === `${id}/${what}`
        : isSet(each[what === 'tokens' ? 'token_max_limit' : 'request_max_limit']))
    const own: RateLimit[] = []
    for (const what of ['tokens', 'requests'] as const) if (isOf(left[0], what)) own.push(left.shift()!)
    return own.length === 0 ? [] : [{ id, counters: own }]
  })
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}

function dollars(nanodollars: number): number {
  return nanodollars / NANO_PER_DOLLAR
}

export function moment(ms: number): string {
  return new Date(ms).toISOString()
}
