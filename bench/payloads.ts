/** Bodies and answers of the benchmark: a captured agent request, grown with turns of word-like text. */
import { readFileSync } from 'node:fs'

const CAPTURE = new URL('../test/data/claude/01-default-two-turns.json', import.meta.url)
const WORDS =
  'the stream parser keeps a partial line between chunks because a frame may end anywhere so the next call begins where the last one stopped and const value = map.get(key) returns undefined unless the entry was written before'.split(
    ' ',
  )

/** Text that reads like prose and code: tokenizers are quadratic on one long run of a letter, and no agent sends one. */
export function words(bytes: number, seed = 1): string {
  let text = ''
  for (let index = seed; text.length < bytes; index = (index * 7 + 3) % 9973) text += `${WORDS[index % WORDS.length]}${index % 11 === 0 ? '.\n' : ' '}`
  return text.slice(0, bytes)
}

/** A Messages body of about this many bytes; above a kilobyte it is a captured Claude Code request, grown. */
export function messagesBody(bytes: number, model: string, stream: boolean): Buffer {
  if (bytes <= 2048) {
    const body = { model, max_tokens: 1024, stream, messages: [{ role: 'user', content: '' }] }
    body.messages[0]!.content = words(bytes - JSON.stringify(body).length)
    return Buffer.from(JSON.stringify(body))
  }
  const captured = JSON.parse(readFileSync(CAPTURE, 'utf8')).requests[0].body
  const body = { ...captured, model, stream }
  for (let turn = 1; JSON.stringify(body).length < bytes - 4096; turn++) {
    body.messages.push(
      { role: 'assistant', content: [{ type: 'tool_use', id: `toolu_${turn}`, name: 'Read', input: { file_path: `/src/${turn}.ts` } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: `toolu_${turn}`, content: words(3500, turn) }] },
    )
  }
  return Buffer.from(JSON.stringify(body))
}

export function anthropicJson(): string {
  return JSON.stringify({
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-5',
    content: [{ type: 'text', text: words(400) }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 250, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 100 },
  })
}

/** A stream of this many server-sent events, the first and last ones included. */
export function anthropicEvents(count: number): string[] {
  const event = (data: { type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
  const usage = { input_tokens: 25_000, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 }
  const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: 'claude-sonnet-5', content: [], stop_reason: null, stop_sequence: null, usage }
  const events: { type: string }[] = [
    { type: 'message_start', message } as never,
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as never,
  ]
  for (let index = 0; events.length < count - 3; index++) {
    events.push({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: words(12, index + 1) } } as never)
  }
  events.push({ type: 'content_block_stop', index: 0 } as never)
  events.push({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: count } } as never)
  events.push({ type: 'message_stop' })
  return events.map(event)
}

/** The same answer as Chat Completions chunks. */
export function chatChunks(count: number): string[] {
  const base = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'gpt-5' }
  const chunk = (delta: object, finish: string | null = null) => ({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] })
  const chunks: object[] = [chunk({ role: 'assistant', content: '' })]
  for (let index = 0; chunks.length < count - 3; index++) chunks.push(chunk({ content: words(12, index + 1) }))
  chunks.push(chunk({}, 'stop'))
  chunks.push({ ...base, choices: [], usage: { prompt_tokens: 25_000, completion_tokens: count, total_tokens: 25_000 + count } })
  return [...chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`), 'data: [DONE]\n\n']
}
