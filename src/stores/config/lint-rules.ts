import type { Program } from '../../lib/cel/program.ts'
import type { Scope } from '../../lib/cel/scope.ts'
import type { RulePlace } from '../../rules/routing-rule.ts'
import { closest } from '../../lib/closest.ts'
import type { Configuration } from './configuration.ts'
import type { OriginatedRule } from './governance.ts'
import { oneOf, type LintQuestion, type Tell } from './finding.ts'

/** Rules that never decide, or lead nowhere. */
export async function lintRules({ configuration }: LintQuestion, tell: Tell): Promise<void> {
  const { rules } = configuration.governance
  if (rules.length === 0) return
  const { RULE_LANGUAGE } = await import('../../rules/rule-expression.ts')
  const enabled = rules.filter((rule) => rule.enabled)
  const scopes = Map.groupBy(enabled, ({ scope, scopeId }) => `${scope} ${scopeId ?? ''}`)
  for (const group of scopes.values()) {
    const ordered = group.toSorted((a, b) => a.priority - b.priority)
    lintOrder(ordered, (rule) => RULE_LANGUAGE.compile(rule.expression), tell)
  }
  for (const rule of rules) {
    lintScope(rule, configuration, tell)
    lintTargets(rule, configuration, tell)
  }
}

/** The first rule that applies decides: what stands behind one that always does is never asked. */
function lintOrder(
  ordered: readonly OriginatedRule[],
  programOf: (rule: OriginatedRule) => Program,
  tell: Tell,
): void {
  const seen = new Map<string, OriginatedRule>()
  let always: OriginatedRule | undefined
  for (const rule of ordered) {
    const { place } = rule.origin
    const program = programOf(rule)
    const constant = constantOf(program)
    const text = program.conditions.map((condition) => condition.text).join(' && ')
    const twin = seen.get(text)
    if (constant === false) tell(place, 'a condition that never holds', 'one that can, or no rule')
    else if (always !== undefined)
      tell(place, `a rule that is never asked: ${called(always)} always applies before it`, BEFORE)
    else if (twin !== undefined)
      tell(
        place,
        `a rule that never decides: ${called(twin)} has the same condition and comes before it`,
        BEFORE,
      )
    else if (constant === true) always = rule
    seen.set(text, twin ?? rule)
  }
}

const BEFORE = 'a lower priority number, or no rule'

function called({ name, origin }: OriginatedRule): string {
  return `"${name}" (${origin.place})`
}

/** What a program gives whatever is asked; undefined: it depends. */
function constantOf({ conditions }: Program): boolean | undefined {
  // Conditions that read nothing see nothing.
  const constants = conditions.filter(({ reads }) => reads.size === 0)
  if (constants.some(({ run }) => run(NOWHERE) !== true)) return false
  return constants.length === conditions.length ? true : undefined
}

const NOWHERE: Scope = { value: () => '', keys: () => [], locals: [], spend: () => true }

function lintScope(
  { scope, scopeId, origin }: OriginatedRule,
  { governance }: Configuration,
  tell: Tell,
): void {
  if (scope === 'global' || scopeId === undefined) return
  const { teams, customers, virtualKeys } = governance
  const owners = { team: teams, customer: customers, virtual_key: virtualKeys }[scope]
  if (owners.has(scopeId)) return
  const meant = closest(scopeId, owners.keys())
  const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`
  tell(
    `${origin.place}.scope_id`,
    `"${scopeId}", which is no ${scope.replace('_', ' ')}`,
    `one that there is${hint}`,
  )
}

function lintTargets(rule: OriginatedRule, configuration: Configuration, tell: Tell): void {
  const { targets, fallbacks = [], origin } = rule
  const isWeighted = targets.some(({ weight }) => weight > 0)
  for (const [index, target] of targets.entries()) {
    const place = `${origin.place}.targets[${index}]`
    if (isWeighted && target.weight === 0)
      tell(
        `${place}.weight`,
        'a weight of 0, with which the target is never chosen',
        'more than 0, or no target',
      )
    lintPlace(target, place, configuration, tell)
  }
  for (const [index, fallback] of fallbacks.entries())
    lintPlace(fallback, `${origin.place}.fallbacks[${index}]`, configuration, tell)
}

function lintPlace(
  { provider, keyId }: RulePlace,
  place: string,
  { providers }: Configuration,
  tell: Tell,
): void {
  if (provider !== undefined && !providers.has(provider))
    return tell(`${place}.provider`, `"${provider}", which is not configured`, oneOf(providers.keys()))
  if (keyId === undefined) return
  const places = [...providers.values()].filter(({ id }) => provider === undefined || id === provider)
  const ids = places.flatMap(({ keys }) => keys.map(({ id }) => id))
  if (!ids.includes(keyId)) tell(`${place}.key_id`, `"${keyId}", which is no provider key there`, oneOf(ids))
}
