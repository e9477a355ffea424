import { describe, expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts'
import type { AnswerMemo, CallForm } from '../../src/protocols/translation.ts'
import type { Json } from '../support/provider/json.ts'
import { gist, lines } from '../support/responses-gist.ts'
import { forResponsesClient } from './responses.ts'
import { CONTEXT } from './translate.ts'

// ==== Events of Claude

const start = (
  usage: Json = {
    input_tokens: 10,
    cache_read_input_tokens: 60,
    cache_creation_input_tokens: 5,
    output_tokens: 1,
  },
) => ({
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [], usage },
})
const open = (index: number, content_block: Json) => ({ type: 'content_block_start', index, content_block })
const delta = (index: number, one: Json) => ({ type: 'content_block_delta', index, delta: one })
const shut = (index: number) => ({ type: 'content_block_stop', index })
const text = (index: number, ...pieces: string[]) => [
  open(index, { type: 'text', text: '' }),
  ...pieces.map((one) => delta(index, { type: 'text_delta', text: one })),
  shut(index),
]
const think = (index: number, words: string, signature = 'EqQB') => [
  open(index, { type: 'thinking', thinking: '', signature: '' }),
  ...(words === '' ? [] : [delta(index, { type: 'thinking_delta', thinking: words })]),
  delta(index, { type: 'signature_delta', signature }),
  shut(index),
]
const use = (index: number, name: string, ...json: string[]) => [
  open(index, { type: 'tool_use', id: `toolu_${index}`, name, input: {} }),
  ...json.map((one) => delta(index, { type: 'input_json_delta', partial_json: one })),
  shut(index),
]
const stop = (stop_reason: string, usage: Json = { output_tokens: 20 }) => [
  { type: 'message_delta', delta: { stop_reason }, usage },
  { type: 'message_stop' },
]
const error = (type: string) => ({ type: 'error', error: { type, message: 'words' } })

const FORMS: AnswerMemo = {
  callForms: new Map<string, CallForm>([
    ['apply_patch', { type: 'custom', name: 'apply_patch' }],
    ['exec', { type: 'custom', name: 'exec', namespace: 'functions' }],
    ['collaboration__list_agents', { type: 'function', name: 'list_agents', namespace: 'collaboration' }],
    ['local_shell', { type: 'local_shell', name: 'local_shell' }],
  ]),
}

