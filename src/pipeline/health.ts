import { RecentMap } from '../lib/recent-map.ts'
import type { GatewayError } from '../message/error.ts'
import {
  afterFault,
  afterFirstWords,
  afterRefusal,
  afterSuccess,
  blame,
  FORGET_AFTER_MS,
  leftOutMs,
  rankOf,
  standing,
} from '../rules/health.ts'
import type { Rank, Standing, Trouble } from '../rules/health.ts'

/** One use of a provider key: for a model of its provider. */
export interface Lane {
  readonly provider: string
  readonly key: string
  readonly keyName: string
  readonly model: string
  /** The key is the client's own login: that one is refused says nothing of another's. */
  readonly isPersonal: boolean
}

/** What an operator is told of the health of provider keys. */
export type HealthChange =
  | {
      readonly type: 'ejected'
      readonly lane: Lane
      readonly seconds: number
      readonly error: GatewayError
    }
  | {
      readonly type: 'refused'
      readonly lane: Lane
      readonly seconds: number
      readonly error: GatewayError
    }
  | { readonly type: 'back'; readonly lane: Lane }

/** Only what failed is remembered: whatever names of models clients invent, so many of them of each provider. */
const LANES_MAX = 1024
const KEYS_MAX = 1024
/** A try that takes longer than this is no reason to hold up the next. */
export const TRY_MAX_MS = 10_000

/**
 * How the provider keys do, as the calls that go there find it: no request is made to ask. Knows only what has failed
 * lately, so where all is well there is nothing to look up. The rules are in `rules/health.ts`.
 */
export class Health {
  readonly #now: () => number
  readonly #onChange: (change: HealthChange) => void
  /** By provider: those of which something has failed lately. */
  readonly #wards = new Map<string, Ward>()
  /** Tries under way at what is left out. */
  readonly #tries = new Map<string, Trial>()

  /** `now`: milliseconds that never run backwards. */
  constructor(now: () => number, onChange: (change: HealthChange) => void = () => {}) {
    this.#now = now
    this.#onChange = onChange
  }

  /** Nothing has failed lately: everything is fit. */
  get isQuiet(): boolean {
    return this.#wards.size === 0
  }

  /** Nothing of the provider has failed lately. */
  isQuietAt(provider: string): boolean {
    return !this.#wards.has(provider)
  }

  standing(lane: Lane): Standing {
    const ward = this.#wards.get(lane.provider)
    if (ward === undefined) return 'fit'
    const nowMs = this.#now()
    const own = ward.lanes.get(idOf(lane))
    const stands = own === undefined ? 'fit' : standing(own, nowMs)
    if (stands !== 'fit') return stands
    const key = ward.keys.get(lane.key)
    return key === undefined ? 'fit' : standing(key, nowMs)
  }

