import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ERRORS, GatewayError } from '../../../src/message/error.ts'
import type { ErrorDetails, ErrorKind } from '../../../src/message/error.ts'
import { answerError, decodeError, encodeError } from '../../../src/protocols/anthropic/error.ts'
import type { Json } from '../../support/provider/json.ts'

function body(type: string, message: string): string {
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' })
}

function decode(status: number, text: string, headers: Record<string, string> = {}): GatewayError {
  return decodeError(status, (name) => headers[name], text)
}

const UPSTREAM: [status: number, type: string, message: string, kind: ErrorKind][] = [
  [400, 'invalid_request_error', 'messages.0.content: Field required', 'invalid_request'],
  [400, 'invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum', 'context_overflow'],
  [
    400,
    'invalid_request_error',
    'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000',
    'context_overflow',
  ],
  [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API.',
    'upstream_billing',
  ],
  [
    400,
    'invalid_request_error',
    'max_tokens: 200000 > 64000, which is the maximum allowed number of output tokens',
    'invalid_request',
  ],
  [401, 'authentication_error', 'invalid x-api-key', 'upstream_unauthenticated'],
  [402, 'billing_error', 'no money', 'upstream_billing'],
  [403, 'permission_error', 'no', 'upstream_forbidden'],
  [404, 'not_found_error', 'model: claude-9', 'model_not_found'],
  [404, 'not_found_error', 'Not found', 'not_found'],
  [408, 'timeout_error', 'slow', 'upstream_timeout'],
  [409, 'conflict_error', 'busy', 'conflict'],
  [413, 'request_too_large', 'Request exceeds the maximum size', 'request_too_large'],
  [422, 'invalid_request_error', 'no', 'unprocessable'],
  [418, 'invalid_request_error', 'teapot', 'invalid_request'],
  [429, 'rate_limit_error', 'This request would exceed your rate limit of tokens per minute', 'rate_limited'],
  [500, 'api_error', 'Internal server error', 'upstream_error'],
  [500, 'overloaded_error', 'Overloaded', 'overloaded'],
  [502, 'api_error', 'bad', 'upstream_error'],
  [503, 'api_error', 'down', 'upstream_unavailable'],
  [504, 'timeout_error', 'slow', 'upstream_timeout'],
  [529, 'overloaded_error', 'Overloaded', 'overloaded'],
]

describe('an upstream’s error', () => {
  it.each(UPSTREAM)('%s %s: %s', (status, type, message, kind) => {
    expect(decode(status, body(type, message))).toMatchObject({
      kind,
      status,
      message,
      details: { upstream: { status, type, body: body(type, message) } },
    })
  })

  it.each([
    [
      502,
      '<html><head><title>502 Bad Gateway</title></head></html>',
      'The upstream answered 502: 502 Bad Gateway',
    ],
    [502, '<html></html>', 'The upstream answered 502 without a message.'],
    [500, '', 'The upstream answered 500 without a message.'],
    [500, 'upstream connect error', 'The upstream answered 500: upstream connect error'],
    [403, '{"message":"Forbidden"}', 'Forbidden'],
    [403, '{"error":"nope"}', 'nope'],
    [500, '[1]', 'The upstream answered 500: [1]'],
    [429, '[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}]', 'Quota'],
  ])('%s %j', (status, text, message) => {
    expect(decode(status, text).message).toBe(message)
  })

  it('may be AWS’s, where Bedrock serves Claude', () => {
    const headers = { 'x-amzn-errortype': 'ServiceQuotaExceededException' }
    expect(decode(400, '{"message":"Too many requests"}', headers)).toMatchObject({
      kind: 'rate_limited',
      status: 429,
      message: 'Too many requests',
    })
  })

  it('says when to come back and whether', () => {
    expect(
      decode(429, body('rate_limit_error', 'x'), { 'retry-after': '20', 'x-should-retry': 'true' }).details,
    ).toMatchObject({ retryAfterSeconds: 20, shouldRetry: true })
  })

  it('L1 reads how much too long a prompt is', () => {
    const { details } = decode(
      400,
      body('invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum'),
    )
    expect(details.overflow).toEqual({ inputTokens: 213462, limit: 200000 })
  })

  it('B15 is known by its type inside a stream', () => {
    const kind = (type: string) => answerError({ type: 'error', error: { type, message: 'x' } }).kind
    expect(
      ['overloaded_error', 'rate_limit_error', 'api_error', 'invalid_request_error', 'toString'].map(kind),
    ).toEqual(['overloaded', 'rate_limited', 'upstream_error', 'invalid_request', 'upstream_error'])
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), fc.oneof(fc.string(), fc.json()), (status, text) => {
        expect(decode(status, text)).toBeInstanceOf(GatewayError)
      }),
    )
  })
})

function encode(kind: ErrorKind, message = 'words', details: ErrorDetails = {}) {
  return encodeError(new GatewayError(kind, message, details), 'req_1')
}

describe('an error for the client', () => {
  const TYPES: Record<number, string> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    402: 'billing_error',
    403: 'permission_error',
    404: 'not_found_error',
    409: 'conflict_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    500: 'api_error',
    502: 'api_error',
    503: 'api_error',
    504: 'timeout_error',
    529: 'overloaded_error',
  }

  it.each(Object.keys(ERRORS) as ErrorKind[])('%s', (kind) => {
    const { status } = ERRORS[kind]
    expect(encode(kind)).toMatchObject({
      status,
      headers: { 'request-id': 'req_1' },
      body: { type: 'error', error: { type: TYPES[status] ?? 'invalid_request_error' }, request_id: 'req_1' },
    })
  })

  it('L5 retry-after is whole seconds, and the upstream’s advice goes on', () => {
    expect(encode('rate_limited', 'x', { retryAfterSeconds: 20, shouldRetry: false }).headers).toEqual({
      'request-id': 'req_1',
      'retry-after': '20',
      'x-should-retry': 'false',
    })
  })
})

const OVERFLOWS: [row: string, details: ErrorDetails, message: string][] = [
  [
    'less output would fit',
    { overflow: { inputTokens: 230462, maxTokens: 32000, limit: 262144 } },
    'input length and `max_tokens` exceed context limit: 230462 + 32000 > 262144, decrease input length or `max_tokens` and try again',
  ],
  [
    'no output would fit',
    { overflow: { inputTokens: 262000, maxTokens: 32000, limit: 262144 } },
    'prompt is too long: 262145 tokens > 262144 maximum',
  ],
  [
    'the input alone is too long',
    { overflow: { inputTokens: 300000, limit: 262144 } },
    'prompt is too long: 300000 tokens > 262144 maximum',
  ],
  [
    'only the limit is known',
    { overflow: { limit: 262144 } },
    'prompt is too long: 262145 tokens > 262144 maximum',
  ],
  ['nothing is known', {}, 'prompt is too long: too many words'],
]

describe('L1 L2 a prompt that is too long, in the words on which Claude Code acts', () => {
  it.each(OVERFLOWS)('%s', (_row, details, message) => {
    expect(encode('context_overflow', 'too many words', details)).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error', message } },
    })
  })

  it('never offers a max_tokens below 1', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (inputTokens, maxTokens, limit) => {
        const { error } = encode('context_overflow', 'x', { overflow: { inputTokens, maxTokens, limit } })
          .body as Json
        const offer = /context limit: (\d+) \+ \d+ > (\d+)/.exec(error.message)
        if (offer !== null) expect(Number(offer[2]) - Number(offer[1]) - 1000).toBeGreaterThan(0)
        else expect(error.message).toMatch(/^prompt is too long: \d+ tokens > \d+ maximum$/)
      }),
    )
  })
})
