import { RANKS } from '../../rules/health.ts'
import type { Rank } from '../../rules/health.ts'
import { allows } from '../../rules/key-choice.ts'
import { sharesOf } from '../../rules/weighted.ts'
import type { ProviderKey } from '../../stores/config/configuration.ts'
import type { KeyQuestion, KeyRing } from '../key-ring.ts'
import type { Target } from '../plan.ts'

/** A provider key as the choice sees it. */
export interface ExplainedKey {
  readonly key: ProviderKey
  /** How the choice falls, as a part of one; by session in the same parts. */
  readonly share: number
  /** Why it is not among those that are chosen from; undefined: it is. */
  readonly why: string | undefined
  /** Undefined: the call may not use it, however it does. */
  readonly rank: Rank | undefined
  /** How long it is left out yet because of what failed, in ms; 0: it is not. */
  readonly leftOutMs: number
  /** home: the session belongs there. bound: it went on there when home had failed. */
  readonly affinity: 'home' | 'bound' | undefined
}

/** All keys of the target's provider, in the order of the configuration. `ring`: after its first key was drawn. */
export function explainKeys(target: Target, ring: KeyRing, { session, on }: KeyQuestion): ExplainedKey[] {
  const keys = target.provider.keys.map((key) => {
    const why = whyNot(key, target)
    return { key, why, rank: why === undefined ? ring.rank(key) : undefined }
  })
  const best = RANKS.find((rank) => keys.some((each) => each.rank === rank))
  const drawn = keys.filter(({ rank }) => rank !== undefined && rank === best)
  const shares = sharesOf(drawn.map(({ key }) => key.weight))
  return keys.map((each) => {
    const { key, rank } = each
    const isWorse = rank !== undefined && rank !== best
    return {
      key,
      rank,
      why: isWorse ? WHY_NOT_NOW[rank] : each.why,
      share: shares[drawn.indexOf(each)] ?? 0,
      leftOutMs: rank === undefined ? 0 : on.resilience.health.leftOutMs(ring.lane(key)),
      affinity: session && affinityOf(key, ring),
    }
  })
}

function affinityOf({ id }: ProviderKey, ring: KeyRing): ExplainedKey['affinity'] {
  if (id === ring.boundId) return 'bound'
  return id === ring.homeId ? 'home' : undefined
}

/** Of those that are no better. */
const WHY_NOT_NOW: Readonly<Record<Rank, string>> = {
  usable: '',
  full: 'it has no slot free',
  cooled: 'its provider limits or refuses it',
  untried: 'it failed too often in a row',
  barred: 'it failed too often in a row, and another call is just trying it',
}

function whyNot(key: ProviderKey, { keyIds, model, requested, loginToken }: Target): string | undefined {
  if (loginToken !== undefined) return 'the client brings its own login'
  if (keyIds?.has(key.id) === false) return 'neither the virtual key nor the rule lets the call use it'
  if (!key.enabled) return 'it is disabled'
  if (key.blockedModels.has(model) || key.blockedModels.has(requested)) return 'it blocks the model'
  return allows(key, model, requested) ? undefined : 'it does not list the model'
}
