import { ExpressionError } from '../lib/cel/expression-error.ts'
import type { Language } from '../lib/cel/language.ts'
import { holds } from '../lib/cel/program.ts'
import type { Program } from '../lib/cel/program.ts'
import { LazyScope } from '../lib/cel/scope.ts'
import type { RoutingRule, RulePlace, RuleScope, RuleTarget } from './routing-rule.ts'
import { explainRule } from './rule-explain.ts'
import type { TriedRule } from './rule-explain.ts'
import { RuleIndex } from './rule-index.ts'
import { RULE_VARIABLES } from './rule-variables.ts'
import type { RuleFacts } from './rule-variables.ts'
import { chooseByWeight, percent, sharesOf } from './weighted.ts'
import type { Chance } from './weighted.ts'

/** Why a rule is refused. */
export interface RuleProblem {
  /** Of the rule, in the list. */
  readonly index: number
  readonly field: 'expression' | 'targets' | 'scopeId'
  readonly message: string
  /** Of an expression: its line with a caret below the place. */
  readonly excerpt: string | undefined
}

/** Where a rule leads. Its provider and model go through `routeTo` of `routing.ts`. */
export interface RuleRoute {
  /** Undefined: neither rule nor request names one. */
  readonly provider: string | undefined
  readonly model: string
  /** The model is the request's and not the rule's, so that the provider may spell it otherwise. */
  readonly isOwnModel: boolean
  /** The only provider key that may be used. */
  readonly keyId: string | undefined
  readonly reason: string
}

export interface RuleDecision {
  readonly rule: { readonly id: string; readonly name: string }
  /** The target, then the fallbacks of the rule. */
  readonly routes: readonly [RuleRoute, ...RuleRoute[]]
  /** The rule has fallbacks, so that those of the request do not count. */
  readonly replacesFallbacks: boolean
  /** Its other targets, heaviest first: where neither rule nor request has a fallback, they are each other's. */
  readonly otherTargets: readonly RuleRoute[]
}

export interface RuleQuestion extends Chance {
  /** Leaves targets out of the draw that cannot serve; where all are left out, the draw is among all. */
  readonly isUsable?: (route: RuleRoute) => boolean
}

/** A decision, and all that led to it. */
export interface ExplainedRules {
  readonly decision: RuleDecision | undefined
  /** In the order in which they were asked. */
  readonly tried: readonly TriedRule[]
  /** Targets of the rule that decides. */
  readonly targets: readonly DrawnTarget[]
}

export interface DrawnTarget {
  readonly route: RuleRoute
  /** How the choice falls among those that can serve, as a part of one; by session in the same parts. */
  readonly share: number
  readonly isUsable: boolean
}

interface CompiledRule extends RoutingRule {
  readonly program: Program
  readonly choices: readonly Choice[]
}

interface Choice extends RuleTarget {
  /** For the draw by session: stays the same when other targets change. */
  readonly id: string
  readonly share: string
}

/** The rules of one scope, in the order in which they are asked. */
class RuleSet {
  readonly rules: readonly CompiledRule[]
  readonly #enabled: readonly CompiledRule[]
  readonly #index: RuleIndex

  constructor(rules: readonly CompiledRule[]) {
    this.rules = rules.toSorted((a, b) => a.priority - b.priority)
    this.#enabled = this.rules.filter(({ enabled }) => enabled)
    this.#index = new RuleIndex(this.#enabled.map(({ program }) => program.guard))
  }

  first(scope: LazyScope<RuleFacts>): CompiledRule | undefined {
    const position = this.#index.first(scope, (at) => holds(this.#enabled[at]!.program, scope))
    return position === undefined ? undefined : this.#enabled[position]
  }
}

