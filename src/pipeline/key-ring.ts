import { GatewayError } from '../message/error.ts'
import type { Operation } from '../protocols/endpoint.ts'
import { RANKS } from '../rules/health.ts'
import type { Rank } from '../rules/health.ts'
import { allows, chooseKey } from '../rules/key-choice.ts'
import type { ConfiguredProvider, ProviderKey } from '../stores/config/configuration.ts'
import { routeName } from './affinity.ts'
import type { CallerSession } from './affinity.ts'
import type { Dependencies } from './dependencies.ts'
import type { Lane } from './health.ts'
import type { InboundRequest } from './read-request.ts'
import { keySlots } from './slots.ts'

/** Where a key is chosen for. */
export interface KeyedTarget {
  readonly provider: ConfiguredProvider
  readonly model: string
  /** The name by which this place was asked for. */
  readonly requested: string
  readonly keyIds: ReadonlySet<string> | undefined
  readonly loginToken: string | undefined
}

/** What the choice of a provider key depends on, besides the keys. */
export interface KeyQuestion {
  readonly request: InboundRequest
  readonly operation: Operation
  /** Undefined: the call does not go where the ones before it went. */
  readonly session: CallerSession | undefined
  readonly on: Pick<Dependencies, 'resilience' | 'random'>
}

/** The provider keys of one target, as one call uses them up: by weight, where all are well. */
export class KeyRing {
  readonly #target: KeyedTarget
  readonly #question: KeyQuestion
  /** Keys that are used up; undefined: none is. */
  #tried: Set<string> | undefined
  #homeId: string | undefined
  #boundId: string | undefined

  constructor(target: KeyedTarget, question: KeyQuestion) {
    this.#target = target
    this.#question = question
  }

  /** The key to begin with; of keys that are all left out, one of these. Throws `no_key`. */
  first(): ProviderKey {
    const { loginToken, provider } = this.#target
    if (loginToken !== undefined && provider.reach !== undefined)
      return { ...LOGIN_KEY, reach: provider.reach }
    const home = this.#draw()
    if (home === undefined) throw noKey(this.#target)
    this.#homeId = home.id
    const { session, on } = this.#question
    const { affinity } = on.resilience
    if (session !== undefined && !affinity.isEmpty) this.#boundId = affinity.keyOf(session, this.#route)
    const bound = this.#boundId === undefined ? undefined : this.#draw(({ id }) => id === this.#boundId)
    if (bound !== undefined && this.rank(bound) === 'usable') return bound
    return this.rank(home) === 'usable' ? home : this.#best(home)
  }

  /** One that was not tried and is not left out. */
  next(): ProviderKey | undefined {
    if (this.#target.loginToken !== undefined) return undefined
    return this.#draw((key) => isOpen(this.rank(key)))
  }

  /** It is left out, and there is another. */
  isOutdone(key: ProviderKey): boolean {
    return !isOpen(this.rank(key)) && this.next() !== undefined
  }

  /** Another than one that was not even tried. */
  insteadOf(key: ProviderKey): ProviderKey | undefined {
    this.#useUp(key)
    return this.next()
  }

  /** Some key is not left out. */
  get isUsable(): boolean {
    const { provider, loginToken } = this.#target
    if (this.#question.on.resilience.health.isQuietAt(provider.id)) return true
    if (loginToken !== undefined) return isOpen(this.rank(LOGIN_KEY))
    const { model, requested } = this.#target
    return keysOf(this.#target).some((key) => allows(key, model, requested) && isOpen(this.rank(key)))
  }

  /** Of the key that the session belongs to, whatever has failed. Known after {@link first}. */
  get homeId(): string | undefined {
    return this.#homeId
  }

  /** Of the one that it went on with, where it has left home. */
  get boundId(): string | undefined {
    return this.#boundId
  }

  failed(key: ProviderKey, error: GatewayError): void {
    this.#useUp(key)
    const { session, on } = this.#question
    if (session === undefined || key.id !== this.#boundId || error.verdict === 'tell') return
    on.resilience.affinity.forgetKey(session, this.#route)
  }

  served(key: ProviderKey): void {
    const { session, on } = this.#question
    const { affinity } = on.resilience
    if (session === undefined || this.#homeId === undefined) return
    const isHome = key.id === this.#homeId
    if (!isHome || !affinity.isEmpty) affinity.servedBy(session, this.#route, key.id, isHome)
  }

  lane({ id, name }: Pick<ProviderKey, 'id' | 'name'>): Lane {
    const { provider, model, loginToken } = this.#target
    const { operation } = this.#question
    return {
      provider: provider.id,
      key: id,
      keyName: name,
      // Providers count tokens, embed and draw with other machines and other limits than those that answer.
      model: operation === 'generate' ? model : `${model} (${operation})`,
      isPersonal: loginToken !== undefined,
    }
  }

  get #route(): string {
    return routeName(this.#target.provider.id, this.#target.model)
  }

  rank(key: Pick<ProviderKey, 'id' | 'name' | 'queue'>): Rank {
    const { health, slots } = this.#question.on.resilience
    const { id } = this.#target.provider
    const rank = health.isQuietAt(id) ? 'usable' : health.rank(this.lane(key))
    if (rank !== 'usable' || key.queue === undefined) return rank
    return slots.hasRoom({ id: keySlots(id, key.id), queue: key.queue }) ? 'usable' : 'full'
  }

  #useUp({ id }: ProviderKey): void {
    this.#tried ??= new Set()
    this.#tried.add(id)
  }

  #best(home: ProviderKey): ProviderKey {
    for (const rank of RANKS) {
      const key = this.#draw((one) => this.rank(one) === rank)
      if (key !== undefined) return key
    }
    return home
  }

  #draw(accepts?: (key: ProviderKey) => boolean): ProviderKey | undefined {
    const { session, on } = this.#question
    const keys = keysOf(this.#target)
    return chooseKey(accepts === undefined ? keys : keys.filter(accepts), {
      model: this.#target.model,
      requested: this.#target.requested,
      tried: this.#tried ?? NO_KEYS,
      sessionId: session?.id,
      random: on.random,
    })
  }
}

const NO_KEYS: ReadonlySet<string> = new Set()

function isOpen(rank: Rank): boolean {
  return rank === 'usable' || rank === 'full'
}

/** Those that the virtual key or a rule lets the call use. */
function keysOf({ provider, keyIds }: KeyedTarget): readonly ProviderKey[] {
  return keyIds === undefined ? provider.keys : provider.keys.filter(({ id }) => keyIds.has(id))
}

function noKey(target: KeyedTarget): GatewayError {
  const { provider, model, requested } = target
  const listed = keysOf(target).filter((key) => key.enabled && !allows(key, model, requested)).length
  const reason = listed > 0 ? `its ${listed} enabled key(s) do not list this model` : 'it has no enabled key'
  const message = `no keys found that support model: ${model} at provider ${provider.id}: ${reason}.`
  return new GatewayError('no_key', message, { field: 'model' })
}

/** The client's own login stands in for a provider key. */
const LOGIN_KEY: Omit<ProviderKey, 'reach'> = {
  id: 'login',
  name: 'client login',
  value: '',
  cloud: undefined,
  reference: undefined,
  models: undefined,
  blockedModels: new Set(),
  aliases: new Map(),
  weight: 1,
  enabled: true,
}
