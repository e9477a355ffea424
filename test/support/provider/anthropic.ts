import { authenticateAnthropic, checkAnthropic } from './anthropic-check.ts'
import { type Conversation, type OfferedTool, type Turn, textOf } from './conversation.ts'
import { type Json, listOf, pieces } from './json.ts'
import type { Generation, ProviderProtocol, Refusal, StreamEvent } from './protocol.ts'
import { serverSentEvent } from './protocol.ts'
import { type Block, identifier } from './script.ts'
import { sign } from './signature.ts'

/** The Messages API: `POST …/v1/messages`, `POST …/v1/messages/count_tokens`, `GET …/v1/models[/{id}]`. */
export const anthropic: ProviderProtocol = {
  name: 'anthropic',
  operation(method, path, headers) {
    if (method === 'POST' && path.endsWith('/messages')) return { kind: 'generate' }
    if (method === 'POST' && path.endsWith('/messages/count_tokens')) return { kind: 'count_tokens' }
    // OpenAI serves the same path; the version header tells who is asked.
    const models = headers['anthropic-version'] ? /\/models(?:\/(.+))?$/.exec(path) : null
    if (method !== 'GET' || !models) return undefined
    return { kind: 'models', ...(models[1] && { model: decodeURIComponent(models[1]) }) }
  },
  authenticate: authenticateAnthropic,
  check: checkAnthropic,
  serves: (model) => model.startsWith('claude-'),
  unknownModel: (model) => ({ status: 404, message: `model: ${model}` }),
  read: readRequest,
  reply: (generation) => ({
    ...envelope(generation),
    content: contentOf(generation),
    stop_reason: stopReason(generation),
    stop_sequence: generation.answer.stopSequence ?? null,
    ...verdict(generation),
    usage: usageOf(generation),
  }),
  events,
  streamType: 'text/event-stream; charset=utf-8',
  keepAlive: 'event: ping\ndata: {"type": "ping"}\n\n',
  errorEvent: (type = 'overloaded_error', message = 'Overloaded') =>
    serverSentEvent('error', { type: 'error', error: { type, message } }, true),
  error: (refusal) => ({
    type: 'error',
    error: { type: refusal.type ?? errorType(refusal), message: refusal.message },
    request_id: `req_${identifier()}`,
  }),
  models(ids, id) {
    const model = (one: string) => ({
      type: 'model',
      id: one,
      display_name: one,
      created_at: '2026-01-01T00:00:00Z',
    })
    if (id) return model(id)
    return { data: ids.map(model), has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null }
  },
  tokenCount: (tokens) => ({ input_tokens: tokens }),
  responseHeaders: () => ({ 'request-id': `req_${identifier()}` }),
}

function readRequest(body: Json): Conversation {
  const format = body.output_config?.format ?? body.output_format
  return {
    model: body.model,
    stream: body.stream === true,
    turns: listOf(body.messages).map(readTurn),
    tools: listOf(body.tools).map(readTool),
    stopSequences: listOf(body.stop_sequences),
    ...(format?.type === 'json_schema' && { jsonSchema: format.schema }),
    thinking: readThinking(body.thinking),
    usageInStream: true,
    asksVerdict: Array.isArray(body.safeguards),
  }
}

/** A `role: "system"` message in the middle counts as a user turn: it may not hide a directive, nor hold one. */
function readTurn(message: Json): Turn {
  const blocks =
    typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : listOf(message.content)
  return {
    role: message.role === 'assistant' ? 'assistant' : 'user',
    texts: blocks.filter((block) => block.type === 'text').map((block) => block.text),
    results: blocks
      .filter((block) => block.type === 'tool_result')
      .map((block) => ({
        id: block.tool_use_id,
        text: textOf(block.content),
        isError: block.is_error === true,
      })),
  }
}

const readTool = (tool: Json): OfferedTool => ({
  name: tool.name,
  kind: tool.type && tool.type !== 'custom' ? 'server' : 'function',
  ...(tool.type && { type: tool.type }),
  schema: tool.input_schema,
})

function readThinking(thinking: Json): Conversation['thinking'] {
  if (!thinking || thinking.type === 'disabled') return 'off'
  return thinking.display === 'omitted' ? 'hidden' : 'shown'
}

const envelope = ({ conversation }: Generation) => ({
  id: `msg_${identifier()}`,
  type: 'message',
  role: 'assistant',
  model: conversation.model,
})

const stopReason = ({ answer, fault }: Generation) =>
  fault?.kind === 'null_stop' ? null : ({ tool: 'tool_use', end: 'end_turn' }[answer.stop] ?? answer.stop)

function contentOf({ answer, conversation, fault }: Generation): Json[] {
  return answer.blocks.flatMap((block): Json[] => {
    switch (block.type) {
      case 'text':
        return [block]
      case 'thinking': {
        if (conversation.thinking === 'off') return []
        const shown = conversation.thinking === 'shown' ? block.text : ''
        return [{ type: 'thinking', thinking: shown, signature: sign(shown) }]
      }
      case 'tool': {
        const input = fault?.kind === 'empty_input' ? {} : block.input
        return [{ type: 'tool_use', id: `toolu_${block.id}`, name: block.name, input }]
      }
      case 'web_search':
        return searchBlocks(block)
    }
  })
}

