import type { Response } from '../../message/collect.ts'
import { GatewayError } from '../../message/error.ts'
import type { Delta, Emit, Event } from '../../message/event.ts'
import type { Block, JsonObject } from '../../message/request.ts'
import { answerError, isErrorObject } from '../shared/openai-error.ts'
import type { Tapped } from '../stream.ts'
import type { EncodeContext, Memo } from '../translation.ts'
import { AnswerItems } from './answer-encode.ts'
import { ResponsesAnswer } from './answer.ts'
import type { Sink } from './items-encode.ts'
import { readFinish, readUsage } from './wire.ts'

// ==== From an upstream

/** A whole answer as the events that a stream would give. */
export function decodeResponse(body: JsonObject, memo: Memo, emit: Emit): void {
  const answer = new ResponsesAnswer(memo)
  if (!isErrorObject(body) && !Array.isArray(body.output)) {
    return answer.fail(new GatewayError('upstream_malformed', 'The upstream’s answer has no output.'), emit)
  }
  try {
    answer.whole(body, emit)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    answer.fail(error, emit)
  }
}

/** Usage and the end of a whole answer that goes to the client as it is. Throws the failure that it tells of. */
export function readAnswer(body: JsonObject): Tapped {
  if (isErrorObject(body) || body.status === 'failed') throw answerError(body)
  const isOver = body.status === 'completed' || body.status === 'incomplete'
  return {
    usage: readUsage(body) ?? {},
    finish: isOver ? readFinish(body) : undefined,
    responseId: typeof body.id === 'string' ? body.id : undefined,
    model: typeof body.model === 'string' ? body.model : undefined,
  }
}

// ==== To a client

const SILENT: Sink = { send: () => undefined, delta: () => undefined }

/** A collected answer: what a stream of the same events ends with. */
export function encodeResponse(response: Response, context: EncodeContext): JsonObject {
  const items = new AnswerItems(context, SILENT)
  for (const event of eventsOf(response)) items.push(event)
  return items.response!
}

function* eventsOf({ id, content, finish, usage }: Response): Generator<Event> {
  yield { type: 'start', ...(id !== undefined && { id }), usage }
  for (const [index, block] of content.entries()) yield* blockEvents(block, index)
  yield { type: 'finish', reason: finish }
}

function* blockEvents(block: Block, index: number): Generator<Event> {
  switch (block.type) {
    case 'text':
    case 'thinking':
    case 'tool-call': {
      yield { type: 'block-start', index, block }
      for (const delta of deltasOf(block)) yield { type: 'delta', index, delta }
      break
    }
    case 'redacted-thinking':
    case 'opaque':
      yield { type: 'block-start', index, block }
      break
    default:
      // A model gives back nothing else.
      return
  }
  yield { type: 'block-end', index }
}

function deltasOf(block: Extract<Block, { type: 'text' | 'thinking' | 'tool-call' }>): Delta[] {
  // An answer that was collected has `{}` also where nothing was said, and a call that was cut off must not look whole.
  if (block.type === 'tool-call')
    return block.arguments === '{}' ? [] : [{ type: 'arguments', json: block.arguments }]
  if (block.type === 'thinking') {
    const { text, signature } = block
    return [
      { type: 'thinking', text },
      ...(signature === undefined ? [] : [{ type: 'signature' as const, signature }]),
    ]
  }
  const citations = (block.citations ?? []).map((citation): Delta => ({ type: 'citation', citation }))
  return [{ type: 'text', text: block.text }, ...citations]
}
