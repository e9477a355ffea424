import type { Response } from '../../message/collect.ts'
import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { Block, JsonObject } from '../../message/request.ts'
import { parseForOutput } from '../shared/json.ts'
import { isObject, leftover } from '../shared/object.ts'
import type { Tapped } from '../stream.ts'
import type { EncodeContext, Memo } from '../translation.ts'
import { decodeBlockStart } from './answer.ts'
import type { StartedBlock } from './answer.ts'
import { CallIds } from './call-ids.ts'
import { answerError, isErrorObject } from './error.ts'
import {
  DELTA_EXTRAS,
  MESSAGE_EXTRAS,
  PROTOCOL,
  USAGE_EXTRAS,
  UsageReader,
  markSignature,
  only,
  readFinish,
  writeFinish,
  writeUsage,
} from './wire.ts'

// ==== From an upstream

const MESSAGE_FIELDS = new Set([
  'id',
  'type',
  'role',
  'model',
  'content',
  'stop_reason',
  'stop_sequence',
  'usage',
])

/** A whole answer as the events of a stream. */
export function decodeResponse(body: JsonObject, memo: Memo, emit: Emit): void {
  if (isErrorObject(body)) return emit({ type: 'error', error: answerError(body) })
  const { id, model, content, stop_reason: reason, stop_sequence: stopSequence, usage } = body
  if (!Array.isArray(content) || !content.every(isTyped)) {
    return emit({
      type: 'error',
      error: new GatewayError('upstream_malformed', 'The upstream’s answer has no list of content blocks.'),
    })
  }
  const reader = new UsageReader()
  reader.read(usage)
  emit({ type: 'start', ...(typeof id === 'string' && { id }), ...(typeof model === 'string' && { model }) })
  const messageId = typeof id === 'string' ? id : ''
  content.forEach((block, index) => emitBlock(decodeBlockStart(block, memo, messageId, index), index, emit))
  emit({ type: 'usage', usage: reader.usage, extra: isObject(usage) ? only(usage, USAGE_EXTRAS) : {} })
  emit({
    type: 'finish',
    reason: readFinish(reason),
    ...(typeof stopSequence === 'string' && { stopSequence }),
    extra: leftover(body, MESSAGE_FIELDS),
  })
}

function isTyped(block: unknown): block is JsonObject {
  return isObject(block) && typeof block['type'] === 'string'
}

function emitBlock({ start, deltas, input }: StartedBlock, index: number, emit: Emit): void {
  emit({ type: 'block-start', index, block: start })
  for (const delta of deltas) emit({ type: 'delta', index, delta })
  if (input !== undefined) emit({ type: 'delta', index, delta: { type: 'arguments', json: input } })
  emit({ type: 'block-end', index })
}

/** Usage and stop reason of a whole answer that is forwarded untouched. Throws the failure that it tells of. */
export function readAnswer(body: JsonObject): Tapped {
  if (isErrorObject(body)) throw answerError(body)
  const { id, model, stop_reason: reason, usage } = body
  const reader = new UsageReader()
  reader.read(usage)
  return {
    usage: reader.usage,
    finish: typeof reason === 'string' ? readFinish(reason) : undefined,
    responseId: typeof id === 'string' ? id : undefined,
    model: typeof model === 'string' ? model : undefined,
  }
}

// ==== To a client

/** A collected answer as a message. Its tool arguments keep their digits through any JSON.stringify. */
export function encodeResponse(response: Response, context: EncodeContext): JsonObject {
  const called = response.content.some((block) => block.type === 'tool-call')
  const usage = { inputTokens: context.inputTokensEstimate, ...response.usage }
  const callIds = new CallIds(context.responseId)
  return {
    id: response.id ?? context.responseId,
    type: 'message',
    role: 'assistant',
    model: context.requestedModel,
    content: response.content.flatMap((block) => encodeBlock(block, callIds)),
    stop_reason: writeFinish(response.finish, called),
    stop_sequence: response.stopSequence ?? null,
    usage: { ...writeUsage(usage), ...only(response.extra, USAGE_EXTRAS) },
    ...only(response.extra, DELTA_EXTRAS),
    ...only(response.extra, MESSAGE_EXTRAS),
  }
}

/** Empty texts are left out: the client would send them back, and the API refuses them. */
function encodeBlock(block: Block, callIds: CallIds): JsonObject[] {
  switch (block.type) {
    case 'text':
      return block.text === ''
        ? []
        : [
            {
              type: 'text',
              text: block.text,
              ...(block.citations !== undefined && { citations: block.citations }),
            },
          ]
    case 'thinking': {
      if (block.text === '' && block.signature === undefined) return []
      return [{ type: 'thinking', thinking: block.text, signature: markSignature(block.signature) }]
    }
    case 'redacted-thinking':
      return [{ type: 'redacted_thinking', data: markSignature(block.data) }]
    case 'tool-call':
      return [
        {
          type: 'tool_use',
          id: callIds.next(block.id),
          name: block.name,
          input: encodeInput(block.arguments),
        },
      ]
    case 'opaque':
      return block.protocol === PROTOCOL ? [block.raw] : []
    default:
      return []
  }
}

/**
 * Arguments that are no JSON must fail at the client, with the model's own text, so that the model is told. Empty
 * arguments would run the tool with its defaults instead. The form is the one in which Claude Code keeps such text.
 */
function encodeInput(json: string): unknown {
  try {
    return parseForOutput(json) ?? {}
  } catch {
    return { __unparsedToolInput: { raw: json, len: json.length } }
  }
}
