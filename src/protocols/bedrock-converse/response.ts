import type { Response } from '../../message/collect.ts'
import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { Block, JsonObject } from '../../message/request.ts'
import { parseForOutput } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import type { Tapped } from '../stream.ts'
import type { EncodeContext, Memo } from '../translation.ts'
import { ConverseAnswer, malformed } from './answer.ts'
import { CallIds } from './call-ids.ts'
import { encodeCitation } from './citations.ts'
import {
  MALFORMED,
  markRedacted,
  markSignature,
  readFinish,
  readUsage,
  writeFinish,
  writeUsage,
} from './wire.ts'

// ==== From an upstream

/** A whole answer as the events of a stream. */
export function decodeResponse(body: JsonObject, memo: Memo, emit: Emit): void {
  const answer = new ConverseAnswer(memo)
  const content = contentOf(body)
  if (content === undefined) {
    const message = 'The upstream’s answer has no list of content blocks.'
    return answer.fail(new GatewayError('upstream_malformed', message), emit)
  }
  try {
    answer.start(emit)
    content.forEach((block, position) => answer.block(block, position, emit))
    answer.stop(body.stopReason, body.additionalModelResponseFields)
    answer.usage(body.usage, body.serviceTier)
    answer.complete(emit)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    answer.fail(error, emit)
  }
}

function contentOf({ output }: JsonObject): JsonObject[] | undefined {
  const message = isObject(output) ? output.message : undefined
  const content = isObject(message) ? message.content : undefined
  return Array.isArray(content) && content.every(isObject) ? content : undefined
}

/** Usage and stop reason of a whole answer that is forwarded untouched. Throws the failure that it tells of. */
export function readAnswer(body: JsonObject): Tapped {
  const { stopReason, usage, serviceTier } = body
  if (MALFORMED.has(stopReason)) throw malformed(stopReason)
  return {
    usage: readUsage(usage, serviceTier) ?? {},
    finish: typeof stopReason === 'string' ? readFinish(stopReason, false) : undefined,
    responseId: undefined,
    model: undefined,
  }
}

// ==== To a client

/** A collected answer. How long it took is not known here; the SDKs want a number. */
export function encodeResponse(response: Response, context: EncodeContext): JsonObject {
  const called = response.content.some((block) => block.type === 'tool-call')
  const callIds = new CallIds(context.responseId)
  const usage = { inputTokens: context.inputTokensEstimate, ...response.usage }
  return {
    output: {
      message: {
        role: 'assistant',
        content: response.content.flatMap((block) => encodeBlock(block, callIds)),
      },
    },
    stopReason: writeFinish(response.finish, called),
    usage: writeUsage(usage),
    metrics: { latencyMs: 0 },
    ...responseFields(response.stopSequence, context),
  }
}

/** Fields of Claude's own answer, as far as the client asked for them and other answers have them, too. */
export function responseFields(
  stopSequence: string | undefined,
  { memo }: EncodeContext,
): { additionalModelResponseFields?: JsonObject } {
  const paths = memo?.echo?.additionalModelResponseFieldPaths
  if (stopSequence === undefined || !Array.isArray(paths)) return {}
  const fields = {
    ...(paths.includes('/stop_sequence') && { stop_sequence: stopSequence }),
    ...(paths.includes('/delta/stop_sequence') && { delta: { stop_sequence: stopSequence } }),
  }
  return Object.keys(fields).length === 0 ? {} : { additionalModelResponseFields: fields }
}

/** Empty texts are left out: the client would send them back, and the API refuses them. */
function encodeBlock(block: Block, callIds: CallIds): JsonObject[] {
  switch (block.type) {
    case 'text':
      return block.text === '' ? [] : [encodeText(block.text, block.citations ?? [])]
    case 'thinking': {
      if (block.text === '' && block.signature === undefined) return []
      const reasoningText = { text: block.text, signature: markSignature(block.signature) }
      return [{ reasoningContent: { reasoningText } }]
    }
    case 'redacted-thinking':
      return [{ reasoningContent: { reasoningText: { text: '', signature: markRedacted(block.data) } } }]
    case 'tool-call':
      return [
        {
          toolUse: {
            toolUseId: callIds.next(block.id),
            name: block.name,
            input: encodeInput(block.arguments),
          },
        },
      ]
    default:
      return []
  }
}

function encodeText(text: string, cited: readonly JsonObject[]): JsonObject {
  const citations = cited.flatMap((citation) => encodeCitation(citation) ?? [])
  return citations.length === 0 ? { text } : { citationsContent: { content: [{ text }], citations } }
}

/** What is no JSON goes as the model wrote it: the tool's own check refuses it, and the model is told. */
function encodeInput(json: string): unknown {
  try {
    return parseForOutput(json) ?? {}
  } catch {
    return json
  }
}
