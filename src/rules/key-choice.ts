import { chooseByWeight } from './weighted.ts'
import type { Chance } from './weighted.ts'

/** What choosing needs to know of a provider key. */
export interface ChoosableKey {
  readonly id: string
  readonly enabled: boolean
  readonly weight: number
  readonly models: ReadonlySet<string> | undefined
  readonly blockedModels: ReadonlySet<string>
  readonly aliases: ReadonlyMap<string, string>
}

export interface KeyQuestion extends Chance {
  /** Model id at the provider. */
  model: string
  /** Name before aliases: a key may list either. */
  requested: string
  /** Keys that failed this call. */
  tried: ReadonlySet<string>
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

/** The key to use next, by weight; undefined when none is left. */
export function chooseKey<Key extends ChoosableKey>(
  keys: readonly Key[],
  question: KeyQuestion,
): Key | undefined {
  const { model, requested, tried } = question
  const isLeft = (key: Key) => !tried.has(key.id) && allows(key, model, requested)
  if (keys.length === 1) return isLeft(keys[0]!) ? keys[0] : undefined
  return chooseByWeight(keys.filter(isLeft), (key) => key, question)
}
