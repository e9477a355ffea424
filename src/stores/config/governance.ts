import type { RoutingRule } from '../../rules/routing-rule.ts'
import type { WindowRule } from '../../rules/windows.ts'

/**
 * Who may call, where to, and how much: the `governance` of the settings as the gateway runs it. Immutable and
 * compiled with everything looked up, so that a call follows references and two maps, however many keys there are.
 */
export interface Governance {
  readonly customers: ReadonlyMap<string, Customer>
  readonly teams: ReadonlyMap<string, Team>
  /** By id, in the order of the file. */
  readonly virtualKeys: ReadonlyMap<string, VirtualKey>
  /** What binds everybody who calls a provider, by the provider's id. */
  readonly providers: ReadonlyMap<string, ProviderLimits>
  readonly models: readonly ModelLimits[]
  readonly rules: readonly OriginatedRule[]
  /** Every budget and rate limit above once, by the id of its counter. */
  readonly budgets: ReadonlyMap<string, Budget>
  readonly rateLimits: ReadonlyMap<string, RateLimit>
  /** The virtual key that a caller without one counts as: the only account of the short form. */
  readonly anonymous: VirtualKey | undefined
  /** Lower-case names of headers without which a call is refused. */
  readonly requiredHeaders: readonly string[]
  /** IANA name of the zone whose days, weeks and months calendar-aligned windows follow. */
  readonly timeZone: string

  /** Some value of a virtual key is known. */
  readonly acceptsKeys: boolean
  /** Whose key this is: the key itself, or its value before the last rotation. Expiry is the caller's to compare. */
  findVirtualKey(presented: string): PresentedKey | undefined
  /**
   * The first of the key's grants that lets it use the model at the provider. `names`: the model's id there, and the
   * alias that led to it; never what a rule replaced, or an allowed name would open any model that a rule leads to.
   */
  grantFor(key: VirtualKey, provider: string, names: readonly string[]): GrantAnswer
  /** All that bind one attempt, in the order in which they are checked: provider, model, then from the key upwards. */
  limitsFor(key: VirtualKey | undefined, provider: string, names: readonly string[]): Limits
}

/** Where an object came from. */
export interface Origin {
  readonly source: 'file' | 'api'
  /** `governance.teams[0]` of the file, `teams/eng` of the API. */
  readonly place: string
}

export type OwnerKind = 'customer' | 'team' | 'virtual_key' | 'virtual_key_provider' | 'provider' | 'model'

/** Whom a budget or a rate limit binds. */
export interface Owner {
  readonly kind: OwnerKind
  /** For a provider of a virtual key: `<id of the key>/<provider>`. */
  readonly id: string
  /** As messages call it. */
  readonly name: string
}

/** How long a counter counts before it begins anew. */
export interface Period {
  /** As written, for messages: `1h`, `monthly`. */
  readonly text: string
  readonly rule: WindowRule
}

export interface Budget {
  /** Of its counter: those of one id count together. Stays as it is when other settings move. */
  readonly id: string
  readonly owner: Owner
  readonly limitNanodollars: number
  /** From here on, answers carry a warning; equal to the limit: never. */
  readonly softLimitNanodollars: number
  readonly period: Period
  /** What the file says was used before this gateway counted. */
  readonly usedBefore: UsedBefore | undefined
  readonly origin: Origin
}

export interface RateLimit {
  /** Of its counter. */
  readonly id: string
  readonly owner: Owner
  readonly counts: 'tokens' | 'requests'
  readonly limit: number
  readonly period: Period
  readonly usedBefore: UsedBefore | undefined
  readonly origin: Origin
}

/** Nano-dollars, tokens or requests, in a period that began then; undefined: that begins now. */
export interface UsedBefore {
  readonly amount: number
  readonly sinceMs: number | undefined
}

export interface Limits {
  readonly budgets: readonly Budget[]
  readonly rateLimits: readonly RateLimit[]
}

export interface Customer {
  readonly id: string
  readonly name: string
  readonly limits: Limits
  readonly origin: Origin
}

export interface Team {
  readonly id: string
  readonly name: string
  readonly customer: Customer | undefined
  readonly limits: Limits
  readonly origin: Origin
}

/** A key that callers send. Its value is nowhere: only a keyed hash of it, in the look-up. */
export interface VirtualKey {
  readonly id: string
  readonly name: string
  readonly description: string | undefined
  readonly active: boolean
  readonly expiresAtMs: number | undefined
  readonly team: Team | undefined
  /** The team's, else its own. */
  readonly customer: Customer | undefined
  /** What it may use, in the order of the file; undefined: everything. */
  readonly grants: readonly ProviderGrant[] | undefined
  /** Providers that no grant names are open to it, too. */
  readonly allowsOtherProviders: boolean
  /** weighted: a draw by weight, the rest as fallbacks; heaviest-first: in order of weight, without a draw. */
  readonly order: 'weighted' | 'heaviest-first'
  /** Its own, without those of team and customer. */
  readonly limits: Limits
  /** Undefined: as the client settings say. */
  readonly disableContentLogging: boolean | undefined
  readonly origin: Origin
}

/** One provider that a virtual key may use. A provider can have several, with different models. */
export interface ProviderGrant {
  /** Lower case. */
  readonly provider: string
  /** Share of the calls; undefined: only by name and as a fallback. */
  readonly weight: number | undefined
  /** The model that calls for any other become here (short forms); undefined: the one that was asked for. */
  readonly model: string | undefined
  readonly models: ModelList
  /** Ids of the provider keys that may be used; undefined: all. */
  readonly keyIds: ReadonlySet<string> | undefined
  readonly limits: Limits
  readonly origin: Origin
}

/** Which models are meant. */
export interface ModelList {
  /** All names that one model goes by, its alias among them: blocked when one of them is, else allowed when one of them is; none: it may be any. */
  allows(names: readonly string[]): boolean
  /** Names that are allowed one by one; undefined: all but the blocked. For listings and checks. */
  readonly listed: readonly string[] | undefined
}

/** granted: by this grant, or by none where the key may use everything. */
export type GrantAnswer =
  | { readonly outcome: 'granted'; readonly grant: ProviderGrant | undefined }
  | { readonly outcome: 'provider-blocked' | 'model-blocked' }

export interface ProviderLimits {
  readonly provider: string
  readonly limits: Limits
  readonly origin: Origin
}

/** What binds the calls of a model. */
export interface ModelLimits {
  readonly id: string
  /** In any spelling. */
  readonly model: string
  /** Undefined: at any provider. */
  readonly provider: string | undefined
  readonly scope: 'global' | 'customer' | 'team' | 'virtual_key'
  /** Which one; undefined where the scope is global. */
  readonly scopeId: string | undefined
  readonly limits: Limits
  readonly origin: Origin
}

/** A rule that leads calls elsewhere, as written; `routing` of the configuration has them ready to run. */
export interface OriginatedRule extends RoutingRule {
  readonly origin: Origin
}

/** What a caller sent, recognised. */
export interface PresentedKey {
  readonly virtualKey: VirtualKey
  /** Sent was the value before the last rotation, which counts until then; undefined: the value of now. */
  readonly graceEndsAtMs: number | undefined
}
