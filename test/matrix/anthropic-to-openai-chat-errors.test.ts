import { describe, expect, it } from 'vitest'
import type { ErrorKind } from '../../src/message/error.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { openaiChat } from '../../src/protocols/openai-chat/index.ts'

/** Error answers of Chat Completions upstreams (left), and what a Claude client gets for them (right). */
interface Row {
  name: string
  status: number
  body: unknown
  headers?: Record<string, string>
  kind: ErrorKind
  client: { status: number; type: string; message: string | RegExp; headers?: Record<string, string> }
}

const openai = (message: string, type = 'invalid_request_error', code: string | null = null) => ({
  error: { message, type, param: null, code },
})

const rows: Row[] = [
  {
    name: '#60 400 keeps its words',
    status: 400,
    body: openai("Invalid schema for function 'Bash'"),
    kind: 'invalid_request',
    client: { status: 400, type: 'invalid_request_error', message: "Invalid schema for function 'Bash'" },
  },
  {
    name: '#60 401',
    status: 401,
    body: openai('Incorrect API key provided', 'invalid_request_error', 'invalid_api_key'),
    kind: 'upstream_unauthenticated',
    client: { status: 401, type: 'authentication_error', message: 'Incorrect API key provided' },
  },
  {
    name: '#60 a wrong key at Gemini, which says 400',
    status: 400,
    body: [
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
    kind: 'upstream_unauthenticated',
    client: {
      status: 401,
      type: 'authentication_error',
      message: 'API key not valid. Please pass a valid API key.',
    },
  },
  {
    name: '#60 402',
    status: 402,
    body: { error: { code: 402, message: 'Insufficient credits' } },
    kind: 'upstream_billing',
    client: { status: 402, type: 'billing_error', message: 'Insufficient credits' },
  },
  {
    name: '#60 an empty account at OpenAI, which says 429: waiting does not help',
    status: 429,
    body: openai('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'),
    kind: 'upstream_billing',
    client: { status: 402, type: 'billing_error', message: 'You exceeded your current quota' },
  },
  {
    name: '#60 403',
    status: 403,
    body: openai('Country not supported', 'request_forbidden', 'unsupported_country_region_territory'),
    kind: 'upstream_forbidden',
    client: { status: 403, type: 'permission_error', message: 'Country not supported' },
  },
  {
    name: '#60 a model that is not there',
    status: 404,
    body: openai(
      'The model `gpt-9` does not exist or you do not have access to it.',
      'invalid_request_error',
      'model_not_found',
    ),
    kind: 'model_not_found',
    client: {
      status: 404,
      type: 'not_found_error',
      message: 'The model `gpt-9` does not exist or you do not have access to it.',
    },
  },
  {
    name: '#60 … as OpenRouter says it',
    status: 400,
    body: { error: { message: 'x/y is not a valid model ID', code: 400 } },
    kind: 'model_not_found',
    client: { status: 404, type: 'not_found_error', message: 'x/y is not a valid model ID' },
  },
  {
    name: '#60 L3 413',
    status: 413,
    body: openai('Request too large'),
    kind: 'request_too_large',
    client: { status: 413, type: 'request_too_large', message: 'Request too large' },
  },
  {
    name: '#60 422 with the details of FastAPI',
    status: 422,
    body: {
      detail: [{ loc: ['body', 'n'], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' }],
    },
    kind: 'unprocessable',
    client: { status: 422, type: 'invalid_request_error', message: 'body.n: Extra inputs are not permitted' },
  },
  {
    name: '#60 L5 429 with seconds',
    status: 429,
    headers: { 'retry-after': '20' },
    body: openai('Rate limit reached', 'requests', 'rate_limit_exceeded'),
    kind: 'rate_limited',
    client: {
      status: 429,
      type: 'rate_limit_error',
      message: 'Rate limit reached',
      headers: { 'retry-after': '20' },
    },
  },
  {
    name: '#60 L5 … with milliseconds, rounded up',
    status: 429,
    headers: { 'retry-after-ms': '1201' },
    body: openai('Rate limit reached'),
    kind: 'rate_limited',
    client: {
      status: 429,
      type: 'rate_limit_error',
      message: 'Rate limit reached',
      headers: { 'retry-after': '2' },
    },
  },
  {
    name: '#60 L5 … with a date, which Claude Code cannot read',
    status: 503,
    headers: { 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT', date: 'Sat, 21 Nov 2026 10:00:00 GMT' },
    body: openai('Down'),
    kind: 'upstream_unavailable',
    client: { status: 503, type: 'api_error', message: 'Down', headers: { 'retry-after': '30' } },
  },
  {
    name: '#60 L5 … with the resets of OpenAI: the limit that is used up counts',
    status: 429,
    headers: {
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '8m0s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '1m6.2s',
    },
    body: openai('Rate limit reached'),
    kind: 'rate_limited',
    client: {
      status: 429,
      type: 'rate_limit_error',
      message: 'Rate limit reached',
      headers: { 'retry-after': '67' },
    },
  },
  {
    name: '#60 L5 … with the delay in Gemini’s details',
    status: 429,
    body: [
      {
        error: {
          code: 429,
          message: 'Quota',
          status: 'RESOURCE_EXHAUSTED',
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.07s' }],
        },
      },
    ],
    kind: 'rate_limited',
    client: { status: 429, type: 'rate_limit_error', message: 'Quota', headers: { 'retry-after': '35' } },
  },
  {
    name: '#60 L5 x-should-retry is passed on',
    status: 500,
    headers: { 'x-should-retry': 'false' },
    body: openai('The server had an error', 'server_error'),
    kind: 'upstream_error',
    client: {
      status: 500,
      type: 'api_error',
      message: 'The server had an error',
      headers: { 'x-should-retry': 'false' },
    },
  },
  {
    name: '#60 overloaded',
    status: 503,
    body: openai('The engine is currently overloaded', 'server_error', 'engine_overloaded'),
    kind: 'overloaded',
    client: { status: 529, type: 'overloaded_error', message: 'The engine is currently overloaded' },
  },
  {
    name: '#61 a page of a proxy',
    status: 502,
    body: '<html><head><title>502 Bad Gateway</title></head></html>',
    kind: 'upstream_error',
    client: { status: 502, type: 'api_error', message: 'The upstream answered 502: 502 Bad Gateway' },
  },
  {
    name: '#61 nothing at all',
    status: 500,
    body: '',
    kind: 'upstream_error',
    client: { status: 500, type: 'api_error', message: 'The upstream answered 500 without a message.' },
  },
  {
    name: '#60 a status that no one knows',
    status: 999,
    body: 'denied',
    kind: 'upstream_error',
    client: { status: 502, type: 'api_error', message: 'The upstream answered 999: denied' },
  },
  {
    name: '#60 what the provider behind OpenRouter said',
    status: 400,
    body: {
      error: {
        message: 'Provider returned error',
        code: 400,
        metadata: { raw: '{"error":{"message":"tools.0: bad schema"}}', provider_name: 'X' },
      },
    },
    kind: 'invalid_request',
    client: {
      status: 400,
      type: 'invalid_request_error',
      message: 'Provider returned error: tools.0: bad schema',
    },
  },
  // Overflows: Claude Code acts on two wordings, and repeats the request for ever on any other.
  {
    name: 'L1 SGLang: more than fits, so that less output helps',
    status: 400,
    body: {
      object: 'error',
      message:
        'The model supports a maximum context length of 262144 tokens. You requested a total of 262462 tokens: 230462 tokens from the input messages and 32000 tokens for the completion.',
      type: 'BadRequestError',
      code: 400,
    },
    kind: 'context_overflow',
    client: {
      status: 400,
      type: 'invalid_request_error',
      message: /^input length and `max_tokens` exceed context limit: 230462 \+ 32000 > 262144/,
    },
  },
  {
    name: 'L1 L2 OpenAI: the input alone is too long',
    status: 400,
    body: openai(
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9059 tokens.",
      'invalid_request_error',
      'context_length_exceeded',
    ),
    kind: 'context_overflow',
    client: {
      status: 400,
      type: 'invalid_request_error',
      message: 'prompt is too long: 9059 tokens > 8192 maximum',
    },
  },
  {
    name: 'L1 llama.cpp says 500',
    status: 500,
    body: {
      error: {
        code: 500,
        message: 'request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it',
        type: 'exceed_context_size_error',
      },
    },
    kind: 'context_overflow',
    client: {
      status: 400,
      type: 'invalid_request_error',
      message: 'prompt is too long: 9000 tokens > 8192 maximum',
    },
  },
  {
    name: 'L1 through OpenRouter',
    status: 400,
    body: {
      error: {
        message: 'Provider returned error',
        code: 400,
        metadata: {
          raw: '{"message":"Prompt contains 300000 tokens, too large for model with 131072 maximum context length"}',
        },
      },
    },
    kind: 'context_overflow',
    client: {
      status: 400,
      type: 'invalid_request_error',
      message: 'prompt is too long: 300000 tokens > 131072 maximum',
    },
  },
  {
    name: 'L1 a rate limit that counts tokens is none',
    status: 429,
    body: openai(
      'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000.',
      'tokens',
      'rate_limit_exceeded',
    ),
    kind: 'rate_limited',
    client: { status: 429, type: 'rate_limit_error', message: /^Request too large/ },
  },
]

describe('errors', () => {
  it.each(rows)('$name', ({ status, body, headers = {}, kind, client }) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const error = openaiChat.error.decode(status, (name) => headers[name], text)
    expect(error.kind).toBe(kind)
    const answer = anthropic.error.encode(error, 'req_1')
    expect(answer.status).toBe(client.status)
    expect(answer.body).toMatchObject({
      type: 'error',
      error: {
        type: client.type,
        message: typeof client.message === 'string' ? client.message : expect.stringMatching(client.message),
      },
    })
    expect(answer.headers).toMatchObject(client.headers ?? {})
    expect(answer.headers['retry-after']).toBe(client.headers?.['retry-after'])
  })

  it('the upstream’s own words are kept for the log', () => {
    const body = JSON.stringify(openai('No', 'some_type', 'some_code'))
    const { upstream } = openaiChat.error.decode(418, () => undefined, body).details
    expect(upstream).toEqual({ status: 418, type: 'some_type', code: 'some_code', body })
  })
})
