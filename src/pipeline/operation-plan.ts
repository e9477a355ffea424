import { GatewayError } from '../message/error.ts'
import { CODECS } from '../operations/index.ts'
import type { Offer, OperationEndpoint, OperationId } from '../operations/operation.ts'
import { openaiChat } from '../protocols/openai-chat/index.ts'
import type { Provider, Surface } from '../providers/provider.ts'
import { route } from '../rules/routing.ts'
import type { Configuration, ConfiguredProvider } from '../stores/config/configuration.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import type { AskedOperation } from './operation-request.ts'
import { candidates, leads, loginTokenFor } from './plan.ts'
import type { Plan, Target } from './plan.ts'

/** A place to try, and how it does what is asked there. */
export interface OperationTarget extends Target {
  readonly offer: Offer
}

/**
 * Throws `model_not_found` where the model leads nowhere, and `unsupported` where it leads to a provider that does not
 * do what is asked, naming those that do. A fallback that leads nowhere is left out.
 */
export function planOperation(
  asked: AskedOperation,
  endpoint: OperationEndpoint | undefined,
  caller: Caller,
  call: Call,
  configuration: Configuration,
): Plan<OperationTarget> {
  const known = candidates(configuration, caller)
  const target = (name: string, reason?: string): OperationTarget => {
    const { provider: id, model, reason: why } = route(name, known, call.preferredProviders)
    const provider = configuration.providers.get(id)
    if (provider === undefined) throw new Error(`routing named an unknown provider: ${id}`)
    checkKind(provider, endpoint, asked.request.stream)
    const offer = offerFor(provider, asked, model)
    if (offer === undefined) throw unsupported(provider, model, asked.operation, configuration)
    return {
      provider,
      surface: surfaceOf(provider.provider),
      offer,
      model,
      reason: reason === undefined ? why : `${reason}: ${why}`,
      mode: isNative(asked, offer, model) ? 'native' : 'translated',
      loginToken: loginTokenFor(provider, caller),
    }
  }
  const { model, fallbacks } = asked.request
  const others = fallbacks.filter((name) => leads(name, known)).map((name) => target(name, 'fallback'))
  return [target(model), ...others]
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
  { id, allowedRequests }: ConfiguredProvider,
  endpoint: OperationEndpoint | undefined,
  stream: boolean,
): void {
  if (allowedRequests === undefined || endpoint === undefined) return
  const kind = stream ? `${endpoint.kind}_stream` : endpoint.kind
  if (allowedRequests.has(kind)) return
  throw new GatewayError('unsupported', `The allowed_requests of ${id} leave out ${kind}.`)
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
