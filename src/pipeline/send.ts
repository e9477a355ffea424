import type { ProviderKey } from '../stores/config/configuration.ts'
import type { EgressRequest } from '../wire/egress.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import { nativeBody, prepareNative } from './native.ts'
import type { Plan } from './plan.ts'
import type { UpstreamBody } from './prepared-attempt.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { relay } from './relay.ts'
import type { StreamSide } from './relay.ts'
import { replyWhole } from './reply-whole.ts'
import { prepareTranslated } from './translated.ts'
import { answerHeaders, upstreamHeaders } from './upstream-headers.ts'
import { readError } from './whole-answer.ts'
import type { WholeAnswer } from './whole-answer.ts'

const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }

/** One request to an upstream, to the end of its answer. Rejects with the failure. */
export type Send = (
  call: Call,
  request: InboundRequest,
  plan: Plan,
  key: ProviderKey,
  record: CallRecord,
  on: Dependencies,
) => Promise<void>

/** One attempt of one target with one key: native or translated, streamed or whole, to the end of the answer. */
export const send: Send = (call, request, plan, key, record, on) => {
  const prepare = plan.mode === 'native' ? prepareNative : prepareTranslated
  const { body, onSent, passage, streamHeaders, answerWhole } = prepare(call, request, plan, record)
  if (passage !== undefined) record.meter(passage)
  const stream: StreamSide | undefined = passage && {
    passage,
    headers: (upstream) => ({ ...streamHeaders(upstream), ...STREAM_HEADERS }),
    onFirst: () => record.firstPart(),
    onBytes: (bytes) => record.answer(bytes),
    beforeEnd: (error) => record.end(200, error),
  }
  const upstreamRequest = post(call, plan, key, plan.provider.paths.generate, { body, onSent })
  return relay(upstreamRequest, { ...relayBase(call, plan, key, on), stream, answerWhole })
}

/** Asks an upstream of the client's own protocol to count; its answer goes on as it comes. */
export const sendCount: Send = (call, request, plan, key, record, on) => {
  const upstreamRequest = post(call, plan, key, plan.provider.paths.countTokens!, nativeBody(request, plan))
  const answerWhole = (answer: WholeAnswer) =>
    replyWhole(call, record, { ...answer, headers: answerHeaders(answer.headers, call.id) })
  return relay(upstreamRequest, { ...relayBase(call, plan, key, on), stream: undefined, answerWhole })
}

function post(
  call: Call,
  plan: Plan,
  key: ProviderKey,
  path: string,
  { body, onSent }: UpstreamBody,
): EgressRequest {
  const headers = upstreamHeaders(call, plan, key.value, body.length)
  return { method: 'POST', path: withQuery(call, plan, path), headers, body, onSent }
}

/** Anthropic's SDK asks its newest features of `?beta=true`: for an upstream of the client's protocol it stays. */
function withQuery(call: Call, plan: Plan, path: string): string {
  if (plan.mode !== 'native' || call.queryText === '') return path
  return `${path}${path.includes('?') ? '&' : '?'}${call.queryText}`
}

function relayBase(call: Call, plan: Plan, key: ProviderKey, on: Dependencies) {
  const { provider, upstream, network } = plan.provider
  return {
    call,
    egress: on.egress,
    upstream,
    secret: plan.loginToken ?? key.value,
    idleWatch: on.idleWatch,
    idleTimeoutMs: network.streamIdleTimeoutMs,
    readError: (failed: WholeAnswer) => readError(failed, provider.protocol),
  }
}
