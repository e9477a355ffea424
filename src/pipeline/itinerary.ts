import type { GatewayError } from '../message/error.ts'
import { inTryingOrder } from '../rules/affinity.ts'
import { routeName } from './affinity.ts'
import { KeyRing } from './key-ring.ts'
import type { KeyQuestion } from './key-ring.ts'
import type { Plan, Target } from './plan.ts'

export interface ItineraryOptions extends KeyQuestion {
  /** The client names the provider itself: its calls go there, wherever the session was served. */
  readonly namesProvider: boolean
}

/**
 * The order in which the targets of a plan are tried: that of the plan, but first the one that the session went on with
 * after a failure, and last those of which every key is left out.
 */
export class Itinerary<To extends Target> {
  readonly order: readonly To[]
  /** The route that the session went on with, where it has left its first; see `routeName`. */
  readonly boundTo: string | undefined
  readonly #plan: Plan<To>
  readonly #options: ItineraryOptions

  constructor(plan: Plan<To>, options: ItineraryOptions) {
    this.#plan = plan
    this.#options = options
    const { session, on, request } = options
    const { affinity, health } = on.resilience
    this.boundTo =
      session === undefined || !this.#isFollowing || affinity.isEmpty
        ? undefined
        : affinity.routeOf(session, request.model)
    this.order = this.boundTo === undefined && health.isQuiet ? plan : this.#ordered()
  }

  /** A session has something to follow only where a plan leaves a choice. */
  get #isFollowing(): boolean {
    return this.#plan.length > 1 && !this.#options.namesProvider
  }

  #ordered(): readonly To[] {
    const bound = this.boundTo
    const isUsable = (target: To) => new KeyRing(target, this.#options).isUsable
    const isBound = bound === undefined ? undefined : (target: To) => routeOf(target) === bound
    const [first] = this.#plan
    return inTryingOrder(this.#plan, isBound, isUsable).map((target, index) => {
      if (target === first || index > 0) return target
      const why = routeOf(target) === bound ? 'the session was served here last' : `${first.provider.id} is left out for now` // prettier-ignore
      return { ...target, reason: `${why}; ${target.reason}` }
    })
  }

  served(target: To): void {
    const { session, on, request } = this.#options
    const { affinity } = on.resilience
    if (session === undefined || !this.#isFollowing) return
    const route = routeOf(target)
    const isHome = route === routeOf(this.#plan[0])
    if (!isHome || !affinity.isEmpty) affinity.served(session, request.model, route, isHome)
  }

  /** What is the request's own fault, the client's or the budget's says nothing against the place. */
  failed(target: To, error: GatewayError): void {
    const { session, on, request } = this.#options
    if (session === undefined || error.verdict === 'tell' || routeOf(target) !== this.boundTo) return
    on.resilience.affinity.forgetRoute(session, request.model)
  }
}

function routeOf({ provider, model }: Target): string {
  return routeName(provider.id, model)
}
