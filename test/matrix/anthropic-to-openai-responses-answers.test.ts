import { describe, expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts'
import type { Memo } from '../../src/protocols/translation.ts'
import type { Json } from '../support/provider/json.ts'
import { lines } from '../support/responses-gist.ts'
import { forClaudeClient } from './responses.ts'
import { CONTEXT, gist } from './translate.ts'

// ==== Events of a Responses upstream

const created = {
  type: 'response.created',
  response: { id: 'resp_1', model: 'gpt-5', status: 'in_progress' },
}
const end = (fields: Json = {}) => ({
  type: `response.${fields.status ?? 'completed'}`,
  response: { id: 'resp_1', status: 'completed', output: [], ...fields },
})
const cut = end({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
const say = (delta: string, at = 0) => ({
  type: 'response.output_text.delta',
  item_id: `msg_${at}`,
  output_index: at,
  content_index: 0,
  delta,
})
const think = (delta: string, part = 0) => ({
  type: 'response.reasoning_summary_text.delta',
  item_id: 'rs_1',
  output_index: 0,
  summary_index: part,
  delta,
})
const thought = (encrypted_content: string | null = 'gAAA') => ({
  type: 'response.output_item.done',
  output_index: 0,
  item: { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content },
})
const call = (at: number, name = 'Bash') => ({
  type: 'response.output_item.added',
  output_index: at,
  item: { type: 'function_call', id: `fc_${at}`, call_id: `call_${at}`, name, arguments: '' },
})
const args = (at: number, delta: string) => ({
  type: 'response.function_call_arguments.delta',
  item_id: `fc_${at}`,
  output_index: at,
  delta,
})
const called = (at: number, json: string, name = 'Bash') => ({
  type: 'response.output_item.done',
  output_index: at,
  item: { type: 'function_call', id: `fc_${at}`, call_id: `call_${at}`, name, arguments: json },
})
const failed = (code: string, message: string) => ({
  type: 'response.failed',
  response: { id: 'resp_1', status: 'failed', error: { code, message }, output: [] },
})

/** What a Responses upstream streams (left) and a Claude client gets (right, one line an event). */
const rows: { name: string; events: Json[]; client: string; memo?: Memo }[] = [
  {
    name: '#47 text',
    events: [created, say('Hel'), say('lo'), end()],
    client: 'start 0 text | text_delta 0 Hel | text_delta 0 lo | stop 0 | message_delta end_turn',
  },
  {
    name: '#48 B2 nothing: no empty block',
    events: [
      created,
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { type: 'message', id: 'msg_0', content: [] },
      },
      end(),
    ],
    client: 'message_delta end_turn',
  },
  {
    name: '#49 #53 B1 D9 thinking, signed and closed before the text',
    events: [created, think('Hm'), think('Well', 1), thought(), say('So.', 1), end()],
    client: `
      start 0 thinking | thinking_delta 0 Hm | thinking_delta 0 ⏎⏎Well | signature_delta 0 | stop 0
      start 1 text | text_delta 1 So. | stop 1 | message_delta end_turn`,
  },
  {
    name: '#53 thinking that is not shown still has its signature',
    events: [created, thought(), say('So.', 1), end()],
    client: `
      start 0 thinking | signature_delta 0 | stop 0
      start 1 text | text_delta 1 So. | stop 1 | message_delta end_turn`,
  },
  {
    name: '#50 #54 B3 a call, and what it is waiting for',
    events: [
      created,
      call(0),
      args(0, '{"command":'),
      args(0, '"ls"}'),
      called(0, '{"command":"ls"}'),
      end(),
    ],
    client: `
      start 0 tool_use call_0 Bash | input_json_delta 0 | input_json_delta 0 {"command": | input_json_delta 0 "ls"} | stop 0
      message_delta tool_use`,
  },
  {
    name: '#50 B3 arguments only at the end',
    events: [created, call(0), called(0, '{"a":1}'), end()],
    client:
      'start 0 tool_use call_0 Bash | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0 | message_delta tool_use',
  },
  {
    name: '#50 C6 a call that says nothing',
    events: [created, call(0, 'List'), called(0, '', 'List'), end()],
    client: 'start 0 tool_use call_0 List | input_json_delta 0 | stop 0 | message_delta tool_use',
  },
  {
    name: '#51 B5 parallel calls, interleaved: indexes rise, one block is open at a time',
    events: [
      created,
      call(0),
      call(1, 'Read'),
      args(1, '{"b":2}'),
      args(0, '{"a":1}'),
      called(0, '{"a":1}'),
      called(1, '{"b":2}', 'Read'),
      end(),
    ],
    client: `
      start 0 tool_use call_0 Bash | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
      start 1 tool_use call_1 Read | input_json_delta 1 | input_json_delta 1 {"b":2} | stop 1
      message_delta tool_use`,
  },
  {
    name: '#55 B18 C2 the limit inside a call: what came, and max_tokens',
    events: [created, call(0), args(0, '{"command":"rm'), cut],
    client:
      'start 0 tool_use call_0 Bash | input_json_delta 0 | input_json_delta 0 {"command":"rm | stop 0 | message_delta max_tokens',
  },
  {
    name: '#54 B18 the limit inside text',
    events: [created, say('x'), cut],
    client: 'start 0 text | text_delta 0 x | stop 0 | message_delta max_tokens',
  },
  {
    name: '#54 #68 a refusal',
    events: [
      created,
      { type: 'response.refusal.delta', item_id: 'msg_0', output_index: 0, content_index: 0, delta: 'No.' },
      end(),
    ],
    client: 'start 0 text | text_delta 0 No. | stop 0 | message_delta refusal',
  },
  {
    name: '#54 a content filter',
    events: [created, end({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } })],
    client: 'message_delta refusal',
  },
  {
    name: '#23 a stop sequence: the gateway cuts the text at it',
    events: [created, say('One.E'), say('ND Two.'), end()],
    memo: { enforceStop: ['END'] },
    client: 'start 0 text | text_delta 0 One. | stop 0 | message_delta stop_sequence',
  },
  {
    name: '#60 an error in the middle',
    events: [created, say('x'), failed('server_is_overloaded', 'busy')],
    client: 'start 0 text | text_delta 0 x | error overloaded_error',
  },
  {
    name: '#60 #61 an error behind the opening, which no client has to see',
    events: [
      created,
      { type: 'error', error: { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'slow' } },
    ],
    client: 'error rate_limit_error',
  },
  {
    name: 'B7 the end is missing',
    events: [created, say('x')],
    client: 'start 0 text | text_delta 0 x | error api_error',
  },
  {
    name: '#17 a search that the upstream ran, in the blocks that Claude Code reads',
    events: [
      created,
      {
        type: 'response.output_item.done',
        output_index: 0,
        item: {
          type: 'web_search_call',
          id: 'ws_1',
          status: 'completed',
          action: { type: 'search', query: 'node', sources: [{ type: 'url', url: 'https://a.b' }] },
        },
      },
      say('It is out.', 1),
      end(),
    ],
    memo: { webSearch: true },
    client: `
      start 0 text | text_delta 0 It is out. | stop 0
      start 1 server_tool_use srvtoolu_7qFpuj9YC1lLQwPGSVlmxgpH web_search | input_json_delta 1 {"query":"node"} | stop 1
      start 2 web_search_tool_result | stop 2 | message_delta end_turn`,
  },
]

describe('streams', () => {
  it.each(rows)('$name', ({ events, client, memo = {} }) => {
    const seen = gist(forClaudeClient(events, { memo })).map((line) => line.replaceAll('\n', '⏎'))
    const list = lines(client)
    const close = list.at(-1)!.startsWith('error') ? [] : ['message_stop']
    expect(seen).toEqual(['message_start', ...list, ...close])
  })

  it('#66 citations', () => {
    const events = forClaudeClient([
      created,
      say('x'),
      {
        type: 'response.output_text.annotation.added',
        item_id: 'msg_0',
        output_index: 0,
        content_index: 0,
        annotation: { type: 'url_citation', url: 'https://a.b', title: 'A', start_index: 0, end_index: 1 },
      },
      end(),
    ])
    expect(events.find(({ delta }) => delta?.type === 'citations_delta')).toMatchObject({
      index: 0,
      delta: { citation: { type: 'web_search_result_location', url: 'https://a.b', title: 'A' } },
    })
  })

  it('#26 #53 #70 the signature carries what OpenAI wants back', () => {
    const events = forClaudeClient([created, think('Hm'), thought('gAAA.b'), end()])
    const { delta } = events.find((event) => event.delta?.type === 'signature_delta')
    expect(delta.signature).toBe('signalbox.sbx-responses-rs_1.gAAA.b')
  })

  it('#56 #57 #58 #65 usage in Claude’s buckets, and the model that was asked for', () => {
    const usage = {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
      output_tokens: 9,
      output_tokens_details: { reasoning_tokens: 4 },
    }
    const events = forClaudeClient([created, say('x'), end({ usage })])
    expect(events[0].message).toMatchObject({
      id: 'resp_1',
      model: 'claude-opus-5-5',
      usage: { input_tokens: CONTEXT.inputTokensEstimate },
    })
    expect(events.at(-2).usage).toMatchObject({
      input_tokens: 30,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 10,
      output_tokens: 9,
      output_tokens_details: { thinking_tokens: 4 },
    })
  })

  it.each([
    [
      '#57 more in the cache than there was',
      { input_tokens: 5, input_tokens_details: { cached_tokens: 9 }, output_tokens: 1 },
      { input_tokens: 0 },
    ],
    [
      '#57 no details',
      { input_tokens: 5, output_tokens: 1 },
      { input_tokens: 5, cache_read_input_tokens: 0 },
    ],
    [
      '#57 numbers that cannot be',
      { input_tokens: -5, output_tokens: 'x' },
      { input_tokens: CONTEXT.inputTokensEstimate, output_tokens: 0 },
    ],
  ])('%s', (_name, usage, expected) => {
    expect(forClaudeClient([created, end({ usage })]).at(-2).usage).toMatchObject(expected)
  })
})

describe('an answer in one piece', () => {
  const body = (output: Json[], more: JsonObject = {}): JsonObject => ({
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    model: 'gpt-5',
    output,
    usage: { input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 4 } },
    ...more,
  })
  const message = (...content: Json[]) => ({ type: 'message', id: 'msg_1', role: 'assistant', content })
  const translate = (from: JsonObject, memo: Memo = {}) =>
    anthropic.response.encode(
      collect((emit) => openaiResponses.response.decode(from, memo, emit)),
      CONTEXT,
    )

  it.each([
    {
      name: '#57 #65 text',
      from: body([message({ type: 'output_text', text: 'Hello', annotations: [] })]),
      to: {
        id: 'resp_1',
        model: 'claude-opus-5-5',
        content: [{ type: 'text', text: 'Hello' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5 },
      },
    },
    {
      name: '#53 #54 reasoning and parallel calls',
      from: body([
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'Hm' }],
          encrypted_content: 'gAAA',
        },
        { type: 'function_call', id: 'fc_1', call_id: 'a', name: 'Bash', arguments: '{"a":1}' },
        { type: 'function_call', id: 'fc_2', call_id: 'b', name: 'List', arguments: '' },
      ]),
      to: {
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 'signalbox.sbx-responses-rs_1.gAAA' },
          { type: 'tool_use', id: 'a', name: 'Bash', input: { a: 1 } },
          { type: 'tool_use', id: 'b', name: 'List', input: {} },
        ],
        stop_reason: 'tool_use',
      },
    },
    {
      name: '#66 citations',
      from: body([
        message({
          type: 'output_text',
          text: 'x',
          annotations: [{ type: 'url_citation', url: 'https://a.b', title: 'A' }],
        }),
      ]),
      to: {
        content: [
          {
            type: 'text',
            text: 'x',
            citations: [{ type: 'web_search_result_location', url: 'https://a.b' }],
          },
        ],
      },
    },
    {
      name: '#68 a refusal',
      from: body([message({ type: 'refusal', refusal: 'No.' })]),
      to: { content: [{ type: 'text', text: 'No.' }], stop_reason: 'refusal' },
    },
    {
      name: '#54 #68 B18 nothing, cut off',
      from: body([], { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
      to: { content: [], stop_reason: 'max_tokens' },
    },
  ])('$name', ({ from, to }) => {
    expect(translate(from)).toMatchObject(to)
  })

  it.each([
    ['#61 an error with status 200', { error: { message: 'Busy' } }, 'Busy'],
    ['#61 no output', { id: 'x' }, 'The upstream’s answer has no output.'],
  ])('%s', (_name, from, words) => {
    expect(() => translate(from)).toThrow(words)
  })
})

