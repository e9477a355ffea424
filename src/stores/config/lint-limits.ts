import type { Configuration } from './configuration.ts'
import type { Limits, VirtualKey } from './governance.ts'
import { oneOf, type LintQuestion, type Tell } from './finding.ts'

/** Budgets and rate limits that bind nobody, or everybody. */
export function lintLimits({ configuration, settings, nowMs }: LintQuestion, tell: Tell): void {
  const { governance } = configuration
  lintUnused(settings.governance?.budgets, 'budgets', new Set(governance.budgets.keys()), tell)
  const rates = [...governance.rateLimits.keys()].map((id) => id.replace(/\/(?:tokens|requests)$/, ''))
  lintUnused(settings.governance?.rate_limits, 'rate_limits', new Set(rates), tell)
  for (const budget of governance.budgets.values())
    if (budget.limitNanodollars === 0)
      tell(
        budget.origin.place,
        'a budget of 0 dollars, which refuses every call that costs something',
        'more, or is_active: false',
      )
  const keys = [...governance.virtualKeys.values()].filter((key) => isUsable(key, nowMs))
  lintOwners(configuration, keys, tell)
  lintProviders(configuration, tell)
}

function isUsable({ active, expiresAtMs }: VirtualKey, nowMs: number): boolean {
  return active && (expiresAtMs === undefined || expiresAtMs > nowMs)
}

function lintUnused(
  listed: readonly { id?: string | undefined }[] | undefined,
  name: 'budgets' | 'rate_limits',
  used: ReadonlySet<string>,
  tell: Tell,
): void {
  const one = name.slice(0, -1)
  for (const [index, { id }] of (listed ?? []).entries())
    if (id !== undefined && !used.has(id))
      tell(
        `governance.${name}[${index}]`,
        `"${id}", to which nobody refers`,
        `${one}_id: "${id}" at whom it is to bind`,
      )
}

/** Teams and customers without a key that works. */
function lintOwners({ governance }: Configuration, keys: readonly VirtualKey[], tell: Tell): void {
  const teams = new Set(keys.map(({ team }) => team?.id))
  const customers = new Set(keys.map(({ customer }) => customer?.id))
  for (const { id, limits, origin } of governance.teams.values())
    if (hasLimits(limits) && !teams.has(id))
      tell(
        origin.place,
        `limits of the team "${id}", of which no virtual key works`,
        `team_id: "${id}" at a virtual key`,
      )
  for (const { id, limits, origin } of governance.customers.values())
    if (hasLimits(limits) && !customers.has(id))
      tell(
        origin.place,
        `limits of the customer "${id}", of which no virtual key works`,
        `customer_id: "${id}" at a team or a virtual key`,
      )
}

function lintProviders({ governance, providers }: Configuration, tell: Tell): void {
  for (const { provider, origin } of governance.providers.values())
    if (!providers.has(provider))
      tell(
        `${origin.place}.name`,
        `limits of "${provider}", which is not configured`,
        oneOf(providers.keys()),
      )
  for (const { provider, model, origin } of governance.models)
    if (provider !== undefined && !providers.has(provider))
      tell(
        `${origin.place}.provider`,
        `limits of ${model} at "${provider}", which is not configured`,
        oneOf(providers.keys()),
      )
}

function hasLimits({ budgets, rateLimits }: Limits): boolean {
  return budgets.length + rateLimits.length > 0
}
