import { RecentMap } from '../lib/recent-map.ts'
import type { Session } from '../rules/affinity.ts'

/** A session as one caller has it: two virtual keys that say the same id are two. */
export interface CallerSession extends Session {
  readonly virtualKeyId: string | undefined
}

interface Binding {
  readonly value: string
  readonly untilMs: number
}

/** Sessions away from where they belong, at least so many; with ids of 255 characters they take 10 MB. */
const BINDINGS_MAX = 5_000

/**
 * Where sessions went on after what they belong to had failed: their prompt cache is there now, so they stay. Nothing
 * is kept of sessions where they belong: that choice is a hash of the session, the same each time (`rules/weighted.ts`).
 */
export class Affinity {
  readonly #now: () => number
  readonly #bindings = new RecentMap<string, Binding>(BINDINGS_MAX)

  /** `now`: milliseconds that never run backwards. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** No session is away. */
  get isEmpty(): boolean {
    return this.#bindings.isEmpty
  }

  /** The provider and its model that served the session last, when it asked for this model: see {@link routeName}. */
  routeOf(session: CallerSession, requested: string): string | undefined {
    return this.#get(routeKey(session, requested))
  }

  /** The route served it, which is (`isHome`) or is not where the session belongs. */
  served(session: CallerSession, requested: string, route: string, isHome: boolean): void {
    this.#set(routeKey(session, requested), session, isHome ? undefined : route)
  }

  forgetRoute(session: CallerSession, requested: string): void {
    this.#bindings.delete(routeKey(session, requested))
  }

  /** The id of the provider key that served the session last on a route. */
  keyOf(session: CallerSession, route: string): string | undefined {
    return this.#get(keyKey(session, route))
  }

  servedBy(session: CallerSession, route: string, keyId: string, isHome: boolean): void {
    this.#set(keyKey(session, route), session, isHome ? undefined : keyId)
  }

  forgetKey(session: CallerSession, route: string): void {
    this.#bindings.delete(keyKey(session, route))
  }

  #get(key: string): string | undefined {
    const binding = this.#bindings.get(key)
    if (binding === undefined) return undefined
    if (this.#now() < binding.untilMs) return binding.value
    this.#bindings.delete(key)
    return undefined
  }

  #set(key: string, { ttlMs }: Session, value: string | undefined): void {
    if (value === undefined) this.#bindings.delete(key)
    else this.#bindings.set(key, { value, untilMs: this.#now() + ttlMs })
  }
}

/** A place of a plan by name. */
export function routeName(provider: string, model: string): string {
  return `${provider}/${model}`
}

function routeKey({ virtualKeyId = '', id }: CallerSession, requested: string): string {
  return `${virtualKeyId}\u0000${id}\u0000${requested}`
}

function keyKey({ virtualKeyId = '', id }: CallerSession, route: string): string {
  return `${virtualKeyId}\u0000${id}\u0000\u0000${route}`
}
