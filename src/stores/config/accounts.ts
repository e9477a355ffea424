import type { Origin } from './governance.ts'
import type { AccountSettings, LevelBudgetSettings } from './schema-accounts.ts'
import type { GovernanceSettings } from './schema-governance.ts'
import type { BudgetSettings, LimitedSettings } from './schema-limits.ts'
import type { Settings } from './schema.ts'

/** Where the objects came from that were made of the short form. */
export type Origins = WeakMap<object, Origin>

/** The settings with their short form written out as providers, virtual keys and limits. */
export function expandAccounts(settings: Settings): { settings: Settings; origins: Origins } {
  const origins: Origins = new WeakMap()
  if (settings.accounts === undefined && settings.budgets === undefined) return { settings, origins }
  const { accounts = [], budgets = [], ...copy } = structuredClone(settings)
  const governance: GovernanceSettings = (copy.governance ??= {})
  const providers = (copy.providers ??= {})
  for (const [index, account] of accounts.entries()) {
    const place = `accounts[${index}]`
    for (const entry of account.providers) addProviderKey(providers, account, entry)
    const key = { ...virtualKeyOf(account), providers: grantsOf(account, place, origins) }
    ;(governance.virtual_keys ??= []).push(key)
    origins.set(key, { source: 'file', place })
  }
  for (const [index, written] of budgets.entries()) {
    const origin: Origin = { source: 'file', place: `budgets[${index}]` }
    const budget = budgetOf(written)
    origins.set(budget, origin)
    const owner = ownerOf(governance, written, (made) => origins.set(made, origin))
    if (owner !== undefined) owner.budgets = [...(owner.budgets ?? []), budget]
  }
  return { settings: copy, origins }
}

/** The account of callers without a key: where there are several, nobody could say which one pays. */
export function anonymousAccount({ accounts = [] }: Settings): string | undefined {
  return accounts.length === 1 ? accounts[0]!.id : undefined
}

type Entry = AccountSettings['providers'][number]

function addProviderKey(
  providers: NonNullable<Settings['providers']>,
  account: AccountSettings,
  { id, type, api_key: value }: Entry,
): void {
  const written = Object.keys(providers).find((name) => name.toLowerCase() === type.toLowerCase())
  const provider = (providers[written ?? type.toLowerCase()] ??= {})
  const name = keyIdOf(account, id)
  if (value !== undefined) (provider.keys ??= []).push({ id: name, name, value })
}

/** Two accounts may call their keys alike. */
function keyIdOf(account: AccountSettings, id: string): string {
  return `${account.id}/${id}`
}

function virtualKeyOf({ id, name, value }: AccountSettings) {
  return { id, name: name || id, value, balance: 'heaviest_first' as const }
}

function grantsOf(account: AccountSettings, place: string, origins: Origins) {
  return account.providers.map(({ id, type, api_key: value, model, weight }, index) => {
    const keyIds = value === undefined ? undefined : [keyIdOf(account, id)]
    const grant = { provider: type, model, weight, key_ids: keyIds }
    origins.set(grant, { source: 'file', place: `${place}.providers[${index}]` })
    return grant
  })
}

function budgetOf(written: LevelBudgetSettings): BudgetSettings {
  return {
    max_limit: written.limit,
    reset_duration: written.period,
    calendar_aligned: written.calendar_aligned,
    soft_limit_percent: written.soft_limit_percent,
  }
}

type Owner = { -readonly [Field in keyof LimitedSettings]: LimitedSettings[Field] }

/** Providers and models need not be listed to have a budget. Undefined: there is none of that id. */
function ownerOf(
  governance: GovernanceSettings,
  { level, id }: LevelBudgetSettings,
  onMade: (owner: object) => void,
): Owner | undefined {
  const made = <Made extends Owner>(list: Made[], owner: Made): Made => {
    list.push(owner)
    onMade(owner)
    return owner
  }
  switch (level) {
    case 'virtual_key':
    case 'account':
      return governance.virtual_keys?.find((one) => one.id === id)
    case 'team':
      return governance.teams?.find((one) => one.id === id)
    case 'customer':
      return governance.customers?.find((one) => one.id === id)
    case 'provider': {
      const list = (governance.providers ??= [])
      const listed = list.find(({ name }) => name.toLowerCase() === id.toLowerCase())
      return listed ?? made(list, { name: id })
    }
    case 'model': {
      const list = (governance.model_configs ??= [])
      const listed = list.find((one) => one.model_name === id && !one.provider && !one.scope_id)
      return listed ?? made(list, { model_name: id })
    }
  }
}
