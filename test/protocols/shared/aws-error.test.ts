import { describe, expect, it } from 'vitest'
import { ERRORS, GatewayError } from '../../../src/message/error.ts'
import type { ErrorKind } from '../../../src/message/error.ts'
import {
  awsException,
  decodeAwsError,
  encodeAwsError,
  exceptionFrame,
  isAwsError,
} from '../../../src/protocols/shared/aws-error.ts'

function decode(
  status: number,
  name: string,
  body: string,
  headers: Record<string, string> = {},
): GatewayError {
  const all: Record<string, string> = { ...(name !== '' && { 'x-amzn-errortype': name }), ...headers }
  return decodeAwsError(status, (header) => all[header], body)
}

const said = (message: string) => JSON.stringify({ message })

const UPSTREAM: [status: number, name: string, message: string, kind: ErrorKind, told?: number][] = [
  [400, 'ValidationException', 'The text field in the ContentBlock object is blank.', 'invalid_request'],
  [400, 'ValidationException', 'Input is too long for requested model.', 'context_overflow'],
  [
    400,
    'ValidationException',
    'The model returned the following errors: prompt is too long: 213462 tokens > 200000 maximum',
    'context_overflow',
  ],
  [
    400,
    'ValidationException',
    'The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length.',
    'context_overflow',
  ],
  [400, 'ValidationException', 'Too many total text bytes: 30000000', 'context_overflow'],
  [424, 'ModelErrorException', 'Input is too long for requested model.', 'context_overflow', 400],
  [400, 'ValidationException', 'The provided model identifier is invalid.', 'model_not_found', 404],
  [429, 'ThrottlingException', 'Too many tokens, please wait before trying again.', 'rate_limited'],
  [400, 'ServiceQuotaExceededException', 'Too many requests for your account.', 'rate_limited', 429],
  [429, 'ModelNotReadyException', 'Model is not ready for inference.', 'upstream_unavailable', 503],
  [408, 'ModelTimeoutException', 'Model has timed out.', 'upstream_timeout', 504],
  [424, 'ModelErrorException', 'The system encountered an unexpected error.', 'upstream_error', 502],
  [503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.', 'upstream_unavailable'],
  [500, 'InternalServerException', 'The system encountered an unexpected error.', 'upstream_error', 502],
  [403, 'AccessDeniedException', 'You don’t have access to the model.', 'upstream_forbidden'],
  [403, 'UnrecognizedClientException', 'The security token is invalid.', 'upstream_unauthenticated', 401],
  [403, 'ExpiredTokenException', 'The security token is expired', 'upstream_unauthenticated', 401],
  [403, 'InvalidSignatureException', 'Signature expired', 'upstream_unauthenticated', 401],
  [
    404,
    'ResourceNotFoundException',
    'This model version has reached the end of its life.',
    'model_not_found',
  ],
  [404, 'UnknownOperationException', '', 'not_found'],
  [400, 'ConflictException', 'busy', 'conflict', 409],
  [429, 'SomethingNew', 'x', 'rate_limited'],
  [418, 'SomethingNew', 'x', 'invalid_request'],
  [599, 'SomethingNew', 'x', 'upstream_error'],
]

describe('an upstream’s error', () => {
  it.each(UPSTREAM)('%s %s: %s', (status, name, message, kind, told = status) => {
    const error = decode(status, name, said(message))
    expect(error).toMatchObject({
      kind,
      details: { upstream: { status, type: name, body: said(message) } },
    })
    expect(error.status).toBe(told)
    if (message !== '') expect(error.message).toBe(message)
  })

  it.each([
    ['in a header with an address', 'ThrottlingException:http://internal.amazon.com/coral/', said('x')],
    ['in __type', '', '{"__type":"com.amazon.coral.service#ThrottlingException","message":"x"}'],
    ['in __type without a namespace', '', '{"__type":"ThrottlingException","Message":"x"}'],
    ['in code', '', '{"code":"ThrottlingException","errorMessage":"x"}'],
  ])('is named %s', (_where, name, body) => {
    expect(decode(429, name, body)).toMatchObject({ kind: 'rate_limited', message: 'x' })
  })

  it.each([
    [
      '{"type":"error","error":{"type":"invalid_request_error","message":"invalid beta flag"}}',
      'invalid beta flag',
    ],
    ['<html></html>', 'The upstream answered 400 without a message.'],
    ['', 'The upstream answered 400 without a message.'],
    ['oh no', 'The upstream answered 400: oh no'],
    ['null', 'The upstream answered 400: null'],
  ])('says %j', (body, message) => {
    expect(decode(400, 'ValidationException', body).message).toBe(message)
  })

  it('says when to come back', () => {
    const error = decode(429, 'ThrottlingException', said('x'), { 'retry-after': '7' })
    expect(error.details.retryAfterSeconds).toBe(7)
  })

  it('L1 has the numbers of an overflow', () => {
    const error = decode(
      400,
      'ValidationException',
      said('prompt is too long: 213462 tokens > 200000 maximum'),
    )
    expect(error.details.overflow).toEqual({ inputTokens: 213_462, limit: 200_000 })
  })

  it('is told from another’s by its header', () => {
    expect(isAwsError((name) => (name === 'x-amzn-errortype' ? 'ThrottlingException' : undefined))).toBe(true)
    expect(isAwsError(() => undefined)).toBe(false)
  })
})

describe('an exception of a stream', () => {
  it.each<[string, ErrorKind]>([
    ['throttlingException', 'rate_limited'],
    ['modelStreamErrorException', 'upstream_error'],
    ['internalServerException', 'upstream_error'],
    ['serviceUnavailableException', 'upstream_unavailable'],
    ['modelTimeoutException', 'upstream_timeout'],
    ['validationException', 'invalid_request'],
    ['InternalFailure', 'upstream_error'],
    ['somethingNew', 'upstream_error'],
  ])('%s', (name, kind) => {
    expect(awsException(`exception/${name}`, said('x'))).toMatchObject({ kind, message: 'x' })
  })

  it('L1 may tell of an overflow', () => {
    const message = 'prompt is too long: 213462 tokens > 200000 maximum'
    expect(awsException('exception/validationException', said(message))).toMatchObject({
      kind: 'context_overflow',
      details: { overflow: { limit: 200_000 } },
    })
  })

  it('has a message where the upstream gave none', () => {
    expect(awsException('exception/throttlingException', 'oh no').message).toBe(
      'The upstream broke off its answer: server error.',
    )
  })
})

describe('an error for a client', () => {
  it.each<[ErrorKind, string, number]>([
    ['invalid_request', 'ValidationException', 400],
    ['context_overflow', 'ValidationException', 400],
    ['request_too_large', 'ValidationException', 413],
    ['unsupported', 'ValidationException', 400],
    ['no_key', 'ValidationException', 400],
    ['method_not_allowed', 'ValidationException', 405],
    ['unauthenticated', 'UnrecognizedClientException', 403],
    ['forbidden', 'AccessDeniedException', 403],
    ['upstream_billing', 'AccessDeniedException', 403],
    ['model_not_found', 'ResourceNotFoundException', 404],
    ['rate_limited', 'ThrottlingException', 429],
    ['upstream_timeout', 'ModelTimeoutException', 408],
    ['overloaded', 'ServiceUnavailableException', 503],
    ['queue_full', 'ServiceUnavailableException', 503],
    ['overloaded_gateway', 'ServiceUnavailableException', 503],
    ['upstream_truncated', 'InternalServerException', 500],
    ['internal', 'InternalServerException', 500],
  ])('%s is a %s with status %s', (kind, name, status) => {
    const told = encodeAwsError(new GatewayError(kind, 'Oh no', { retryAfterSeconds: 2.5 }), 'req_1')
    expect(told.status).toBe(status)
    expect(told.headers).toEqual({
      'x-amzn-requestid': 'req_1',
      'x-amzn-errortype': name,
      'retry-after': '3',
    })
  })

  it.each(Object.keys(ERRORS) as ErrorKind[])('%s has a message and a status of an error', (kind) => {
    const { status, body } = encodeAwsError(new GatewayError(kind, 'Oh no'), 'req_1')
    expect(status).toBeGreaterThanOrEqual(400)
    expect(body['message']).toContain('Oh no')
  })

  it('L1 words an overflow as Bedrock and as Claude do', () => {
    const error = new GatewayError('context_overflow', 'x', { overflow: { inputTokens: 300, limit: 200 } })
    expect(encodeAwsError(error, '').body['message']).toBe(
      'Input is too long for requested model. prompt is too long: 300 tokens > 200 maximum',
    )
  })

  it.each<[ErrorKind, string]>([
    ['rate_limited', 'throttlingException'],
    ['overloaded', 'serviceUnavailableException'],
    ['invalid_request', 'validationException'],
    ['internal', 'internalServerException'],
    ['upstream_idle', 'modelStreamErrorException'],
    ['upstream_forbidden', 'modelStreamErrorException'],
  ])('B11 %s inside a stream is a %s', (kind, name) => {
    expect(exceptionFrame(new GatewayError(kind, 'Oh no'))).toEqual({
      event: `exception/${name}`,
      data: '{"message":"Oh no"}',
    })
  })
})