/** What Claude streams (left) and a Responses client gets behind `in_progress` (right, one line an event). */
const rows: { name: string; events: Json[]; client: string }[] = [
  {
    name: '#47 text',
    events: [start(), { type: 'ping' }, ...text(0, 'Hel', 'lo'), ...stop('end_turn')],
    client: `
      keepalive | added 0 message | part 0 | text 0 Hel | text 0 lo | text.done 0 Hello | part.done 0
      done 0 message completed | completed`,
  },
  {
    name: '#53 #70 thinking, then text',
    events: [start(), ...think(0, 'Hm'), ...text(1, 'So.'), ...stop('end_turn')],
    client: `
      added 0 reasoning | summary 0 | thinks 0 Hm | thinks.done 0 Hm | summary.done 0 | done 0 reasoning
      added 1 message | part 1 | text 1 So. | text.done 1 So. | part.done 1 | done 1 message completed
      completed`,
  },
  {
    name: '#53 thinking that Claude does not show',
    events: [start(), ...think(0, ''), ...stop('end_turn')],
    client: 'added 0 reasoning | done 0 reasoning | completed',
  },
  {
    name: '#50 a tool loop with parallel calls',
    events: [
      start(),
      ...use(0, 'Bash', '', '{"a"', ':1}'),
      ...use(1, 'Read', '{"b":2}'),
      ...stop('tool_use'),
    ],
    client: `
      added 0 function_call toolu_0 Bash | args 0 {"a" | args 0 :1} | args.done 0 {"a":1} | done 0 function_call completed
      added 1 function_call toolu_1 Read | args 1 {"b":2} | args.done 1 {"b":2} | done 1 function_call completed
      completed`,
  },
  {
    name: '#50 empty arguments',
    events: [start(), ...use(0, 'List', ''), ...stop('tool_use')],
    client:
      'added 0 function_call toolu_0 List | args 0 {} | args.done 0 {} | done 0 function_call completed | completed',
  },
  {
    name: '#69 Codex: a patch as free text',
    events: [start(), ...use(0, 'apply_patch', '', '{"input": "*** Beg', 'in"}'), ...stop('tool_use')],
    client: `
      added 0 custom_tool_call toolu_0 apply_patch | input 0 *** Beg | input 0 in | input.done 0 *** Begin
      done 0 custom_tool_call completed | completed`,
  },
  {
    name: '#69 Codex: namespaces',
    events: [
      start(),
      ...use(0, 'exec', '{"input":"1"}'),
      ...use(1, 'collaboration__list_agents', '{}'),
      ...stop('tool_use'),
    ],
    client: `
      added 0 custom_tool_call toolu_0 functions exec | input 0 1 | input.done 0 1 | done 0 custom_tool_call completed
      added 1 function_call toolu_1 collaboration list_agents | args 1 {} | args.done 1 {} | done 1 function_call completed
      completed`,
  },
  {
    name: '#69 Codex: a local shell',
    events: [start(), ...use(0, 'local_shell', '{"command":["ls"]}'), ...stop('tool_use')],
    client: 'added 0 local_shell_call toolu_0 | done 0 local_shell_call completed | completed',
  },
  {
    name: '#54 B18 the limit inside text',
    events: [start(), ...text(0, 'x'), ...stop('max_tokens')],
    client: `
      added 0 message | part 0 | text 0 x | text.done 0 x | part.done 0 | done 0 message incomplete
      incomplete max_output_tokens`,
  },
  {
    name: '#55 B18 C2 the limit inside a call: it is not told as done, so that nobody runs it',
    events: [start(), ...use(0, 'Bash', '{"command":"rm'), ...stop('max_tokens')],
    client: 'added 0 function_call toolu_0 Bash | args 0 {"command":"rm | incomplete max_output_tokens',
  },
  {
    name: '#54 a full context',
    events: [start(), ...stop('model_context_window_exceeded')],
    client: 'incomplete max_output_tokens',
  },
  { name: '#54 #68 a refusal', events: [start(), ...stop('refusal')], client: 'incomplete content_filter' },
  {
    name: '#54 a stop sequence, a pause',
    events: [start(), ...text(0, 'x'), ...stop('pause_turn')],
    client: `
      added 0 message | part 0 | text 0 x | text.done 0 x | part.done 0 | done 0 message completed | completed`,
  },
  {
    name: '#60 B15 an error in the middle',
    events: [
      start(),
      open(0, { type: 'text', text: '' }),
      delta(0, { type: 'text_delta', text: 'x' }),
      error('overloaded_error'),
    ],
    client: 'added 0 message | part 0 | text 0 x | failed overloaded',
  },
  {
    name: '#61 an error before the first words',
    events: [start(), error('rate_limit_error')],
    client: 'failed rate_limit_exceeded',
  },
  { name: '#60 an error first', events: [error('api_error')], client: 'failed server_error' },
  {
    name: 'B7 B17 the end is missing: no response.completed',
    events: [start(), ...text(0, 'x')],
    client: 'added 0 message | part 0 | text 0 x | text.done 0 x | part.done 0 | failed server_error',
  },
  {
    name: '#17 a search that Claude ran',
    events: [
      start(),
      open(0, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      delta(0, { type: 'input_json_delta', partial_json: '{"query":"node"}' }),
      shut(0),
      open(1, {
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [{ type: 'web_search_result', url: 'https://a.b', title: 'A', encrypted_content: 'x' }],
      }),
      shut(1),
      ...text(2, 'x'),
      ...stop('end_turn'),
    ],
    client: `
      added 0 web_search_call | search 0 | search.searching 0 | search.completed 0 | done 0 web_search_call completed
      added 1 message | part 1 | text 1 x | text.done 1 x | part.done 1 | done 1 message completed | completed`,
  },
]

describe('streams', () => {
  it.each(rows)('$name', ({ events, client }) => {
    const seen = forResponsesClient(events, { answerMemo: FORMS })
    expect(gist(seen)).toEqual(['created', 'in_progress', ...lines(client)])
    expect(seen.map((event) => event.sequence_number)).toEqual(seen.map((_, at) => at))
  })

  it('#66 citations', () => {
    const citation = {
      type: 'web_search_result_location',
      url: 'https://a.b',
      title: 'A',
      cited_text: 'x',
      encrypted_index: 'y',
    }
    const events = forResponsesClient([
      start(),
      open(0, { type: 'text', text: '', citations: [] }),
      delta(0, { type: 'text_delta', text: 'abc' }),
      delta(0, { type: 'citations_delta', citation }),
      shut(0),
      ...stop('end_turn'),
    ])
    expect(events.at(-1).response.output[0].content[0].annotations).toEqual([
      { type: 'url_citation', url: 'https://a.b', title: 'A', start_index: 0, end_index: 3 },
    ])
  })

  it('#70 the signature comes back to Claude as it was', () => {
    const [reasoning] = forResponsesClient([start(), ...think(0, 'Hm'), ...stop('end_turn')]).at(-1).response
      .output
    expect(reasoning.encrypted_content).toBe('signalbox.EqQB')
    const { request } = openaiResponses.request.decode({ model: 'm', input: [reasoning] })
    expect(request.messages[0]!.content).toEqual([{ type: 'thinking', text: 'Hm', signature: 'EqQB' }])
  })

  it('#57 #58 #65 #74 B14 B17 usage in OpenAI’s sums with all details, and the model that was asked for', () => {
    const usage = { output_tokens: 20, output_tokens_details: { thinking_tokens: 7 } }
    const events = forResponsesClient([start(), ...text(0, 'x'), ...stop('end_turn', usage)])
    expect(events[0].response).toMatchObject({
      model: CONTEXT.requestedModel,
      usage: null,
      status: 'in_progress',
    })
    expect(events.at(-1).response.usage).toEqual({
      input_tokens: 75,
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 5 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 7 },
      total_tokens: 95,
    })
  })
})

