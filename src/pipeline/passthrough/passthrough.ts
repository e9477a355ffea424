import { GatewayError, toGatewayError } from '../../message/error.ts'
import type { Authorize } from '../../providers/authorization.ts'
import type { Path } from '../../providers/provider.ts'
import { chooseKey } from '../../rules/key-choice.ts'
import type { Configuration, ConfiguredProvider, ProviderKey } from '../../stores/config/configuration.ts'
import type { EgressRequest } from '../../wire/egress.ts'
import type { Caller } from '../authenticate.ts'
import type { Call, Passthrough } from '../call.ts'
import type { Dependencies } from '../dependencies.ts'
import { queryOf } from '../forwarded-query.ts'
import { checkModelsWithin } from '../models-within.ts'
import { namedPlace, reads } from '../named-place.ts'
import type { Target } from '../plan.ts'
import { checkAllowed } from '../plan.ts'
import { isJob } from '../prospect.ts'
import { readAnyRequest } from '../read-request.ts'
import type { InboundRequest } from '../read-request.ts'
import type { CallRecord } from '../record.ts'
import { reserve } from '../reserve.ts'
import { secretOf } from '../secret-filter.ts'
import { isLimited, takeSlots } from '../take-slots.ts'
import { lacksUsage } from '../unasked-usage.ts'
import { passedHeaders } from '../upstream-headers.ts'
import { mirror } from './mirror.ts'
import { PassthroughReader } from './reader.ts'

/**
 * A request that goes to a provider as it is, with a key of the operator's: every method and path that the provider
 * has, at its own address and at no other. One attempt is made, because nothing is known of what a second one would do.
 */
export async function passThrough(
  call: Call,
  passthrough: Passthrough,
  caller: Caller,
  record: CallRecord,
  configuration: Configuration,
  on: Dependencies,
): Promise<void> {
  checkPath(passthrough.path)
  const provider = providerFor(call, passthrough, configuration)
  const request = await readAnyRequest(call, configuration)
  record.request(request)
  const target = targetAt(provider, request, { call, caller, configuration })
  record.target(target)
  const key = keyFor(target, call, request, on)
  const { generate } = target.surface.paths
  const path = pathBehind(key.reach.pathPrefix, passthrough.path, generate) + queryOf(call)
  const unpriced = reads(call) ? undefined : unpricedBecause(passthrough, request, target)
  await passOn({ call, request, target, key, path, unpriced }, record, on)
}

function unpricedBecause(
  { generates }: Passthrough,
  request: InboundRequest,
  target: Target,
): string | undefined {
  if (!generates) return 'a passthrough of which nothing is known'
  return lacksUsage(request, target) ? 'its stream was not asked what it used' : undefined
}

/** A request that goes up as it came, but for its path. */
export interface PassedRequest {
  call: Call
  request: InboundRequest
  target: Target
  key: ProviderKey
  /** From the root of the key's address, with its query. */
  path: string
  /** Why nobody can know what its answer costs. */
  unpriced: string | undefined
}

/** One attempt, and its answer as it comes. */
export async function passOn(passed: PassedRequest, record: CallRecord, on: Dependencies): Promise<void> {
  const { call, target, key } = passed
  const release = isLimited(target.provider, key)
    ? await takeSlots(target.provider, key, call, on)
    : undefined
  try {
    await passOnce(passed, record, on)
  } finally {
    release?.()
  }
}

async function passOnce(passed: PassedRequest, record: CallRecord, on: Dependencies): Promise<void> {
  const { call, request, target, key, unpriced } = passed
  const opened = record.attempt(target, key, await reserve({ call, request, target, key }, record, on))
  const reader = new PassthroughReader(call, record, unpriced)
  try {
    await send(passed, record, reader, on)
    opened.ended(reader.status)
  } catch (thrown) {
    const error = toGatewayError(thrown)
    opened.ended(reader.status === 0 ? undefined : reader.status, error)
    if (call.reply.committed) record.end(reader.status, error)
    throw error
  }
}

/**
 * The edge has refused paths that two readers could read differently as they stand. This one goes to another server,
 * behind the base URL's own path: an escape that the server resolves first must not lead out of there.
 */
