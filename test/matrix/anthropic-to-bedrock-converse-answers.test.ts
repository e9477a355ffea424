import { describe, expect, it } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts'
import type { Memo } from '../../src/protocols/translation.ts'
import type { Frame } from '../../src/wire/framing.ts'
import type { Json } from '../support/provider/json.ts'
import { forClaudeClient, frame, SIGNATURE, toConverse } from './bedrock.ts'
import { CONTEXT, gist } from './translate.ts'
import type { ClientEvent } from './translate.ts'

// ==== Events of Converse

const START = frame('messageStart', { role: 'assistant' })
const delta = (contentBlockIndex: number, piece: JsonObject) =>
  frame('contentBlockDelta', { contentBlockIndex, delta: piece, p: 'abc' })
const shut = (contentBlockIndex: number) => frame('contentBlockStop', { contentBlockIndex })
const text = (index: number, ...pieces: string[]) => [
  ...pieces.map((one) => delta(index, { text: one })),
  shut(index),
]
const think = (index: number, words: string, signature?: string) => [
  ...(words === '' ? [] : [delta(index, { reasoningContent: { text: words } })]),
  ...(signature === undefined ? [] : [delta(index, { reasoningContent: { signature } })]),
  shut(index),
]
const use = (index: number, name: string, ...json: string[]) => [
  frame('contentBlockStart', {
    contentBlockIndex: index,
    start: { toolUse: { toolUseId: `tooluse_${index}`, name } },
  }),
  ...json.map((input) => delta(index, { toolUse: { input } })),
  shut(index),
]
const stop = (stopReason: string, more: JsonObject = {}) => frame('messageStop', { stopReason, ...more })
const usage = (counts: JsonObject = { inputTokens: 10, outputTokens: 20, totalTokens: 30 }) =>
  frame('metadata', { usage: counts, metrics: { latencyMs: 7 } })
const END = [stop('end_turn'), usage()]
const exception = (name: string) => frame(`exception/${name}`, { message: 'words' })

interface Row {
  name: string
  frames: Frame[]
  /** Between `message_start` and `message_stop`; a line a block. */
  events: string
  memo?: Memo
}

