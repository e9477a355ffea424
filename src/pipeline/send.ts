import { collect } from '../message/collect.ts'
import { GatewayError } from '../message/error.ts'
import type { Event } from '../message/event.ts'
import type { JsonObject } from '../message/request.ts'
import { capabilities } from '../models/catalogue.ts'
import type { EncodeContext, Memo } from '../protocols/protocol.ts'
import { parseJson } from '../protocols/shared/json.ts'
import { stopAt } from '../protocols/shared/stop-sequences.ts'
import type { ProviderKey } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import type { Dependencies } from './dependencies.ts'
import { nativeBody, NativePassage } from './native.ts'
import type { Passage } from './passage.ts'
import type { Plan } from './plan.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { relay } from './relay.ts'
import type { WholeAnswer } from './relay.ts'
import { EventMeter, TranslatedPassage } from './translated.ts'
import { answerHeaders, upstreamHeaders } from './upstream-headers.ts'

const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }

/** One attempt of one target with one key: native or translated, streamed or whole, to the end of the answer. */
export async function send(
  call: Call,
  request: InboundRequest,
  plan: Plan,
  key: ProviderKey,
  record: CallRecord,
  on: Dependencies,
): Promise<void> {
  const upstreamProtocol = plan.provider.provider.protocol
  const native = plan.mode === 'native'
  const { body, memo } = native
    ? { body: nativeBody(request, plan), memo: {} }
    : translate(call, request, plan, record)
  const context = encodeContext(call, request)
  const passage: Passage | undefined = !request.stream
    ? undefined
    : native
      ? new NativePassage(call.protocol, call.id)
      : new TranslatedPassage(upstreamProtocol, call.protocol, memo, context)
  if (passage !== undefined) record.meter(passage)

  const answer = await relay({
    call,
    egress: on.egress,
    upstream: plan.provider.upstream,
    request: {
      method: 'POST',
      path: plan.provider.paths.generate,
      headers: upstreamHeaders(call, plan, key.value, Buffer.byteLength(body)),
      body,
    },
    idleWatch: on.idleWatch,
    idleTimeoutMs: plan.provider.network.streamIdleTimeoutMs,
    readError: (failed) => readError(failed, plan),
    stream: passage && {
      passage,
      headers: (upstream) =>
        native
          ? { ...answerHeaders(upstream), ...STREAM_HEADERS }
          : { ...STREAM_HEADERS, 'request-id': call.id },
      onFirst: () => record.firstPart(),
      onBytes: (bytes) => record.answer(bytes),
      beforeEnd: (error) => record.end(200, error),
    },
  })
  if (answer === undefined) return
  if (native) sendWhole(call, request, answer, record)
  else translateWhole(call, plan, answer, { memo, context, passage }, record)
}

/** Asks an upstream of the client's own protocol to count; its answer goes on as it comes. */
export async function sendCount(
  call: Call,
  request: InboundRequest,
  plan: Plan,
  key: ProviderKey,
  record: CallRecord,
  on: Dependencies,
): Promise<void> {
  const body = nativeBody(request, plan)
  const answer = await relay({
    call,
    egress: on.egress,
    upstream: plan.provider.upstream,
    request: {
      method: 'POST',
      path: plan.provider.paths.countTokens!,
      headers: upstreamHeaders(call, plan, key.value, body.length),
      body,
    },
    idleWatch: on.idleWatch,
    idleTimeoutMs: plan.provider.network.streamIdleTimeoutMs,
    readError: (failed) => readError(failed, plan),
    stream: undefined,
  })
  record.answer(answer!.body)
  record.end(answer!.status)
  call.reply.send(answer!.status, answerHeaders(answer!.headers), answer!.body)
}

function translate(
  call: Call,
  request: InboundRequest,
  plan: Plan,
  record: CallRecord,
): { body: Buffer; memo: Memo } {
  const decoded = call.protocol.request.decode(request.parsed())
  const encoded = plan.provider.provider.protocol.request.encode(decoded.request, {
    model: plan.model,
    facts: capabilities(plan.provider.id, plan.model),
    quirks: plan.provider.provider.quirks,
  })
  record.warn(decoded.warnings)
  record.warn(encoded.warnings)
  return { body: Buffer.from(encoded.body), memo: encoded.memo }
}

