import { readFileSync } from 'node:fs'

export interface Turn {
  request: Buffer
  response: Buffer
}

interface Message {
  role: 'user' | 'assistant'
  content: Record<string, unknown>[]
}

const EPHEMERAL = { type: 'ephemeral' }
const CALLED = { type: 'tool_use', id: 'toolu_0', name: 'Read', input: {} }

/**
 * The bodies of a long Claude Code session: system, tools and first message as captured, then one tool call a
 * turn, whose result is some kilobytes of text. The history is sent again each time, and the cache mark stands on
 * its last block only, as Claude Code has it: so each message is sent once with and then always without.
 */
export function agentSession(turns: number): Turn[] {
  const capture = new URL('../../data/claude/default-second-turn.json', import.meta.url)
  const { messages: captured, ...rest } = JSON.parse(readFileSync(capture, 'utf8')) as { messages: Message[] }
  const text = wordsFrom(1)
  const messages: Message[] = [captured[0]!]
  return Array.from({ length: turns }, (_, turn) => {
    const marked = [...messages.slice(0, -1), withMark(messages.at(-1)!)]
    const request = Buffer.from(JSON.stringify({ messages: marked, ...rest }))
    const said = text(60)
    const path = `/src/${text(2).replace(' ', '/')}.ts`
    messages.push({
      role: 'assistant',
      content: [
        { type: 'text', text: said },
        { ...CALLED, id: `toolu_${turn}`, input: { file_path: path } },
      ],
    })
    messages.push({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: `toolu_${turn}`, content: text(100 + ((turn * 97) % 1000)) },
      ],
    })
    return { request, response: streamOf(said, path) }
  })
}

function withMark(message: Message): Message {
  const content = [...message.content.slice(0, -1), { ...message.content.at(-1)!, cache_control: EPHEMERAL }]
  return { ...message, content }
}

function streamOf(said: string, path: string): Buffer {
  const events: Record<string, unknown>[] = [
    { type: 'message_start', message: { id: 'msg_1', role: 'assistant', usage: { input_tokens: 3 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...said
      .split(/(?<= )/)
      .map((word) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: word } })),
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: CALLED },
    {
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'input_json_delta', partial_json: JSON.stringify({ file_path: path }) },
    },
    { type: 'content_block_stop', index: 1 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 120 } },
    { type: 'message_stop' },
  ]
  return Buffer.from(
    events.map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  )
}

/** Text of words from a vocabulary of 2,000, the same for the same seed; it deflates to a third, as code does. */
function wordsFrom(seed: number): (count: number) => string {
  let state = seed
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0)
  const syllables = ['ba', 'con', 'der', 'fi', 'gen', 'lo', 'mi', 'per', 'ra', 'set', 'to', 'un']
  const word = () =>
    Array.from({ length: 1 + ((next() >>> 16) % 3) }, () => syllables[(next() >>> 16) % 12]).join('')
  const vocabulary = Array.from({ length: 2000 }, word)
  return (count) => Array.from({ length: count }, () => vocabulary[(next() >>> 16) % 2000]).join(' ')
}
