import type { Response } from '../../message/collect.ts'
import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { Block, JsonObject } from '../../message/request.ts'
import { encodeCalls } from '../shared/chat-calls.ts'
import { isObject } from '../shared/object.ts'
import { answerError, isErrorObject } from '../shared/openai-error.ts'
import type { Tapped } from '../stream.ts'
import type { EncodeContext, Memo } from '../translation.ts'
import { ChatAnswer } from './answer.ts'
import { urlCitation } from './citations.ts'
import { readUsage, unifiedFinish, writeFinish, writeUsage } from './wire.ts'

// ==== From an upstream

/** A whole answer as the events that a stream would give. */
export function decodeResponse(body: JsonObject, memo: Memo, emit: Emit): void {
  const answer = new ChatAnswer(memo)
  if (!isErrorObject(body) && !(Array.isArray(body.choices) && isObject(body.choices[0]))) {
    return answer.fail(new GatewayError('upstream_malformed', 'The upstream’s answer has no choices.'), emit)
  }
  try {
    answer.push(withPositions(body), emit)
    answer.complete(emit)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    answer.fail(error, emit)
  }
}

/** In a message the calls stand in order and complete; only chunks number them. */
function withPositions(body: JsonObject): JsonObject {
  const choice: unknown = Array.isArray(body.choices) ? body.choices[0] : undefined
  if (!isObject(choice) || !isObject(choice.message) || !Array.isArray(choice.message.tool_calls)) return body
  const tool_calls = choice.message.tool_calls.map((call, index) =>
    isObject(call) ? { ...call, index } : call,
  )
  return { ...body, choices: [{ ...choice, message: { ...choice.message, tool_calls } }] }
}

/** Usage and the end of a whole answer that goes to the client as it is. Throws the failure that it tells of. */
export function readAnswer(body: JsonObject): Tapped {
  if (isErrorObject(body)) throw answerError(body)
  const choice: unknown = Array.isArray(body.choices) ? body.choices[0] : undefined
  const raw = isObject(choice) && typeof choice.finish_reason === 'string' ? choice.finish_reason : undefined
  const unified = raw === undefined ? undefined : unifiedFinish(raw)
  return {
    usage: readUsage(body.usage, body.service_tier) ?? {},
    finish:
      unified === undefined || raw === undefined
        ? undefined
        : { unified: unified === 'error' ? 'other' : unified, raw },
    responseId: typeof body.id === 'string' ? body.id : undefined,
    model: typeof body.model === 'string' ? body.model : undefined,
  }
}

// ==== To a client

export function encodeResponse(response: Response, context: EncodeContext): JsonObject {
  const choice = {
    index: 0,
    message: message(response.content),
    logprobs: null,
    finish_reason: writeFinish(response.finish),
  }
  return {
    id: response.id ?? context.responseId,
    object: 'chat.completion',
    created: context.created_s,
    model: context.requestedModel,
    choices: [choice],
    usage: writeUsage(response.usage),
  }
}

function message(content: Block[]): JsonObject {
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  const thinking = content.map((block) => (block.type === 'thinking' ? block.text : '')).join('')
  const calls = encodeCalls(content)
  const cited = content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : []))
  const annotations = cited.map(urlCitation).filter((annotation) => annotation !== undefined)
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    annotations,
    ...(thinking !== '' && { reasoning_content: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}
