import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import { say, stop, streamed } from './stream-rows.ts'
import { chunk, DONE, usageChunk } from './translate.ts'
import type { ClientEvent } from './translate.ts'

const find = (events: ClientEvent[], type: string) => events.find((event) => event.type === type)!

describe('message_start', () => {
  it('#65 names the model that was asked for, and the upstream’s id', () => {
    expect(find(streamed(say('x'), stop, DONE), 'message_start')).toMatchObject({
      message: {
        id: 'chatcmpl-1',
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-5-5',
        content: [],
        stop_reason: null,
      },
    })
  })

  it('#56 B14 shows an estimate, and message_delta the truth', () => {
    const events = streamed(
      say('x'),
      stop,
      usageChunk({ prompt_tokens: 2000, completion_tokens: 5, total_tokens: 2005 }),
      DONE,
    )
    expect(find(events, 'message_start')).toMatchObject({
      message: { usage: { input_tokens: 1000, output_tokens: 0 } },
    })
    expect(find(events, 'message_delta')).toMatchObject({ usage: { input_tokens: 2000, output_tokens: 5 } })
  })

  it('#66 a citation in Claude’s form', () => {
    const cited = { url: 'https://nodejs.org', title: 'Node', content: 'Node 24 is out' }
    const events = streamed(
      say('x'),
      chunk({ annotations: [{ type: 'url_citation', url_citation: cited }] }),
      stop,
      DONE,
    )
    expect(
      events
        .map((event) => event['delta'] as JsonObject | undefined)
        .find((delta) => delta?.['type'] === 'citations_delta'),
    ).toEqual({
      type: 'citations_delta',
      citation: {
        type: 'web_search_result_location',
        url: 'https://nodejs.org',
        title: 'Node',
        cited_text: 'Node 24 is out',
        encrypted_index: '',
      },
    })
  })
})

interface UsageRow {
  name: string
  usage: JsonObject
  expected: { input: number; read?: number; write?: number; output: number; thinking?: number }
}

const usages: UsageRow[] = [
  {
    name: '#57 plain',
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    expected: { input: 10, output: 5 },
  },
  {
    name: '#57 F1 F3 F6 the prompt includes what the cache held: each token stands once',
    usage: { prompt_tokens: 100, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 80 } },
    expected: { input: 20, read: 80, output: 5 },
  },
  {
    name: '#57 F2 … and what it took',
    usage: {
      prompt_tokens: 100,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
    },
    expected: { input: 10, read: 60, write: 30, output: 5 },
  },
  {
    name: '#57 F5 never negative',
    usage: { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 80 } },
    expected: { input: 0, read: 80, output: 5 },
  },
  {
    name: '#57 DeepSeek',
    usage: {
      prompt_tokens: 100,
      completion_tokens: 5,
      prompt_cache_hit_tokens: 64,
      prompt_cache_miss_tokens: 36,
    },
    expected: { input: 36, read: 64, output: 5 },
  },
  {
    name: '#57 Moonshot',
    usage: { prompt_tokens: 100, completion_tokens: 5, cached_tokens: 64 },
    expected: { input: 36, read: 64, output: 5 },
  },
  {
    name: '#58 F9 thinking is part of the output',
    usage: {
      prompt_tokens: 10,
      completion_tokens: 50,
      total_tokens: 60,
      completion_tokens_details: { reasoning_tokens: 40 },
    },
    expected: { input: 10, output: 50, thinking: 40 },
  },
  {
    name: '#58 … except at xAI, where only the total has it',
    usage: {
      prompt_tokens: 10,
      completion_tokens: 10,
      total_tokens: 60,
      completion_tokens_details: { reasoning_tokens: 40 },
    },
    expected: { input: 10, output: 50, thinking: 40 },
  },
  {
    name: '#58 … and on Gemini’s compatible surface',
    usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 60 },
    expected: { input: 10, output: 50 },
  },
  {
    name: '#57 counts that cannot be are as if absent',
    usage: { prompt_tokens: '12', completion_tokens: 5, prompt_tokens_details: { cached_tokens: -1e6 } },
    expected: { input: 0, output: 5 },
  },
]

describe('usage', () => {
  const expectUsage = (
    events: ClientEvent[],
    { input, read = 0, write = 0, output, thinking }: UsageRow['expected'],
  ) =>
    expect(find(events, 'message_delta')['usage']).toMatchObject({
      input_tokens: input,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: write,
      output_tokens: output,
      ...(thinking !== undefined && { output_tokens_details: { thinking_tokens: thinking } }),
    })

  it.each(usages)('$name', ({ usage, expected }) => {
    expectUsage(streamed(say('x'), stop, usageChunk(usage), DONE), expected)
  })

  const usage = { prompt_tokens: 10, completion_tokens: 5 }
  it.each([
    ['on the last chunk', [say('x'), chunk({}, 'stop', { usage })]],
    ['on a chunk without choices', [say('x'), stop, usageChunk(usage)]],
    ['in x_groq', [say('x'), chunk({}, 'stop', { x_groq: { id: 'req', usage } })]],
    [
      'in the choice',
      [say('x'), chunk({}, 'stop', { choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] })],
    ],
    [
      'in every chunk, growing',
      [
        chunk({ content: 'x' }, null, { usage: { prompt_tokens: 10, completion_tokens: 1 } }),
        chunk({}, 'stop', { usage }),
      ],
    ],
    [
      'null before the last',
      [chunk({ content: 'x' }, null, { usage: null }), chunk({}, 'stop', { usage: null }), usageChunk(usage)],
    ],
  ] as const)('#56 %s', (_name, chunks) => {
    expectUsage(streamed(...chunks, DONE), { input: 10, output: 5 })
  })
})
