import { splice } from '../wire/json-scan.ts'
import type { Edit } from '../wire/json-scan.ts'
import type { Call } from './call.ts'
import { cutForeignBlocks } from './foreign-blocks.ts'
import { NativePassage } from './native-passage.ts'
import type { Plan } from './plan.ts'
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
  plan: Plan,
  record: CallRecord,
): PreparedAttempt {
  return {
    ...nativeBody(request, plan),
    passage: request.stream ? new NativePassage(call.protocol, call.id) : undefined,
    streamHeaders: (upstream) => answerHeaders(upstream, call.id),
    answerWhole(answer) {
      record.meter({ ...call.protocol.readUsage(parseAnswer(answer)), complete: true })
      record.firstPart()
      replyWhole(call, record, { ...answer, headers: answerHeaders(answer.headers, call.id) })
    },
  }
}

/**
 * The client's body for an upstream of the same protocol: the same bytes but for the model's name and what the
 * protocol says must not go there (thinking that another model made). Prompt caches and signatures hold only
 * while every other byte stays.
 */
export function nativeBody(request: InboundRequest, plan: Plan): UpstreamBody {
  const { foreignBlocks } = plan.provider.provider.protocol
  const edits: Edit[] =
    foreignBlocks === undefined ? [] : cutForeignBlocks(request.body, request.fields, foreignBlocks)
  const span = request.fields.get('model')
  if (span !== undefined && plan.model !== request.model)
    edits.push({ span, text: JSON.stringify(plan.model) })
  if (edits.length === 0) return { body: request.body, onSent: request.lend() }
  return ownBody(splice(request.body, edits))
}