describe('errors', () => {
  it.each([
    [
      '#60 429, and when to come back',
      429,
      { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } },
      { status: 429, type: 'rate_limit_error', message: 'Rate limit reached' },
    ],
    [
      '#60 L1 an input that is too long, in the words on which Claude Code compacts',
      400,
      {
        error: {
          message: 'Your input exceeds the context window of this model.',
          type: 'invalid_request_error',
          code: 'context_length_exceeded',
        },
      },
      { status: 400, type: 'invalid_request_error', message: expect.stringMatching(/^prompt is too long/) },
    ],
    [
      '#60 D8 reasoning of another account',
      400,
      {
        error: {
          message: 'The encrypted content could not be verified.',
          type: 'invalid_request_error',
          code: 'invalid_encrypted_content',
        },
      },
      { status: 400, type: 'invalid_request_error', message: 'The encrypted content could not be verified.' },
    ],
    [
      '#61 a page of a proxy',
      502,
      '<html><title>Bad Gateway</title></html>',
      { status: 502, type: 'api_error', message: 'The upstream answered 502: Bad Gateway' },
    ],
  ])('%s', (_name, status, body, { type, message, ...client }) => {
    const error = openaiResponses.error.decode(
      status,
      () => undefined,
      typeof body === 'string' ? body : JSON.stringify(body),
    )
    expect(anthropic.error.encode(error, 'req_1')).toMatchObject({
      ...client,
      body: { error: { type, message } },
    })
  })
})
