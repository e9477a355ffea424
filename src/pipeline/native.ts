import { splice } from '../wire/json-scan.ts'
import type { Edit } from '../wire/json-scan.ts'
import { sse } from '../wire/framing.ts'
import { clientFraming } from './call.ts'
import type { Call } from './call.ts'
import { cutForeignBlocks } from './foreign-blocks.ts'
import { FramedPassage } from './framed-passage.ts'
import { NativePassage } from './native-passage.ts'
import type { Passage } from './passage.ts'
import type { Target } from './plan.ts'
import { ownBody } from './prepared-attempt.ts'
import type { PreparedAttempt, UpstreamBody } from './prepared-attempt.ts'
import type { InboundRequest } from './read-request.ts'
import type { CallRecord } from './record.ts'
import { replyWhole } from './reply-whole.ts'
import { answerHeaders } from './upstream-headers.ts'
import { parseAnswer } from './whole-answer.ts'

/** An attempt at an upstream of the client's own protocol: bytes up, bytes down. */
export function prepareNative(
  call: Call,
  request: InboundRequest,
  target: Target,
  record: CallRecord,
): PreparedAttempt {
  const passage = request.stream ? nativePassage(call, target) : undefined
  return {
    ...nativeBody(request, target),
    passage,
    streamHeaders: (upstream) => answerHeaders(upstream, call.id),
    answerWhole(answer) {
      record.meter({ ...call.protocol.readUsage(parseAnswer(answer)), complete: true })
      record.firstPart()
      replyWhole(call, record, { ...answer, headers: answerHeaders(answer.headers, call.id) })
    },
  }
}

function nativePassage(call: Call, { surface }: Target): Passage {
  const upstream = surface.framing ?? sse
  const client = clientFraming(call)
  if (upstream === sse && client === sse) return new NativePassage(call.protocol, call.id)
  return new FramedPassage(call.protocol, upstream, client, call.id)
}

/**
 * The client's body for an upstream of the same protocol: the same bytes but for the model's name and what the
 * protocol says must not go there (thinking that another model made). Prompt caches and signatures hold only
 * while every other byte stays.
 */
export function nativeBody(request: InboundRequest, target: Target): UpstreamBody {
  const { foreignBlocks } = target.surface.protocol
  const edits: Edit[] =
    foreignBlocks === undefined ? [] : cutForeignBlocks(request.body, request.fields, foreignBlocks)
  const span = request.fields.get('model')
  if (span !== undefined && target.model !== request.model)
    edits.push({ span, text: JSON.stringify(target.model) })
  if (edits.length === 0) return { body: request.body, onSent: request.lend() }
  return ownBody(splice(request.body, edits))
}
