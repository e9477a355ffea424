import { GatewayError } from '../message/error.ts'
import { pressure } from '../rules/budgets.ts'
import { isUsedUpThere } from '../rules/limits.ts'
import type { Limits } from '../rules/limits.ts'
import { balance } from '../rules/provider-weights.ts'
import { modelBlocked, providerBlocked, routeTo } from '../rules/routing.ts'
import type { Candidate } from '../rules/candidate.ts'
import type { Target as RoutedTo } from '../rules/routing.ts'
import type { RuleDecision, RuleQuestion, RuleRoute } from '../rules/routing-rules.ts'
import type { Configuration, ConfiguredProvider } from '../stores/config/configuration.ts'
import type { GrantAnswer } from '../stores/config/governance.ts'
import type { Ledger } from '../stores/ledger/port.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import { candidates, loginTokenFor, routeAmong } from './candidates.ts'
import type { Dependencies } from './dependencies.ts'
import { KeyRing } from './key-ring.ts'
import type { PlanWitness } from './plan-witness.ts'
import type { InboundRequest } from './read-request.ts'
import { askedModel, CallFacts } from './rule-facts.ts'
import type { AskedModel } from './rule-facts.ts'

/** A place that a call may go to, before it is known in which of the provider's APIs. */
export interface Place {
  readonly provider: ConfiguredProvider
  /** The model's id at the provider. */
  readonly model: string
  /**
   * The name, without its provider, by which this very place was asked for: keys list it, and it may tell the maker of
   * a model whose id is a number. A fallback's is its own: under the first one's it would get keys that it must not.
   */
  readonly requested: string
  readonly reason: string
  /** The provider keys that may be used; undefined: all. */
  readonly keyIds: ReadonlySet<string> | undefined
  /** The client's own login at the provider, used instead of a provider key. */
  readonly loginToken: string | undefined
  /** Everything that binds an attempt there. */
  readonly limits: Limits
}

type Places = readonly [Place, ...Place[]]

/** Whose call goes where: everything that the decision depends on. */
export interface RoutingQuestion {
  readonly call: Call
  readonly request: InboundRequest
  readonly caller: Caller
  readonly configuration: Configuration
  readonly on: Pick<Dependencies, 'random' | 'resilience'> & { readonly ledger: Pick<Ledger, 'balance'> }
  /** Only explanations ask. */
  readonly witness?: PlanWitness | undefined
}

interface Ground extends RoutingQuestion {
  readonly known: ReadonlyMap<string, Candidate>
  readonly asked: AskedModel
}

/**
 * Where a call may go, in the order in which it is tried. A routing rule decides before the weights of the virtual key,
 * and these before the name of the model. Nothing is sent, and nothing waits.
 *
 * Throws `model_not_found`, `no_key`, `provider_blocked` and `model_blocked`; a fallback that leads nowhere is left out.
 */
export function placesFor(question: RoutingQuestion): Places {
  const ground = groundOf(question)
  const decision = decide(ground)
  const chosen = decision === undefined ? asAsked(ground) : byRule(decision.routes[0], ground)
  const [place] = chosen
  const after = placesAfter(chosen, decision, ground)
  return after.length === 0 ? [place] : [place, ...after.filter((each) => !isSame(each, place))]
}

/** What is tried when the first of the places fails. */
function placesAfter(chosen: Places, decision: RuleDecision | undefined, ground: Ground): readonly Place[] {
  const isReplaced = decision?.replacesFallbacks === true
  const fallbacks = isReplaced ? byRoutes(decision.routes.slice(1), ground) : fallbacksOf(ground)
  if (fallbacks.length > 0) return fallbacks
  const next = chosen.slice(1)
  return decision === undefined ? next : [...next, ...byRoutes(decision.otherTargets, ground)]
}

/** A rule may name as its fallback what the draw has just come to: nothing is gained by failing there again. */
function isSame(one: Place, other: Place): boolean {
  if (one.provider !== other.provider || one.model !== other.model) return false
  const ids = (place: Place) => place.keyIds && [...place.keyIds].toSorted().join('\n')
  return ids(one) === ids(other)
}