/** What Converse streams (left) and a Claude client gets (right, one line an event). */
const ROWS: Row[] = [
  {
    name: '#47 B4 text: one start, one block, one end',
    frames: [START, ...text(0, 'Hel', 'lo'), ...END],
    events: `
      start 0 text | text_delta 0 Hel | text_delta 0 lo | stop 0
      message_delta end_turn`,
  },
  {
    name: '#48 B2 no empty block',
    frames: [START, ...text(0, ''), ...text(1, 'Hi'), ...END],
    events: `
      start 0 text | text_delta 0 Hi | stop 0
      message_delta end_turn`,
  },
  {
    name: '#49 #53 B1 thinking, then text: nothing is lost at the change',
    frames: [START, ...think(0, 'Hm', SIGNATURE), ...text(1, 'FINAL: ', 'ABC'), ...END],
    events: `
      start 0 thinking | thinking_delta 0 Hm | signature_delta 0 | stop 0
      start 1 text | text_delta 1 FINAL: | text_delta 1 ABC | stop 1
      message_delta end_turn`,
  },
  {
    name: '#53 D4 thinking that is not shown keeps its signature',
    frames: [START, ...think(0, '', SIGNATURE), ...text(1, 'Hi'), ...END],
    events: `
      start 0 thinking | signature_delta 0 | stop 0
      start 1 text | text_delta 1 Hi | stop 1
      message_delta end_turn`,
  },
  {
    name: 'D9 thinking without a signature gets one',
    frames: [START, ...think(0, 'Hm'), ...text(1, 'Hi'), ...END],
    events: `
      start 0 thinking | thinking_delta 0 Hm | signature_delta 0 | stop 0
      start 1 text | text_delta 1 Hi | stop 1
      message_delta end_turn`,
  },
  {
    name: '#50 a call, and one without arguments',
    frames: [
      START,
      ...use(0, 'Bash', '{"command"', ':"ls"}'),
      ...use(1, 'List', ''),
      stop('tool_use'),
      usage(),
    ],
    events: `
      start 0 tool_use tooluse_0 Bash | input_json_delta 0 | input_json_delta 0 {"command" | input_json_delta 0 :"ls"} | stop 0
      start 1 tool_use tooluse_1 List | input_json_delta 1 | stop 1
      message_delta tool_use`,
  },
  {
    name: '#51 B5 #9 parallel calls whose pieces come interleaved are put one after the other',
    frames: [
      START,
      use(0, 'Bash')[0]!,
      use(1, 'Edit')[0]!,
      delta(1, { toolUse: { input: '{"b":2}' } }),
      delta(0, { toolUse: { input: '{"a":1}' } }),
      shut(0),
      shut(1),
      stop('tool_use'),
      usage(),
    ],
    events: `
      start 0 tool_use tooluse_0 Bash | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
      start 1 tool_use tooluse_1 Edit | input_json_delta 1 | input_json_delta 1 {"b":2} | stop 1
      message_delta tool_use`,
  },
  {
    name: '#54 a call that ends like a text is a call',
    frames: [START, ...use(0, 'Bash', '{}'), ...END],
    events: `
      start 0 tool_use tooluse_0 Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
      message_delta tool_use`,
  },
  {
    name: '#55 a call that was cut by the limit is not run',
    frames: [START, ...use(0, 'Bash', '{"comm'), stop('max_tokens'), usage()],
    events: `
      start 0 tool_use tooluse_0 Bash | input_json_delta 0 | input_json_delta 0 {"comm | stop 0
      message_delta max_tokens`,
  },
  {
    name: 'C1 #50 broken arguments are the model’s own bytes',
    frames: [START, ...use(0, 'Bash', '{"path":"C:\\x"'), stop('tool_use'), usage()],
    events: `
      start 0 tool_use tooluse_0 Bash | input_json_delta 0 | input_json_delta 0 {"path":"C:\\x" | stop 0
      message_delta tool_use`,
  },
  {
    name: '#40 a shortened name is told as the client knows it',
    memo: { toolNames: new Map([['Bash', 'mcp__server__Bash']]) },
    frames: [START, ...use(0, 'Bash', '{}'), stop('tool_use'), usage()],
    events: `
      start 0 tool_use tooluse_0 mcp__server__Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
      message_delta tool_use`,
  },
  {
    name: '#42 a refusal',
    frames: [START, stop('content_filtered'), usage()],
    events: 'message_delta refusal',
  },
  {
    name: '#42 what a guardrail put in the place of an answer',
    frames: [START, ...text(0, 'No.'), stop('guardrail_intervened'), usage()],
    events: `
      start 0 text | text_delta 0 No. | stop 0
      message_delta refusal`,
  },
  {
    name: '#42 a full window',
    frames: [START, ...text(0, 'a'), stop('model_context_window_exceeded'), usage()],
    events: `
      start 0 text | text_delta 0 a | stop 0
      message_delta model_context_window_exceeded`,
  },
  {
    name: '#23 a stop sequence that Claude obeyed',
    frames: [
      START,
      ...text(0, 'a'),
      stop('stop_sequence', { additionalModelResponseFields: { delta: { stop_sequence: '</a>' } } }),
      usage(),
    ],
    events: `
      start 0 text | text_delta 0 a | stop 0
      message_delta stop_sequence`,
  },
  {
    name: '#23 a stop sequence that the gateway enforces',
    memo: { enforceStop: ['</a>'] },
    frames: [START, ...text(0, 'ab<', '/a>cd'), ...END],
    events: `
      start 0 text | text_delta 0 ab | stop 0
      message_delta stop_sequence`,
  },
  {
    name: '#17 a search that could not be made is told so',
    memo: { webSearchUnavailable: true },
    frames: [START, ...text(0, 'No idea'), ...END],
    events: `
      start 0 server_tool_use SEARCH web_search | stop 0
      start 1 web_search_tool_result | stop 1
      start 2 text | text_delta 2 No idea | stop 2
      message_delta end_turn`,
  },
  {
    name: '#66 a citation',
    frames: [
      START,
      delta(0, { text: 'It is out.' }),
      delta(0, {
        citation: { title: 'A', location: { web: { url: 'https://a.b' } }, sourceContent: [{ text: 'x' }] },
      }),
      shut(0),
      ...END,
    ],
    events: `
      start 0 text | text_delta 0 It is out. | citations_delta 0 | stop 0
      message_delta end_turn`,
  },
  {
    name: '#60 B11 B15 an exception after the first byte',
    frames: [START, delta(0, { text: 'a' }), exception('modelStreamErrorException')],
    events: 'start 0 text | text_delta 0 a | error api_error',
  },
  {
    name: 'B7 a stream that just ends',
    frames: [START, delta(0, { text: 'a' })],
    events: 'start 0 text | text_delta 0 a | error api_error',
  },
  {
    name: 'malformed_tool_use is a failure, not an end',
    frames: [START, ...text(0, 'a'), stop('malformed_tool_use'), usage()],
    events: 'start 0 text | text_delta 0 a | stop 0 | error api_error',
  },
  {
    name: '#43 without usage the answer is whole, too',
    frames: [START, ...text(0, 'a'), stop('end_turn')],
    events: `
      start 0 text | text_delta 0 a | stop 0
      message_delta end_turn`,
  },
]

