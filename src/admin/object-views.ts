import type { Governance, Limits } from '../stores/config/governance.ts'
import { isReference } from '../stores/config/forms.ts'
import { fields, items } from '../stores/config/raw.ts'
import type { Fields } from '../stores/config/raw.ts'
import type { SettingsObject } from '../stores/config-store/port.ts'
import { budgetView, limitsOfOwner, moment, rateLimitView } from './limit-views.ts'
import type { LimitContext } from './limit-views.ts'
import { limitsOf } from './owner-limits.ts'

export interface ViewContext extends LimitContext {
  readonly governance: Governance
}

type View = Record<string, unknown>

/** An object as the API shows it: its settings without secrets, where it stands, and where it came from. */
export function objectView(object: SettingsObject, context: ViewContext): View {
  const { kind, id, body, createdAtMs, updatedAtMs } = object
  return {
    ...(kind !== 'providers' && { id }),
    ...body,
    ...detailsOf(object, context),
    created_at: createdAtMs === undefined ? null : moment(createdAtMs),
    updated_at: updatedAtMs === undefined ? null : moment(updatedAtMs),
    origin: originView(object),
  }
}

function originView({ source, place, fileDiffers, problem }: SettingsObject): View {
  return { source, place, file_differs: fileDiffers, ...(problem !== undefined && { problem }) }
}

function detailsOf(object: SettingsObject, context: ViewContext): View {
  const { kind, id, body } = object
  if (kind === 'routing_rules' || kind === 'provider_keys' || kind === 'auth_config') return {}
  if (kind === 'budgets') return namedBudget(id, context)
  if (kind === 'rate_limits') return namedRateLimit(id, context)
  const limits = limitsOfOwner(body, limitsOf(object, context.governance), context)
  return kind === 'virtual_keys' ? { ...virtualKeyDetails(object, context), ...limits } : limits
}

/** Without an owner that refers to it, nothing is counted. */
function namedBudget(id: string, context: ViewContext): View {
  const budget = context.governance.budgets.get(id)
  return budget === undefined ? { current_usage: 0, owner: null } : budgetView(budget, context)
}

function namedRateLimit(id: string, context: ViewContext): View {
  const { rateLimits } = context.governance
  const counters = [`${id}/tokens`, `${id}/requests`].flatMap((each) => rateLimits.get(each) ?? [])
  return counters.length === 0 ? { owner: null } : rateLimitView(id, counters, context)
}

/** Stands for the value of a virtual key, which nobody can see again. */
export const MASKED_VALUE = 'sk-bf-****'

function virtualKeyDetails({ id, body, place }: SettingsObject, context: ViewContext): View {
  const compiled = context.governance.virtualKeys.get(id)
  // Another object may have the id while this one waits.
  const key = compiled?.origin.place === place ? compiled : undefined
  const { value, is_active: isActive = true } = body
  const listed = body['providers'] ?? body['provider_configs']
  const configs = items(listed).map((item, at) => grantView(fields(item), key?.grants?.[at]?.limits, context))
  return {
    value: typeof value === 'string' && isReference(value) ? value : MASKED_VALUE,
    is_active: isActive,
    ...(listed !== undefined && { provider_configs: configs, providers: undefined }),
  }
}

function grantView(body: Fields, limits: Limits | undefined, context: ViewContext): View {
  return { ...body, ...limitsOfOwner(body, limits, context) }
}
