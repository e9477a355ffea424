import type { Response } from '../../message/collect.ts'
import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { Block, JsonObject } from '../../message/request.ts'
import { encodeCalls } from '../shared/chat-calls.ts'
import { isObject } from '../shared/object.ts'
import type { Tapped } from '../stream.ts'
import type { EncodeContext, Memo } from '../translation.ts'
import { CohereAnswer, malformed } from './answer.ts'
import { brokenOff } from './error.ts'
import { readUsage, unifiedFinish, writeFinish, writeUsage } from './wire.ts'

// ==== From an upstream

/** A whole answer as the events that a stream would give. */
export function decodeResponse(body: JsonObject, memo: Memo, emit: Emit): void {
  const answer = new CohereAnswer(memo)
  const { message } = body
  if (!isObject(message)) return answer.fail(malformed('answered without a message'), emit)
  try {
    answer.start(body.id, emit)
    const content = Array.isArray(message.content) ? message.content.filter(isObject) : []
    const isThinking = ({ type }: JsonObject) => type === 'thinking'
    for (const part of content.filter(isThinking)) answer.content(part, emit)
    answer.plan(message.tool_plan, emit)
    for (const part of content) {
      if (isThinking(part)) continue
      answer.separate(emit)
      answer.content(part, emit)
    }
    const calls = Array.isArray(message.tool_calls) ? message.tool_calls : []
    for (const [index, call] of calls.entries()) answer.call(call, index, emit)
    answer.complete(body, emit)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    answer.fail(error, emit)
  }
}

/** Usage and the end of a whole answer that goes to the client as it is. Throws the failure that it tells of. */
export function readAnswer(body: JsonObject): Tapped {
  const raw = typeof body.finish_reason === 'string' ? body.finish_reason : undefined
  const unified = raw === undefined ? undefined : unifiedFinish(raw)
  if (raw !== undefined && unified === 'error') throw brokenOff(raw, body.error)
  return {
    usage: readUsage(body.usage) ?? {},
    finish: unified === undefined || unified === 'error' ? undefined : { unified, raw: raw! },
    responseId: typeof body.id === 'string' ? body.id : undefined,
    model: undefined,
  }
}

// ==== To a client

export function encodeResponse(response: Response, context: EncodeContext): JsonObject {
  return {
    id: response.id ?? context.responseId,
    finish_reason: writeFinish(response.finish),
    message: { role: 'assistant', ...messageOf(response.content) },
    usage: writeUsage(response.usage),
  }
}

/** Before calls, text is a plan; otherwise it is content. */
function messageOf(blocks: readonly Block[]): JsonObject {
  const thinking = blocks.flatMap((block) =>
    block.type === 'thinking' && block.text !== '' ? [{ type: 'thinking', thinking: block.text }] : [],
  )
  const texts = blocks.flatMap((block) => (block.type === 'text' && block.text !== '' ? [block.text] : []))
  const calls = encodeCalls(blocks)
  if (calls.length === 0) return { content: [...thinking, ...texts.map((text) => ({ type: 'text', text }))] }
  return {
    ...(thinking.length > 0 && { content: thinking }),
    tool_plan: texts.join('\n\n'),
    tool_calls: calls,
  }
}
