import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import type { Memo } from '../../src/protocols/translation.ts'
import { call, called, calls, bash, role, say, stop, streams } from './stream-rows.ts'
import type { Row } from './stream-rows.ts'
import { chunk, DONE, gist, sse, throughStream, usageChunk } from './translate.ts'

describe('text and thinking', () => {
  streams([
    {
      name: '#47 B4 text: one start, one block, one end',
      chunks: [role, say('Hel'), say('lo'), stop, DONE],
      events: `
        start 0 text | text_delta 0 Hel | text_delta 0 lo | stop 0
        message_delta end_turn`,
    },
    {
      name: '#47 B9 a role in every chunk still makes one message_start',
      chunks: [
        role,
        chunk({ role: 'assistant', content: 'a' }),
        chunk({ role: 'assistant', content: 'b' }),
        stop,
        DONE,
      ],
      events: `
        start 0 text | text_delta 0 a | text_delta 0 b | stop 0
        message_delta end_turn`,
    },
    {
      name: '#48 B2 no block before its content, and none that is empty',
      chunks: [
        role,
        chunk({ content: null }),
        chunk({ content: '', reasoning_content: '' }),
        chunk({ tool_calls: [] }),
        say('Hi'),
        say(''),
        stop,
        DONE,
      ],
      events: `
        start 0 text | text_delta 0 Hi | stop 0
        message_delta end_turn`,
    },
    {
      name: '#49 #53 B1 B2 thinking, then text: nothing is lost at the change',
      chunks: [
        role,
        chunk({ reasoning_content: 'a' }),
        chunk({ reasoning_content: 'b', content: 'FINAL: ' }),
        say('ABC DEF'),
        stop,
        DONE,
      ],
      events: `
        start 0 thinking | thinking_delta 0 a | thinking_delta 0 b | signature_delta 0 | stop 0
        start 1 text | text_delta 1 FINAL: | text_delta 1 ABC DEF | stop 1
        message_delta end_turn`,
    },
    {
      name: '#49 B5 thinking between texts: indexes rise, one block at a time',
      chunks: [say('a'), chunk({ reasoning: 'b' }), say('c'), stop, DONE],
      events: `
        start 0 text | text_delta 0 a | stop 0
        start 1 thinking | thinking_delta 1 b | signature_delta 1 | stop 1
        start 2 text | text_delta 2 c | stop 2
        message_delta end_turn`,
    },
    ...(
      [
        ['reasoning_content (DeepSeek, Kimi, GLM)', { reasoning_content: 'Hmm' }],
        ['reasoning (Groq, vLLM)', { reasoning: 'Hmm' }],
        ['both, alike', { reasoning: 'Hmm', reasoning_content: 'Hmm' }],
        [
          'reasoning beside its details (OpenRouter)',
          {
            content: '',
            reasoning: 'Hmm',
            reasoning_details: [{ type: 'reasoning.summary', summary: 'Hmm' }],
          },
        ],
        ['details alone: text', { reasoning_details: [{ type: 'reasoning.text', text: 'Hmm' }] }],
        [
          'details alone: summary',
          {
            reasoning_details: [
              { type: 'reasoning.summary', summary: 'Hmm' },
              { type: 'reasoning.encrypted', data: 'x' },
            ],
          },
        ],
        [
          'a part of the content (Mistral)',
          { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hmm' }] }] },
        ],
      ] as [string, JsonObject][]
    ).map(([where, delta]): Row => ({
      name: `#53 thinking in ${where}`,
      chunks: [chunk(delta), stop, DONE],
      events: `
        start 0 thinking | thinking_delta 0 Hmm | signature_delta 0 | stop 0
        message_delta end_turn`,
    })),
    {
      name: 'content in parts',
      chunks: [
        chunk({
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        }),
        stop,
        DONE,
      ],
      events: `
        start 0 text | text_delta 0 a | text_delta 0 b | stop 0
        message_delta end_turn`,
    },
    {
      name: '#66 citations stand in the text',
      chunks: [
        say('It is out.'),
        chunk({
          annotations: [
            {
              type: 'url_citation',
              url_citation: {
                url: 'https://nodejs.org',
                title: 'Node',
                content: 'Node 24',
                start_index: 0,
                end_index: 3,
              },
            },
          ],
        }),
        stop,
        DONE,
      ],
      events: `
        start 0 text | text_delta 0 It is out. | citations_delta 0 | stop 0
        message_delta end_turn`,
    },
    {
      name: '#66 citations before the text wait for it; without text they are nothing',
      chunks: [
        chunk({ annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.b' } }] }),
        say('x'),
        chunk({ annotations: [{ type: 'file' }] }),
        stop,
        DONE,
      ],
      events: `
        start 0 text | text_delta 0 x | citations_delta 0 | stop 0
        message_delta end_turn`,
    },
  ])
})

const cite = (url: string, title: string) =>
  chunk({ annotations: [{ type: 'url_citation', url_citation: { url, title } }] })

describe('web search', () => {
  streams([
    {
      name: '#17 a search that nobody ran is told to have failed, before what the model makes up',
      memo: { webSearchUnavailable: true },
      chunks: [role, say('I think …'), say(' so'), stop, DONE],
      events: `
        start 0 server_tool_use srvtoolu_8mvbchpmtXwON1f1DqeqPQAN web_search | stop 0
        start 1 web_search_tool_result | stop 1
        start 2 text | text_delta 2 I think … | text_delta 2  so | stop 2
        message_delta end_turn`,
    },
    {
      name: '#17 #66 a search that the upstream ran: what it cites is what it found',
      memo: { webSearch: true },
      chunks: [say('It is out.'), cite('https://nodejs.org', 'Node'), stop, DONE],
      events: `
        start 0 text | text_delta 0 It is out. | citations_delta 0 | stop 0
        start 1 server_tool_use srvtoolu_8mvbchpmtXwON1f1DqeqPQAN web_search | stop 1
        start 2 web_search_tool_result | stop 2
        message_delta end_turn`,
    },
  ])

  const results = (memo: Memo) =>
    throughStream(
      sse(say('x'), cite('https://a.b', 'A'), cite('https://a.b', 'A'), cite('https://c.d', 'C'), stop, DONE),
      memo,
    )
      .map((event) => event['content_block'] as JsonObject | undefined)
      .find((block) => block?.['type'] === 'web_search_tool_result')!['content']

  it('#17 the reason in Claude’s words', () => {
    expect(results({ webSearchUnavailable: true })).toEqual({
      type: 'web_search_tool_result_error',
      error_code: 'unavailable',
    })
  })

  it('#17 each page once', () => {
    const page = (url: string, title: string) => ({
      type: 'web_search_result',
      url,
      title,
      encrypted_content: '',
      page_age: null,
    })
    expect(results({ webSearch: true })).toEqual([page('https://a.b', 'A'), page('https://c.d', 'C')])
  })
})

const endings: [finish: string, expected: string][] = [
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['content_filter', 'refusal'],
  ['model_length', 'model_context_window_exceeded'],
  ['eos', 'end_turn'],
  ['something_new', 'end_turn'],
]

describe('the end', () => {
  streams([
    ...endings.map(([finish, expected]): Row => ({
      name: `#54 B18 ${finish} is ${expected}`,
      chunks: [say('x'), chunk({}, finish), DONE],
      events: `
        start 0 text | text_delta 0 x | stop 0
        message_delta ${expected}`,
    })),
    {
      name: '#54 tool_use also where the upstream says stop after a call',
      chunks: [...bash('{}'), stop, DONE],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#54 #68 a refusal is text and says that it is one',
      chunks: [chunk({ refusal: 'I cannot ' }), chunk({ refusal: 'do that.' }), stop, DONE],
      events: `
        start 0 text | text_delta 0 I cannot | text_delta 0 do that. | stop 0
        message_delta refusal`,
    },
    {
      name: '#23 the sequence at which vLLM stopped',
      memo: { stopSequences: ['END'] },
      chunks: [
        say('x'),
        chunk({}, 'stop', { choices: [{ index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' }] }),
        DONE,
      ],
      events: `
        start 0 text | text_delta 0 x | stop 0
        message_delta stop_sequence`,
    },
    {
      name: '#23 a sequence that the gateway enforces itself',
      memo: { enforceStop: ['</severity>'] },
      chunks: [say('<severity>3</sev'), say('erity> and so on'), say(' and on'), stop, DONE],
      events: `
        start 0 text | text_delta 0 <severity>3 | stop 0
        message_delta stop_sequence`,
    },
    {
      name: '#68 an empty answer has its reason and no empty block',
      chunks: [role, stop, DONE],
      events: `message_delta end_turn`,
    },
    {
      name: '#62 B17 [DONE], then junk',
      chunks: [say('x'), stop, DONE, say('y'), '{', DONE],
      events: `
        start 0 text | text_delta 0 x | stop 0
        message_delta end_turn`,
    },
    {
      name: 'B7 no [DONE], but a reason: the answer is whole',
      chunks: [say('x'), stop],
      events: `
        start 0 text | text_delta 0 x | stop 0
        message_delta end_turn`,
    },
    {
      name: 'no reason, but [DONE]: the answer is whole',
      chunks: [say('x'), DONE],
      events: `
        start 0 text | text_delta 0 x | stop 0
        message_delta end_turn`,
    },
    {
      name: 'B7 neither: an error, and no message_stop',
      chunks: [say('x')],
      events: `
        start 0 text | text_delta 0 x | error api_error`,
    },
    {
      name: 'B7 an empty chunk and a clean [DONE], as a proxy makes them whose upstream died',
      chunks: [role, chunk({}), DONE],
      events: `error api_error`,
    },
    {
      name: '#60 B15 an error inside the stream: no message_stop',
      chunks: [
        say('x'),
        { error: { message: 'Busy', type: 'server_error', code: 'overloaded' } },
        stop,
        DONE,
      ],
      events: `
        start 0 text | text_delta 0 x | error overloaded_error`,
    },
    {
      name: '#60 B15 … with OpenRouter’s code and reason',
      chunks: [say('x'), chunk({}, 'error', { error: { code: 429, message: 'Slow down' } })],
      events: `
        start 0 text | text_delta 0 x | error rate_limit_error`,
    },
    {
      name: '#60 B15 … as vLLM writes it',
      chunks: [say('x'), { object: 'error', message: 'CUDA', type: 'InternalServerError', code: 500 }],
      events: `
        start 0 text | text_delta 0 x | error api_error`,
    },
    {
      name: '#60 DeepSeek has no room for the rest of the answer',
      chunks: [say('x'), chunk({}, 'insufficient_system_resource'), DONE],
      events: `
        start 0 text | text_delta 0 x | error overloaded_error`,
    },
    {
      name: '#61 an event that is no JSON',
      chunks: [say('x'), '{"choices":[{"delta', say('y'), stop, DONE],
      events: `
        start 0 text | text_delta 0 x | error api_error`,
    },
  ])
})

describe('#61 before any part of the answer', () => {
  it.each([
    [
      'B8 an error as the first event',
      [
        {
          error: {
            message: 'You exceeded your quota',
            type: 'insufficient_quota',
            code: 'insufficient_quota',
          },
        },
      ],
      'billing_error',
    ],
    ['a page instead of a stream', ['<html><title>502 Bad Gateway</title></html>'], 'api_error'],
    ['nothing at all', [], 'api_error'],
    ['[DONE] alone', [DONE], 'api_error'],
  ])('%s: only an error, so that another attempt can be made', (_name, chunks, type) => {
    expect(gist(throughStream(sse(...chunks)))).toEqual([`error ${type}`])
  })
})

const SAMPLE = [
  ': OPENROUTER PROCESSING\n\n',
  `data: ${JSON.stringify(chunk({ reasoning_content: 'denke … 🤔' }))}\n\n`,
  `data:${JSON.stringify(say('你好🚀'))}\n\n`,
  `data: ${JSON.stringify(say(' “quotes” \\ \n line'))}\r\n\r\n`,
  `data: ${JSON.stringify(calls(call(0, { id: 'call_1', name: 'Bash', args: '{"command":"echo \\"a\\" && b' })))}\n\n`,
  `data: ${JSON.stringify(calls(call(0, { args: ' 😀"}' })))}\n\n`,
  `data: ${JSON.stringify(called)}\n\n`,
  `data: ${JSON.stringify(usageChunk({ prompt_tokens: 10, completion_tokens: 5 }))}\n\n`,
  'data: [DONE]\n\n',
].join('')

describe('#62 B11 bytes', () => {
  const bytes = new TextEncoder().encode(SAMPLE)
  const whole = throughStream(bytes)

  it('reads comments, data without a space, CRLF and UTF-8', () => {
    expect(gist(whole)).toEqual([
      'message_start',
      'start 0 thinking',
      'thinking_delta 0 denke … 🤔',
      'signature_delta 0',
      'stop 0',
      'start 1 text',
      'text_delta 1 你好🚀',
      'text_delta 1  “quotes” \\ \n line',
      'stop 1',
      'start 2 tool_use call_1 Bash',
      'input_json_delta 2',
      'input_json_delta 2 {"command":"echo \\"a\\" && b',
      'input_json_delta 2  😀"}',
      'stop 2',
      'message_delta tool_use',
      'message_stop',
    ])
  })

  it('gives the same events for every cut, also through a character', () => {
    for (let at = 1; at < bytes.length; at++) {
      expect(throughStream([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole)
    }
    expect(throughStream(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toEqual(whole)
  })
})
