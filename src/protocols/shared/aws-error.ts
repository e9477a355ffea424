import { GatewayError } from '../../message/error.ts'
import type { ContextOverflow, ErrorKind } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { EXCEPTION } from '../../wire/framing.ts'
import type { EncodedError } from '../dialect.ts'
import type { HeaderReader } from '../protocol.ts'
import { parseContextOverflow } from './context-overflow.ts'
import { isObject, parseObject } from './object.ts'
import { readRetryAfter } from './retry-after.ts'
import { BROKEN_OFF, describe } from './upstream-error.ts'

/**
 * Failures as Amazon Bedrock tells them: the exception's name in a header, or in the body, or as the event of a
 * stream, and its words as `{"message"}`. https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
 */

// ==== From an upstream

const NAME_HEADER = 'x-amzn-errortype'

/** Does an error answer name its exception in AWS's way? */
export function isAwsError(headers: HeaderReader): boolean {
  return headers(NAME_HEADER) !== undefined
}

/** An error answer as the row it belongs to; its body is kept for a client of the same protocol. */
export function decodeAwsError(status: number, headers: HeaderReader, body: string): GatewayError {
  const said = parseObject(body) ?? {}
  const name = exceptionName(headers(NAME_HEADER) ?? word(said['__type']) ?? word(said['code']) ?? '')
  const message = readMessage(said) ?? describe(status, body)
  const retryAfterSeconds = readRetryAfter(headers)
  const { kind, byStatus, overflow } = classify(name, status, message)
  return new GatewayError(kind, message, {
    // AWS says 400 where a quota is used up and 408 where the model was slow: there the row's status is right.
    ...(byStatus && status >= 400 && status <= 599 && { status }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(overflow !== undefined && { overflow }),
    upstream: { status, ...(name !== '' && { type: name }), body },
  })
}

/** A frame of a stream whose event begins with {@link EXCEPTION}. */
export function awsException(event: string, data: string): GatewayError {
  const name = exceptionName(event.slice(EXCEPTION.length))
  const message = readMessage(parseObject(data) ?? {}) ?? BROKEN_OFF
  const { kind, overflow } = classify(name, undefined, message)
  return new GatewayError(kind, message, {
    ...(overflow !== undefined && { overflow }),
    upstream: { status: 200, type: name },
  })
}

/** `com.amazon.coral.service#ThrottlingException`, `ThrottlingException:http://…`, `throttlingException`. */
function exceptionName(value: string): string {
  const bare = value
    .slice(value.indexOf('#') + 1)
    .split(':', 1)[0]!
    .trim()
  return bare.charAt(0).toUpperCase() + bare.slice(1)
}

/** Services differ in the spelling; what the model itself says sometimes comes in its own envelope. */
function readMessage(said: JsonObject): string | undefined {
  const inner = isObject(said['error']) ? word(said['error']['message']) : undefined
  return word(said['message']) ?? word(said['Message']) ?? word(said['errorMessage']) ?? inner
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

const BY_NAME: ReadonlyMap<string, ErrorKind> = new Map<string, ErrorKind>([
  ['ValidationException', 'invalid_request'],
  ['ThrottlingException', 'rate_limited'],
  ['TooManyRequestsException', 'rate_limited'],
  ['ServiceQuotaExceededException', 'rate_limited'],
  ['AccessDeniedException', 'upstream_forbidden'],
  ['OptInRequired', 'upstream_forbidden'],
  ['UnrecognizedClientException', 'upstream_unauthenticated'],
  ['InvalidSignatureException', 'upstream_unauthenticated'],
  ['SignatureDoesNotMatch', 'upstream_unauthenticated'],
  ['IncompleteSignature', 'upstream_unauthenticated'],
  ['IncompleteSignatureException', 'upstream_unauthenticated'],
  ['MissingAuthenticationToken', 'upstream_unauthenticated'],
  ['MissingAuthenticationTokenException', 'upstream_unauthenticated'],
  ['InvalidClientTokenId', 'upstream_unauthenticated'],
  ['ExpiredToken', 'upstream_unauthenticated'],
  ['ExpiredTokenException', 'upstream_unauthenticated'],
  ['NotAuthorized', 'upstream_unauthenticated'],
  ['ResourceNotFoundException', 'model_not_found'],
  ['UnknownOperationException', 'not_found'],
  ['ConflictException', 'conflict'],
  ['ModelTimeoutException', 'upstream_timeout'],
  ['ModelNotReadyException', 'upstream_unavailable'],
  ['ServiceUnavailable', 'upstream_unavailable'],
  ['ServiceUnavailableException', 'upstream_unavailable'],
  ['ModelErrorException', 'upstream_error'],
  ['ModelStreamErrorException', 'upstream_error'],
  ['InternalFailure', 'upstream_error'],
  ['InternalServerException', 'upstream_error'],
])

const BY_STATUS: ReadonlyMap<number, ErrorKind> = new Map<number, ErrorKind>([
  [401, 'upstream_unauthenticated'],
  [403, 'upstream_forbidden'],
  [404, 'model_not_found'],
  [408, 'upstream_timeout'],
  [413, 'request_too_large'],
  [415, 'unsupported_media_type'],
  [424, 'upstream_error'],
  [429, 'rate_limited'],
  [503, 'upstream_unavailable'],
  [504, 'upstream_timeout'],
])

interface Classified {
  kind: ErrorKind
  /** The name said nothing. */
  byStatus: boolean
  overflow?: ContextOverflow
}

/** `status`: undefined inside a stream. */
function classify(name: string, status: number | undefined, message: string): Classified {
  const named = BY_NAME.get(name)
  const kind = named ?? kindOf(status)
  if (kind === 'invalid_request' || kind === 'upstream_error') {
    const overflow = parseContextOverflow(message)
    if (overflow !== undefined) return { kind: 'context_overflow', byStatus: false, overflow }
  }
  // "The provided model identifier is invalid." comes as a fault of the request.
  if (kind === 'invalid_request' && /model identifier is invalid/i.test(message))
    return { kind: 'model_not_found', byStatus: false }
  return { kind, byStatus: named === undefined }
}

function kindOf(status: number | undefined): ErrorKind {
  const kind = status === undefined ? undefined : BY_STATUS.get(status)
  return (
    kind ?? (status !== undefined && status >= 400 && status < 500 ? 'invalid_request' : 'upstream_error')
  )
}

// ==== To a client

/** The exceptions of Bedrock's runtime, with their status; any other 4xx is a ValidationException. */
const EXCEPTIONS: Readonly<Partial<Record<ErrorKind, readonly [name: string, status: number]>>> = {
  unauthenticated: ['UnrecognizedClientException', 403],
  upstream_unauthenticated: ['UnrecognizedClientException', 403],
  forbidden: ['AccessDeniedException', 403],
  virtual_key_required: ['UnrecognizedClientException', 403],
  virtual_key_not_found: ['UnrecognizedClientException', 403],
  virtual_key_blocked: ['AccessDeniedException', 403],
  provider_blocked: ['AccessDeniedException', 403],
  model_blocked: ['AccessDeniedException', 403],
  // The one exception about quotas that the SDKs do not repeat.
  budget_exceeded: ['ServiceQuotaExceededException', 402],
  token_limited: ['ThrottlingException', 429],
  request_limited: ['ThrottlingException', 429],
  governance_limited: ['ThrottlingException', 429],
  forbidden_origin: ['AccessDeniedException', 403],
  upstream_forbidden: ['AccessDeniedException', 403],
  upstream_billing: ['AccessDeniedException', 403],
  model_not_found: ['ResourceNotFoundException', 404],
  not_found: ['ResourceNotFoundException', 404],
  conflict: ['ConflictException', 400],
  rate_limited: ['ThrottlingException', 429],
  request_timeout: ['ModelTimeoutException', 408],
  upstream_timeout: ['ModelTimeoutException', 408],
  upstream_idle: ['ModelTimeoutException', 408],
  overloaded: ['ServiceUnavailableException', 503],
  queue_full: ['ServiceUnavailableException', 503],
  overloaded_gateway: ['ServiceUnavailableException', 503],
  upstream_unavailable: ['ServiceUnavailableException', 503],
}

/** The failure as Bedrock would tell it: the SDKs choose their exception by the header, and repeat some. */
export function encodeAwsError(error: GatewayError, requestId: string): EncodedError {
  const { retryAfterSeconds } = error.details
  const known = EXCEPTIONS[error.kind]
  const [name, status] =
    known ?? (error.status < 500 ? ['ValidationException', error.status] : ['InternalServerException', 500])
  return {
    status,
    headers: {
      'x-amzn-requestid': requestId,
      [NAME_HEADER]: name,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(Math.ceil(retryAfterSeconds)) }),
    },
    body: { message: clientMessage(error) },
  }
}

/** What may break off a stream of ConverseStream. */
const IN_STREAM: ReadonlySet<string> = new Set([
  'InternalServerException',
  'ServiceUnavailableException',
  'ThrottlingException',
  'ValidationException',
])

/** The same inside a stream, as a frame. */
export function exceptionFrame(error: GatewayError): { event: string; data: string } {
  const { headers, body } = encodeAwsError(error, '')
  const name = headers[NAME_HEADER]!
  const told = IN_STREAM.has(name) ? name : 'ModelStreamErrorException'
  return { event: EXCEPTION + told.charAt(0).toLowerCase() + told.slice(1), data: JSON.stringify(body) }
}

/** Agents compact or ask for less at Bedrock's own words, and some of them at Claude's. */
function clientMessage(error: GatewayError): string {
  if (error.kind !== 'context_overflow') return error.message
  const { inputTokens, limit } = error.details.overflow ?? {}
  const told =
    limit === undefined
      ? error.message
      : `prompt is too long: ${Math.max(inputTokens ?? 0, limit + 1)} tokens > ${limit} maximum`
  return `Input is too long for requested model. ${told}`
}