function checkPath(path: string): void {
  const plain = decoded(path)
  if (plain !== undefined && !/%|\\|\/\/|\/\.{1,2}(?:\/|$)/.test(plain)) return
  throw new GatewayError(
    'invalid_request',
    'The path of the request is ambiguous: an escape in it is none of a name.',
  )
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** The one that the client names, else the first of the route's own that is configured. Throws `invalid_request`. */
function providerFor(call: Call, passthrough: Passthrough, { providers }: Configuration): ConfiguredProvider {
  const named = call.headers['x-model-provider']?.toLowerCase()
  const candidates = named === undefined ? routeProviders(call, passthrough) : [named]
  const found = candidates.map((id) => providers.get(id)).find((provider) => provider !== undefined)
  if (found === undefined) {
    const known = [...providers.keys()].join(', ') || 'none'
    const message = `x-model-provider: ${candidates.join(' or ')} is not configured; configured here: ${known}.`
    throw new GatewayError('invalid_request', message, { field: 'x-model-provider' })
  }
  checkAllowed(found, ['passthrough'])
  return found
}

/** A project of Google Cloud, or a token of one, is none of AI Studio's. */
function routeProviders({ headers, preferredProviders }: Call, { path }: Passthrough): readonly string[] {
  const isCloud =
    /\/projects\/[^/]+\/locations\//.test(path) || /^Bearer +ya29\./i.test(headers['authorization'] ?? '')
  return isCloud && preferredProviders.includes('vertex') ? ['vertex'] : preferredProviders
}

function targetAt(
  provider: ConfiguredProvider,
  request: InboundRequest,
  from: Parameters<typeof namedPlace>[2],
): Target {
  const { call } = from
  // What runs in a job is in its file.
  const model = isJob(call.path) ? '' : request.model
  const { surfaces } = provider.provider
  const surface = surfaces.find(({ protocol }) => protocol.id === call.protocol.id) ?? surfaces[0]
  if (surface === undefined) throw new Error(`a provider without an API: ${provider.id}`)
  const named = call.headers['x-model-provider'] !== undefined
  const reason = named ? 'x-model-provider names it' : `${call.path.split('/')[1]} is its route`
  const place = namedPlace(provider, { model, reason }, from)
  if (!reads(call)) checkModelsWithin(place, request, from, 'model')
  return { ...place, surface, mode: 'native' }
}

/**
 * A key that may be used for the model. Where none is named, a key that is kept to some models may only be used to
 * read: what else is asked could be any model. Calls with the same `thread` get the same key.
 */
export function keyFor(
  { provider, keyIds, model }: Target,
  call: Call,
  request: InboundRequest,
  on: Dependencies,
  thread?: string,
): ProviderKey {
  const { session } = request
  const open = provider.keys.flatMap((key) => {
    if (keyIds?.has(key.id) === false) return []
    if (model !== '') return { ...key, key }
    return reads(call) || key.models === undefined ? { ...key, models: undefined, key } : []
  })
  const tried = new Set<string>()
  const question = { model, requested: model, tried, sessionId: session?.id ?? thread, random: on.random }
  const chosen = chooseKey(open, question)
  if (chosen !== undefined) return chosen.key
  const what = model === '' ? 'a request that names no model' : `model: ${model}`
  throw new GatewayError('no_key', `no keys found that support ${what} at provider ${provider.id}.`)
}

async function send(
  { call, request, target, key, path }: PassedRequest,
  record: CallRecord,
  reader: PassthroughReader,
  on: Dependencies,
): Promise<void> {
  const { upstream } = key.reach
  const { body } = request
  const headers = passedHeaders(call, target, body.length, on.configuration().client.headerFilter)
  const outbound = { method: call.endpoint.method, path, headers, body }
  const authorize: Authorize = target.provider.provider.authorize
  const authorization = await authorize({ ...outbound, origin: upstream.origin }, key, on.credentials)
  const egressRequest: EgressRequest = {
    ...outbound,
    headers: { ...headers, ...authorization },
    body: body.length === 0 ? undefined : body,
    onSent: request.lend(),
  }
  await mirror(egressRequest, {
    call,
    on,
    upstream,
    secret: secretOf(key, authorization),
    idleTimeoutMs: target.provider.network.streamIdleTimeoutMs,
    onHeaders: (status, answer) => {
      if (status === 401) on.credentials.distrust(key)
      reader.onHeaders(status, answer)
    },
    onBytes: (bytes) => {
      record.firstPart()
      record.answer(bytes)
      reader.onBytes(bytes)
    },
    beforeEnd: () => record.end(reader.status, reader.end()),
  })
}

/** An API's version: at the end of a base URL, and at the beginning of paths as their manuals write them. */
const VERSION_AT_END = /\/v\d[a-z0-9]{0,8}$/
const VERSION_AT_BEGINNING = /^(?:\/upload)?(\/v\d[a-z0-9]{0,8})(?:\/|$)/

/**
 * The path behind the base URL's own. A version stands in it once: the client's, else the base URL's, else the one in
 * which the provider answers conversations.
 */
export function pathBehind(pathPrefix: string, path: string, generate: Path): string {
  if (VERSION_AT_BEGINNING.test(path)) return pathPrefix.replace(VERSION_AT_END, '') + path
  const own = typeof generate === 'string' ? (VERSION_AT_BEGINNING.exec(generate)?.[1] ?? '') : ''
  return pathPrefix + (VERSION_AT_END.test(pathPrefix) ? '' : own) + path
}
