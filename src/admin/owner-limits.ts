import type { Budget, Governance, Limits } from '../stores/config/governance.ts'
import type { SettingsObject } from '../stores/config-store/port.ts'

/** What an object that runs binds by itself. Undefined: nothing, or the object waits while another one has its id. */
export function limitsOf({ kind, id, place }: SettingsObject, governance: Governance): Limits | undefined {
  const compiled = {
    virtual_keys: () => governance.virtualKeys.get(id),
    teams: () => governance.teams.get(id),
    customers: () => governance.customers.get(id),
    providers: () => governance.providers.get(id),
    model_configs: () => governance.models.find(({ origin }) => origin.place === place),
    budgets: () => undefined,
    rate_limits: () => undefined,
    routing_rules: () => undefined,
    provider_keys: () => undefined,
    auth_config: () => undefined,
  }[kind]()
  return compiled?.origin.place === place ? compiled.limits : undefined
}

/** Every budget that is an object's own, those of a virtual key's providers among them. */
export function budgetsOf(object: SettingsObject, governance: Governance): Budget[] {
  const { kind, id } = object
  if (kind === 'budgets') return [governance.budgets.get(id)].flatMap((budget) => budget ?? [])
  const grants = kind === 'virtual_keys' ? (governance.virtualKeys.get(id)?.grants ?? []) : []
  const limits = [limitsOf(object, governance), ...grants.map((grant) => grant.limits)]
  return limits.flatMap((each) => each?.budgets ?? [])
}
