import { modelBlocked, providerBlocked } from '../rules/routing.ts'
import type { ConfiguredProvider } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import { grantedKeys } from './candidates.ts'
import { grantFor } from './places.ts'
import type { Place, RoutingQuestion } from './places.ts'

/** A provider that the request names itself, and a model only where one is known: with `''` it may be any. */
export function namedPlace(
  provider: ConfiguredProvider,
  { model, reason }: Pick<Place, 'model' | 'reason'>,
  question: Pick<RoutingQuestion, 'call' | 'caller' | 'configuration'>,
): Place {
  const { call, caller, configuration } = question
  const { virtualKey } = caller
  const { id } = provider
  const names = model === '' ? [] : [model]
  const answer = grantFor(id, names, question)
  if (answer.outcome === 'provider-blocked') throw providerBlocked(id)
  // Who is kept to some models may read what a provider keeps; whatever else is asked could be of any model.
  if (answer.outcome === 'model-blocked' && (model !== '' || !reads(call))) throw modelBlocked(model, id)
  return {
    provider,
    model,
    requested: model,
    reason,
    keyIds: answer.outcome === 'granted' ? answer.grant?.keyIds : grantedKeys(virtualKey, id),
    loginToken: undefined,
    limits: configuration.governance.limitsFor(virtualKey, id, names),
  }
}

export function reads({ endpoint: { method } }: Call): boolean {
  return method === 'GET' || method === 'HEAD'
}
