import { type Json, pieces } from './json.ts'
import type { Generation } from './protocol.ts'
import { type Block, identifier } from './script.ts'
import { sign } from './signature.ts'

/** What ids have behind their prefix on a cloud. */
export type HostMark = '' | 'vrtx_' | 'bdrk_'

/** A whole answer. */
export const claudeReply = (generation: Generation, host: HostMark = ''): Json => ({
  ...envelope(generation, host),
  content: contentOf(generation, host),
  stop_reason: stopReason(generation),
  stop_sequence: generation.answer.stopSequence ?? null,
  ...verdict(generation, host),
  usage: usageOf(generation),
})

const envelope = ({ conversation }: Generation, host: HostMark) => ({
  id: `msg_${host}${identifier()}`,
  type: 'message',
  role: 'assistant',
  model: conversation.model,
})

const stopReason = ({ answer, fault }: Generation) =>
  fault?.kind === 'null_stop' ? null : ({ tool: 'tool_use', end: 'end_turn' }[answer.stop] ?? answer.stop)

function contentOf({ answer, conversation, fault }: Generation, host: HostMark): Json[] {
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
        return [{ type: 'tool_use', id: `toolu_${host}${block.id}`, name: block.name, input }]
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
  const { cache_write_1h = 0 } = tokens
  return {
    input_tokens: tokens.in,
    cache_creation_input_tokens: tokens.cache_write,
    cache_read_input_tokens: tokens.cache_read,
    cache_creation: {
      ephemeral_5m_input_tokens: tokens.cache_write - cache_write_1h,
      ephemeral_1h_input_tokens: cache_write_1h,
    },
    output_tokens: tokens.out,
    ...(tokens.thinking > 0 && { output_tokens_details: { thinking_tokens: tokens.thinking } }),
    ...(searches > 0 && { server_tool_use: { web_search_requests: searches } }),
  }
}

/** The safety verdict on the turn's tool calls: in `message_delta` of a stream, at the top level otherwise. */
function verdict({ answer, conversation }: Generation, host: HostMark): Json {
  const outcome = answer.directive?.safeguard
  if (!outcome || !conversation.asksVerdict) return {}
  const each = outcome === 'unavailable' ? { type: outcome, reason: 'error' } : { type: 'evaluated', outcome }
  const calls = answer.blocks.filter((block) => block.type === 'tool')
  const tool_uses = Object.fromEntries(calls.map((call) => [`toolu_${host}${call.id}`, each]))
  const status = outcome === 'unsupported' ? { type: outcome } : { type: 'available', tool_uses }
  return { safeguard_results: [{ type: 'dangerous_tool_use', status }] }
}

/** The events of a streamed answer, before any framing. */
export function claudeEvents(generation: Generation, host: HostMark = ''): Json[] {
  const { answer, fault } = generation
  const usage = usageOf(generation)
  const silent = fault?.kind === 'no_usage'
  const list: Json[] = contentOf(generation, host).flatMap((block, index) =>
    blockEvents(generation, block, index),
  )
  if (answer.directive?.ping !== false) list.splice(1, 0, { type: 'ping' })
  if (fault?.kind === 'unknown_event') list.splice(2, 0, { type: 'scripted_unknown_event', hello: 'world' })
  if (fault?.kind === 'unknown_block') list.push(...unknownBlock(answer.blocks.length))
  const message = { ...envelope(generation, host), content: [], stop_reason: null, stop_sequence: null }
  const delta = {
    stop_reason: stopReason(generation),
    stop_sequence: answer.stopSequence ?? null,
    ...verdict(generation, host),
  }
  return [
    {
      type: 'message_start',
      message: { ...message, ...(!silent && { usage: { ...usage, output_tokens: 1 } }) },
    },
    ...list,
    { type: 'message_delta', delta, ...(!silent && { usage }) },
    { type: 'message_stop' },
  ]
}

/** An error in the middle of a stream. */
export const claudeError = ({ fault }: Generation): Json => ({
  type: 'error',
  error: { type: fault?.type ?? 'overloaded_error', message: fault?.message ?? 'Overloaded' },
})

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
