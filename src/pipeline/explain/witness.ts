import type { GatewayError } from '../../message/error.ts'
import type { BalancedRoute, LeftOut } from '../../rules/provider-weights.ts'
import type { ExplainedRules } from '../../rules/routing-rules.ts'
import type { ProviderGrant, VirtualKey } from '../../stores/config/governance.ts'
import type { PlanWitness } from '../plan-witness.ts'

export interface ExplainedWeights {
  readonly order: VirtualKey['order']
  readonly routes: readonly BalancedRoute<ProviderGrant>[]
  readonly leftOut: readonly { readonly grant: ProviderGrant; readonly why: LeftOut }[]
}

/** Takes what leads to the plan. */
export class Witness implements PlanWitness {
  rules: ExplainedRules | undefined
  weights: ExplainedWeights | undefined
  readonly leftOut: { place: string; why: GatewayError }[] = []
  readonly #grants: { grant: ProviderGrant; why: LeftOut }[] = []

  ruled(explained: ExplainedRules): void {
    this.rules = explained
  }

  weighed(routes: readonly BalancedRoute<ProviderGrant>[], order: VirtualKey['order']): void {
    this.weights ??= { order, routes, leftOut: this.#grants.splice(0) }
  }

  grantLeftOut(grant: ProviderGrant, why: LeftOut): void {
    this.#grants.push({ grant, why })
  }

  placeLeftOut(place: string, why: GatewayError): void {
    this.leftOut.push({ place, why })
  }
}
