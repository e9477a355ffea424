import { type Conversation, type OfferedTool, type Turn, textOf } from './conversation.ts'
import { type Json, listOf, pieces } from './json.ts'
import { openAi, SERVER_ERROR } from './openai.ts'
import { checkOpenAiChat } from './openai-chat-check.ts'
import { alwaysThinks, showsReasoning } from './openai-models.ts'
import { findService } from './openai-services.ts'
import {
  EVENT_STREAM,
  type Generation,
  type Operation,
  type ProviderProtocol,
  type StreamEvent,
  serverSentEvent,
} from './protocol.ts'
import { identifier } from './script.ts'

/** The Chat Completions API: `POST …/chat/completions`, `GET …/models[/{id}]`. */
export const openaiChat: ProviderProtocol = {
  name: 'openai-chat',
  operation({ method, path }) {
    if (method === 'POST' && path.endsWith('/chat/completions')) return { kind: 'generate' }
    const models = method === 'GET' ? /\/models(?:\/(.+))?$/.exec(path) : null
    return models ? { kind: 'models', ...(models[1] && { model: decodeURIComponent(models[1]) }) } : undefined
  },
  check: checkOpenAiChat,
  read: readRequest,
  reply(generation) {
    const { text, reasoning, calls } = messageOf(generation)
    const message = {
      role: 'assistant',
      content: text || null,
      refusal: null,
      annotations: [],
      ...(reasoning && { reasoning_content: reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    }
    const choice = { index: 0, message, logprobs: null, finish_reason: finishReason(generation) }
    return { ...envelope(generation, 'chat.completion'), choices: [choice], usage: usageOf(generation) }
  },
  events,
  streamType: () => EVENT_STREAM,
  keepAlive: ': keep-alive\n\n',
  errorEvent: ({ fault }) => {
    const { type = 'server_error', message = SERVER_ERROR } = fault ?? {}
    return serverSentEvent('error', { error: { message, type, param: null, code: null } }, false)
  },
  ...openAi,
}

function readRequest(body: Json, operation: Operation): Conversation {
  const format = body.response_format
  return {
    model: operation.model ?? body.model,
    stream: body.stream === true,
    turns: listOf(body.messages).filter(isTurn).map(readTurn),
    tools: listOf(body.tools).map(readTool),
    stopSequences: [body.stop ?? []].flat(),
    ...(format?.type === 'json_schema' && { jsonSchema: format.json_schema?.schema }),
    thinking: 'shown',
    alwaysThinks: alwaysThinks(String(operation.model ?? body.model)),
    usageInStream: body.stream_options?.include_usage === true,
    asksVerdict: false,
  }
}

const isTurn = (message: Json) => message.role !== 'system' && message.role !== 'developer'

function readTurn(message: Json): Turn {
  if (message.role === 'tool') {
    const result = { id: message.tool_call_id, text: textOf(message.content), isError: false }
    return { role: 'user', texts: [], results: [result] }
  }
  const texts =
    typeof message.content === 'string'
      ? [message.content]
      : listOf(message.content).flatMap((part) => (part.type === 'text' ? [part.text] : []))
  return { role: message.role === 'assistant' ? 'assistant' : 'user', texts, results: [] }
}

const readTool = (tool: Json): OfferedTool =>
  tool.type === 'function'
    ? { name: tool.function?.name, kind: 'function', schema: tool.function?.parameters }
    : { name: tool.type, kind: 'server', type: tool.type }

const envelope = ({ conversation }: Generation, object: string) => ({
  id: `chatcmpl-${identifier()}`,
  object,
  created: Math.floor(Date.now() / 1000),
  model: conversation.model,
  service_tier: 'default',
  system_fingerprint: 'fp_scripted',
})

function finishReason({ answer, fault }: Generation): string | null {
  if (fault?.kind === 'null_stop') return null
  const reasons: Record<string, string> = {
    tool: 'tool_calls',
    end: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    refusal: 'content_filter',
  }
  return reasons[answer.stop] ?? answer.stop
}

/** The answer as one message. `reasoning_content` is what DeepSeek, Kimi and many local servers send. */
function messageOf({ answer, conversation, fault }: Generation) {
  const joined = (type: 'text' | 'thinking') =>
    answer.blocks.flatMap((block) => (block.type === type ? [block.text] : [])).join('')
  const calls = answer.blocks.flatMap((block) => {
    if (block.type !== 'tool') return []
    const input = fault?.kind === 'empty_input' ? {} : block.input
    const called = { name: block.name, arguments: JSON.stringify(input) }
    return [{ id: `call_${block.id}`, type: 'function', function: called }]
  })
  const reasoning = showsReasoning(conversation.model) ? joined('thinking') : ''
  return { text: joined('text'), reasoning, calls }
}

/** OpenAI counts cached tokens as part of the prompt. */
function usageOf({ tokens }: Generation): Json {
  const prompt = tokens.in + tokens.cache_read + tokens.cache_write
  return {
    prompt_tokens: prompt,
    completion_tokens: tokens.out,
    total_tokens: prompt + tokens.out,
    prompt_tokens_details: { cached_tokens: tokens.cache_read, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: tokens.thinking, audio_tokens: 0 },
  }
}

function events(generation: Generation): StreamEvent[] {
  const { answer, conversation, fault } = generation
  const { text, reasoning, calls } = messageOf(generation)
  const size = answer.directive?.chunk ?? 12
  const base = envelope(generation, 'chat.completion.chunk')
  // With usage asked for, every chunk carries the field, null until the last one.
  const usage = conversation.usageInStream ? { usage: null } : {}
  const chunk = (delta: Json, finish_reason: string | null = null, name = 'chunk') =>
    serverSentEvent(
      name,
      { ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...usage },
      false,
    )
  const list = [
    chunk({ role: 'assistant', content: calls.length > 0 && !text ? null : '', refusal: null }),
    ...pieces(reasoning, size).map((reasoning_content) => chunk({ reasoning_content })),
    ...pieces(text, size).map((content) => chunk({ content })),
    ...calls.flatMap((call, index) =>
      callDeltas(call, index, size, fault?.kind).map((delta) => chunk(delta)),
    ),
    chunk({}, finishReason(generation), 'finish'),
  ]
  if (fault?.kind === 'unknown_event') {
    list.splice(1, 0, serverSentEvent('unknown', { ...base, object: 'scripted.unknown', choices: [] }, false))
  }
  if (fault?.kind === 'unknown_block') list.splice(1, 0, chunk({ scripted_unknown: { data: 'x' } }))
  if (conversation.usageInStream && fault?.kind !== 'no_usage') {
    list.push(serverSentEvent('usage', { ...base, choices: [], usage: usageOf(generation) }, false))
  }
  return [...list, { name: 'done', bytes: 'data: [DONE]\n\n' }]
}

function callDeltas(call: Json, index: number, size: number, fault?: string): Json[] {
  const delta = (argument: string) => ({ tool_calls: [{ index, function: { arguments: argument } }] })
  const first = {
    index,
    id: call.id,
    type: 'function',
    function: { name: call.function.name, arguments: '' },
  }
  const opening = { tool_calls: [first] }
  if (fault === 'empty_input') return [opening]
  if (fault === 'empty_delta') return [opening, delta('')]
  if (fault === 'bad_json') return [opening, delta('{"file_path": "/x')]
  return [opening, ...pieces(call.function.arguments, size).map(delta)]
}

/** Everything else that OpenAI offers below the same prefix: embeddings, pictures, sound, files. */
export const openaiServices: ProviderProtocol = {
  ...openaiChat,
  name: 'openai',
  operation(request) {
    const service = findService(request)
    return service && { kind: 'service', service }
  },
}
