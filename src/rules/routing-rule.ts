/** A rule as the settings have it. */
export interface RoutingRule {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  /** CEL; empty: always. */
  readonly expression: string
  readonly targets: readonly RuleTarget[]
  /** Undefined: those of the request stay. */
  readonly fallbacks: readonly RulePlace[] | undefined
  readonly scope: RuleScope
  /** Which virtual key, team or customer. */
  readonly scopeId: string | undefined
  /** Within a scope, lower numbers come first; of equal ones, the one that stands first. */
  readonly priority: number
}

export type RuleScope = 'virtual_key' | 'team' | 'customer' | 'global'

/** What is undefined stays as it was asked for. */
export interface RulePlace {
  readonly provider: string | undefined
  readonly model: string | undefined
  /** Id of the one provider key to use. */
  readonly keyId: string | undefined
}

export interface RuleTarget extends RulePlace {
  /** Share of the calls, in proportion to those of the other targets. All 0: equal shares. */
  readonly weight: number
}
