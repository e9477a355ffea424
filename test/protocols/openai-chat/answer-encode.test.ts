import { sseText } from '../../../src/wire/framing.ts'
import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { openaiChat } from '../../../src/protocols/openai-chat/index.ts'
import type { EncodeContext } from '../../../src/protocols/translation.ts'

const context: EncodeContext = {
  requestedModel: 'anthropic/claude',
  responseId: 'chatcmpl-gateway',
  inputTokensEstimate: 9,
  created_s: 1_760_000_000,
}
const usage = {
  inputTokens: 10,
  cacheReadTokens: 80,
  cacheWrite5mTokens: 5,
  cacheWrite1hTokens: 5,
  outputTokens: 7,
  reasoningTokens: 3,
}
const wireUsage = {
  prompt_tokens: 100,
  completion_tokens: 7,
  total_tokens: 107,
  prompt_tokens_details: { cached_tokens: 80, cache_write_tokens: 10, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 3,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
}

/** Claude's answer to a question that needs thought and two tools. */
const answer: Event[] = [
  { type: 'start', id: 'msg_1', model: 'claude' },
  { type: 'block-start', index: 0, block: { type: 'thinking' } },
  { type: 'delta', index: 0, delta: { type: 'thinking', text: 'Hmm' } },
  { type: 'delta', index: 0, delta: { type: 'signature', signature: 'EqQB' } },
  { type: 'block-end', index: 0 },
  { type: 'block-start', index: 1, block: { type: 'text' } },
  { type: 'delta', index: 1, delta: { type: 'text', text: 'Let “me” look.' } },
  {
    type: 'delta',
    index: 1,
    delta: {
      type: 'citation',
      citation: { type: 'web_search_result_location', url: 'https://a.b', title: 'A', cited_text: 'x' },
    },
  },
  { type: 'delta', index: 1, delta: { type: 'citation', citation: { type: 'char_location' } } },
  { type: 'block-end', index: 1 },
  { type: 'ping' },
  { type: 'block-start', index: 2, block: { type: 'tool-call', id: 'toolu_1', name: 'Bash' } },
  { type: 'delta', index: 2, delta: { type: 'arguments', json: '{"a"' } },
  { type: 'delta', index: 2, delta: { type: 'arguments', json: ':1}' } },
  { type: 'block-end', index: 2 },
  { type: 'block-start', index: 3, block: { type: 'tool-call', id: 'toolu_2', name: 'List' } },
  { type: 'block-end', index: 3 },
  { type: 'usage', usage },
  { type: 'finish', reason: { unified: 'tool-calls', raw: 'tool_use' } },
]

function stream(events: Event[], more: Partial<EncodeContext> = {}): (JsonObject | string)[] {
  const encoder = openaiChat.stream.encoder({ ...context, ...more })
  let wire = ''
  for (const event of events) encoder.push(event, (name, data) => (wire += sseText(name, data)))
  return wire
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => (frame.startsWith('data: {') ? (JSON.parse(frame.slice(6)) as JsonObject) : frame))
}

const deltas = (chunks: (JsonObject | string)[]) =>
  chunks.map((chunk) =>
    typeof chunk === 'string' ? chunk : ((chunk['choices'] as { delta: unknown }[])[0]?.delta ?? chunk),
  )

describe('a stream', () => {
  it('says everything that this API can', () => {
    expect(deltas(stream(answer))).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { reasoning_content: 'Hmm' },
      { content: 'Let “me” look.' },
      {
        annotations: [
          {
            type: 'url_citation',
            url_citation: { url: 'https://a.b', title: 'A', content: 'x', start_index: 0, end_index: 0 },
          },
        ],
      },
      {
        tool_calls: [
          { index: 0, id: 'toolu_1', type: 'function', function: { name: 'Bash', arguments: '' } },
        ],
      },
      { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] },
      {
        tool_calls: [
          { index: 1, id: 'toolu_2', type: 'function', function: { name: 'List', arguments: '' } },
        ],
      },
      { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
      {},
      'data: [DONE]',
    ])
  })

  it('names itself in every chunk', () => {
    const chunks = stream(answer).filter((chunk) => typeof chunk !== 'string')
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({
        id: 'msg_1',
        object: 'chat.completion.chunk',
        created: 1_760_000_000,
        model: 'anthropic/claude',
      })
      expect(chunk).not.toHaveProperty('usage')
    }
    expect(chunks.at(-1)).toMatchObject({ choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })
  })

  it('ends with the usage, when it was asked for', () => {
    const chunks = stream(answer, { includeUsage: true })
    expect(chunks.at(-2)).toMatchObject({ id: 'msg_1', choices: [], usage: wireUsage })
    expect(chunks[0]).toMatchObject({ usage: null })
  })

  it('B11 a failure in the middle is an error object, and nothing after it', () => {
    const error = new GatewayError('upstream_truncated', 'The upstream’s stream ended.')
    expect(stream([...answer.slice(0, 7), { type: 'error', error }]).at(-1)).toEqual({
      error: { message: 'The upstream’s stream ended.', type: 'server_error', param: null, code: null },
    })
  })

  it('has no event that means nothing: the framing’s comment stands in', () => {
    expect(openaiChat.stream.ping).toBeUndefined()
    expect(stream([...answer.slice(0, 3), { type: 'ping' }])).toEqual(stream(answer.slice(0, 3)))
  })

  it('decodes to what was encoded', () => {
    const encoder = openaiChat.stream.encoder({ ...context, includeUsage: true })
    const decoder = openaiChat.stream.decoder({})
    const back: Event[] = []
    for (const event of answer) {
      encoder.push(event, (name, data) => decoder.push({ event: name, data }, (one) => back.push(one)))
    }
    const whole = collect((emit) => back.forEach(emit))
    expect(whole.content).toMatchObject([
      { type: 'thinking', text: 'Hmm' },
      { type: 'text', text: 'Let “me” look.', citations: [{ url: 'https://a.b' }] },
      { type: 'tool-call', id: 'toolu_1', name: 'Bash', arguments: '{"a":1}' },
      { type: 'tool-call', id: 'toolu_2', name: 'List', arguments: '{}' },
    ])
    expect(whole.usage).toEqual({ ...usage, cacheWrite5mTokens: 10, cacheWrite1hTokens: 0 })
  })
})