describe('an answer in one piece', () => {
  const body = (content: Json[], stop_reason = 'end_turn'): JsonObject => ({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-x',
    content,
    stop_reason,
    usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 4 },
  })
  const translate = (from: JsonObject) =>
    openaiResponses.response.encode(
      collect((emit) => anthropic.response.decode(from, {}, emit)),
      { ...CONTEXT, memo: FORMS },
    )

  it.each([
    {
      name: '#57 #65 #74 text',
      from: body([{ type: 'text', text: 'Hello' }]),
      to: {
        object: 'response',
        status: 'completed',
        model: 'claude-opus-5-5',
        output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }],
        usage: {
          input_tokens: 14,
          input_tokens_details: { cached_tokens: 4 },
          output_tokens: 5,
          total_tokens: 19,
        },
      },
    },
    {
      name: '#53 #69 #70 thinking and calls',
      from: body(
        [
          { type: 'thinking', thinking: 'Hm', signature: 'EqQB' },
          { type: 'tool_use', id: 'a', name: 'Bash', input: { a: 1 } },
          { type: 'tool_use', id: 'b', name: 'apply_patch', input: { input: '*** Begin' } },
          { type: 'tool_use', id: 'c', name: 'collaboration__list_agents', input: {} },
        ],
        'tool_use',
      ),
      to: {
        output: [
          { type: 'reasoning', summary: [{ text: 'Hm' }], encrypted_content: 'signalbox.EqQB' },
          { type: 'function_call', call_id: 'a', name: 'Bash', arguments: '{"a":1}', status: 'completed' },
          { type: 'custom_tool_call', call_id: 'b', name: 'apply_patch', input: '*** Begin' },
          {
            type: 'function_call',
            call_id: 'c',
            name: 'list_agents',
            namespace: 'collaboration',
            arguments: '{}',
          },
        ],
      },
    },
    {
      name: '#54 B18 cut off',
      from: body([{ type: 'text', text: 'x' }], 'max_tokens'),
      to: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    },
    {
      name: '#54 #68 a refusal',
      from: body([], 'refusal'),
      to: { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] },
    },
  ])('$name', ({ from, to }) => {
    expect(translate(from)).toMatchObject(to)
  })
})

describe('errors', () => {
  const told = (type: string, message: string) => ({ type: 'error', error: { type, message } })

  it.each([
    [
      '#60 429, and when to come back',
      429,
      told('rate_limit_error', 'slow'),
      {
        status: 429,
        headers: { 'retry-after': '7' },
        body: { error: { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'slow' } },
      },
    ],
    [
      '#60 L1 an input that is too long, in the word on which Codex compacts',
      400,
      told('invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum'),
      { status: 400, body: { error: { type: 'invalid_request_error', code: 'context_length_exceeded' } } },
    ],
    [
      '#60 overloaded',
      529,
      told('overloaded_error', 'busy'),
      { status: 529, body: { error: { message: 'busy' } } },
    ],
    [
      '#60 a wrong key',
      401,
      told('authentication_error', 'no'),
      { status: 401, body: { error: { code: 'invalid_api_key' } } },
    ],
  ])('%s', (_name, status, body, client) => {
    const headers: Record<string, string> = { 'retry-after': '7' }
    const decoded = anthropic.error.decode(status, (name) => headers[name], JSON.stringify(body))
    expect(openaiResponses.error.encode(decoded, 'req_1')).toMatchObject(client)
  })
})
