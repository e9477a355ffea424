import { RecentMap } from '../../lib/recent-map.ts'
import type {
  Budget,
  Customer,
  Governance,
  GrantAnswer,
  Limits,
  ModelLimits,
  OriginatedRule,
  PresentedKey,
  ProviderGrant,
  ProviderLimits,
  RateLimit,
  Team,
  VirtualKey,
} from './governance.ts'
import type { KeyHash } from './key-hash.ts'
import { Spellings } from './model-list.ts'

export interface Parts {
  readonly customers: ReadonlyMap<string, Customer>
  readonly teams: ReadonlyMap<string, Team>
  readonly virtualKeys: ReadonlyMap<string, VirtualKey>
  readonly providers: ReadonlyMap<string, ProviderLimits>
  readonly models: readonly ModelLimits[]
  readonly rules: readonly OriginatedRule[]
  readonly budgets: ReadonlyMap<string, Budget>
  readonly rateLimits: ReadonlyMap<string, RateLimit>
  readonly anonymous: VirtualKey | undefined
  readonly requiredHeaders: readonly string[]
  readonly timeZone: string
  readonly presented: ReadonlyMap<string, PresentedKey>
  readonly hash: KeyHash
  /** Some counter is in the way of a call more than once. */
  readonly sharesCounters: boolean
}

const EVERYTHING: GrantAnswer = Object.freeze({ outcome: 'granted', grant: undefined })
const PROVIDER_BLOCKED: GrantAnswer = Object.freeze({ outcome: 'provider-blocked' })
const MODEL_BLOCKED: GrantAnswer = Object.freeze({ outcome: 'model-blocked' })

/** Models that are remembered: clients name them, and may name any number. */
const MEMORY = 1000
/** Callers of late: their digest costs every call a fifth of its decision. Gone with the settings that know the keys. */
const CALLERS = 1000

/** Answers that are remembered of each key that calls. */
const ANSWERS = 4

/** What binds a key wherever its call goes: from one of its grants, or from itself, up to its customer. */
type Chains = Map<VirtualKey | ProviderGrant, Limits>

export class CompiledGovernance implements Governance {
  readonly customers: ReadonlyMap<string, Customer>
  readonly teams: ReadonlyMap<string, Team>
  readonly virtualKeys: ReadonlyMap<string, VirtualKey>
  readonly providers: ReadonlyMap<string, ProviderLimits>
  readonly models: readonly ModelLimits[]
  readonly rules: readonly OriginatedRule[]
  readonly budgets: ReadonlyMap<string, Budget>
  readonly rateLimits: ReadonlyMap<string, RateLimit>
  readonly anonymous: VirtualKey | undefined
  readonly requiredHeaders: readonly string[]
  readonly timeZone: string
  readonly #presented: ReadonlyMap<string, PresentedKey>
  readonly #hash: KeyHash
  readonly #sharesCounters: boolean
  readonly #models: readonly { readonly of: ModelLimits; readonly names: Spellings }[]
  readonly #found = new RecentMap<string, readonly ModelLimits[]>(MEMORY)
  readonly #chains: Chains = new Map()
  readonly #callers = new RecentMap<string, PresentedKey>(CALLERS)
  readonly #answers = new WeakMap<VirtualKey, readonly Answer[]>()

