import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'
import type { Memo } from '../../src/protocols/protocol.ts'
import { chunk, CONTEXT, DONE, gist, sse, throughStream, usageChunk } from './translate.ts'
import type { ClientEvent } from './translate.ts'

/**
 * Chat Completions chunks (left) and the events that a Claude client gets for them (right, one line an event). The
 * numbers are those of the translation checklist; the letters are reports of what broke in other gateways.
 */
interface Row {
  name: string
  chunks: (JsonObject | string)[]
  /** Between `message_start` and `message_stop`. */
  events: string[]
  memo?: Memo
}

const role = chunk({ role: 'assistant', content: '' })
const say = (content: string) => chunk({ content })
const stop = chunk({}, 'stop')
const call = (index: number | undefined, part: { id?: string; name?: string; args?: unknown }) => ({
  ...(index !== undefined && { index }),
  ...(part.id !== undefined && { id: part.id, type: 'function' }),
  function: {
    ...(part.name !== undefined && { name: part.name }),
    ...(part.args !== undefined && { arguments: part.args }),
  },
})
const calls = (...parts: JsonObject[]) => chunk({ tool_calls: parts })
const called = chunk({}, 'tool_calls')
const bash = (args: string) => [
  calls(call(0, { id: 'call_1', name: 'Bash', args: '' })),
  calls(call(0, { args })),
]

function table(title: string, rows: Row[]) {
  describe(title, () => {
    it.each(rows)('$name', ({ chunks, events, memo }) => {
      const whole = [
        'message_start',
        ...events,
        ...(events.at(-1)?.startsWith('error') ? [] : ['message_stop']),
      ]
      expect(gist(throughStream(sse(...chunks), memo))).toEqual(whole)
    })
  })
}