/** Those that lead somewhere. */
function byRoutes(routes: readonly RuleRoute[], ground: Ground): Place[] {
  return routes.flatMap((each) =>
    orNone(() => byRule(each, ground)[0], toldOf(`${each.provider ?? ''}/${each.model}`, ground)),
  )
}

function groundOf({ call, request, caller, configuration, on, witness }: RoutingQuestion): Ground {
  const known = candidates(configuration, caller)
  const asked = askedModel(request.model, known)
  return { call, request, caller, configuration, on, witness, known, asked }
}

/** The rule that decides; undefined where none does. */
function decide(ground: Ground): RuleDecision | undefined {
  const { configuration, request, on, witness } = ground
  if (configuration.routing.isEmpty && witness === undefined) return undefined
  const question: RuleQuestion = {
    sessionId: request.session?.id,
    random: on.random,
    isUsable: (place) => isUsable(place, ground),
  }
  if (witness === undefined) return configuration.routing.decide(factsOf(ground), question)
  const explained = configuration.routing.explain(factsOf(ground), question)
  witness.ruled(explained)
  return explained.decision
}

function factsOf(ground: Ground): CallFacts {
  const { call, request, caller, configuration, asked, on } = ground
  return new CallFacts({
    call,
    request,
    asked,
    virtualKey: caller.virtualKey,
    timeZone: configuration.governance.timeZone,
    pressure: () => pressure(limitsAsAsked(ground), (account) => on.ledger.balance(account)),
  })
}

/** Of the call as it was asked for, whatever rules and weights make of it. */
function limitsAsAsked(ground: Ground): Limits {
  const { caller, configuration, asked, request, known, call } = ground
  const provider =
    asked.provider || orNone(() => routeAmong(known, request.model, call.preferredProviders).provider)[0]
  return configuration.governance.limitsFor(caller.virtualKey, provider ?? '', [asked.model])
}

function isUsable(named: RuleRoute, ground: Ground): boolean {
  const { provider: id, model } = named
  if (id === undefined) return true
  const { caller, configuration, known } = ground
  if (known.get(id)?.usable !== true) return false
  const names = [model]
  if (grantFor(id, names, ground).outcome !== 'granted') return false
  if (!isOpen(configuration.governance.limitsFor(caller.virtualKey, id, names), ground)) return false
  return ground.on.resilience.health.isQuiet || isUp(id, named, ground)
}

/** Not all keys that the route could use are left out because they failed. */
function isUp(id: string, named: RuleRoute, ground: Ground): boolean {
  const { call, request, caller, configuration, known, on } = ground
  const provider = configuration.providers.get(id)!
  const [found] = orNone(() => routeTo(named, known, call.preferredProviders))
  const target = {
    provider,
    model: found?.model ?? named.model,
    requested: named.model,
    keyIds: pinned(undefined, named.keyId),
    loginToken: named.keyId === undefined ? loginTokenFor(provider, caller) : undefined,
  }
  return new KeyRing(target, { request, operation: call.operation, session: undefined, on }).isUsable
}

function isOpen(limits: Limits, { on }: Ground): boolean {
  return !isUsedUpThere(limits, (account) => on.ledger.balance(account))
}

function asAsked(ground: Ground): Places {
  const { request, known, call, asked } = ground
  const weighed = asked.provider === '' ? byWeights(asked.model, ground) : NO_PLACES
  if (isSome(weighed)) return weighed
  return [placeAt(routeAmong(known, request.model, call.preferredProviders), asked.model, ground)]
}

function byRule(place: RuleRoute, ground: Ground): Places {
  const { known, call } = ground
  const weighed = place.provider === undefined ? byWeights(place.model, ground, place.reason) : NO_PLACES
  if (isSome(weighed)) return weighed
  return [placeAt(routeTo(place, known, call.preferredProviders), place.model, ground, place.keyId)]
}

const NO_PLACES: readonly Place[] = []

function isSome(places: readonly Place[]): places is Places {
  return places.length > 0
}

