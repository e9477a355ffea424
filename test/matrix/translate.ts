import { sseText } from '../../src/wire/framing.ts'
import type { JsonObject } from '../../src/message/request.ts'
import type { ModelFacts } from '../../src/models/catalogue.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import type { Quirks } from '../../src/protocols/quirks.ts'
import type { EncodeContext, Memo } from '../../src/protocols/translation.ts'
import { stopAt } from '../../src/protocols/shared/stop-sequences.ts'
import { checked } from '../../src/message/grammar.ts'
import { readFrame, SseFramer } from '../../src/wire/sse.ts'

/** A model that reasons, one that does not, and one that nobody knows. */
export const MODELS = {
  'gpt-5': {
    id: 'gpt-5',
    reasoning: true,
    efforts: ['minimal', 'low', 'medium', 'high'],
    maxOutputTokens: 128_000,
    inputKinds: ['text', 'image', 'pdf'],
  },
  'gpt-5.4': {
    id: 'gpt-5.4',
    reasoning: true,
    efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
    maxOutputTokens: 128_000,
  },
  'gpt-4o': { id: 'gpt-4o', reasoning: false, maxOutputTokens: 16_384 },
  'deepseek-v4': { id: 'deepseek-v4', reasoning: true, efforts: ['high', 'max'], inputKinds: ['text'] },
} as const satisfies Record<string, ModelFacts>

export interface ToChat {
  model?: keyof typeof MODELS | (string & {})
  facts?: ModelFacts
  quirks?: Quirks
}

/** An Anthropic body as the Chat Completions body that it becomes. What the row does not say is filled in. */
export function toChat(from: JsonObject, { model = 'gpt-4o', facts, quirks = {} }: ToChat = {}) {
  const decoded = anthropic.request.decode({
    model: 'claude-opus-5-5',
    max_tokens: 4096,
    messages: [user('Hi')],
    ...from,
  })
  const known = (MODELS as Record<string, ModelFacts>)[model]
  const encoded = openaiChat.request.encode(decoded.request, { model, facts: facts ?? known, quirks })
  const warnings = [...decoded.warnings, ...encoded.warnings]
  return {
    body: JSON.parse(encoded.body.join('')) as JsonObject,
    text: encoded.body.join(''),
    memo: encoded.memo,
    /** Readable: `dropped top_k`. */
    warnings: warnings.map(({ kind, field }) => `${kind} ${field}`),
  }
}

export function user(...content: unknown[]): JsonObject {
  return {
    role: 'user',
    content: content.length === 1 && typeof content[0] === 'string' ? content[0] : content,
  }
}

export function assistant(...content: unknown[]): JsonObject {
  return {
    role: 'assistant',
    content: content.length === 1 && typeof content[0] === 'string' ? content[0] : content,
  }
}

export const text = (value: string) => ({ type: 'text', text: value })
export const toolUse = (id: string, name = 'Bash', input: unknown = { command: id }) => ({
  type: 'tool_use',
  id,
  name,
  input,
})
export const toolResult = (id: string, content?: unknown, more: JsonObject = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  ...(content !== undefined && { content }),
  ...more,
})

export const CONTEXT: EncodeContext = {
  requestedModel: 'claude-opus-5-5',
  responseId: 'msg_gateway',
  inputTokensEstimate: 1000,
  created_s: 1_760_000_000,
}

/** One SSE event as the client gets it. */
export interface ClientEvent {
  type: string
  [field: string]: unknown
}

/** An upstream's bytes as the events that a Claude client gets; the grammar is checked on the way. */
export function throughStream(bytes: Uint8Array | readonly Uint8Array[], memo: Memo = {}): ClientEvent[] {
  const decoder = openaiChat.stream.decoder(memo)
  const encoder = anthropic.stream.encoder(CONTEXT)
  let wire = ''
  const write = (name: string, data: string) => (wire += sseText(name, data))
  const encode = checked((event) => encoder.push(event, write))
  const emit = stopAt(memo.enforceStop, encode)
  const framer = new SseFramer((frameBytes, start, end) => {
    const frame = readFrame(frameBytes, start, end)
    if (frame !== undefined) decoder.push(frame, emit)
  })
  for (const part of bytes instanceof Uint8Array ? [bytes] : bytes) framer.push(part)
  framer.end()
  decoder.end(emit)
  return clientEvents(wire)
}

function clientEvents(wire: string): ClientEvent[] {
  return wire
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const [event, data] = frame.split('\n')
      const body = JSON.parse(data!.replace(/^data: /, '')) as ClientEvent
      if (event !== `event: ${body.type}`) throw new Error(`${event} names another event than ${body.type}`)
      return body
    })
}

/** Chunks as an upstream writes them, with `[DONE]` unless the row ends otherwise. */
export function sse(...chunks: (JsonObject | string)[]): Uint8Array {
  const frames = chunks.map((body) => `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`)
  return new TextEncoder().encode(frames.join(''))
}

export const DONE = '[DONE]'

export function chunk(
  delta: JsonObject,
  finish_reason: string | null = null,
  more: JsonObject = {},
): JsonObject {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, delta, finish_reason }],
    ...more,
  }
}

export const usageChunk = (usage: JsonObject): JsonObject => ({ ...chunk({}), choices: [], usage })

/** The part of a stream that a developer reads, one line an event: `text_delta 0 Hello`. */
export function gist(events: readonly ClientEvent[]): string[] {
  return events.map((event) => {
    const block = event['content_block'] as Record<string, string> | undefined
    const delta = event['delta'] as Record<string, string> | undefined
    switch (event.type) {
      case 'content_block_start':
        return ['start', String(event['index']), block!['type'], block!['id'], block!['name']]
          .filter((part) => part !== undefined)
          .join(' ')
      case 'content_block_delta':
        return `${delta!['type']} ${String(event['index'])} ${delta!['text'] ?? delta!['thinking'] ?? delta!['partial_json'] ?? ''}`.trimEnd()
      case 'content_block_stop':
        return `stop ${String(event['index'])}`
      case 'message_delta':
        return `message_delta ${String(delta!['stop_reason'])}`
      case 'error':
        return `error ${String((event['error'] as JsonObject)['type'])}`
      default:
        return event.type
    }
  })
}