  rank(lane: Lane): Rank {
    const stands = this.standing(lane)
    return rankOf(stands, stands !== 'fit' && !this.#maySend(idOf(lane)))
  }

  /** How long it is left out yet, in ms; 0: it is not, or may be tried again. */
  leftOutMs(lane: Lane): number {
    const ward = this.#wards.get(lane.provider)
    if (ward === undefined) return 0
    const nowMs = this.#now()
    const known = [ward.lanes.get(idOf(lane)), ward.keys.get(lane.key)]
    return Math.max(0, ...known.map((trouble) => (trouble === undefined ? 0 : leftOutMs(trouble, nowMs))))
  }

  /** A call goes there, and tells what came of it; undefined: it may not, another is trying it just now. */
  begin(lane: Lane): Trial | undefined {
    this.#forget(lane.provider)
    const stands = this.standing(lane)
    if (stands === 'fit' || stands === 'cooled') return new Trial(this, lane, stands === 'cooled')
    const id = idOf(lane)
    if (!this.#maySend(id)) return undefined
    const trial = new Trial(this, lane, true, this.#now())
    this.#tries.set(id, trial)
    return trial
  }

  #maySend(id: string): boolean {
    const trial = this.#tries.get(id)
    return trial === undefined || this.#now() - trial.beganAtMs >= TRY_MAX_MS
  }

  /** Models that nobody asks for again would be looked up for ever. */
  #forget(provider: string): void {
    const ward = this.#wards.get(provider)
    if (ward !== undefined && this.#now() - ward.lastFailureMs >= FORGET_AFTER_MS)
      this.#wards.delete(provider)
  }

  // ==== What trials tell

  /** The answer to a try has begun. */
  answered({ lane }: Trial): void {
    const lanes = this.#wards.get(lane.provider)?.lanes
    const known = lanes?.get(idOf(lane))
    if (known === undefined) return
    if (known.ejectedUntilMs > 0) this.#onChange({ type: 'back', lane })
    lanes!.set(idOf(lane), afterFirstWords(known))
  }

  succeeded(trial: Trial): void {
    this.#done(trial)
    const { lane, isTry } = trial
    const ward = this.#wards.get(lane.provider)
    if (ward === undefined) return
    const nowMs = this.#now()
    const lookups = [[ward.lanes, idOf(lane)] as const, [ward.keys, lane.key] as const]
    for (const [map, id] of lookups) {
      const known = map.get(id)
      if (known === undefined) continue
      const after = afterSuccess(known, isTry, nowMs)
      if (after === undefined) map.delete(id)
      else map.set(id, after)
      if (after === undefined && known.ejectedUntilMs > 0) this.#onChange({ type: 'back', lane })
    }
    if (ward.lanes.isEmpty && ward.keys.isEmpty) this.#wards.delete(lane.provider)
  }

  failed(trial: Trial, error: GatewayError): void {
    this.#done(trial)
    const { lane } = trial
    const whose = blame(error)
    if (whose === 'nobody' || (whose !== 'lane' && lane.isPersonal)) return
    const nowMs = this.#now()
    const ward = this.#wardOf(lane)
    ward.lastFailureMs = nowMs
    if (whose === 'lane') return this.#fault(lane, ward, error, nowMs)
    const map = whose === 'key' ? ward.keys : ward.lanes
    const id = whose === 'key' ? lane.key : idOf(lane)
    const before = map.get(id)
    const after = afterRefusal(before, error, whose, nowMs)
    map.set(id, after)
    if (whose !== 'key' || (before !== undefined && standing(before, nowMs) === 'cooled')) return
    this.#onChange({ type: 'refused', lane, seconds: (after.cooledUntilMs - nowMs) / 1000, error })
  }

  #wardOf({ provider }: Lane): Ward {
    let ward = this.#wards.get(provider)
    if (ward === undefined) this.#wards.set(provider, (ward = new Ward()))
    return ward
  }

  #fault(lane: Lane, { lanes }: Ward, error: GatewayError, nowMs: number): void {
    const before = lanes.get(idOf(lane))
    const after = afterFault(before, error, nowMs)
    lanes.set(idOf(lane), after)
    if (after.ejections === (before?.ejections ?? 0) || after.ejectedUntilMs === 0) return
    this.#onChange({ type: 'ejected', lane, seconds: (after.ejectedUntilMs - nowMs) / 1000, error })
  }

  #done(trial: Trial): void {
    if (!trial.isTry) return
    const id = idOf(trial.lane)
    if (this.#tries.get(id) === trial) this.#tries.delete(id)
  }
}

/** What has failed lately of one provider. */
class Ward {
  /** By key and model. */
  readonly lanes = new RecentMap<string, Trouble>(LANES_MAX)
  readonly keys = new RecentMap<string, Trouble>(KEYS_MAX)
  lastFailureMs = 0
}

/** One attempt, as far as health is concerned. One of its ends is to be called, once. */
export class Trial {
  readonly lane: Lane
  /** It began when the lane was left out. */
  readonly isTry: boolean
  readonly beganAtMs: number
  readonly #health: Health

  constructor(health: Health, lane: Lane, isTry: boolean, beganAtMs = 0) {
    this.#health = health
    this.lane = lane
    this.isTry = isTry
    this.beganAtMs = beganAtMs
  }

  /** The first words of the answer went to the client: a try need not wait for the last ones. */
  answered(): void {
    if (this.isTry) this.#health.answered(this)
  }

  succeeded(): void {
    this.#health.succeeded(this)
  }

  failed(error: GatewayError): void {
    this.#health.failed(this, error)
  }
}

function idOf({ provider, key, model }: Lane): string {
  return `${provider}\u0000${key}\u0000${model}`
}
