import { GatewayError } from '../../message/error.ts'
import type { Offer, OperationEndpoint } from '../../operations/operation.ts'
import { expand } from '../../operations/template.ts'
import type { Configuration, ConfiguredProvider, ProviderKey } from '../../stores/config/configuration.ts'
import type { Caller } from '../authenticate.ts'
import type { Call } from '../call.ts'
import type { Dependencies } from '../dependencies.ts'
import { queryOf } from '../forwarded-query.ts'
import { keyFor, passOn } from '../passthrough/passthrough.ts'
import { namedPlace } from '../named-place.ts'
import type { Target } from '../plan.ts'
import { readAnyRequest } from '../read-request.ts'
import type { CallRecord } from '../record.ts'
import { checkKind, doesOffer, surfaceOf, whoDoes } from './plan.ts'
import { cloudValues, queryPairs } from './send.ts'

/** In the query these are for the gateway, or said by the provider's own offer. */
const OURS = new Set(['provider', 'api-version'])

/**
 * A call for something that a provider keeps: a file, a batch, a container, a video. It names no model, so it goes to
 * the provider that it names, or to the route's own, as it is and with one key for all of them: what one account was
 * given another cannot find.
 */
export async function runResource(
  call: Call,
  endpoint: OperationEndpoint,
  caller: Caller,
  record: CallRecord,
  configuration: Configuration,
  on: Dependencies,
): Promise<void> {
  const provider = providerFor(call, endpoint, configuration)
  const offer = provider.provider.operations?.[endpoint.operation]?.find(
    ({ family }) => family === endpoint.family,
  )
  if (offer === undefined) throw foreign(provider, endpoint, configuration)
  checkKind(provider, endpoint, false)
  const request = await readAnyRequest(call, configuration)
  record.request(request)
  const target = targetAt(provider, { call, caller, configuration })
  record.target(target)
  const key = keyFor(target, call, request, on, THREAD)
  const isJob = endpoint.method === 'POST' && endpoint.operation !== 'files'
  const unpriced = isJob ? 'what it costs is known when it has run' : undefined
  const path = key.reach.pathPrefix + pathOf(call, endpoint, offer, key)
  await passOn({ call, request, target, key, path, unpriced }, record, on)
}

/** Calls that belong to no session share this one. */
const THREAD = 'resources'

/** Throws `invalid_request` where nobody is named, and `unsupported` where the one who is does not do it. */
function providerFor(
  call: Call,
  { operation }: OperationEndpoint,
  configuration: Configuration,
): ConfiguredProvider {
  const { providers } = configuration
  const named = (call.query.get('provider') ?? call.headers['x-model-provider'])?.toLowerCase()
  const candidates = named === undefined ? call.preferredProviders : [named]
  const known = candidates.flatMap((id) => providers.get(id) ?? [])
  const found = known.find(({ provider }) => doesOffer(provider, operation)) ?? known[0]
  if (found !== undefined && doesOffer(found.provider, operation)) return found
  const who = whoDoes(operation, found?.id, configuration)
  if (found !== undefined)
    throw new GatewayError('unsupported', `${found.id} does not offer ${operation}. ${who}`, {
      field: 'provider',
    })
  const message =
    candidates.length === 0
      ? `provider: name the provider of these ${operation} in ?provider= or x-model-provider.`
      : `provider: ${candidates.join(' or ')} is not configured.`
  throw new GatewayError('invalid_request', `${message} ${who}`, { field: 'provider' })
}

function foreign(
  { id }: ConfiguredProvider,
  { operation, family }: OperationEndpoint,
  configuration: Configuration,
): GatewayError {
  const message = `${id} has ${operation} in another API than this route’s (${family}).`
  return new GatewayError('unsupported', `${message} ${whoDoes(operation, id, configuration)}`, {
    field: 'provider',
  })
}

function targetAt(provider: ConfiguredProvider, from: Parameters<typeof namedPlace>[2]): Target {
  const { call } = from
  const named = call.query.has('provider') || call.headers['x-model-provider'] !== undefined
  const reason = named ? 'the request names it' : `${call.path.split('/')[1]} is its route`
  const surface = surfaceOf(provider.provider)
  return { ...namedPlace(provider, { model: '', reason }, from), surface, mode: 'native' }
}

function pathOf(
  call: Call,
  { below = '' }: OperationEndpoint,
  { path, collection = path, query = {} }: Offer,
  { cloud }: ProviderKey,
): string {
  const all = { ...call.parameters, ...cloudValues(cloud) }
  const own = queryPairs(query, all)
  const theirs = queryOf(call, OURS).slice(1)
  const pairs = theirs === '' ? own : [...own, theirs]
  return expand(collection + below, all) + (pairs.length === 0 ? '' : `?${pairs.join('&')}`)
}
