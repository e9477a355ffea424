import type { GatewayError } from '../message/error.ts'
import type { BalancedRoute, LeftOut } from '../rules/provider-weights.ts'
import type { ExplainedRules } from '../rules/routing-rules.ts'
import type { ProviderGrant, VirtualKey } from '../stores/config/governance.ts'

/** Is told what leads to a plan. */
export interface PlanWitness {
  ruled(explained: ExplainedRules): void
  /** Where the weights of the virtual key decide. */
  weighed(routes: readonly BalancedRoute<ProviderGrant>[], order: VirtualKey['order']): void
  grantLeftOut(grant: ProviderGrant, why: LeftOut): void
  /** A place that the call cannot go to; the plan has others. `place`: as `provider/model`. */
  placeLeftOut(place: string, why: GatewayError): void
}