/** Compiled rules: the first that applies decides, those of the narrowest scope being asked first. Pure. */
export class RoutingRules {
  /** By scope, and in it by the id that it names; that of `global` is empty. */
  readonly #sets: Readonly<Record<RuleScope, ReadonlyMap<string, RuleSet>>>
  /** There is no rule, so that none applies. */
  readonly isEmpty: boolean

  constructor(rules: readonly CompiledRule[]) {
    const setsOf = (scope: RuleScope): ReadonlyMap<string, RuleSet> => {
      const ofScope = Map.groupBy(
        rules.filter((rule) => rule.scope === scope),
        ({ scopeId }) => (scope === 'global' ? '' : (scopeId ?? '')),
      )
      return new Map([...ofScope].map(([id, group]) => [id, new RuleSet(group)]))
    }
    this.#sets = {
      virtual_key: setsOf('virtual_key'),
      team: setsOf('team'),
      customer: setsOf('customer'),
      global: setsOf('global'),
    }
    this.isEmpty = rules.length === 0
  }

  /** Undefined where no rule applies. */
  decide(facts: RuleFacts, question: RuleQuestion): RuleDecision | undefined {
    if (this.isEmpty) return undefined
    const scope = new LazyScope(RULE_VARIABLES, facts)
    for (const set of this.#setsFor(facts)) {
      const rule = set.first(scope)
      if (rule !== undefined) return decisionOf(rule, facts, question)
    }
    return undefined
  }

  /** The same decision, and every rule that was asked on the way, with the outcome of each of its conditions. */
  explain(facts: RuleFacts, question: RuleQuestion): ExplainedRules {
    const scope = new LazyScope(RULE_VARIABLES, facts)
    const tried: TriedRule[] = []
    for (const rule of this.#setsFor(facts).flatMap(({ rules }) => rules)) {
      const one = explainRule(rule, scope)
      tried.push(one)
      if (one.outcome !== 'applies') continue
      return { decision: decisionOf(rule, facts, question), tried, targets: drawOf(rule, facts, question) }
    }
    return { decision: undefined, tried, targets: [] }
  }

  #setsFor({ virtualKey, team, customer }: RuleFacts): RuleSet[] {
    const found: RuleSet[] = []
    const add = (scope: RuleScope, id: string | undefined) => {
      const set = id === undefined || this.#sets[scope].size === 0 ? undefined : this.#sets[scope].get(id)
      if (set !== undefined) found.push(set)
    }
    add('virtual_key', virtualKey?.id)
    add('team', team?.id)
    add('customer', customer?.id)
    add('global', '')
    return found
  }
}

/**
 * Compiles and type-checks rules. Those with problems are left out; whoever saves rules refuses them all, whoever runs
 * them goes on with the others. Loads the compiler of expressions only if there is a rule.
 */
export async function compileRoutingRules(
  rules: readonly RoutingRule[],
): Promise<{ rules: RoutingRules; problems: readonly RuleProblem[] }> {
  if (rules.length === 0) return { rules: new RoutingRules([]), problems: [] }
  const { RULE_LANGUAGE } = await import('./rule-expression.ts')
  const problems: RuleProblem[] = []
  const compiled = rules.flatMap((rule, index) => {
    const own = problemsOf(rule, index)
    const program = compileExpression(rule, index, RULE_LANGUAGE, own)
    problems.push(...own)
    return program === undefined || own.length > 0 ? [] : [{ ...rule, program, choices: choicesOf(rule) }]
  })
  return { rules: new RoutingRules(compiled), problems }
}

function compileExpression(
  { expression }: RoutingRule,
  index: number,
  language: Language,
  problems: RuleProblem[],
): Program | undefined {
  try {
    return language.compile(expression)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    const { message, excerpt } = error
    problems.push({ index, field: 'expression', message, excerpt })
    return undefined
  }
}

