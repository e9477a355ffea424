import { describe, expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import type { Memo } from '../../src/protocols/translation.ts'
import { CONTEXT } from './translate.ts'

describe('an answer in one piece', () => {
  const body = (message: JsonObject, finish_reason = 'stop', more: JsonObject = {}): JsonObject => ({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
    usage: { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } },
    ...more,
  })
  const translate = (from: JsonObject, memo: Memo = {}) =>
    anthropic.response.encode(
      collect((emit) => openaiChat.response.decode(from, memo, emit)),
      CONTEXT,
    )

  it.each([
    {
      name: '#65 #57 text',
      from: body({ content: 'Hello' }),
      to: {
        id: 'chatcmpl-1',
        model: 'claude-opus-5-5',
        content: [{ type: 'text', text: 'Hello' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5 },
      },
    },
    {
      name: '#53 #54 thinking and calls',
      from: body(
        {
          content: null,
          reasoning_content: 'Hmm',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'Bash', arguments: '{"a":1}' } },
            { id: 'call_2', type: 'function', function: { name: 'List', arguments: '' } },
          ],
        },
        'stop',
      ),
      to: {
        content: [
          { type: 'thinking', thinking: 'Hmm' },
          { type: 'tool_use', id: 'call_1', name: 'Bash', input: { a: 1 } },
          { type: 'tool_use', id: 'call_2', name: 'List', input: {} },
        ],
        stop_reason: 'tool_use',
      },
    },
    {
      name: '#66 citations',
      from: body({
        content: 'x',
        annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.b', title: 'A' } }],
      }),
      to: {
        content: [
          {
            type: 'text',
            text: 'x',
            citations: [{ type: 'web_search_result_location', url: 'https://a.b', title: 'A' }],
          },
        ],
      },
    },
    {
      name: '#68 a refusal',
      from: body({ content: null, refusal: 'No.' }),
      to: { content: [{ type: 'text', text: 'No.' }], stop_reason: 'refusal' },
    },
    {
      name: '#68 nothing, cut off',
      from: body({ content: '' }, 'length'),
      to: { content: [], stop_reason: 'max_tokens' },
    },
  ])('$name', ({ from, to }) => {
    expect(translate(from)).toMatchObject(to)
  })

  it.each([
    ['#61 an error with status 200', { error: { message: 'Busy', code: 503 } }, 'Busy'],
    ['#61 no choices', { id: 'x', choices: [] }, 'The upstream’s answer has no choices.'],
    [
      '#61 an error in the choice',
      {
        choices: [
          {
            index: 0,
            finish_reason: 'error',
            message: { content: 'x' },
            error: { code: 502, message: 'Bad' },
          },
        ],
      },
      'Bad',
    ],
  ])('%s', (_name, from, message) => {
    expect(() => translate(from)).toThrow(message)
  })
})
