import { GatewayError } from '../../message/error.ts'
import type { ContextOverflow, ErrorKind } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { EncodedError } from '../dialect.ts'
import type { HeaderReader } from '../protocol.ts'
import { decodeAwsError, isAwsError } from '../shared/aws-error.ts'
import { parseContextOverflow } from '../shared/context-overflow.ts'
import { isObject, stringOf } from '../shared/object.ts'
import { readRetryAfter, readShouldRetry } from '../shared/retry-after.ts'
import { BROKEN_OFF, describe, overflowOf, parseBody } from '../shared/upstream-error.ts'

// ==== From an upstream

/**
 * An upstream's error answer as the row it belongs to; its body is kept for a client of the same protocol. Where
 * Bedrock serves Claude, the failures are AWS's.
 */
export function decodeError(status: number, headers: HeaderReader, body: string): GatewayError {
  if (isAwsError(headers)) return decodeAwsError(status, headers, body)
  const said = readError(parseBody(body))
  const retryAfterSeconds = readRetryAfter(headers)
  const shouldRetry = readShouldRetry(headers)
  const kind = classify(status, said)
  return new GatewayError(kind, said.message === '' ? describe(status, body) : said.message, {
    ...(status >= 400 && status <= 599 && { status }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(shouldRetry !== undefined && { shouldRetry }),
    ...overflowOf(kind, said.message),
    upstream: { status, ...(said.type !== '' && { type: said.type }), body },
  })
}

/** An `error` event inside a stream, or an error body with status 200: there is no status to go by, only the type. */
export function answerError(body: JsonObject): GatewayError {
  const said = readError(body)
  const kind = classify(undefined, said)
  return new GatewayError(kind, said.message === '' ? BROKEN_OFF : said.message, {
    ...overflowOf(kind, said.message),
    upstream: { status: 200, ...(said.type !== '' && { type: said.type }) },
  })
}

export function isErrorObject(body: JsonObject): boolean {
  return body['type'] === 'error' || isObject(body['error'])
}

interface SaidError {
  type: string
  message: string
}

/**
 * `{"type":"error","error":{"type","message"}}`; proxies on the way also say `{"message"}` or `{"error":"…"}`, and
 * Vertex says `[{"error":{"code","message","status"}}]`.
 */
function readError(answer: unknown): SaidError {
  const body: unknown = Array.isArray(answer) ? answer[0] : answer
  if (!isObject(body)) return { type: '', message: '' }
  const error = isObject(body['error']) ? body['error'] : body
  const message = stringOf(error['message']) || stringOf(body['error']) || stringOf(body['detail'])
  const type = stringOf(error['type'])
  return { type: type === 'error' ? '' : type, message }
}

const BY_TYPE: ReadonlyMap<string, ErrorKind> = new Map([
  ['invalid_request_error', 'invalid_request'],
  ['authentication_error', 'upstream_unauthenticated'],
  ['billing_error', 'upstream_billing'],
  ['permission_error', 'upstream_forbidden'],
  ['not_found_error', 'not_found'],
  ['conflict_error', 'conflict'],
  ['request_too_large', 'request_too_large'],
  ['rate_limit_error', 'rate_limited'],
  ['timeout_error', 'upstream_timeout'],
  ['overloaded_error', 'overloaded'],
])

const BY_STATUS: ReadonlyMap<number, ErrorKind> = new Map([
  [401, 'upstream_unauthenticated'],
  [402, 'upstream_billing'],
  [403, 'upstream_forbidden'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [408, 'upstream_timeout'],
  [409, 'conflict'],
  [413, 'request_too_large'],
  [415, 'unsupported_media_type'],
  [422, 'unprocessable'],
  [429, 'rate_limited'],
  [503, 'upstream_unavailable'],
  [504, 'upstream_timeout'],
  [524, 'upstream_timeout'],
  [529, 'overloaded'],
])

function classify(status: number | undefined, said: SaidError): ErrorKind {
  const kind =
    (status === undefined ? BY_TYPE.get(said.type) : BY_STATUS.get(status)) ?? byClass(status, said)
  if (kind === 'not_found') return /\bmodel\b/i.test(said.message) ? 'model_not_found' : 'not_found'
  if (kind !== 'invalid_request') return kind
  // An account without money answers 400: another key may have some.
  if (/credit balance is too low/i.test(said.message)) return 'upstream_billing'
  return parseContextOverflow(said.message) === undefined ? 'invalid_request' : 'context_overflow'
}

function byClass(status: number | undefined, said: SaidError): ErrorKind {
  if (status !== undefined && status >= 400 && status < 500) return 'invalid_request'
  return said.type === 'overloaded_error' ? 'overloaded' : 'upstream_error'
}

// ==== To a client

/** https://docs.claude.com/en/api/errors; any other 4xx is an `invalid_request_error`, any other 5xx an `api_error`. */
const TYPE_BY_STATUS: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [409, 'conflict_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

/** The failure as Anthropic's API would tell it: the SDKs choose their exception by status and type. */
export function encodeError(error: GatewayError, requestId: string): EncodedError {
  const { retryAfterSeconds, shouldRetry } = error.details
  const type =
    TYPE_BY_STATUS.get(error.status) ?? (error.status < 500 ? 'invalid_request_error' : 'api_error')
  return {
    status: error.status,
    headers: {
      'request-id': requestId,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(Math.ceil(retryAfterSeconds)) }),
      ...(shouldRetry !== undefined && { 'x-should-retry': String(shouldRetry) }),
    },
    body: { type: 'error', error: { type, message: clientMessage(error) }, request_id: requestId },
  }
}

function clientMessage(error: GatewayError): string {
  return error.kind === 'context_overflow'
    ? overflowMessage(error.details.overflow ?? {}, error.message)
    : error.message
}

/** Claude Code answers the first wording with `max_tokens` = limit − input − this. */
const MARGIN_TOKENS = 1000

/**
 * The two wordings on which Claude Code acts at once: the first makes it ask for less output, the second makes it
 * compact the conversation. Any other text ends the session for good, because nothing in it gets shorter.
 */
function overflowMessage({ inputTokens, maxTokens, limit }: ContextOverflow, original: string): string {
  if (
    inputTokens !== undefined &&
    maxTokens !== undefined &&
    limit !== undefined &&
    limit - inputTokens > MARGIN_TOKENS
  ) {
    return `input length and \`max_tokens\` exceed context limit: ${inputTokens} + ${maxTokens} > ${limit}, decrease input length or \`max_tokens\` and try again`
  }
  if (limit !== undefined)
    return `prompt is too long: ${Math.max(inputTokens ?? 0, limit + 1)} tokens > ${limit} maximum`
  return /prompt is too long/.test(original) ? original : `prompt is too long: ${original}`
}
