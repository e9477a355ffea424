/** What choosing needs to know of a provider key. */
export interface ChoosableKey {
  readonly id: string
  readonly enabled: boolean
  readonly weight: number
  readonly models: ReadonlySet<string> | undefined
  readonly blockedModels: ReadonlySet<string>
  readonly aliases: ReadonlyMap<string, string>
}

export interface KeyQuestion {
  /** Model id at the provider. */
  model: string
  /** Name before aliases: a key may list either. */
  requested: string
  /** Keys that failed this call. */
  tried: ReadonlySet<string>
  /** Calls of one session keep to one key while it works, because prompt caches belong to the key's account. */
  sessionId: string | undefined
  /** Uniform in [0, 1). */
  random: () => number
}

/** May this key be used for the model? A block beats an allowance. */
export function allows(key: ChoosableKey, model: string, requested: string): boolean {
  if (!key.enabled || key.blockedModels.has(model) || key.blockedModels.has(requested)) return false
  return (
    key.models === undefined ||
    key.models.has(model) ||
    key.models.has(requested) ||
    key.aliases.has(requested)
  )
}

/**
 * The key to use next, by weight; undefined when none is left. With a session, the choice is a weighted
 * rendezvous hash: stable without any stored state, and when a key fails only its sessions move. All weights
 * zero means all alike.
 */
export function chooseKey<Key extends ChoosableKey>(
  keys: readonly Key[],
  question: KeyQuestion,
): Key | undefined {
  let best: Key | undefined
  let bestScore = Infinity
  let unweighted = true
  for (const key of keys) {
    if (key.weight > 0 && !question.tried.has(key.id) && allows(key, question.model, question.requested))
      unweighted = false
  }
  for (const key of keys) {
    if (question.tried.has(key.id) || !allows(key, question.model, question.requested)) continue
    const weight = unweighted ? 1 : key.weight
    if (weight <= 0) continue
    const draw = question.sessionId === undefined ? question.random() : hashToUnit(question.sessionId, key.id)
    // The least of independent exponential variables falls to each key in proportion to its weight.
    const score = -Math.log(1 - draw) / weight
    if (score < bestScore) {
      best = key
      bestScore = score
    }
  }
  return best
}

/** FNV-1a over both texts, finished as murmur3 does, as a number in [0, 1). */
function hashToUnit(session: string, key: string): number {
  let hash = 0x811c9dc5
  const text = `${session}\u0000${key}`
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
