import type { Response } from '../../message/collect.ts'
import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { Block, JsonObject, ToolCallBlock } from '../../message/request.ts'
import { parseForOutput } from '../shared/json.ts'
import { isObject, stringOf } from '../shared/object.ts'
import type { Tapped } from '../stream.ts'
import type { EncodeContext, Memo } from '../translation.ts'
import { GeminiAnswer } from './answer.ts'
import { GroundingWriter } from './citations.ts'
import { answerError, isErrorObject } from './error.ts'
import { Carrier } from './signature.ts'
import {
  blockReason,
  firstCandidate,
  partsOf,
  readUsage,
  unifiedFinish,
  unwrap,
  writeFinish,
  writeUsage,
} from './wire.ts'

// ==== From an upstream

/** A whole answer as the events that a stream would give. */
export function decodeResponse(body: JsonObject, memo: Memo, emit: Emit): void {
  const answer = new GeminiAnswer(memo)
  const whole = unwrap(body)
  const isAnswer = firstCandidate(whole) !== undefined || blockReason(whole) !== undefined
  if (!isAnswer && !isErrorObject(whole))
    return answer.fail(
      new GatewayError('upstream_malformed', 'The upstream’s answer has no candidates.'),
      emit,
    )
  try {
    answer.push(whole, emit)
    answer.complete(emit)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    answer.fail(error, emit)
  }
}

/** Usage and the end of a whole answer that goes to the client as it is. Throws the failure that it tells of. */
export function readAnswer(body: JsonObject): Tapped {
  const whole = unwrap(body)
  if (isErrorObject(whole)) throw answerError(whole)
  return {
    usage: readUsage(whole) ?? {},
    finish: readFinish(whole),
    responseId: stringOf(whole.responseId) || undefined,
    model: stringOf(whole.modelVersion) || undefined,
  }
}

/** Of a body or chunk that goes on as it is: a call that the model broke is the client's to deal with. */
export function readFinish(body: JsonObject): Tapped['finish'] {
  const candidate = firstCandidate(body)
  const blocked = blockReason(body)
  if (candidate === undefined) return blocked === undefined ? undefined : { unified: 'refusal', raw: blocked }
  const raw = stringOf(candidate.finishReason)
  if (raw === '') return undefined
  const unified = unifiedFinish(raw)
  if (unified === 'failed') return { unified: 'other', raw }
  const called = partsOf(candidate).some((part) => isObject(part.functionCall))
  return { unified: unified === 'end' && called ? 'tool-calls' : unified, raw }
}

// ==== To a client

export function encodeResponse(response: Response, context: EncodeContext): JsonObject {
  const carrier = new Carrier()
  const grounding = new GroundingWriter()
  let brokenCall: string | undefined
  const parts = response.content.flatMap((block) => {
    const made = encodeBlock(block, carrier, grounding)
    if (made === undefined && block.type === 'tool-call') brokenCall = block.arguments
    return made ?? []
  })
  const candidate = {
    content: { parts: parts.length === 0 ? [{ text: '' }] : parts, role: 'model' },
    ...endOf(writeFinish(response.finish), brokenCall),
    index: 0,
    ...grounding.fields(),
  }
  return {
    candidates: [candidate],
    usageMetadata: writeUsage({ inputTokens: context.inputTokensEstimate, ...response.usage }),
    modelVersion: context.requestedModel,
    responseId: response.id ?? context.responseId,
  }
}

/** Undefined: a call that cannot be told. */
function encodeBlock(block: Block, carrier: Carrier, grounding: GroundingWriter): JsonObject[] | undefined {
  switch (block.type) {
    case 'text': {
      for (const citation of block.citations ?? []) grounding.cite(citation)
      if (block.text === '') return []
      const signature = carrier.forText()
      return [{ text: block.text, ...(signature !== undefined && { thoughtSignature: signature }) }]
    }
    case 'thinking':
      carrier.add(block)
      return block.text === '' ? [] : [{ text: block.text, thought: true }]
    case 'redacted-thinking':
      carrier.add(block)
      return []
    case 'tool-call': {
      const part = callPart(block, carrier)
      return part === undefined ? undefined : [part]
    }
    case 'opaque':
      grounding.block(block)
      return []
    default:
      return []
  }
}

/** A call as the one part that it is here; undefined when its arguments are no JSON object. */
export function callPart(
  { id, name, arguments: json }: Pick<ToolCallBlock, 'id' | 'name' | 'arguments'>,
  carrier: Carrier,
): JsonObject | undefined {
  const args = readArguments(json)
  if (args === undefined) return undefined
  const signature = carrier.forCall()
  const functionCall = { ...(id !== '' && { id }), name, args }
  return { functionCall, ...(signature !== undefined && { thoughtSignature: signature }) }
}

/** Any JSON.stringify writes them with all of their digits. */
function readArguments(json: string): JsonObject | undefined {
  if (json.trim() === '') return {}
  try {
    const args = parseForOutput(json)
    return args === null ? {} : isObject(args) ? args : undefined
  } catch {
    return undefined
  }
}

/** A call that was cut off by the limit must not be run; any other broken one is told in Gemini's own word. */
export function endOf(reason: string, brokenCall: string | undefined): JsonObject {
  if (brokenCall === undefined || reason === 'MAX_TOKENS') return { finishReason: reason }
  return {
    finishReason: 'MALFORMED_FUNCTION_CALL',
    finishMessage: `Malformed function call: ${brokenCall.slice(0, BROKEN_MAX_LENGTH)}`,
  }
}

const BROKEN_MAX_LENGTH = 1000
