import { type EventMessage, encodeMessage } from './aws-event-stream.ts'
import { claudeEvents } from './anthropic-answer.ts'
import { type Json, pieces } from './json.ts'
import type { Generation, StreamEvent } from './protocol.ts'
import { sign } from './signature.ts'

const STOPS: Record<string, string> = { tool: 'tool_use', end: 'end_turn', refusal: 'content_filtered' }

export const converseReply = (generation: Generation): Json => ({
  metrics: { latencyMs: 7 },
  output: { message: { content: contentOf(generation), role: 'assistant' } },
  stopReason: stopOf(generation),
  usage: usageOf(generation),
})

/** A streamed answer. Text and reasoning begin without an event of their own, and usage comes last of all. */
export function converseEvents(generation: Generation): StreamEvent[] {
  const { fault } = generation
  const list: [string, Json][] = [
    ['messageStart', { role: 'assistant' }],
    ...contentOf(generation).flatMap((block, index) => blockEvents(generation, block, index)),
    ['messageStop', { stopReason: fault?.kind === 'null_stop' ? null : stopOf(generation) }],
  ]
  if (fault?.kind === 'unknown_event') list.splice(1, 0, ['scriptedUnknown', { hello: 'world' }])
  if (fault?.kind === 'unknown_block') {
    const start = { contentBlockIndex: 99, start: { scripted_unknown: { data: 'x' } } }
    list.splice(-1, 0, ['contentBlockStart', start], ['contentBlockStop', { contentBlockIndex: 99 }])
  }
  if (fault?.kind !== 'no_usage') {
    list.push(['metadata', { metrics: { latencyMs: 7 }, usage: usageOf(generation) }])
  }
  return list.map(([type, data]) => event(type, data))
}

/** Claude's own events, each in a chunk, without the pings that Bedrock does not send. */
export function invokeEvents(generation: Generation): StreamEvent[] {
  const { tokens } = generation
  const metrics = {
    inputTokenCount: tokens.in,
    outputTokenCount: tokens.out,
    invocationLatency: 7,
    firstByteLatency: 3,
    cacheReadInputTokenCount: tokens.cache_read,
    cacheWriteInputTokenCount: tokens.cache_write,
  }
  return claudeEvents(generation, 'bdrk_')
    .filter(({ type }) => type !== 'ping')
    .map((one) =>
      one.type === 'message_stop' ? { ...one, 'amazon-bedrock-invocationMetrics': metrics } : one,
    )
    .map((one) => {
      const bytes = Buffer.from(JSON.stringify(one)).toString('base64')
      return { ...event('chunk', { bytes }), name: one.type }
    })
}

/** A failure in mid-stream. */
export function bedrockError({ fault }: Generation): StreamEvent {
  const type = fault?.type ?? 'throttlingException'
  const headers = {
    ':exception-type': type,
    ':content-type': 'application/json',
    ':message-type': 'exception',
  }
  const message = fault?.message ?? 'Too many requests, please wait before trying again.'
  return { name: 'error', bytes: framed(headers, { message }) }
}

/** Bedrock pads its events, so that their lengths say nothing of the words in them. */
const event = (type: string, data: Json): StreamEvent => ({
  name: type,
  bytes: framed(
    { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' },
    { ...data, p: 'abcdefghijklmnop' },
  ),
})

const framed = (headers: EventMessage['headers'], data: Json) =>
  encodeMessage({ headers, payload: Buffer.from(JSON.stringify(data)) })

const stopOf = ({ answer }: Generation) => STOPS[answer.stop] ?? answer.stop

/** Input does not include what the cache held and took. */
function usageOf({ tokens }: Generation): Json {
  const { cache_write_1h = 0 } = tokens
  const written = [
    { ttl: '1h', inputTokens: cache_write_1h },
    { ttl: '5m', inputTokens: tokens.cache_write - cache_write_1h },
  ].filter(({ inputTokens }) => inputTokens > 0)
  return {
    inputTokens: tokens.in,
    outputTokens: tokens.out,
    totalTokens: tokens.in + tokens.out + tokens.cache_read + tokens.cache_write,
    cacheReadInputTokens: tokens.cache_read,
    cacheWriteInputTokens: tokens.cache_write,
    ...(written.length > 0 && { cacheDetails: written }),
  }
}

function contentOf({ answer, conversation, fault }: Generation): Json[] {
  return answer.blocks.flatMap((block): Json[] => {
    switch (block.type) {
      case 'text':
        return [{ text: block.text }]
      case 'thinking': {
        if (conversation.thinking === 'off') return []
        const text = conversation.thinking === 'shown' ? block.text : ''
        return [{ reasoningContent: { reasoningText: { text, signature: sign(text) } } }]
      }
      case 'tool': {
        const input = fault?.kind === 'empty_input' ? {} : block.input
        return [{ toolUse: { input, name: block.name, toolUseId: `tooluse_${block.id}` } }]
      }
      case 'web_search':
        return []
    }
  })
}

function blockEvents(
  { answer, fault }: Generation,
  block: Json,
  contentBlockIndex: number,
): [string, Json][] {
  const size = answer.directive?.chunk ?? 12
  const delta = (one: Json): [string, Json] => ['contentBlockDelta', { contentBlockIndex, delta: one }]
  const stop: [string, Json] = ['contentBlockStop', { contentBlockIndex }]
  if (block.text !== undefined) return [...pieces(block.text, size).map((text) => delta({ text })), stop]
  if (block.reasoningContent) {
    const { text, signature } = block.reasoningContent.reasoningText
    const deltas = pieces(text, size).map((one) => delta({ reasoningContent: { text: one } }))
    return [...deltas, delta({ reasoningContent: { signature } }), stop]
  }
  const { name, toolUseId, input } = block.toolUse
  const partials = inputPieces(input, size, fault?.kind)
  return [
    ['contentBlockStart', { contentBlockIndex, start: { toolUse: { name, toolUseId } } }],
    ...partials.map((one) => delta({ toolUse: { input: one } })),
    stop,
  ]
}

/** A call without arguments has no delta, or an empty one. */
function inputPieces(input: Json, size: number, fault?: string): string[] {
  if (fault === 'empty_input') return []
  if (fault === 'empty_delta') return ['']
  if (fault === 'bad_json') return ['{"file_path": "/x']
  return Object.keys(input).length > 0 ? pieces(JSON.stringify(input), size) : ['']
}