describe('a stream of Converse for a Claude client', () => {
  it.each(ROWS)('$name', ({ frames, events, memo }) => {
    const list = events.trim().split(/ *[|\n] */)
    const end = list.at(-1)!.startsWith('error') ? [] : ['message_stop']
    const got = gist(forClaudeClient(frames, { ...(memo && { memo }) }) as ClientEvent[])
    expect(got.map((line) => line.replace(/srvtoolu_\w+/, 'SEARCH'))).toEqual([
      'message_start',
      ...list,
      ...end,
    ])
  })

  it.each([
    ['throttlingException', 'rate_limit_error'],
    ['serviceUnavailableException', 'api_error'],
    ['validationException', 'invalid_request_error'],
    ['modelTimeoutException', 'timeout_error'],
    ['internalServerException', 'api_error'],
  ])('B8 #60 an exception first: %s is %s', (name, type) => {
    expect(forClaudeClient([exception(name)])).toEqual([
      expect.objectContaining({ type: 'error', error: { type, message: 'words' } }),
    ])
  })

  it('#65 names the model that was asked for', () => {
    expect(forClaudeClient([START, ...END])[0].message).toMatchObject({
      id: 'msg_gateway',
      model: 'claude-opus-5-5',
      content: [],
      stop_reason: null,
    })
  })

  it('#43 #56 B14 shows an estimate, and at the end the truth', () => {
    const events = forClaudeClient([
      START,
      ...text(0, 'a'),
      stop('end_turn'),
      usage({ inputTokens: 10, outputTokens: 20, cacheReadInputTokens: 60, cacheWriteInputTokens: 5 }),
    ])
    const of = (type: string): Json => events.find((event) => event.type === type)
    expect(of('message_start').message.usage.input_tokens).toBe(1000)
    expect(of('message_delta').usage).toMatchObject({
      input_tokens: 10,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 5,
      output_tokens: 20,
    })
  })
})

const whole = (content: JsonObject[], more: JsonObject = {}) => ({
  output: { message: { role: 'assistant', content } },
  stopReason: 'end_turn',
  usage: { inputTokens: 10, outputTokens: 20, totalTokens: 30 },
  metrics: { latencyMs: 7 },
  ...more,
})

function forClient(body: JsonObject): JsonObject {
  const response = collect((emit) => bedrockConverse.response.decode(body, {}, emit))
  return anthropic.response.encode(response, CONTEXT)
}

