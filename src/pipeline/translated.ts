import { collect } from '../message/collect.ts'
import { GatewayError } from '../message/error.ts'
import type { Event } from '../message/event.ts'
import type { JsonObject, Warning } from '../message/request.ts'
import { capabilities } from '../models/catalogue.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { stopAt } from '../protocols/shared/stop-sequences.ts'
import type { EncodeContext, Memo } from '../protocols/translation.ts'
import { sse } from '../wire/framing.ts'
import { splice } from '../wire/json-scan.ts'
import { writeJsonText } from '../wire/json-text.ts'
import { SetAside } from '../wire/set-aside.ts'
import { clientFraming } from './call.ts'
import type { Call } from './call.ts'
import { adaptBody } from './dialect.ts'
import { EventMeter } from './event-meter.ts'
import type { Target } from './plan.ts'
import { ownBody } from './prepared-attempt.ts'
import type { PreparedAttempt } from './prepared-attempt.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { REASONING_LEFT_OUT, unsealReasoning } from './refused-reasoning.ts'
import { jsonHeaders, replyWhole } from './reply-whole.ts'
import { TranslatedPassage } from './translated-passage.ts'
import { scanBody } from './watched.ts'
import { idHeader } from './upstream-headers.ts'
import { parseAnswer } from './whole-answer.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** An attempt at an upstream of another protocol: through the hub, both ways. */
export function prepareTranslated(
  call: Call,
  request: InboundRequest,
  target: Target,
  record: CallRecord,
): PreparedAttempt {
  const upstream = target.surface.protocol
  const { body, memo, context, warnings } = translate(call, request, target)
  record.warn(warnings)
  const passage = request.stream
    ? new TranslatedPassage(
        { protocol: upstream, framing: target.surface.framing ?? sse },
        { protocol: call.protocol, framing: clientFraming(call) },
        memo,
        context,
      )
    : undefined
  return {
    ...ownBody(body),
    passage,
    streamHeaders: () => idHeader(call),
    answerWhole(answer) {
      const encoded = encodeWhole(call, upstream, answer, memo, context, record)
      record.firstPart()
      replyWhole(call, record, { status: 200, headers: jsonHeaders(call), body: encoded })
    },
  }
}

/** A token is about four bytes of JSON text; shown to the client only until the upstream reports the truth. */
const BYTES_PER_TOKEN = 4

interface Translated {
  body: Buffer
  memo: Memo
  context: EncodeContext
  warnings: readonly Warning[]
}

function translate(call: Call, request: InboundRequest, target: Target): Translated {
  const texts = new SetAside(request.body)
  try {
    return throughHub(call, request, target, texts)
  } catch (error) {
    // A refusal shows what it refuses.
    if (texts.isEmpty) throw error
    return throughHub(call, request, target)
  }
}

function throughHub(call: Call, request: InboundRequest, target: Target, texts?: SetAside): Translated {
  const { protocol, quirks } = target.surface
  const decoded = call.protocol.request.decode(request.parsed(texts))
  // Where a protocol has them in its path, the body says neither.
  decoded.request.model = request.model
  decoded.request.stream = request.stream
  if (target.leavesOutReasoning === true) {
    unsealReasoning(decoded.request)
    decoded.warnings.push(REASONING_LEFT_OUT)
  }
  const facts = capabilities(target.provider.id, target.model)
  const encoded = protocol.request.encode(decoded.request, { model: target.model, facts, quirks })
  const context: EncodeContext = {
    requestedModel: request.model,
    responseId: call.id,
    inputTokensEstimate: Math.ceil(request.body.length / BYTES_PER_TOKEN),
    created_s: Math.floor(call.receivedAtMs / 1000),
    ...(decoded.includeUsage === undefined ? {} : { includeUsage: decoded.includeUsage }),
    ...(decoded.answerMemo === undefined ? {} : { memo: decoded.answerMemo }),
  }
  return {
    body: writeBody(encoded.body, request, target, texts),
    memo: encoded.memo,
    context,
    warnings: [...decoded.warnings, ...encoded.warnings],
  }
}

/** The body as the host takes it that serves the protocol in its own way: fitted to it while the long texts are aside. */
function writeBody(
  pieces: readonly string[],
  { stream }: InboundRequest,
  { surface, model }: Target,
  texts: SetAside | undefined,
): Buffer {
  const { dialect } = surface
  if (dialect === undefined) return writeJsonText(pieces, texts)
  const body = writeJsonText(pieces)
  const change = { from: undefined, to: dialect, model, stream, betas: [] }
  const fitting = splice(body, adaptBody(scanBody(body), change).edits)
  return texts === undefined || texts.isEmpty ? fitting : writeJsonText([fitting.toString('utf8')], texts)
}

function encodeWhole(
  call: Call,
  upstream: Protocol,
  answer: WholeAnswer,
  memo: Memo,
  context: EncodeContext,
  record: CallRecord,
): Buffer {
  const meter = new EventMeter()
  record.meter(meter)
  const collected = collect((emit) => {
    const read = (event: Event) => {
      meter.read(event)
      emit(event)
    }
    upstream.response.decode(parseAnswer(answer), memo, stopAt(memo.enforceStop, read))
  })
  return Buffer.from(stringify(call.protocol.response.encode(collected, context)))
}

/** JSON.parse reads a hundred thousand levels of nesting, and JSON.stringify runs out of stack below five thousand. */
function stringify(answer: JsonObject): string {
  try {
    return JSON.stringify(answer)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new GatewayError('upstream_malformed', 'The upstream’s answer nests too deep.', { cause })
  }
}
