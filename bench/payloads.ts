/** Bodies and answers of the benchmark: a captured agent request, grown with turns of word-like text. */
import { readFileSync } from 'node:fs'

const CAPTURE = new URL('../test/data/claude/default-second-turn.json', import.meta.url)

const WORDS = (
  'the stream parser keeps a partial line between chunks because a frame may end anywhere so the next call ' +
  'begins where the last one stopped and const value = map.get(key) returns undefined unless the entry was ' +
  'written before'
).split(' ')

/**
 * Text that reads like prose and code: tokenizers are quadratic on one long run of a letter, and no agent sends
 * one. Every `seed` gives other text.
 */
export function words(bytes: number, seed = 1): string {
  let text = ''
  let state = seed
  while (text.length < bytes) {
    state = (state * 48_271) % 2_147_483_647
    text += WORDS[state % WORDS.length] + (state % 11 === 0 ? '.\n' : ' ')
  }
  return text.slice(0, bytes)
}

/** A Messages body of this many bytes, within a turn; above a few KB it is a captured Claude Code request, grown. */
export function messagesBody(bytes: number, model: string, stream: boolean): Buffer {
  if (bytes < 4096) {
    const body = { model, max_tokens: 1024, stream, messages: [{ role: 'user', content: '' }] }
    body.messages[0]!.content = words(bytes - JSON.stringify(body).length)
    return Buffer.from(JSON.stringify(body))
  }
  const captured = JSON.parse(readFileSync(CAPTURE, 'utf8')) as { messages: object[] }
  const body = { ...captured, model, stream, messages: [...captured.messages] }
  let size = JSON.stringify(body).length
  for (let turn = 1; size < bytes; turn++) {
    const added = toolTurn(turn, Math.min(3500, Math.max(1, bytes - size)))
    body.messages.push(...added)
    size += JSON.stringify(added).length
  }
  return Buffer.from(JSON.stringify(body))
}

function toolTurn(turn: number, resultBytes: number): object[] {
  const id = `toolu_${turn}`
  const call = { type: 'tool_use', id, name: 'Read', input: { file_path: `/src/${turn}.ts` } }
  const result = { type: 'tool_result', tool_use_id: id, content: words(resultBytes, turn) }
  return [
    { role: 'assistant', content: [call] },
    { role: 'user', content: [result] },
  ]
}

const USAGE = {
  input_tokens: 25_000,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 1,
}
const MESSAGE = { id: 'msg_bench', type: 'message', role: 'assistant', model: 'claude-sonnet-5' }

/** A whole answer of about half a kilobyte. */
export function anthropicJson(): string {
  const content = [{ type: 'text', text: words(400) }]
  return JSON.stringify({ ...MESSAGE, content, stop_reason: 'end_turn', stop_sequence: null, usage: USAGE })
}

/** A Messages stream of this many events, the first and the last ones included; each a few tokens of text. */
export function anthropicEvents(count: number): string[] {
  const message = { ...MESSAGE, content: [], stop_reason: null, stop_sequence: null, usage: USAGE }
  const stop = { stop_reason: 'end_turn', stop_sequence: null }
  const head = [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ]
  const tail = [
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: stop, usage: { output_tokens: count } },
    { type: 'message_stop' },
  ]
  const deltas = Array.from({ length: count - head.length - tail.length }, (_, index) => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: words(12, index + 1) },
  }))
  return [...head, ...deltas, ...tail].map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`)
}

/** The same as Chat Completions chunks. */
export function chatChunks(count: number): string[] {
  const base = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'gpt-5' }
  const chunk = (delta: object, finish: string | null = null) => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const usage = { prompt_tokens: 25_000, completion_tokens: count, total_tokens: 25_000 + count }
  const deltas = Array.from({ length: count - 4 }, (_, index) => chunk({ content: words(12, index + 1) }))
  const chunks = [
    chunk({ role: 'assistant', content: '' }),
    ...deltas,
    chunk({}, 'stop'),
    { ...base, choices: [], usage },
  ]
  return [...chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`), 'data: [DONE]\n\n']
}
