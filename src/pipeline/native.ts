import type { ForeignBlocks } from '../protocols/foreign.ts'
import { editMembers } from '../wire/json-edits.ts'
import { splice } from '../wire/json-scan.ts'
import type { Edit, Span } from '../wire/json-scan.ts'
import { sse } from '../wire/framing.ts'
import { clientFraming } from './call.ts'
import type { Call } from './call.ts'
import { adaptBody } from './dialect.ts'
import { cutForeignBlocks, editForeignFields, mendForeignStrings } from './foreign-blocks.ts'
import { FramedPassage } from './framed-passage.ts'
import { NativePassage } from './native-passage.ts'
import type { Passage } from './passage.ts'
import type { Target } from './plan.ts'
import { ownBody } from './prepared-attempt.ts'
import type { PreparedAttempt, UpstreamBody } from './prepared-attempt.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { REASONING_LEFT_OUT } from './refused-reasoning.ts'
import { replyWhole } from './reply-whole.ts'
import { STARTED_WITHOUT, withoutLateThinking } from './thinking-first.ts'
import { WithoutUsage, askForUsage, lacksUsage } from './unasked-usage.ts'
import { answerHeaders } from './upstream-headers.ts'
import { scanBody } from './watched.ts'
import { parseAnswer } from './whole-answer.ts'

/** An attempt at an upstream of the client's own protocol: bytes up, bytes down. */
export function prepareNative(
  call: Call,
  request: InboundRequest,
  target: Target,
  record: CallRecord,
): PreparedAttempt {
  const passage = request.stream ? nativePassage(call, request, target) : undefined
  const body = warnedBody(call, request, target, record)
  return {
    ...body,
    passage,
    streamHeaders: (upstream) => answerHeaders(upstream, call),
    answerWhole(answer) {
      record.meter({ ...call.protocol.readUsage(parseAnswer(answer)), complete: true })
      record.firstPart()
      replyWhole(call, record, { ...answer, headers: answerHeaders(answer.headers, call) })
    },
  }
}

/** Its body, and in the log what had to be left out of it. */
export function warnedBody(
  call: Call,
  request: InboundRequest,
  target: Target,
  record: CallRecord,
): UpstreamBody {
  const body = nativeBody(call, request, target)
  record.warn([...(target.leavesOutReasoning === true ? [REASONING_LEFT_OUT] : []), ...(body.warnings ?? [])])
  return body
}

function nativePassage(call: Call, request: InboundRequest, target: Target): Passage {
  if (lacksUsage(request, target)) return new WithoutUsage(call.protocol, call.id)
  const upstream = target.surface.framing ?? sse
  const client = clientFraming(call)
  if (upstream.id === 'sse' && client.id === 'sse') return new NativePassage(call.protocol, client, call.id)
  return new FramedPassage(call.protocol, upstream, client, call.id)
}

/**
 * The client's body for an upstream of the same protocol: the same bytes but for the model's name, the gateway's own
 * field, and what the protocol or its host says must not go there (thinking that another model made, betas that
 * Bedrock refuses). Prompt caches and signatures hold only while every other byte stays.
 */
export function nativeBody(call: Call, request: InboundRequest, target: Target): UpstreamBody {
  const late = lateThinking(request, target)
  const warnings = late.length === 0 ? [] : [STARTED_WITHOUT]
  const usage = lacksUsage(request, target) ? askForUsage(request) : []
  const edits = [...usage, ...foreignEdits(request, target), ...late, ...fallbackEdits(request)]
  if (call.endpoint.dialect?.id !== target.surface.dialect?.id) {
    const adapted = dialectBody(call, request, target, edits)
    return { ...adapted, warnings: [...warnings, ...(adapted.warnings ?? [])] }
  }
  const span = request.fields.get('model')
  if (span !== undefined && target.model !== request.model)
    edits.push({ span, text: JSON.stringify(target.model) })
  if (edits.length === 0) return { body: request.body, onSent: request.lend() }
  return { ...ownBody(splice(request.body, edits)), warnings }
}

function foreignEdits(request: InboundRequest, target: Target): Edit[] {
  const { surface, model } = target
  const { foreignStrings } = surface.protocol
  const foreignFields = surface.protocol.foreignFields?.(surface.quirks)
  const foreignBlocks = cutFor(target)
  const cut = [
    ...(foreignBlocks === undefined ? [] : cutForeignBlocks(request, foreignBlocks, model)),
    ...(foreignFields === undefined ? [] : editForeignFields(request, foreignFields)),
  ]
  const mended = foreignStrings === undefined ? [] : mendForeignStrings(request, foreignStrings)
  return [...cut, ...mended.filter(({ span }) => !cut.some((edit) => contains(edit.span, span)))]
}

function contains(outer: Span, inner: Span): boolean {
  return outer.start <= inner.start && inner.end <= outer.end
}

function lateThinking(request: InboundRequest, target: Target): Edit[] {
  const { thinkingFirst } = target.surface.protocol
  if (thinkingFirst === undefined) return []
  return withoutLateThinking(request, thinkingFirst, cutFor(target), target.model)
}

function cutFor({ surface: { protocol }, leavesOutReasoning }: Target): ForeignBlocks | undefined {
  return leavesOutReasoning === true ? protocol.refusedReasoning?.blocks : protocol.foreignBlocks
}

/** No upstream knows the names that the gateway falls back to. */
export function fallbackEdits({ body, fields, fallbacks }: InboundRequest): Edit[] {
  if (fallbacks.length === 0 && !isEmptyList(body, fields.get('fallbacks'))) return []
  return editMembers(body, body.indexOf(OPEN_BRACE), fields, (name) => name === 'fallbacks')
}

function isEmptyList(body: Buffer, span: Span | undefined): boolean {
  return (
    span !== undefined &&
    span.end - span.start < 100 &&
    /^\[\s*\]$/.test(body.toString('latin1', span.start, span.end))
  )
}

const OPEN_BRACE = 0x7b

/** One host's form of the body as another's. What is cut may lie inside what is cut: so one after the other. */
function dialectBody(
  call: Call,
  request: InboundRequest,
  target: Target,
  edits: readonly Edit[],
): UpstreamBody {
  const scanned = edits.length === 0 ? request : scanBody(splice(request.body, edits))
  const adapted = adaptBody(scanned, {
    from: call.endpoint.dialect,
    to: target.surface.dialect,
    model: target.model,
    stream: request.stream,
    count: call.operation === 'count-tokens',
    betas: (call.headers['anthropic-beta'] ?? '').split(',').flatMap((beta) => beta.trim() || []),
  })
  const { betas, warnings } = adapted
  return { ...ownBody(splice(scanned.body, adapted.edits)), betas, warnings }
}
