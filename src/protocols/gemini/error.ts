import { GatewayError } from '../../message/error.ts'
import type { ContextOverflow, ErrorKind } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { EncodedError } from '../dialect.ts'
import type { HeaderReader } from '../protocol.ts'
import { parseContextOverflow } from '../shared/context-overflow.ts'
import { isObject, stringOf } from '../shared/object.ts'
import { readRetryAfter, readRetryInfo } from '../shared/retry-after.ts'
import { BROKEN_OFF, describe, overflowOf, parseBody } from '../shared/upstream-error.ts'

// ==== From an upstream

/** An upstream's error answer as the row it belongs to; its body is kept for a client of the same protocol. */
export function decodeError(status: number, headers: HeaderReader, body: string): GatewayError {
  const said = readError(parseBody(body))
  const kind = classify(status, said)
  const retryAfterSeconds = readRetryAfter(headers) ?? said.retryAfterSeconds
  // Where the words say more than the status (400 for a wrong key), the row's status is right.
  const byStatus = kind === BY_STATUS.get(status) || (kind === 'invalid_request' && status < 500)
  return new GatewayError(kind, said.message === '' ? describe(status, body) : said.message, {
    ...(byStatus && status >= 400 && status <= 599 && { status }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...overflowOf(kind, said.message),
    upstream: { status, ...(said.status !== '' && { type: said.status }), body },
  })
}

/** Does a body with status 200, or a chunk of a stream, tell of a failure? */
export function isErrorObject(body: JsonObject): boolean {
  return isObject(body.error)
}

/** The failure that such a body tells of. */
export function answerError(body: JsonObject): GatewayError {
  const said = readError(body)
  const status = said.code >= 400 && said.code <= 599 ? said.code : undefined
  const kind = classify(status, said)
  return new GatewayError(kind, said.message === '' ? BROKEN_OFF : said.message, {
    ...(said.retryAfterSeconds !== undefined && { retryAfterSeconds: said.retryAfterSeconds }),
    ...overflowOf(kind, said.message),
    upstream: { status: status ?? 200, ...(said.status !== '' && { type: said.status }) },
  })
}

interface SaidError {
  message: string
  code: number
  /** `INVALID_ARGUMENT` and the like. */
  status: string
  /** Of the entry that names it: `API_KEY_INVALID`, `BILLING_DISABLED` … */
  reason: string
  retryAfterSeconds: number | undefined
}

/** `{"error":{…}}`, or a list of that where a list was asked for. */
function readError(body: unknown): SaidError {
  const outer: unknown = Array.isArray(body) ? body[0] : body
  const error = isObject(outer) && isObject(outer.error) ? outer.error : isObject(outer) ? outer : {}
  const details = Array.isArray(error.details) ? error.details.filter(isObject) : []
  return {
    message: stringOf(error.message) || (isObject(outer) ? stringOf(outer.error) : ''),
    code: typeof error.code === 'number' ? error.code : 0,
    status: stringOf(error.status),
    reason: stringOf(details.find((one) => typeof one.reason === 'string')?.reason),
    retryAfterSeconds: readRetryInfo(details),
  }
}

/** https://cloud.google.com/apis/design/errors#handling_errors; a stream has no other status than this word. */
const BY_WORD: ReadonlyMap<string, ErrorKind> = new Map([
  ['INVALID_ARGUMENT', 'invalid_request'],
  ['FAILED_PRECONDITION', 'invalid_request'],
  ['OUT_OF_RANGE', 'invalid_request'],
  ['UNAUTHENTICATED', 'upstream_unauthenticated'],
  ['PERMISSION_DENIED', 'upstream_forbidden'],
  ['NOT_FOUND', 'not_found'],
  ['ABORTED', 'conflict'],
  ['RESOURCE_EXHAUSTED', 'rate_limited'],
  ['UNAVAILABLE', 'upstream_unavailable'],
  ['DEADLINE_EXCEEDED', 'upstream_timeout'],
])

const BY_STATUS: ReadonlyMap<number, ErrorKind> = new Map([
  [400, 'invalid_request'],
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
])

/** Reasons that say more than the status: another key may do. */
const BY_REASON: ReadonlyMap<string, ErrorKind> = new Map([
  ['API_KEY_INVALID', 'upstream_unauthenticated'],
  ['API_KEY_EXPIRED', 'upstream_unauthenticated'],
  ['ACCESS_TOKEN_EXPIRED', 'upstream_unauthenticated'],
  ['BILLING_DISABLED', 'upstream_billing'],
])

function classify(status: number | undefined, said: SaidError): ErrorKind {
  const named = BY_REASON.get(said.reason)
  if (named !== undefined) return named
  // Google says 400 to a wrong key.
  if (/API key (?:not valid|expired|not found)/i.test(said.message)) return 'upstream_unauthenticated'
  const kind = (status === undefined ? BY_WORD.get(said.status) : BY_STATUS.get(status)) ?? byClass(status)
  if (kind === 'not_found') return /\bmodels?\b/i.test(said.message) ? 'model_not_found' : 'not_found'
  if (kind === 'upstream_unavailable' && /\boverloaded\b/i.test(said.message)) return 'overloaded'
  if (kind !== 'invalid_request') return kind
  // A project without money, or in a country that the free tier does not serve.
  if (/enable billing|billing account|credits are depleted/i.test(said.message)) return 'upstream_billing'
  return parseContextOverflow(said.message) === undefined ? 'invalid_request' : 'context_overflow'
}

function byClass(status: number | undefined): ErrorKind {
  return status !== undefined && status >= 400 && status < 500 ? 'invalid_request' : 'upstream_error'
}

// ==== To a client

const WORD_BY_STATUS: ReadonlyMap<number, string> = new Map([
  [401, 'UNAUTHENTICATED'],
  [402, 'FAILED_PRECONDITION'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [408, 'DEADLINE_EXCEEDED'],
  [409, 'ABORTED'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
])

/** Anthropic's word for an overload, which Google's clients do not know as one that passes. */
const OVERLOADED = 529

/** The failure as Google's API would tell it: Gemini CLI waits as long as `RetryInfo` says. */
export function encodeError(error: GatewayError, requestId: string): EncodedError {
  const { retryAfterSeconds } = error.details
  const body = errorBody(error)
  return {
    status: statusOf(error),
    headers: {
      'x-request-id': requestId,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(Math.ceil(retryAfterSeconds)) }),
    },
    body,
  }
}

function statusOf(error: GatewayError): number {
  return error.status === OVERLOADED ? 503 : error.status
}

/** Also the data of an error inside a stream. */
export function errorBody(error: GatewayError): JsonObject {
  const code = statusOf(error)
  const { field, retryAfterSeconds, overflow, shouldRetry } = error.details
  const isFinal = code === 429 && shouldRetry === false
  const details = [
    ...(isFinal ? [{ '@type': `${RPC}QuotaFailure`, violations: [{ quotaId: FINAL_QUOTA }] }] : []),
    ...(retryAfterSeconds === undefined
      ? []
      : [{ '@type': `${RPC}RetryInfo`, retryDelay: `${Math.ceil(retryAfterSeconds)}s` }]),
    ...(field === undefined
      ? []
      : [{ '@type': `${RPC}BadRequest`, fieldViolations: [{ field, description: error.message }] }]),
  ]
  const message =
    error.kind === 'context_overflow' ? overflowMessage(overflow ?? {}, error.message) : error.message
  const status = WORD_BY_STATUS.get(code) ?? (code < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL')
  return { error: { code, message, status, ...(details.length > 0 && { details }) } }
}

const RPC = 'type.googleapis.com/google.rpc.'

/** Gemini CLI (0.61) asks ten times more at every other quota. */
const FINAL_QUOTA = 'GatewayRequestsPerDay'

/** The wording by which agents on this API know that their conversation has become too long. */
function overflowMessage({ inputTokens, limit }: ContextOverflow, original: string): string {
  if (limit === undefined) return original
  const count = Math.max(inputTokens ?? 0, limit + 1)
  return `The input token count (${count}) exceeds the maximum number of tokens allowed (${limit}).`
}