interface Translation {
  memo: Memo
  context: EncodeContext
  passage: Passage | undefined
}

/** A token is about four bytes of JSON text; shown to the client only until the upstream reports the truth. */
const BYTES_PER_TOKEN = 4

function encodeContext(call: Call, request: InboundRequest): EncodeContext {
  return {
    requestedModel: request.model,
    responseId: call.id,
    inputTokensEstimate: Math.ceil(request.body.length / BYTES_PER_TOKEN),
    created_s: Math.floor(call.receivedAtMs / 1000),
  }
}

/** The upstream's error in the hub's terms, with its own words kept for a client of the same protocol. */
function readError(answer: WholeAnswer, plan: Plan): GatewayError {
  const { status, headers } = answer
  if (status < 400) {
    // A redirect would take the prompt and the key to another origin; 204 and the like have no answer in them.
    return new GatewayError(
      'upstream_malformed',
      `The upstream answered with status ${status} instead of an answer.`,
      {
        upstream: { status },
      },
    )
  }
  const body = answer.body.toString('utf8')
  const read = (name: string) => {
    const value = headers[name]
    return Array.isArray(value) ? value[0] : value
  }
  const error = plan.provider.provider.protocol.error.decode(status, read, body)
  return new GatewayError(error.kind, error.message, {
    ...error.details,
    upstream: { ...error.details.upstream, status, body, headers },
  })
}

/** A whole answer of the client's own protocol goes on byte for byte. */
function sendWhole(call: Call, request: InboundRequest, answer: WholeAnswer, record: CallRecord): void {
  if (request.stream) {
    throw new GatewayError(
      'upstream_malformed',
      'The upstream answered a streaming request without a stream.',
    )
  }
  record.meter({ ...call.protocol.readUsage(parseAnswer(answer)), complete: true })
  record.firstPart()
  record.answer(answer.body)
  record.end(answer.status)
  call.reply.send(answer.status, answerHeaders(answer.headers), answer.body)
}

/** A whole answer through the hub: to a client that waits for one, or as the stream that it asked for. */
function translateWhole(
  call: Call,
  plan: Plan,
  answer: WholeAnswer,
  exchange: Translation,
  record: CallRecord,
): void {
  const body = parseAnswer(answer)
  const { response } = plan.provider.provider.protocol
  const { memo, context, passage } = exchange
  if (passage instanceof TranslatedPassage) {
    response.decode(body, memo, (event) => passage.give(event))
    return streamWhole(call, passage, record)
  }
  const meter = new EventMeter()
  const collected = collect((emit) => {
    const read = (event: Event) => {
      meter.read(event)
      emit(event)
    }
    response.decode(body, memo, memo.enforceStop?.length ? stopAt(memo.enforceStop, read) : read)
  })
  record.meter(meter)
  const encoded = Buffer.from(JSON.stringify(call.protocol.response.encode(collected, context)))
  record.firstPart()
  record.answer(encoded)
  record.end(200)
  call.reply.send(200, { 'content-type': 'application/json', 'request-id': call.id }, encoded)
}

function streamWhole(call: Call, passage: TranslatedPassage, record: CallRecord): void {
  if (passage.error !== undefined && !call.reply.committed) throw passage.error
  const text = passage.end() ?? ''
  if (!call.reply.committed) call.reply.open(200, { ...STREAM_HEADERS, 'request-id': call.id })
  record.firstPart()
  record.answer(text)
  record.end(200, passage.error)
  call.reply.write(text)
  call.reply.end()
}

function parseAnswer(answer: WholeAnswer): JsonObject {
  try {
    const value = parseJson(answer.body.toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  } catch {
    // Told below: a page of HTML with status 200 is how many proxies report their own failure.
  }
  throw new GatewayError(
    'upstream_malformed',
    'The upstream answered with something that is not a JSON object.',
  )
}