  constructor(parts: Parts) {
    this.customers = parts.customers
    this.teams = parts.teams
    this.virtualKeys = parts.virtualKeys
    this.providers = parts.providers
    this.models = parts.models
    this.rules = parts.rules
    this.budgets = parts.budgets
    this.rateLimits = parts.rateLimits
    this.anonymous = parts.anonymous
    this.requiredHeaders = parts.requiredHeaders
    this.timeZone = parts.timeZone
    this.#presented = parts.presented
    this.#hash = parts.hash
    this.#sharesCounters = parts.sharesCounters
    this.#models = parts.models.map((of) => {
      return { of, names: new Spellings([of.model], of.provider ?? '') }
    })
    for (const key of parts.virtualKeys.values()) this.#chain(key)
  }

  #chain(key: VirtualKey): void {
    const upwards = [key.limits, key.team?.limits, key.customer?.limits]
    this.#chains.set(key, this.#together(upwards))
    for (const grant of key.grants ?? [])
      if (!isNone(grant.limits)) this.#chains.set(grant, this.#together([grant.limits, ...upwards]))
  }

  get acceptsKeys(): boolean {
    return this.#presented.size > 0
  }

  findVirtualKey(presented: string): PresentedKey | undefined {
    if (this.#presented.size === 0) return undefined
    const recent = this.#callers.get(presented)
    if (recent !== undefined) return recent
    const found = this.#presented.get(this.#hash.of(presented))
    if (found !== undefined) this.#callers.set(presented, found)
    return found
  }

  grantFor(key: VirtualKey, provider: string, names: readonly string[]): GrantAnswer {
    return this.#answerFor(key, provider, names).grant
  }

  limitsFor(key: VirtualKey | undefined, provider: string, names: readonly string[]): Limits {
    if (key === undefined) return this.#limits(NONE, undefined, provider, names)
    const answer = this.#answerFor(key, provider, names)
    return (answer.limits ??= this.#limits(this.#chainFor(key, answer.grant), key, provider, names))
  }

  /** Asked for the same several times a call: for the weights, the place, and its limits; and of few models a key. */
  #answerFor(key: VirtualKey, provider: string, names: readonly string[]): Answer {
    const known = this.#answers.get(key)
    const before = known?.find((each) => each.provider === provider && areSame(each.names, names))
    if (before !== undefined) return before
    const answer = { provider, names, grant: this.#grant(key, provider, names), limits: undefined }
    this.#answers.set(key, [answer, ...(known ?? []).slice(0, ANSWERS - 1)])
    return answer
  }

  #chainFor(key: VirtualKey, answer: GrantAnswer): Limits {
    const grant = answer.outcome === 'granted' ? answer.grant : undefined
    return (grant && this.#chains.get(grant)) ?? this.#chains.get(key) ?? NONE
  }

  #grant(key: VirtualKey, provider: string, names: readonly string[]): GrantAnswer {
    if (key.grants === undefined) return EVERYTHING
    let answer = key.allowsOtherProviders ? EVERYTHING : PROVIDER_BLOCKED
    for (const grant of key.grants) {
      if (grant.provider !== provider) continue
      if (grant.models.allows(names)) return { outcome: 'granted', grant }
      answer = MODEL_BLOCKED
    }
    return answer
  }

  #limits(own: Limits, key: VirtualKey | undefined, provider: string, names: readonly string[]): Limits {
    const ofProvider = this.providers.get(provider)?.limits ?? NONE
    const ofModels = this.#modelLimits(key, provider, names)
    if (isNone(ofProvider) && ofModels.length === 0) return own
    return this.#together([ofProvider, ...ofModels, own])
  }

  #modelLimits(key: VirtualKey | undefined, provider: string, names: readonly string[]): Limits[] {
    if (this.#models.length === 0) return []
    const found = new Set(names.flatMap((name) => this.#modelsCalled(provider, name)))
    return [...found].filter((each) => isInScope(each, key)).map(({ limits }) => limits)
  }

  #modelsCalled(provider: string, name: string): readonly ModelLimits[] {
    const question = `${provider}\n${name}`
    let found = this.#found.get(question)
    if (found !== undefined) return found
    found = this.#models
      .filter(({ of, names }) => (of.provider ?? provider) === provider && names.has(name, false))
      .map(({ of }) => of)
    this.#found.set(question, found)
    return found
  }

  /** In their order; what comes twice counts once. */
  #together(parts: readonly (Limits | undefined)[]): Limits {
    const some = parts.filter((part) => part !== undefined && !isNone(part)) as Limits[]
    if (some.length === 0) return NONE
    if (some.length === 1) return some[0]!
    const all = {
      budgets: some.flatMap(({ budgets }) => budgets),
      rateLimits: some.flatMap(({ rateLimits }) => rateLimits),
    }
    if (!this.#sharesCounters) return all
    return { budgets: withoutTwins(all.budgets), rateLimits: withoutTwins(all.rateLimits) }
  }
}

/** What a key may do at a provider with a model, and what binds it there. */
interface Answer {
  readonly provider: string
  readonly names: readonly string[]
  readonly grant: GrantAnswer
  /** Put together when they are asked for: a list of models asks for none. */
  limits: Limits | undefined
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name, index) => name === others[index])
}

const NONE: Limits = Object.freeze({ budgets: [], rateLimits: [] })

function isNone({ budgets, rateLimits }: Limits): boolean {
  return budgets.length === 0 && rateLimits.length === 0
}

function withoutTwins<Limit extends { readonly id: string }>(limits: readonly Limit[]): Limit[] {
  const seen = new Set<string>()
  return limits.filter(({ id }) => !seen.has(id) && seen.add(id))
}

function isInScope({ scope, scopeId }: ModelLimits, key: VirtualKey | undefined): boolean {
  if (scope === 'global') return true
  if (scope === 'virtual_key') return key?.id === scopeId
  return (scope === 'team' ? key?.team?.id : key?.customer?.id) === scopeId
}
