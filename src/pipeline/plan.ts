import { GatewayError } from '../message/error.ts'
import type { ProtocolId } from '../protocols/protocol.ts'
import type { Provider, Surface } from '../providers/provider.ts'
import { route } from '../rules/routing.ts'
import type { Candidate } from '../rules/routing.ts'
import type { Configuration, ConfiguredProvider } from '../stores/config/configuration.ts'
import type { Caller } from './authenticate.ts'
import type { Call } from './call.ts'
import { losesFormat } from './dialect.ts'
import type { InboundRequest } from './read-request.ts'

/** A place to try: where, in which API, and why. */
export interface Target {
  readonly provider: ConfiguredProvider
  readonly surface: Surface
  /** The model's id at the provider. */
  readonly model: string
  readonly reason: string
  /** native: the client's bytes go on; translated: through the hub. */
  readonly mode: 'native' | 'translated'
  /** The client's own login at the provider, used instead of a provider key. */
  readonly loginToken: string | undefined
  /** The reasoning of the conversation does not go there: it was refused. */
  readonly leavesOutReasoning?: true
}

/** What a call tries, in this order: the first that answers serves it. */
export type Plan<Place extends Target = Target> = readonly [Place, ...Place[]]

/** Throws `model_not_found` where the model leads nowhere; a fallback that leads nowhere is left out. */
export function plan(
  request: InboundRequest,
  caller: Caller,
  call: Call,
  configuration: Configuration,
): Plan {
  const known = candidates(configuration, caller)
  const target = (model: string, reason?: string): Target => {
    const found = route(model, known, call.preferredProviders)
    const provider = configuration.providers.get(found.provider)
    if (provider === undefined) throw new Error(`routing named an unknown provider: ${found.provider}`)
    const surface = surfaceFor(provider.provider, call.protocol.id, found.model, model)
    checkAllowed(provider, surface, request)
    return {
      provider,
      surface,
      model: found.model,
      reason: reason === undefined ? found.reason : `${reason}: ${found.reason}`,
      mode: isNative(call, request, surface) ? 'native' : 'translated',
      loginToken: loginTokenFor(provider, caller),
    }
  }
  const fallbacks = request.fallbacks
    .filter((model) => leads(model, known))
    .map((model) => target(model, 'fallback'))
  return [target(request.model), ...fallbacks]
}

function isNative(call: Call, { body, fields }: InboundRequest, { protocol, dialect }: Surface): boolean {
  return protocol.id === call.protocol.id && !losesFormat(body, fields, call.endpoint.dialect, dialect)
}

/** A fallback names its provider, so that the request says where its prompt may go. */
export function leads(model: string, known: ReadonlyMap<string, Candidate>): boolean {
  const slash = model.indexOf('/')
  return slash > 0 && known.get(model.slice(0, slash).toLowerCase())?.usable === true
}

/** The API in which the provider serves the model: the client's own where it has it, else its best. */
function surfaceFor(provider: Provider, protocol: ProtocolId, model: string, requested: string): Surface {
  const serving = provider.surfaces.filter(({ serves }) => serves === undefined || serves(model, requested))
  const surface = serving.find((one) => one.protocol.id === protocol) ?? serving[0]
  if (surface !== undefined) return surface
  throw new GatewayError('model_not_found', `${provider.id} has no API in which it serves ${model}.`, {
    field: 'model',
  })
}

/** Throws `unsupported` for a kind of request that the operator does not let through to the provider. */
function checkAllowed(
  { id, allowedRequests }: ConfiguredProvider,
  { protocol }: Surface,
  request: InboundRequest,
): void {
  if (allowedRequests === undefined) return
  const names =
    protocol.id === 'openai-chat'
      ? ['chat_completion']
      : protocol.id === 'openai-responses'
        ? ['responses']
        : ['chat_completion', 'responses']
  const kinds = names.map((name) => (request.stream ? `${name}_stream` : name))
  if (kinds.some((kind) => allowedRequests.has(kind))) return
  throw new GatewayError('unsupported', `The allowed_requests of ${id} leave out ${kinds.join(' and ')}.`)
}

const anonymousCandidates = new WeakMap<Configuration, ReadonlyMap<string, Candidate>>()
const ANONYMOUS: Caller = { virtualKey: undefined, bearerToken: undefined }

/** The configured providers as this caller can use them; the same for all who bring no login of their own. */
export function candidates(configuration: Configuration, caller: Caller): ReadonlyMap<string, Candidate> {
  if (caller.bearerToken !== undefined) return candidatesOf(configuration, caller)
  let known = anonymousCandidates.get(configuration)
  if (known === undefined) {
    known = candidatesOf(configuration, ANONYMOUS)
    anonymousCandidates.set(configuration, known)
  }
  return known
}

function candidatesOf(configuration: Configuration, caller: Caller): ReadonlyMap<string, Candidate> {
  const found = new Map<string, Candidate>()
  for (const provider of configuration.providers.values()) {
    const usable = provider.keys.some((key) => key.enabled) || loginTokenFor(provider, caller) !== undefined
    found.set(provider.id, { id: provider.id, usable, keys: provider.keys })
  }
  return found
}

/**
 * A client's login token (Claude Pro, Max) is a person's account: it goes to its provider's own host and nowhere
 * else, also when the operator points the provider at a relay. Other gateways have leaked it to third parties.
 */
export function loginTokenFor(provider: ConfiguredProvider, caller: Caller): string | undefined {
  const { loginTokenPrefix, baseUrl } = provider.provider
  const token = caller.bearerToken
  if (token === undefined || loginTokenPrefix === undefined || baseUrl === undefined) return undefined
  if (!token.startsWith(loginTokenPrefix)) return undefined
  return provider.reach?.upstream.origin === new URL(baseUrl).origin ? token : undefined
}