describe('a whole answer', () => {
  it('has the same content', () => {
    expect(
      openaiChat.response.encode(
        collect((emit) => answer.forEach(emit)),
        context,
      ),
    ).toEqual({
      id: 'msg_1',
      object: 'chat.completion',
      created: 1_760_000_000,
      model: 'anthropic/claude',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'Let “me” look.',
            refusal: null,
            annotations: [
              {
                type: 'url_citation',
                url_citation: { url: 'https://a.b', title: 'A', content: 'x', start_index: 0, end_index: 0 },
              },
            ],
            reasoning_content: 'Hmm',
            tool_calls: [
              { id: 'toolu_1', type: 'function', function: { name: 'Bash', arguments: '{"a":1}' } },
              { id: 'toolu_2', type: 'function', function: { name: 'List', arguments: '{}' } },
            ],
          },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
      ],
      usage: wireUsage,
    })
  })

  it.each([
    ['end', 'stop'],
    ['stop-sequence', 'stop'],
    ['max-tokens', 'length'],
    ['context-window', 'length'],
    ['tool-calls', 'tool_calls'],
    ['refusal', 'content_filter'],
    ['pause', 'stop'],
    ['other', 'stop'],
  ] as const)('%s is %s', (unified, expected) => {
    const finish: Event = { type: 'finish', reason: { unified, raw: null } }
    const body = openaiChat.response.encode(
      collect((emit) => [{ type: 'start' } as Event, finish].forEach(emit)),
      context,
    )
    expect(body).toMatchObject({
      id: 'chatcmpl-gateway',
      choices: [{ finish_reason: expected, message: { content: '' } }],
      usage: { prompt_tokens_details: { cached_tokens: 0 } },
    })
  })
})

describe('an error', () => {
  it.each([
    [
      new GatewayError('context_overflow', 'Too long'),
      400,
      'invalid_request_error',
      'context_length_exceeded',
    ],
    [new GatewayError('model_not_found', 'No'), 404, 'invalid_request_error', 'model_not_found'],
    [new GatewayError('unauthenticated', 'No key'), 401, 'invalid_request_error', 'invalid_api_key'],
    [
      new GatewayError('rate_limited', 'Slow', { retryAfterSeconds: 3 }),
      429,
      'rate_limit_error',
      'rate_limit_exceeded',
    ],
    [new GatewayError('upstream_billing', 'Empty'), 402, 'insufficient_quota', 'insufficient_quota'],
    [new GatewayError('upstream_error', 'Bad', { status: 500 }), 500, 'server_error', null],
    [
      new GatewayError('invalid_request', 'Bad', { field: 'messages[0]' }),
      400,
      'invalid_request_error',
      null,
    ],
  ])('%s', (error, status, type, code) => {
    const encoded = openaiChat.error.encode(error, 'req_1')
    expect(encoded.status).toBe(status)
    expect(encoded.body).toEqual({
      error: { message: error.message, type, param: error.details.field ?? null, code },
    })
    expect(encoded.headers).toEqual({
      'x-request-id': 'req_1',
      ...(error.details.retryAfterSeconds && { 'retry-after': '3' }),
    })
  })
})

describe('models', () => {
  it('all of them, in OpenAI’s form', () => {
    const entry = (id: string, owned_by: string) => ({ id, object: 'model', created: 0, owned_by })
    const listed = (provider: string, model: string) => ({
      id: `${provider}/${model}`,
      provider,
      model,
      facts: undefined,
    })
    const models = [listed('openai', 'gpt-5'), listed('ollama', 'fast')]
    expect(openaiChat.models.encodeList(models, new URLSearchParams())).toMatchObject({
      object: 'list',
      data: [entry('openai/gpt-5', 'openai'), entry('ollama/fast', 'ollama')],
    })
    expect(openaiChat.models.encode(models[0]!)).toMatchObject(entry('openai/gpt-5', 'openai'))
  })

  it.each([
    'POST /v1/chat/completions',
    'POST /chat/completions',
    'GET /v1/models',
    'GET /models',
    'GET /v1/models/{model}',
    'GET /models/{model}',
  ])('%s', (wanted) => {
    expect(openaiChat.endpoints.map(({ method, path }) => `${method} ${path}`)).toContain(wanted)
  })
})
