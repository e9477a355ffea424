import { modelBlocked } from '../rules/routing.ts'
import { listed, modelsWithin } from './named-models.ts'
import type { Place, RoutingQuestion } from './places.ts'
import { grantFor } from './places.ts'
import type { Fields } from './prospect-fields.ts'

/**
 * Throws `model_blocked` where the body has the provider ask a model, beside the one of the call, that the virtual key
 * may not use: Claude's own fallbacks and advisor, OpenRouter's list of models, OpenAI's tool that draws, and what else
 * stands in the fields of these names.
 */
export function checkModelsWithin(
  { provider: { id } }: Pick<Place, 'provider'>,
  of: Fields,
  question: Pick<RoutingQuestion, 'caller' | 'configuration'>,
  ...names: readonly string[]
): void {
  const { virtualKey } = question.caller
  if (virtualKey?.grants === undefined) return
  if (grantFor(id, [], question).outcome === 'granted') return
  for (const model of [...modelsWithin(of), ...names.flatMap((name) => listed(of, name))]) {
    const known = model === '' ? [] : [model]
    if (grantFor(id, known, question).outcome !== 'granted') throw modelBlocked(model, id)
  }
}