function problemsOf({ scope, scopeId, targets }: RoutingRule, index: number): RuleProblem[] {
  const problems: RuleProblem[] = []
  const add = (field: RuleProblem['field'], message: string) =>
    problems.push({ index, field, message, excerpt: undefined })
  if (targets.length === 0) add('targets', 'A rule needs at least one target.')
  if (targets.some(({ weight }) => !(weight >= 0 && Number.isFinite(weight))))
    add('targets', 'The weight of a target is 0 or above.')
  if (scope !== 'global' && (scopeId === undefined || scopeId === ''))
    add('scopeId', `A rule of scope ${scope} names which ${scope.replace('_', ' ')} by its id.`)
  return problems
}

function choicesOf({ targets }: RoutingRule): Choice[] {
  const shares = sharesOf(targets.map(({ weight }) => weight))
  const seen = new Map<string, number>()
  return targets.map((target, index) => {
    const place = [target.provider, target.model, target.keyId].map((part) => part ?? '').join(' ')
    const times = seen.get(place) ?? 0
    seen.set(place, times + 1)
    const id = times === 0 ? place : `${place} ${times}`
    return { ...target, id, share: percent(shares[index]!) }
  })
}

function decisionOf(rule: CompiledRule, facts: RuleFacts, question: RuleQuestion): RuleDecision {
  const { id, name, fallbacks } = rule
  const { drawn } = splitTargets(rule, facts, question)
  const chosen = chooseByWeight(drawn, (choice) => choice, question)
  const others = (fallbacks ?? []).map((place) => routeOf(place, facts, `fallback of rule "${name}"`))
  return {
    rule: { id, name },
    routes: [chosen!.route, ...others],
    replacesFallbacks: others.length > 0,
    otherTargets: rule.choices.length === 1 ? NO_ROUTES : otherTargets(rule, chosen!.id, facts),
  }
}

const NO_ROUTES: readonly RuleRoute[] = []

/** A target of weight 0 gets nothing, unless all have it. */
function otherTargets({ name, choices }: CompiledRule, chosenId: string, facts: RuleFacts): RuleRoute[] {
  const areAllZero = choices.every(({ weight }) => weight === 0)
  return choices
    .filter(({ id, weight }) => id !== chosenId && (weight > 0 || areAllZero))
    .toSorted((a, b) => b.weight - a.weight)
    .map((choice) => routeOf(choice, facts, `another target of rule "${name}"`))
}

function drawOf(rule: CompiledRule, facts: RuleFacts, question: RuleQuestion): DrawnTarget[] {
  const { drawn, leftOut } = splitTargets(rule, facts, question)
  const shares = sharesOf(drawn.map(({ weight }) => weight))
  return [
    ...drawn.map(({ route, isUsable }, index) => ({ route, share: shares[index]!, isUsable })),
    ...leftOut.map(({ route }) => ({ route, share: 0, isUsable: false })),
  ]
}

/** The targets of a rule among which the draw is, and those that cannot serve. */
function splitTargets(rule: CompiledRule, facts: RuleFacts, { isUsable, sessionId }: RuleQuestion) {
  const { name, choices } = rule
  const reasonOf = ({ share }: Choice): string => {
    if (choices.length === 1) return `rule "${name}"`
    return `rule "${name}", ${sessionId === undefined ? 'drawn' : 'by session'} with ${share}`
  }
  const routes = choices.map((choice) => {
    const route = routeOf(choice, facts, reasonOf(choice))
    return { ...choice, route, isUsable: isUsable === undefined || isUsable(route) }
  })
  const usable = routes.filter((one) => one.isUsable)
  if (usable.length === 0) return { drawn: routes, leftOut: [] }
  return { drawn: usable, leftOut: routes.filter((one) => !one.isUsable) }
}

function routeOf({ provider, model, keyId }: RulePlace, facts: RuleFacts, reason: string): RuleRoute {
  return {
    provider: provider ?? (facts.provider === '' ? undefined : facts.provider),
    model: model ?? facts.model,
    isOwnModel: model === undefined,
    keyId,
    reason,
  }
}