describe('a whole answer of Converse for a Claude client', () => {
  it('#38 #47 thinking, text and calls', () => {
    const body = whole(
      [
        { reasoningContent: { reasoningText: { text: 'Hm', signature: SIGNATURE } } },
        { text: 'I look.' },
        { toolUse: { toolUseId: 'a', name: 'Bash', input: { command: 'ls' } } },
        { toolUse: { toolUseId: 'b', name: 'List', input: {} } },
      ],
      { stopReason: 'tool_use' },
    )
    expect(forClient(body)).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5-5',
      content: [
        { type: 'thinking', thinking: 'Hm', signature: `signalbox.${SIGNATURE}` },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'a', name: 'Bash', input: { command: 'ls' } },
        { type: 'tool_use', id: 'b', name: 'List', input: {} },
      ],
      stop_reason: 'tool_use',
    })
  })

  it.each<[string, JsonObject, JsonObject]>([
    ['#57 plain', { inputTokens: 10, outputTokens: 20 }, { input_tokens: 10, output_tokens: 20 }],
    [
      '#43 #57 F1 F2 F3 F5 F6 each token once: the input is without the cache',
      {
        inputTokens: 10,
        outputTokens: 20,
        totalTokens: 95,
        cacheReadInputTokens: 60,
        cacheWriteInputTokens: 5,
      },
      { input_tokens: 10, cache_read_input_tokens: 60, cache_creation_input_tokens: 5, output_tokens: 20 },
    ],
    [
      'F4 #58 writes for an hour are told apart',
      {
        inputTokens: 10,
        outputTokens: 20,
        cacheWriteInputTokens: 50,
        cacheDetails: [
          { ttl: '1h', inputTokens: 40 },
          { ttl: '5m', inputTokens: 10 },
        ],
      },
      { cache_creation: { ephemeral_1h_input_tokens: 40, ephemeral_5m_input_tokens: 10 } },
    ],
  ])('%s', (_name, counts, expected) => {
    expect(forClient(whole([{ text: 'a' }], { usage: counts })).usage).toMatchObject(expected)
  })

  it.each<[string, JsonObject]>([
    ['malformed_model_output', whole([], { stopReason: 'malformed_model_output' })],
    ['no content', { output: {} }],
  ])('#61 %s is a failure', (_name, body) => {
    expect(() => forClient(body)).toThrow(GatewayError)
  })

  it('D3 goes back as it came', () => {
    const content = [
      { reasoningContent: { reasoningText: { text: 'a', signature: SIGNATURE } } },
      { text: 'b' },
      { toolUse: { toolUseId: 'x', name: 'Bash', input: { a: 1 } } },
      { reasoningContent: { reasoningText: { text: '', signature: SIGNATURE } } },
      { reasoningContent: { redactedContent: 'AQID' } },
      { toolUse: { toolUseId: 'y', name: 'Bash', input: {} } },
      { toolUse: { toolUseId: 'z', name: 'Bash', input: {} } },
    ]
    const answer = forClient(whole(content, { stopReason: 'tool_use' }))
    const results = ['x', 'y', 'z'].map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'R' }))
    const { body } = toConverse({
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: answer.content },
        { role: 'user', content: results },
      ],
    })
    expect((body.messages as Json[])[1]).toEqual({ role: 'assistant', content })
  })
})

describe('an error of Bedrock for a Claude client', () => {
  const told = (status: number, name: string, message: string) => {
    const headers: Record<string, string> = { 'x-amzn-errortype': name }
    const error = bedrockConverse.error.decode(
      status,
      (header) => headers[header],
      JSON.stringify({ message }),
    )
    const { status: shown, body } = anthropic.error.encode(error, 'req_1')
    return { status: shown, ...(body.error as JsonObject) }
  }

  it.each([
    [429, 'ThrottlingException', 429, 'rate_limit_error'],
    [400, 'ServiceQuotaExceededException', 429, 'rate_limit_error'],
    [503, 'ServiceUnavailableException', 503, 'api_error'],
    [403, 'AccessDeniedException', 403, 'permission_error'],
    [403, 'ExpiredTokenException', 401, 'authentication_error'],
    [404, 'ResourceNotFoundException', 404, 'not_found_error'],
    [408, 'ModelTimeoutException', 504, 'timeout_error'],
    [400, 'ValidationException', 400, 'invalid_request_error'],
  ])('#60 %s %s', (status, name, shown, type) => {
    expect(told(status, name, 'words')).toMatchObject({ status: shown, type, message: 'words' })
  })

  it.each([
    ['Input is too long for requested model.', 'prompt is too long: Input is too long for requested model.'],
    [
      'The model returned the following errors: prompt is too long: 213462 tokens > 200000 maximum',
      'prompt is too long: 213462 tokens > 200000 maximum',
    ],
    [
      'The model returned the following errors: input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length',
      'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again',
    ],
  ])('L1 an overflow in the words that agents act on: %s', (message, shown) => {
    expect(told(400, 'ValidationException', message)).toMatchObject({ status: 400, message: shown })
  })
})
