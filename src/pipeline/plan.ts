import { GatewayError } from '../message/error.ts'
import type { ProtocolId } from '../protocols/protocol.ts'
import type { Provider, Surface } from '../providers/provider.ts'
import type { ConfiguredProvider } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import { losesFormat } from './dialect.ts'
import { checkModelsWithin } from './models-within.ts'
import { placesFor } from './places.ts'
import type { Place, RoutingQuestion } from './places.ts'
import type { PlanWitness } from './plan-witness.ts'
import type { InboundRequest } from './read-request.ts'

/** A place to try: where, in which API, and why. */
export interface Target extends Place {
  readonly surface: Surface
  /** native: the client's bytes go on; translated: through the hub. */
  readonly mode: 'native' | 'translated'
  /** The reasoning of the conversation does not go there: it was refused. */
  readonly leavesOutReasoning?: true
}

/** What a call tries, in this order: the first that answers serves it. */
export type Plan<To extends Target = Target> = readonly [To, ...To[]]

/** Throws what {@link placesFor} does, and `unsupported` where the operator lets no such request through. */
export function plan(question: RoutingQuestion): Plan {
  const { call, request } = question
  const targetAt = (place: Place): Target => {
    const surface = surfaceFor(place.provider.provider, call.protocol.id, place.model, place.requested)
    if (place.provider.allowedRequests !== undefined) checkAllowed(place.provider, kindsOf(surface, request))
    const mode = isNative(call, request, surface) ? 'native' : 'translated'
    if (mode === 'native') checkModelsWithin(place, request, question)
    return { ...place, surface, mode }
  }
  return targetsAt(placesFor(question), targetAt, question.witness)
}

/** Those of the places that can serve the call. Throws why the first cannot, where none can. */
export function targetsAt<To extends Target>(
  places: readonly Place[],
  targetAt: (place: Place) => To,
  witness: PlanWitness | undefined,
): Plan<To> {
  const targets: To[] = []
  let refusal: unknown
  for (const place of places)
    try {
      targets.push(targetAt(place))
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      refusal ??= error
      witness?.placeLeftOut(`${place.provider.id}/${place.model}`, error)
    }
  if (!isPlan(targets)) throw refusal
  return targets
}

function isPlan<To extends Target>(targets: readonly To[]): targets is Plan<To> {
  return targets.length > 0
}

function isNative(call: Call, request: InboundRequest, { protocol, dialect }: Surface): boolean {
  return protocol.id === call.protocol.id && !losesFormat(request, call.endpoint.dialect, dialect)
}

/** The API in which the provider serves the model: the client's own where it has it, else its best. */
function surfaceFor(provider: Provider, protocol: ProtocolId, model: string, requested: string): Surface {
  let best: Surface | undefined
  for (const surface of provider.surfaces) {
    if (surface.serves?.(model, requested) === false) continue
    if (surface.protocol.id === protocol) return surface
    best ??= surface
  }
  if (best !== undefined) return best
  throw new GatewayError('model_not_found', `${provider.id} has no API in which it serves ${model}.`, {
    field: 'model',
  })
}

/** Names of which one has to be among a provider's `allowed_requests`. */
function kindsOf({ protocol }: Surface, { stream }: InboundRequest): string[] {
  const names =
    protocol.id === 'openai-chat'
      ? ['chat_completion']
      : protocol.id === 'openai-responses'
        ? ['responses']
        : ['chat_completion', 'responses']
  return names.map((name) => (stream ? `${name}_stream` : name))
}

/** Throws `unsupported` for a kind of request that the operator does not let through to the provider. */
export function checkAllowed({ id, allowedRequests }: ConfiguredProvider, kinds: readonly string[]): void {
  if (allowedRequests === undefined || kinds.some((kind) => allowedRequests.has(kind))) return
  throw new GatewayError('unsupported', `The allowed_requests of ${id} leave out ${kinds.join(' and ')}.`)
}