function searchBlocks({ id, query }: Extract<Block, { type: 'web_search' }>): Json[] {
  const found = {
    url: 'https://example.com/',
    title: 'Scripted result',
    encrypted_content: 'c2NyaXB0',
    page_age: null,
  }
  return [
    { type: 'server_tool_use', id, name: 'web_search', input: { query } },
    { type: 'web_search_tool_result', tool_use_id: id, content: [{ type: 'web_search_result', ...found }] },
  ]
}

function usageOf({ tokens, answer }: Generation): Json {
  const searches = answer.blocks.filter((block) => block.type === 'web_search').length
  return {
    input_tokens: tokens.in,
    cache_creation_input_tokens: tokens.cache_write,
    cache_read_input_tokens: tokens.cache_read,
    output_tokens: tokens.out,
    ...(tokens.thinking > 0 && { output_tokens_details: { thinking_tokens: tokens.thinking } }),
    ...(searches > 0 && { server_tool_use: { web_search_requests: searches } }),
  }
}

/** The safety verdict on the turn's tool calls: in `message_delta` of a stream, at the top level otherwise. */
function verdict({ answer, conversation }: Generation): Json {
  const outcome = answer.directive?.safeguard
  if (!outcome || !conversation.asksVerdict) return {}
  const each = outcome === 'unavailable' ? { type: outcome, reason: 'error' } : { type: 'evaluated', outcome }
  const calls = answer.blocks.filter((block) => block.type === 'tool')
  const tool_uses = Object.fromEntries(calls.map((call) => [`toolu_${call.id}`, each]))
  const status = outcome === 'unsupported' ? { type: outcome } : { type: 'available', tool_uses }
  return { safeguard_results: [{ type: 'dangerous_tool_use', status }] }
}

function events(generation: Generation): StreamEvent[] {
  const { answer, fault } = generation
  const usage = usageOf(generation)
  const silent = fault?.kind === 'no_usage'
  const list: Json[] = contentOf(generation).flatMap((block, index) => blockEvents(generation, block, index))
  if (answer.directive?.ping !== false) list.splice(1, 0, { type: 'ping' })
  if (fault?.kind === 'unknown_event') list.splice(2, 0, { type: 'scripted_unknown_event', hello: 'world' })
  if (fault?.kind === 'unknown_block') list.push(...unknownBlock(answer.blocks.length))
  const message = { ...envelope(generation), content: [], stop_reason: null, stop_sequence: null }
  const delta = {
    stop_reason: stopReason(generation),
    stop_sequence: answer.stopSequence ?? null,
    ...verdict(generation),
  }
  return [
    {
      type: 'message_start',
      message: { ...message, ...(!silent && { usage: { ...usage, output_tokens: 1 } }) },
    },
    ...list,
    { type: 'message_delta', delta, ...(!silent && { usage }) },
    { type: 'message_stop' },
  ].map((event) => serverSentEvent(event.type, event, true))
}

function blockEvents({ answer, fault }: Generation, block: Json, index: number): Json[] {
  const size = answer.directive?.chunk ?? 12
  const start = (content_block: Json) => ({ type: 'content_block_start', index, content_block })
  const delta = (one: Json) => ({ type: 'content_block_delta', index, delta: one })
  const stop = { type: 'content_block_stop', index }
  switch (block.type) {
    case 'text': {
      const deltas = pieces(block.text, size).map((text) => delta({ type: 'text_delta', text }))
      return [start({ ...block, text: '' }), ...deltas, stop]
    }
    case 'thinking': {
      const deltas = pieces(block.thinking, size).map((thinking) =>
        delta({ type: 'thinking_delta', thinking }),
      )
      const signature = delta({ type: 'signature_delta', signature: block.signature })
      return [start({ ...block, thinking: '', signature: '' }), ...deltas, signature, stop]
    }
    case 'tool_use':
    case 'server_tool_use': {
      const partials = inputPieces(block.input, size, fault?.kind)
      const deltas = partials.map((partial_json) => delta({ type: 'input_json_delta', partial_json }))
      return [start({ ...block, input: {} }), ...deltas, stop]
    }
    default:
      return [start(block), stop]
  }
}

/** Claude opens every tool input with an empty piece, and sends nothing more for an empty input. */
function inputPieces(input: Json, size: number, fault?: string): string[] {
  if (fault === 'empty_input') return []
  if (fault === 'empty_delta') return ['']
  if (fault === 'bad_json') return ['', '{"file_path": "/x']
  return ['', ...(Object.keys(input).length > 0 ? pieces(JSON.stringify(input), size) : [])]
}

const unknownBlock = (index: number): Json[] => [
  { type: 'content_block_start', index, content_block: { type: 'scripted_unknown_block', data: 'x' } },
  { type: 'content_block_stop', index },
]

function errorType({ status }: Refusal): string {
  const types: Record<number, string> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    402: 'billing_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    422: 'invalid_request_error',
    429: 'rate_limit_error',
    504: 'timeout_error',
    529: 'overloaded_error',
  }
  return types[status] ?? 'api_error'
}
