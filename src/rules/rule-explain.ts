import { outcome } from '../lib/cel/program.ts'
import type { Condition, Program } from '../lib/cel/program.ts'
import type { Scope } from '../lib/cel/scope.ts'
import type { RoutingRule, RuleScope } from './routing-rule.ts'

/** A rule that was asked, and what it answered. */
export interface TriedRule {
  readonly id: string
  readonly name: string
  readonly scope: RuleScope
  readonly scopeId: string | undefined
  readonly outcome: 'applies' | 'does not apply' | 'disabled'
  /** All of them have to hold; none: the rule applies always. */
  readonly conditions: readonly TriedCondition[]
}

export interface TriedCondition {
  /** As it stands in the expression. */
  readonly text: string
  /** failed: could not be decided, as where a header is not there. */
  readonly outcome: 'holds' | 'does not hold' | 'failed'
  /** What it looked at; `null`: is not there. */
  readonly values: Readonly<Record<string, string | number | boolean | null>>
}

export function explainRule(rule: RoutingRule & { readonly program: Program }, scope: Scope): TriedRule {
  const { id, name, scope: kind, scopeId, enabled, program } = rule
  const conditions = enabled ? program.conditions.map((condition) => explainCondition(condition, scope)) : []
  const applies = conditions.every((condition) => condition.outcome === 'holds')
  const answer = applies ? 'applies' : 'does not apply'
  return { id, name, scope: kind, scopeId, outcome: enabled ? answer : 'disabled', conditions }
}

/** Entries of headers and queries that are secrets (Google's SDKs send `?key=`): an explanation is copied into tickets. */
const SECRET = /auth|["-]key|api-?key|cookie|token|secret|password|credential|signature|x-bf-vk/i

function explainCondition(condition: Condition, scope: Scope): TriedCondition {
  const values: Record<string, string | number | boolean | null> = {}
  for (const [name, run] of condition.reads) {
    const value = run(scope)
    if (typeof value === 'object') continue
    if (typeof value === 'symbol') values[name] = null
    else values[name] = name.includes('[') && SECRET.test(name) ? '***' : value
  }
  const result = outcome(condition, scope)
  const words = result === true ? 'holds' : 'does not hold'
  return { text: condition.text, outcome: result === 'failed' ? result : words, values }
}
