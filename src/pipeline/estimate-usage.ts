import type { Event } from '../message/event.ts'
import type { Usage } from '../message/usage.ts'
import { totalInputTokens } from '../message/usage.ts'
import { estimateTokens } from '../models/estimate.ts'
import type { JsonObject } from '../message/request.ts'
import { clientFraming } from './call.ts'
import type { Call } from './call.ts'
import type { InboundRequest } from './read-request.ts'

/** A token is about four bytes of JSON text. */
export const BYTES_PER_TOKEN = 4

/** What a client got, as far as it was kept. */
export interface KeptAnswer {
  readonly parts: readonly (Buffer | string)[]
  readonly keptBytes: number
  readonly bytes: number
}

/**
 * Usage of an answer that was cut, or that its upstream reported none of: providers bill what they made, also when a
 * client left. Claude says at the beginning how much it read, and only at the end how much it wrote, so that an
 * interrupted hour of thinking looked like one token. What was reported is never lessened.
 */
export function estimateUsage(
  call: Call,
  request: InboundRequest,
  answer: KeptAnswer,
  reported: Usage,
): Usage {
  const scale = answer.keptBytes === 0 ? 0 : answer.bytes / answer.keptBytes
  const written = Math.ceil(writtenTokens(call, request.stream, answer.parts) * scale)
  const inputTokens =
    totalInputTokens(reported) > 0 ? reported.inputTokens : Math.ceil(request.bodyBytes / BYTES_PER_TOKEN)
  return { ...reported, inputTokens, outputTokens: Math.max(reported.outputTokens, written) }
}

/** Tokens of all text, thinking and arguments in the bytes, of which the last may be cut anywhere. */
function writtenTokens(call: Call, isStream: boolean, parts: readonly (Buffer | string)[]): number {
  let text = ''
  const read = (event: Event) => {
    if (event.type === 'block-start' && event.block.type === 'tool-call') text += event.block.name
    if (event.type !== 'delta') return
    const { delta } = event
    if (delta.type === 'text' || delta.type === 'thinking') text += delta.text
    else if (delta.type === 'arguments') text += delta.json
  }
  const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)))
  try {
    decode(call, isStream, bytes, read)
  } catch {
    // Of a stream, what came before is read; an answer in one piece that was cut is no JSON.
    if (!isStream) text = bytes.toString('utf8')
  }
  return estimateTokens(text)
}

function decode(call: Call, isStream: boolean, bytes: Buffer, read: (event: Event) => void): void {
  const { protocol } = call
  if (!isStream) return protocol.response.decode(JSON.parse(bytes.toString('utf8')) as JsonObject, {}, read)
  const decoder = protocol.stream.decoder({})
  const reader = clientFraming(call).reader((frame) => decoder.push(frame, read))
  reader.push(bytes)
}
