import { describe, expect, it } from 'vitest'
import { ERRORS, GatewayError } from '../../../src/message/error.ts'
import type { ErrorDetails, ErrorKind } from '../../../src/message/error.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'

const said = (code: number, message: string, status: string, details?: JsonObject[]) =>
  JSON.stringify({ error: { code, message, status, ...(details && { details }) } })

function decode(status: number, body: string, headers: Record<string, string> = {}): GatewayError {
  return gemini.error.decode(status, (name) => headers[name], body)
}

const info = (reason: string) => ({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason })
const retry = (retryDelay: string) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay })

describe('an upstream’s error', () => {
  it.each<[string, number, string, ErrorKind, JsonObject]>([
    ['400', 400, said(400, 'Bad.', 'INVALID_ARGUMENT'), 'invalid_request', { status: 400, message: 'Bad.' }],
    [
      'a wrong key, which Google calls an invalid argument',
      400,
      said(400, 'API key not valid. Please pass a valid API key.', 'INVALID_ARGUMENT', [
        info('API_KEY_INVALID'),
      ]),
      'upstream_unauthenticated',
      { status: 401, verdict: 'other-key' },
    ],
    [
      '… by its words alone',
      400,
      said(400, 'API key expired. Please renew the API key.', 'INVALID_ARGUMENT'),
      'upstream_unauthenticated',
      { status: 401 },
    ],
    [
      'L1 too long',
      400,
      said(
        400,
        'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
        'INVALID_ARGUMENT',
      ),
      'context_overflow',
      { details: { overflow: { inputTokens: 1_196_265, limit: 1_048_575 } } },
    ],
    [
      'no money',
      400,
      said(
        400,
        'Gemini API free tier is not available in your country. Please enable billing on your project.',
        'FAILED_PRECONDITION',
      ),
      'upstream_billing',
      { status: 402 },
    ],
    [
      '401',
      401,
      said(401, 'Request had invalid credentials.', 'UNAUTHENTICATED'),
      'upstream_unauthenticated',
      { status: 401 },
    ],
    ['403', 403, said(403, 'Denied.', 'PERMISSION_DENIED'), 'upstream_forbidden', { status: 403 }],
    [
      'billing off',
      403,
      said(403, 'x', 'PERMISSION_DENIED', [info('BILLING_DISABLED')]),
      'upstream_billing',
      { status: 402 },
    ],
    [
      'no such model',
      404,
      said(
        404,
        'models/x is not found for API version v1beta, or is not supported for generateContent.',
        'NOT_FOUND',
      ),
      'model_not_found',
      { status: 404 },
    ],
    ['404', 404, said(404, 'Requested entity was not found.', 'NOT_FOUND'), 'not_found', {}],
    [
      'a quota, and when to try again',
      429,
      said(429, 'You exceeded your current quota.', 'RESOURCE_EXHAUSTED', [
        info('RATE_LIMIT_EXCEEDED'),
        retry('34.074824224s'),
      ]),
      'rate_limited',
      { status: 429, details: { retryAfterSeconds: 35 } },
    ],
    ['500', 500, said(500, 'An internal error has occurred.', 'INTERNAL'), 'upstream_error', { status: 502 }],
    ['503', 503, said(503, 'Try later.', 'UNAVAILABLE'), 'upstream_unavailable', { status: 503 }],
    [
      'overloaded',
      503,
      said(503, 'The model is overloaded. Please try again later.', 'UNAVAILABLE'),
      'overloaded',
      { status: 529 },
    ],
    ['504', 504, said(504, 'Deadline expired.', 'DEADLINE_EXCEEDED'), 'upstream_timeout', { status: 504 }],
    ['499', 499, said(499, 'Cancelled.', 'CANCELLED'), 'invalid_request', { status: 499 }],
    [
      'a list, where a list was asked for',
      400,
      `[${said(400, 'Bad.', 'INVALID_ARGUMENT')}]`,
      'invalid_request',
      { message: 'Bad.' },
    ],
    [
      'a page',
      502,
      '<html><title>Bad Gateway</title></html>',
      'upstream_error',
      { message: 'The upstream answered 502: Bad Gateway' },
    ],
    ['nothing', 500, '', 'upstream_error', { message: 'The upstream answered 500 without a message.' }],
    ['a text', 403, 'Forbidden', 'upstream_forbidden', { message: 'The upstream answered 403: Forbidden' }],
    ['another proxy’s form', 400, '{"error":"no model"}', 'invalid_request', { message: 'no model' }],
  ])('%s', (_name, status, body, kind, fields) => {
    const error = decode(status, body)
    expect(error.kind).toBe(kind)
    expect(error).toMatchObject(fields)
    expect(error.details.upstream).toMatchObject({ status, body })
  })

  it('A2 the header says when to try again before the body does', () => {
    const body = said(429, 'x', 'RESOURCE_EXHAUSTED', [retry('34s')])
    expect(decode(429, body, { 'retry-after': '7' }).details.retryAfterSeconds).toBe(7)
  })

  it.each(['x', '-5s', '99999999s', 5])('an absurd delay is bounded: %s', (delay) => {
    const body = said(429, 'x', 'RESOURCE_EXHAUSTED', [retry(delay as string)])
    expect(decode(429, body).details.retryAfterSeconds ?? 0).toBeLessThanOrEqual(86_400)
  })
})