/** Empty where the virtual key leaves the choice to the model's name. */
function byWeights(model: string, ground: Ground, reason?: string): readonly Place[] {
  const { request, known, on, caller, witness } = ground
  const key = caller.virtualKey
  if (key?.grants === undefined) return NO_PLACES
  const { governance } = ground.configuration
  const routes = balance({
    model,
    grants: key.grants,
    candidates: known,
    order: key.order,
    sessionId: request.session?.id,
    random: on.random,
    isUsable: (grant, there) =>
      isOpen(governance.limitsFor(key, grant.provider, namesOf(model, there)), ground),
    onLeftOut: witness && ((grant, why) => witness.grantLeftOut(grant, why)),
  })
  witness?.weighed(routes, key.order)
  return routes.map((each) => {
    const told = reason === undefined ? each.reason : `${reason}: ${each.reason}`
    return placeAt({ ...each, reason: told }, each.grant.model ?? model, ground)
  })
}

/** Each names its provider, so that the request says where its prompt may go. */
function fallbacksOf(ground: Ground): readonly Place[] {
  const { request, known, call } = ground
  if (request.fallbacks.length === 0) return NO_PLACES
  return request.fallbacks.flatMap((name) => {
    const { model, provider } = askedModel(name, known)
    const onFailure = toldOf(name, ground)
    const candidate = known.get(provider)
    if (candidate?.usable !== true) {
      onFailure?.(unusableFallback(name, candidate))
      return []
    }
    return orNone(() => {
      const found = routeAmong(known, name, call.preferredProviders)
      return placeAt({ ...found, reason: `fallback: ${found.reason}` }, model, ground)
    }, onFailure)
  })
}

function unusableFallback(name: string, candidate: Candidate | undefined): GatewayError {
  if (candidate?.barred === true) return providerBlocked(candidate.id)
  const why = candidate === undefined ? 'names no configured provider' : `leads to no key of ${candidate.id}`
  return new GatewayError('no_key', `The fallback ${name} ${why}.`)
}

function toldOf(place: string, { witness }: Ground): ((why: GatewayError) => void) | undefined {
  return witness && ((why) => witness.placeLeftOut(place, why))
}

/** `name`: the model as the request, a rule or a grant asks for it, without provider; `pin`: the only provider key. */
function placeAt(
  { provider: id, model, reason }: RoutedTo,
  name: string,
  ground: Ground,
  pin?: string,
): Place {
  const { caller, configuration } = ground
  const provider = configuration.providers.get(id)
  if (provider === undefined) throw new Error(`routing named an unknown provider: ${id}`)
  const names = namesOf(name, model)
  const answer = grantFor(id, names, ground)
  if (answer.outcome !== 'granted')
    throw answer.outcome === 'provider-blocked' ? providerBlocked(id) : modelBlocked(name, id)
  return {
    provider,
    model,
    requested: name,
    reason,
    keyIds: pinned(answer.grant?.keyIds, pin),
    loginToken: pin === undefined ? loginTokenFor(provider, caller) : undefined,
    limits: configuration.governance.limitsFor(caller.virtualKey, id, names),
  }
}

/** All that a model goes by. */
function namesOf(asked: string, there: string): string[] {
  return asked === there ? [there] : [asked, there]
}

const GRANTED: GrantAnswer = { outcome: 'granted', grant: undefined }

/** `names`: all that the model goes by; none: it may be any. */
export function grantFor(
  provider: string,
  names: readonly string[],
  { caller, configuration }: Pick<RoutingQuestion, 'caller' | 'configuration'>,
): GrantAnswer {
  const { virtualKey } = caller
  return virtualKey === undefined ? GRANTED : configuration.governance.grantFor(virtualKey, provider, names)
}

function pinned(granted: Place['keyIds'], pin: string | undefined): Place['keyIds'] {
  if (pin === undefined) return granted
  return new Set(granted === undefined || granted.has(pin) ? [pin] : [])
}

/** The result, or nothing where it is a failure that a caller is told of. */
function orNone<Result>(work: () => Result, onFailure?: (why: GatewayError) => void): Result[] {
  try {
    return [work()]
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    onFailure?.(error)
    return []
  }
}
