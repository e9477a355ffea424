import type { OriginOf } from './compile-limits.ts'
import type { RulePlace, RuleTarget } from '../../rules/routing-rule.ts'
import type { OriginatedRule } from './governance.ts'
import type { RoutingRuleSettings } from './schema-routing.ts'

/** Finds the id of a provider key by its id or its name; what is not there stays as it is written. */
export type KeyIdOf = (provider: string | undefined, name: string) => string

/** The routing rules, in the order of the file. */
export function compileRules(
  listed: readonly RoutingRuleSettings[],
  keyIdOf: KeyIdOf,
  originOf: OriginOf,
): OriginatedRule[] {
  return listed.map((settings, index) => {
    const id = settings.id || settings.name || `rule ${index + 1}`
    return {
      id,
      name: settings.name || id,
      enabled: settings.enabled ?? true,
      expression: settings.cel_expression ?? '',
      targets: targetsOf(settings, keyIdOf),
      fallbacks: fallbacksOf(settings, keyIdOf),
      scope: settings.scope ?? 'global',
      scopeId:
        settings.scope === undefined || settings.scope === 'global'
          ? undefined
          : settings.scope_id || undefined,
      priority: settings.priority ?? 0,
      origin: originOf(settings, `governance.routing_rules[${index}]`),
    }
  })
}

function targetsOf(settings: RoutingRuleSettings, keyIdOf: KeyIdOf): RuleTarget[] {
  const older = { provider: settings.provider, model: settings.model, weight: 1 }
  return (settings.targets ?? [older]).map((target) => {
    return { ...placeOf(target, keyIdOf), weight: target.weight ?? 1 }
  })
}

/** An empty list is none, as the dashboard writes it: the fallbacks of the request stay. */
function fallbacksOf({ fallbacks }: RoutingRuleSettings, keyIdOf: KeyIdOf): RulePlace[] | undefined {
  if (!fallbacks || fallbacks.length === 0) return undefined
  return fallbacks.map((written) => {
    if (typeof written !== 'string') return placeOf(written, keyIdOf)
    const slash = written.indexOf('/')
    const [provider, model] =
      slash < 0 ? [written, undefined] : [written.slice(0, slash), written.slice(slash + 1)]
    return placeOf({ provider, model }, keyIdOf)
  })
}

interface WrittenPlace {
  provider?: string | null | undefined
  model?: string | null | undefined
  key_id?: string | null | undefined
  provider_key_name?: string | null | undefined
}

function placeOf(written: WrittenPlace, keyIdOf: KeyIdOf): RulePlace {
  const provider = written.provider?.toLowerCase() || undefined
  const key = written.key_id || written.provider_key_name || undefined
  return {
    provider,
    model: written.model || undefined,
    keyId: key === undefined ? undefined : keyIdOf(provider, key),
  }
}