describe('for a client', () => {
  it.each<[ErrorKind, ErrorDetails, number, string]>([
    ['invalid_request', {}, 400, 'INVALID_ARGUMENT'],
    ['unsupported', {}, 400, 'INVALID_ARGUMENT'],
    ['request_too_large', {}, 413, 'INVALID_ARGUMENT'],
    ['unauthenticated', {}, 401, 'UNAUTHENTICATED'],
    ['upstream_billing', {}, 402, 'FAILED_PRECONDITION'],
    ['forbidden', {}, 403, 'PERMISSION_DENIED'],
    ['model_not_found', {}, 404, 'NOT_FOUND'],
    ['conflict', {}, 409, 'ABORTED'],
    ['rate_limited', {}, 429, 'RESOURCE_EXHAUSTED'],
    ['internal', {}, 500, 'INTERNAL'],
    ['upstream_malformed', {}, 502, 'UNAVAILABLE'],
    ['upstream_unavailable', {}, 503, 'UNAVAILABLE'],
    ['overloaded', {}, 503, 'UNAVAILABLE'],
    ['upstream_timeout', {}, 504, 'DEADLINE_EXCEEDED'],
    ['upstream_error', { status: 500 }, 500, 'INTERNAL'],
  ])('%s', (kind, details, status, word) => {
    const answer = gemini.error.encode(new GatewayError(kind, 'No.', details), 'req_1')
    expect(answer).toEqual({
      status,
      headers: { 'x-request-id': 'req_1' },
      body: { error: { code: status, message: 'No.', status: word } },
    })
  })

  it('has a word for every failure', () => {
    for (const kind of Object.keys(ERRORS) as ErrorKind[]) {
      const { body, status } = gemini.error.encode(new GatewayError(kind, 'No.'), 'r')
      expect(body).toMatchObject({ error: { code: status, status: expect.stringMatching(/^[A-Z_]+$/) } })
    }
  })

  it('when to try again, in both places where clients look', () => {
    expect(
      gemini.error.encode(new GatewayError('rate_limited', 'x', { retryAfterSeconds: 4.2 }), 'r'),
    ).toMatchObject({
      headers: { 'retry-after': '5' },
      body: { error: { details: [retry('5s')] } },
    })
  })

  it('which field is at fault', () => {
    const error = new GatewayError('invalid_request', 'Bad.', { field: 'contents[0].role' })
    expect(gemini.error.encode(error, 'r').body).toMatchObject({
      error: {
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field: 'contents[0].role', description: 'Bad.' }],
          },
        ],
      },
    })
  })

  it.each<[string, ErrorDetails['overflow'], string]>([
    [
      'L1 too long, with numbers',
      { inputTokens: 300, limit: 200 },
      'The input token count (300) exceeds the maximum number of tokens allowed (200).',
    ],
    [
      'input and output together',
      { inputTokens: 150, maxTokens: 100, limit: 200 },
      'The input token count (201) exceeds the maximum number of tokens allowed (200).',
    ],
    ['without', undefined, 'prompt is too long'],
  ])('%s', (_name, overflow, message) => {
    const error = new GatewayError(
      'context_overflow',
      'prompt is too long',
      overflow === undefined ? {} : { overflow },
    )
    expect(gemini.error.encode(error, 'r').body).toMatchObject({
      error: { message, status: 'INVALID_ARGUMENT' },
    })
  })
})
