import { compileRules, type KeyIdOf } from './compile-rules.ts'
import { LimitsCompiler, type OriginOf } from './compile-limits.ts'
import { compileVirtualKeys, type CompiledKeys } from './compile-virtual-keys.ts'
import { CompiledGovernance } from './compiled-governance.ts'
import type { ConfiguredProvider } from './configuration.ts'
import { GOVERNANCE_DEFAULTS } from './defaults.ts'
import type { Customer, Governance, ModelLimits, ProviderLimits, Team } from './governance.ts'
import type { KeyMemory } from './key-memory.ts'
import type { CompilePattern } from './model-list.ts'
import type { Notice } from './notice.ts'
import type { Environment } from './registry.ts'
import type { Settings } from './schema.ts'
import type { GovernanceSettings } from './schema-governance.ts'

export interface GovernanceContext {
  readonly environment: Environment
  /** Compiled before. */
  readonly providers: ReadonlyMap<string, ConfiguredProvider>
  readonly notices: Notice[]
  readonly memory: KeyMemory
  readonly graceMs: number
  readonly nowMs: number
  readonly originOf: OriginOf
  /** Undefined where no list has an expression. */
  readonly compilePattern: CompilePattern | undefined
  /** Id of the virtual key that callers without one count as. */
  readonly anonymousId: string | undefined
}

export interface CompiledSettings extends Pick<CompiledKeys, 'issued' | 'memory'> {
  readonly governance: Governance
}

/** The `governance` of settings that passed all checks. Never throws. */
export function compileGovernance(settings: Settings, context: GovernanceContext): CompiledSettings {
  const { governance = {}, client = {} } = settings
  const { originOf, notices, memory } = context
  const limits = new LimitsCompiler(governance, originOf, notices)
  const customers = compileCustomers(governance, limits, originOf)
  const teams = compileTeams(governance, customers, limits, originOf)
  const semantics = governance.list_semantics
  const keys = compileVirtualKeys(governance.virtual_keys ?? [], {
    ...context,
    customers,
    teams,
    limits,
    semantics,
    modelLists: new Map(),
  })
  const compiled = new CompiledGovernance({
    customers,
    teams,
    virtualKeys: keys.virtualKeys,
    providers: compileProviderLimits(governance, limits, originOf),
    models: compileModelLimits(governance, limits, context),
    rules: compileRules(governance.routing_rules ?? [], keyFinder(context.providers), originOf),
    budgets: limits.budgets,
    rateLimits: limits.rateLimits,
    anonymous: context.anonymousId === undefined ? undefined : keys.virtualKeys.get(context.anonymousId),
    requiredHeaders: (client.required_headers ?? []).map((header) => header.toLowerCase()),
    timeZone: governance.time_zone ?? GOVERNANCE_DEFAULTS.time_zone,
    presented: keys.presented,
    hash: memory.hash,
    sharesCounters: limits.sharesCounters,
  })
  return { governance: compiled, issued: keys.issued, memory: keys.memory }
}

function compileCustomers(
  { customers = [] }: GovernanceSettings,
  limits: LimitsCompiler,
  originOf: OriginOf,
): Map<string, Customer> {
  const compiled = new Map<string, Customer>()
  for (const [index, settings] of customers.entries()) {
    const { id } = settings
    const name = settings.name || id
    const place = `governance.customers[${index}]`
    compiled.set(id, {
      id,
      name,
      limits: limits.compile(settings, { kind: 'customer', id, name }, place),
      origin: originOf(settings, place),
    })
  }
  return compiled
}

function compileTeams(
  { teams = [] }: GovernanceSettings,
  customers: ReadonlyMap<string, Customer>,
  limits: LimitsCompiler,
  originOf: OriginOf,
): Map<string, Team> {
  const compiled = new Map<string, Team>()
  for (const [index, settings] of teams.entries()) {
    const { id } = settings
    const name = settings.name || id
    const place = `governance.teams[${index}]`
    compiled.set(id, {
      id,
      name,
      customer: settings.customer_id ? customers.get(settings.customer_id) : undefined,
      limits: limits.compile(settings, { kind: 'team', id, name }, place),
      origin: originOf(settings, place),
    })
  }
  return compiled
}

function compileProviderLimits(
  { providers = [] }: GovernanceSettings,
  limits: LimitsCompiler,
  originOf: OriginOf,
): Map<string, ProviderLimits> {
  const compiled = new Map<string, ProviderLimits>()
  for (const [index, settings] of providers.entries()) {
    const provider = settings.name.toLowerCase()
    const place = `governance.providers[${index}]`
    compiled.set(provider, {
      provider,
      limits: limits.compile(settings, { kind: 'provider', id: provider, name: provider }, place),
      origin: originOf(settings, place),
    })
  }
  return compiled
}

function compileModelLimits(
  { model_configs: configs = [] }: GovernanceSettings,
  limits: LimitsCompiler,
  { originOf, providers }: GovernanceContext,
): ModelLimits[] {
  return configs.map((settings, index) => {
    const [provider, model] = modelOf(settings.provider, settings.model_name, providers)
    const scope = settings.scope ?? 'global'
    const scopeId = scope === 'global' ? undefined : settings.scope_id || undefined
    const made = [scopeId === undefined ? [] : `${scope}:${scopeId}`, provider ?? [], model].flat().join('/')
    const id = settings.id || made
    const place = `governance.model_configs[${index}]`
    const name = provider === undefined ? model : `${provider}/${model}`
    return {
      id,
      model,
      provider,
      scope,
      scopeId,
      limits: limits.compile(settings, { kind: 'model', id, name }, place),
      origin: originOf(settings, place),
    }
  })
}

/** `openai/gpt-5` is a model of OpenAI; `meta-llama/llama-4` is a name. */
function modelOf(
  provider: string | null | undefined,
  name: string,
  providers: ReadonlyMap<string, ConfiguredProvider>,
): [provider: string | undefined, model: string] {
  const slash = name.indexOf('/')
  const prefix = name.slice(0, Math.max(0, slash)).toLowerCase()
  if (provider) return [provider.toLowerCase(), name]
  return providers.has(prefix) ? [prefix, name.slice(slash + 1)] : [undefined, name]
}

function keyFinder(providers: ReadonlyMap<string, ConfiguredProvider>): KeyIdOf {
  return (provider, name) => {
    const places =
      provider === undefined ? [...providers.values()] : [providers.get(provider)].flatMap((one) => one ?? [])
    const keys = places.flatMap((place) => place.keys)
    return (keys.find(({ id }) => id === name) ?? keys.find((key) => key.name === name))?.id ?? name
  }
}