table('text and thinking', [
  {
    name: '#47 B4 text: one start, one block, one end',
    chunks: [role, say('Hel'), say('lo'), stop, DONE],
    events: ['start 0 text', 'text_delta 0 Hel', 'text_delta 0 lo', 'stop 0', 'message_delta end_turn'],
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
    events: ['start 0 text', 'text_delta 0 a', 'text_delta 0 b', 'stop 0', 'message_delta end_turn'],
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
    events: ['start 0 text', 'text_delta 0 Hi', 'stop 0', 'message_delta end_turn'],
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
    events: [
      'start 0 thinking',
      'thinking_delta 0 a',
      'thinking_delta 0 b',
      'signature_delta 0',
      'stop 0',
      'start 1 text',
      'text_delta 1 FINAL:',
      'text_delta 1 ABC DEF',
      'stop 1',
      'message_delta end_turn',
    ],
  },
  {
    name: '#49 B5 thinking between texts: indexes rise, one block at a time',
    chunks: [say('a'), chunk({ reasoning: 'b' }), say('c'), stop, DONE],
    events: [
      'start 0 text',
      'text_delta 0 a',
      'stop 0',
      'start 1 thinking',
      'thinking_delta 1 b',
      'signature_delta 1',
      'stop 1',
      'start 2 text',
      'text_delta 2 c',
      'stop 2',
      'message_delta end_turn',
    ],
  },
  ...(
    [
      ['reasoning_content (DeepSeek, Kimi, GLM)', { reasoning_content: 'Hmm' }],
      ['reasoning (Groq, vLLM)', { reasoning: 'Hmm' }],
      ['both, alike', { reasoning: 'Hmm', reasoning_content: 'Hmm' }],
      [
        'reasoning beside its details (OpenRouter)',
        { content: '', reasoning: 'Hmm', reasoning_details: [{ type: 'reasoning.summary', summary: 'Hmm' }] },
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
    events: [
      'start 0 thinking',
      'thinking_delta 0 Hmm',
      'signature_delta 0',
      'stop 0',
      'message_delta end_turn',
    ],
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
    events: ['start 0 text', 'text_delta 0 a', 'text_delta 0 b', 'stop 0', 'message_delta end_turn'],
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
    events: [
      'start 0 text',
      'text_delta 0 It is out.',
      'citations_delta 0',
      'stop 0',
      'message_delta end_turn',
    ],
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
    events: ['start 0 text', 'text_delta 0 x', 'citations_delta 0', 'stop 0', 'message_delta end_turn'],
  },
])

table('tool calls', [
  {
    name: '#50 B3 the input comes in deltas only',
    chunks: [role, ...bash('{"command":"ls"}'), called, DONE],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"command":"ls"}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#50 C6 a call that says nothing has no input',
    chunks: [calls(call(0, { id: 'call_1', name: 'List' })), called, DONE],
    events: ['start 0 tool_use call_1 List', 'input_json_delta 0', 'stop 0', 'message_delta tool_use'],
  },
  {
    name: '#50 all of the arguments in the first chunk',
    chunks: [calls(call(0, { id: 'call_1', name: 'Bash', args: '{"a":1}' })), called, DONE],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"a":1}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#50 arguments as an object instead of text, with every digit',
    chunks: [
      '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","function":{"name":"Bash","arguments": {"n":12345678901234567890,"x":1.0}}}]}}]}',
      called,
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"n":12345678901234567890,"x":1.0}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#50 a summary at the end that says the call again is not said twice',
    chunks: [
      ...bash('{"a":1}'),
      chunk({ tool_calls: [call(0, { id: 'call_1', name: 'Bash', args: '{"a":1}' })] }, 'tool_calls'),
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"a":1}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#49 text, then a call',
    chunks: [say('Let me look.'), ...bash('{}'), called, DONE],
    events: [
      'start 0 text',
      'text_delta 0 Let me look.',
      'stop 0',
      'start 1 tool_use call_1 Bash',
      'input_json_delta 1',
      'input_json_delta 1 {}',
      'stop 1',
      'message_delta tool_use',
    ],
  },
  {
    name: '#51 B5 parallel calls, one after the other: the second begins when the first is whole',
    chunks: [
      ...bash('{"a":1}'),
      calls(call(1, { id: 'call_2', name: 'Read', args: '{"b"' })),
      calls(call(1, { args: ':2}' })),
      called,
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"a":1}',
      'stop 0',
      'start 1 tool_use call_2 Read',
      'input_json_delta 1',
      'input_json_delta 1 {"b"',
      'input_json_delta 1 :2}',
      'stop 1',
      'message_delta tool_use',
    ],
  },
  {
    name: '#51 B5 parallel calls, interleaved: the later waits',
    chunks: [
      calls(
        call(0, { id: 'call_1', name: 'Bash', args: '{"a' }),
        call(1, { id: 'call_2', name: 'Read', args: '{"b' }),
      ),
      calls(call(1, { args: '":2}' })),
      calls(call(0, { args: '":1}' })),
      called,
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"a',
      'input_json_delta 0 ":1}',
      'stop 0',
      'start 1 tool_use call_2 Read',
      'input_json_delta 1',
      'input_json_delta 1 {"b":2}',
      'stop 1',
      'message_delta tool_use',
    ],
  },
  {
    name: '#51 text inside an unfinished call waits, too',
    chunks: [
      calls(call(0, { id: 'call_1', name: 'Bash', args: '{"a"' })),
      say('x'),
      say('y'),
      calls(call(0, { args: ':1}' })),
      called,
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"a"',
      'input_json_delta 0 :1}',
      'stop 0',
      'start 1 text',
      'text_delta 1 xy',
      'stop 1',
      'message_delta tool_use',
    ],
  },
  {
    name: '#51 parallel calls that all say position 0 are told apart by their ids',
    chunks: [
      calls(call(0, { id: 'call_1', name: 'Bash', args: '{}' })),
      calls(call(0, { id: 'call_2', name: 'Read', args: '{}' })),
      called,
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'start 1 tool_use call_2 Read',
      'input_json_delta 1',
      'input_json_delta 1 {}',
      'stop 1',
      'message_delta tool_use',
    ],
  },
  {
    name: '#51 parallel calls without any position',
    chunks: [
      calls(
        call(undefined, { id: 'call_1', name: 'Bash', args: '{}' }),
        call(undefined, { id: 'call_2', name: 'Read', args: '{"a":' }),
      ),
      calls(call(undefined, { args: '1}' })),
      called,
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'start 1 tool_use call_2 Read',
      'input_json_delta 1',
      'input_json_delta 1 {"a":',
      'input_json_delta 1 1}',
      'stop 1',
      'message_delta tool_use',
    ],
  },
  {
    name: '#52 B6 a name that comes late opens late',
    chunks: [
      calls(call(0, { id: 'call_1', name: '', args: '{"a"' })),
      calls(call(0, { name: 'Bash', args: ':1}' })),
      called,
      DONE,
    ],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"a":1}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#52 B6 a name that never comes: the call is still there',
    chunks: [calls(call(0, { id: 'call_1', args: '{"a":1}' })), called, DONE],
    events: [
      'start 0 tool_use call_1 unnamed_tool',
      'input_json_delta 0',
      'input_json_delta 0 {"a":1}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#52 C5 no id: one that is the same each time',
    chunks: [calls(call(0, { name: 'Bash', args: '{}' })), called, DONE],
    events: [
      'start 0 tool_use toolu_4wwLfPlqXGrDvEda67occAZj Bash',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#52 C5 an id that was used before in the conversation gets another',
    memo: { callIds: new Set(['call_1']) },
    chunks: [...bash('{}'), called, DONE],
    events: [
      'start 0 tool_use toolu_CHlgP79pR8roSxcqTXJ34fZU Bash',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#52 C5 an id that Anthropic would refuse is escaped',
    chunks: [calls(call(0, { id: 'functions.Bash:0', name: 'Bash', args: '{}' })), called, DONE],
    events: [
      'start 0 tool_use sbxid_ZnVuY3Rpb25zLkJhc2g6MA Bash',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: 'a shortened name is the client’s own again',
    memo: { toolNames: new Map([['short_1', 'mcp__a_long_server__a_long_tool']]) },
    chunks: [calls(call(0, { id: 'call_1', name: 'short_1', args: '{}' })), called, DONE],
    events: [
      'start 0 tool_use call_1 mcp__a_long_server__a_long_tool',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: 'the function_call of the time before tools',
    chunks: [
      chunk({ function_call: { name: 'Bash', arguments: '' } }),
      chunk({ function_call: { arguments: '{}' } }),
      chunk({}, 'function_call'),
      DONE,
    ],
    events: [
      'start 0 tool_use toolu_4wwLfPlqXGrDvEda67occAZj Bash',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: 'C1 malformed arguments are forwarded as they are, never as {}',
    chunks: [...bash('{"command": ls}'), called, DONE],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"command": ls}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: 'C2 wrong escapes are not repaired: the client tells the model',
    chunks: [...bash('{"path":"C:\\d"}'), called, DONE],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"path":"C:\\d"}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#55 B18 arguments cut off by the limit: what came, and max_tokens',
    chunks: [...bash('{"command":"ec'), chunk({}, 'length'), DONE],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {"command":"ec',
      'stop 0',
      'message_delta max_tokens',
    ],
  },
  {
    name: 'Gemini’s signature of a call travels in a thinking block before it',
    chunks: [
      chunk({
        tool_calls: [
          {
            ...call(0, { id: 'call_1', name: 'Bash', args: '{}' }),
            extra_content: { google: { thought_signature: 'AY89' } },
          },
        ],
      }),
      called,
      DONE,
    ],
    events: [
      'start 0 thinking',
      'signature_delta 0',
      'stop 0',
      'start 1 tool_use call_1 Bash',
      'input_json_delta 1',
      'input_json_delta 1 {}',
      'stop 1',
      'message_delta tool_use',
    ],
  },
])

const endings: [finish: string, expected: string][] = [
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['content_filter', 'refusal'],
  ['model_length', 'model_context_window_exceeded'],
  ['eos', 'end_turn'],
  ['something_new', 'end_turn'],
]

table('the end', [
  ...endings.map(([finish, expected]): Row => ({
    name: `#54 B18 ${finish} is ${expected}`,
    chunks: [say('x'), chunk({}, finish), DONE],
    events: ['start 0 text', 'text_delta 0 x', 'stop 0', `message_delta ${expected}`],
  })),
  {
    name: '#54 tool_use also where the upstream says stop after a call',
    chunks: [...bash('{}'), stop, DONE],
    events: [
      'start 0 tool_use call_1 Bash',
      'input_json_delta 0',
      'input_json_delta 0 {}',
      'stop 0',
      'message_delta tool_use',
    ],
  },
  {
    name: '#54 #68 a refusal is text and says that it is one',
    chunks: [chunk({ refusal: 'I cannot ' }), chunk({ refusal: 'do that.' }), stop, DONE],
    events: [
      'start 0 text',
      'text_delta 0 I cannot',
      'text_delta 0 do that.',
      'stop 0',
      'message_delta refusal',
    ],
  },
  {
    name: '#23 the sequence at which vLLM stopped',
    memo: { stopSequences: ['END'] },
    chunks: [
      say('x'),
      chunk({}, 'stop', { choices: [{ index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' }] }),
      DONE,
    ],
    events: ['start 0 text', 'text_delta 0 x', 'stop 0', 'message_delta stop_sequence'],
  },
  {
    name: '#23 a sequence that the gateway enforces itself',
    memo: { enforceStop: ['</severity>'] },
    chunks: [say('<severity>3</sev'), say('erity> and so on'), say(' and on'), stop, DONE],
    events: ['start 0 text', 'text_delta 0 <severity>3', 'stop 0', 'message_delta stop_sequence'],
  },
  {
    name: '#68 an empty answer has its reason and no empty block',
    chunks: [role, stop, DONE],
    events: ['message_delta end_turn'],
  },
  {
    name: '#62 B17 [DONE], then junk',
    chunks: [say('x'), stop, DONE, say('y'), '{', DONE],
    events: ['start 0 text', 'text_delta 0 x', 'stop 0', 'message_delta end_turn'],
  },
  {
    name: 'B7 no [DONE], but a reason: the answer is whole',
    chunks: [say('x'), stop],
    events: ['start 0 text', 'text_delta 0 x', 'stop 0', 'message_delta end_turn'],
  },
  {
    name: 'no reason, but [DONE]: the answer is whole',
    chunks: [say('x'), DONE],
    events: ['start 0 text', 'text_delta 0 x', 'stop 0', 'message_delta end_turn'],
  },
  {
    name: 'B7 neither: an error, and no message_stop',
    chunks: [say('x')],
    events: ['start 0 text', 'text_delta 0 x', 'error api_error'],
  },
  {
    name: 'B7 an empty chunk and a clean [DONE], as a proxy makes them whose upstream died',
    chunks: [role, chunk({}), DONE],
    events: ['error api_error'],
  },
  {
    name: '#60 B15 an error inside the stream: no message_stop',
    chunks: [say('x'), { error: { message: 'Busy', type: 'server_error', code: 'overloaded' } }, stop, DONE],
    events: ['start 0 text', 'text_delta 0 x', 'error overloaded_error'],
  },
  {
    name: '#60 B15 … with OpenRouter’s code and reason',
    chunks: [say('x'), chunk({}, 'error', { error: { code: 429, message: 'Slow down' } })],
    events: ['start 0 text', 'text_delta 0 x', 'error rate_limit_error'],
  },
  {
    name: '#60 B15 … as vLLM writes it',
    chunks: [say('x'), { object: 'error', message: 'CUDA', type: 'InternalServerError', code: 500 }],
    events: ['start 0 text', 'text_delta 0 x', 'error api_error'],
  },
  {
    name: '#60 DeepSeek has no room for the rest of the answer',
    chunks: [say('x'), chunk({}, 'insufficient_system_resource'), DONE],
    events: ['start 0 text', 'text_delta 0 x', 'error overloaded_error'],
  },
  {
    name: '#61 an event that is no JSON',
    chunks: [say('x'), '{"choices":[{"delta', say('y'), stop, DONE],
    events: ['start 0 text', 'text_delta 0 x', 'error api_error'],
  },
])

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

// ==== Identity and usage

const streamed = (...chunks: (JsonObject | string)[]): ClientEvent[] => throughStream(sse(...chunks))
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
  ] as const)('A13 %s', (_name, chunks) => {
    expectUsage(streamed(...chunks, DONE), { input: 10, output: 5 })
  })
})

// ==== Bytes

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

// ==== Properties

/** What a client's SDK makes of the deltas of each tool. */
function inputs(events: ClientEvent[]): string[] {
  const texts = new Map<unknown, string>()
  for (const event of events) {
    const block = event['content_block'] as JsonObject | undefined
    const delta = event['delta'] as JsonObject | undefined
    if (block?.['type'] === 'tool_use') texts.set(event['index'], '')
    if (delta?.['type'] === 'input_json_delta')
      texts.set(event['index'], texts.get(event['index'])! + String(delta['partial_json']))
  }
  return [...texts.values()]
}

/** Cut at any UTF-16 unit, as careless upstreams do. */
function slices(text: string, sizes: readonly number[]): string[] {
  const parts: string[] = []
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length]!
    parts.push(text.slice(at, at + size))
    at += size
  }
  return parts
}

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '"',
      '\\',
      '&&',
      "'",
      '\n',
      '\t',
      '{',
      '}',
      '[',
      '😀',
      '🇩🇪',
      '\u2028',
      '\u0000',
      '$(x)',
      '`',
    ),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  ),
  maxLength: 60,
})
const argumentsObject = fc.dictionary(
  fc.constantFrom('command', 'path', 'content'),
  fc.oneof(nasty, fc.integer(), fc.boolean(), fc.constant(null)),
)

