import { GatewayError } from '../../message/error.ts'
import { CODECS } from '../../operations/index.ts'
import type { Offer, OperationEndpoint, OperationId } from '../../operations/operation.ts'
import { openaiChat } from '../../protocols/openai-chat/index.ts'
import type { Provider, Surface } from '../../providers/provider.ts'
import type { Configuration, ConfiguredProvider } from '../../stores/config/configuration.ts'
import { placesFor } from '../places.ts'
import type { Place, RoutingQuestion } from '../places.ts'
import { checkAllowed, targetsAt } from '../plan.ts'
import type { Plan, Target } from '../plan.ts'
import type { AskedOperation } from './request.ts'

/** A place to try, and how it does what is asked there. */
export interface OperationTarget extends Target {
  readonly offer: Offer
}

/**
 * Throws what `placesFor` does, and `unsupported` where no place does what is asked, naming the providers that do.
 */
export function planOperation(
  asked: AskedOperation,
  endpoint: OperationEndpoint | undefined,
  question: Omit<RoutingQuestion, 'request'>,
): Plan<OperationTarget> {
  const { configuration } = question
  const { request, operation } = asked
  const targetAt = (place: Place): OperationTarget => {
    const { provider, model } = place
    checkKind(provider, endpoint, request.stream)
    const offer = offerFor(provider, asked, model)
    if (offer === undefined) throw unsupported(provider, model, operation, configuration)
    const surface = surfaceOf(provider.provider)
    return { ...place, surface, offer, mode: isNative(asked, offer, model) ? 'native' : 'translated' }
  }
  return targetsAt(placesFor({ ...question, request }), targetAt, question.witness)
}

/** The provider's way that is the client's own where it has that, else the first that can be translated to. */
function offerFor(
  { provider }: ConfiguredProvider,
  { operation, family }: AskedOperation,
  model: string,
): Offer | undefined {
  const offers = (provider.operations?.[operation] ?? []).filter(
    ({ models }) => models?.test(model) !== false,
  )
  const codecs = CODECS[operation]
  if (codecs[family]?.client === undefined) return offers.find((offer) => offer.family === family)
  return (
    offers.find((offer) => offer.family === family) ??
    offers.find((offer) => codecs[offer.family]?.provider !== undefined)
  )
}

/** A body that names the model in its depths is written anew where the name is another. */
function isNative({ operation, family, request }: AskedOperation, offer: Offer, model: string): boolean {
  if (offer.family !== family) return false
  return CODECS[operation][family]?.namesModelInside !== true || request.model === model
}

/** Headers are those of the provider's best API; errors are read as OpenAI's, whose reader knows all others' forms. */
export function surfaceOf({ surfaces: [best] }: Provider): Surface {
  return {
    protocol: openaiChat,
    paths: { generate: '' },
    quirks: {},
    ...(best?.headers === undefined ? {} : { headers: best.headers }),
  }
}

/** Throws `unsupported` for a kind of request that the operator does not let through to the provider. */
export function checkKind(
  provider: ConfiguredProvider,
  endpoint: OperationEndpoint | undefined,
  stream: boolean,
): void {
  if (endpoint !== undefined) checkAllowed(provider, [stream ? `${endpoint.kind}_stream` : endpoint.kind])
}

function unsupported(
  { id, provider }: ConfiguredProvider,
  model: string,
  operation: OperationId,
  configuration: Configuration,
): GatewayError {
  const isOffered = provider.operations?.[operation] !== undefined
  const what = isOffered
    ? `${id} does not offer ${operation} with ${model}.`
    : `${id} does not offer ${operation}.`
  return new GatewayError('unsupported', `${what} ${whoDoes(operation, id, configuration)}`, {
    field: 'model',
  })
}

/** Which of the configured providers offer it, as the end of a message. */
export function whoDoes(
  operation: OperationId,
  except: string | undefined,
  { providers }: Configuration,
): string {
  const able = [...providers.values()].filter(
    ({ id, provider }) => id !== except && doesOffer(provider, operation),
  )
  if (able.length > 0) return `Configured here, these do: ${able.map(({ id }) => id).join(', ')}.`
  return 'None of the other configured providers does.'
}

export function doesOffer({ operations }: Provider, operation: OperationId): boolean {
  return (operations?.[operation]?.length ?? 0) > 0
}
