import type { Authorize } from '../providers/authorization.ts'
import { pathTo } from '../providers/provider.ts'
import type { Path } from '../providers/provider.ts'
import type { ProviderKey, Reach } from '../stores/config/configuration.ts'
import { sse, isFramedAs } from '../wire/framing.ts'
import type { EgressRequest } from '../wire/egress.ts'
import { clientFraming } from './call.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import { queryOf } from './forwarded-query.ts'
import { prepareNative, warnedBody } from './native.ts'
import type { Passage } from './passage.ts'
import type { Target } from './plan.ts'
import type { PreparedAttempt, UpstreamBody } from './prepared-attempt.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { relay } from './relay.ts'
import type { RelayOptions, StreamSide } from './relay.ts'
import { replyWhole } from './reply-whole.ts'
import { routingHeaders } from './routing-facts.ts'
import { secretOf } from './secret-filter.ts'
import { prepareTranslated } from './translated.ts'
import { answerHeaders, upstreamHeaders } from './upstream-headers.ts'
import { readError } from './whole-answer.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** One request to an upstream, to the end of its answer. Rejects with the failure. */
export type Send<Place extends Target = Target> = (
  call: Call,
  request: InboundRequest,
  target: Place,
  key: ProviderKey,
  record: CallRecord,
  on: Dependencies,
) => Promise<void>

/** One attempt of one target with one key: native or translated, streamed or whole, to the end of the answer. */
export const send: Send = (call, request, target, key, record, on) => {
  const prepared = prepareAttempt(call, request, target, record)
  const { passage, streamHeaders, answerWhole } = prepared
  const stream = passage && streamSide(call, target, passage, streamHeaders, record)
  const path = pathOf(target.surface.paths.generate, request, target, key)
  return dispatch({ call, target, key, path, upstreamBody: prepared }, { stream, answerWhole }, on)
}

function streamSide(
  call: Call,
  target: Target,
  passage: Passage,
  streamHeaders: PreparedAttempt['streamHeaders'],
  record: CallRecord,
): StreamSide {
  record.meter(passage)
  const ownHeaders = { 'content-type': clientFraming(call).contentType, 'cache-control': 'no-cache' }
  return {
    passage,
    accepts: (contentType) => isFramedAs(target.surface.framing ?? sse, contentType),
    headers: (upstream) => ({
      ...streamHeaders(upstream),
      ...ownHeaders,
      ...routingHeaders(record.routing()),
    }),
    onFirst: () => record.firstPart(),
    onBytes: (bytes) => record.answer(bytes),
    beforeEnd: (error) => record.end(200, error),
  }
}

/** One attempt made ready: through the hub, or without. Nothing is sent. */
export function prepareAttempt(
  call: Call,
  request: InboundRequest,
  target: Target,
  record: CallRecord,
): PreparedAttempt {
  const prepare = target.mode === 'native' ? prepareNative : prepareTranslated
  return prepare(call, request, target, record)
}

/** Asks an upstream of the client's own protocol to count; its answer goes on as it comes. */
export const sendCount: Send = (call, request, target, key, record, on) => {
  const answerWhole = (answer: WholeAnswer) =>
    replyWhole(call, record, { ...answer, headers: answerHeaders(answer.headers, call) })
  const path = pathOf(target.surface.paths.countTokens!, request, target, key)
  const upstreamBody = warnedBody(call, request, target, record)
  return dispatch({ call, target, key, path, upstreamBody }, { stream: undefined, answerWhole }, on)
}

export interface Outbound {
  call: Call
  target: Target
  key: ProviderKey
  path: string
  upstreamBody: UpstreamBody
  /** Over those that every request has. */
  headers?: Readonly<Record<string, string>>
  /** Of a service beside the provider's own; an address that the operator named holds for it, too. */
  origin?: string | undefined
}

/** Lets the request in and relays the answer. Waits first only where a token has to be fetched. */
export function dispatch(
  outbound: Outbound,
  answer: Pick<RelayOptions, 'stream' | 'answerWhole' | 'isAnswer'>,
  on: Dependencies,
): Promise<void> {
  const { call, target, key, upstreamBody } = outbound
  const { body, onSent, betas } = upstreamBody
  const { upstream, pathPrefix } = reachOf(outbound)
  const path = pathPrefix + withQuery(call, target, outbound.path)
  const { headerFilter } = on.configuration().client
  const headers = upstreamHeaders(call, target, body.length, headerFilter, betas)
  if (outbound.headers !== undefined) Object.assign(headers, outbound.headers)
  const request = { method: 'POST', path, headers, body, onSent } as const
  const go = (authorization: Record<string, string>): Promise<void> => {
    const { provider, surface } = target
    Object.assign(headers, authorization)
    return relay(request, {
      stream: answer.stream,
      answerWhole: answer.answerWhole,
      isAnswer: answer.isAnswer,
      call,
      egress: on.egress,
      upstream,
      secret: target.loginToken ?? secretOf(key, authorization),
      idleWatch: on.idleWatch,
      idleTimeoutMs: provider.network.streamIdleTimeoutMs,
      readError: (failed) => readError(failed, surface.protocol),
    })
  }
  const authorization = authorize(target, key, request, upstream.origin, on)
  return authorization instanceof Promise ? authorization.then(go) : go(authorization)
}

function reachOf({ key: { reach }, origin }: Outbound): Reach {
  if (origin === undefined || reach.upstream.operatorNamed) return reach
  return { upstream: { ...reach.upstream, origin }, pathPrefix: '' }
}

function authorize(
  { loginToken, provider }: Target,
  key: ProviderKey,
  { method, path, headers, body }: EgressRequest & { readonly body: Uint8Array },
  origin: string,
  on: Dependencies,
): ReturnType<Authorize> {
  if (loginToken !== undefined) return { authorization: `Bearer ${loginToken}` }
  return provider.provider.authorize({ method, origin, path, headers, body }, key, on.credentials)
}

function pathOf(path: Path, request: InboundRequest, target: Target, key: ProviderKey): string {
  return pathTo(path, { model: target.model, stream: request.stream, cloud: key.cloud })
}

/** What says how the answer to the client is framed, and who answers. */
const OURS = new Set(['alt', 'api-version', 'provider'])

/** Anthropic's SDK asks its newest features of `?beta=true`: for an upstream of the client's protocol it stays. */
function withQuery(call: Call, target: Target, path: string): string {
  const query = target.mode === 'native' && call.queryText !== '' ? queryOf(call, OURS) : ''
  return path.includes('?') ? path + query.replace('?', '&') : path + query
}