describe('tool arguments', () => {
  it('C3 are equal byte for byte, however they are cut and interleaved', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
    const order = fc.array(fc.nat(), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        fc.array(argumentsObject, { minLength: 1, maxLength: 4 }),
        sizes,
        order,
        (objects, cut, turns) => {
          const texts = objects.map((object) => JSON.stringify(object))
          const queues = texts.map((text, index) => [
            calls(call(index, { id: `call_${index}`, name: 'Bash', args: '' })),
            ...slices(text, cut).map((args) => calls(call(index, { args }))),
          ])
          const chunks: JsonObject[] = []
          for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
            const open = queues.filter((queue) => queue.length > 0)
            chunks.push(open[turns[turn % turns.length]! % open.length]!.shift()!)
          }
          // Which call comes first is the upstream's choice; each one's text is not.
          expect(inputs(streamed(...chunks, called, DONE)).toSorted()).toEqual(texts.toSorted())
        },
      ),
      { numRuns: 300 },
    )
  })

  it('C3 100 KB of them', () => {
    const text = JSON.stringify({ content: 'quote " backslash \\ && 😀\n'.repeat(4000) })
    const chunks = slices(text, [1, 77, 4096]).map((args) => calls(call(0, { args })))
    expect(
      inputs(streamed(calls(call(0, { id: 'call_1', name: 'Write' })), ...chunks, called, DONE)),
    ).toEqual([text])
  })

  it('whatever an upstream sends, the events obey the grammar and the end is never silent', () => {
    const piece = fc.oneof(
      fc.record({
        content: fc.oneof(
          fc.string(),
          fc.constant(null),
          fc.array(fc.record({ type: fc.constant('text'), text: fc.string() }), { maxLength: 2 }),
        ),
      }),
      fc.record({ reasoning_content: fc.string() }),
      fc.record({ refusal: fc.string() }),
      fc.record({
        tool_calls: fc.array(
          fc.record(
            {
              index: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constant(undefined)),
              id: fc.constantFrom('a', 'b', '', undefined),
              function: fc.record({
                name: fc.constantFrom('Bash', '', undefined),
                arguments: fc.constantFrom('{', '}', '{}', '"a":1', '', undefined, null),
              }),
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
      }),
      fc.anything(),
    )
    const end = fc.constantFrom(
      [stop, DONE],
      [called],
      [chunk({}, 'length'), DONE],
      [DONE],
      [],
      [{ error: { message: 'x' } }],
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), end, (deltas, ending) => {
        const events = streamed(...deltas.map((delta) => chunk(delta as JsonObject)), ...ending)
        expect(['message_stop', 'error']).toContain(events.at(-1)!.type)
      }),
      { numRuns: 1000 },
    )
  })
})

// ==== Whole answers

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
