import { GatewayError } from '../../message/error.ts'
import type { ErrorDetails, ErrorKind } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { EncodedError } from '../dialect.ts'
import type { HeaderReader } from '../protocol.ts'
import { parseContextOverflow } from './context-overflow.ts'
import { readRetryAfter, readShouldRetry, readRetryInfo } from './retry-after.ts'
import { isObject } from './object.ts'
import { BROKEN_OFF, describe, overflowOf, parseBody } from './upstream-error.ts'

// ==== From an upstream

/** An upstream's error answer as the row it belongs to, with the upstream's own words. */
export function decodeError(status: number, headers: HeaderReader, body: string): GatewayError {
  const said = readError(parseBody(body))
  const message = said.message === '' ? describe(status, body) : said.message
  const { kind, byStatus } = classify(status, said)
  const retryAfterSeconds = readRetryAfter(headers) ?? readReset(headers) ?? said.retryAfterSeconds
  const shouldRetry = readShouldRetry(headers)
  return new GatewayError(kind, message, {
    // Where the words say more than the status (OpenAI's 429 for an empty account), the row's status is right.
    ...(byStatus && status >= 400 && status <= 599 && { status }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(shouldRetry !== undefined && { shouldRetry }),
    ...overflowOf(kind, said.text),
    upstream: { status, ...identity(said), body },
  })
}

/** Does a body with status 200, or a chunk of a stream, tell of a failure? */
export function isErrorObject(body: JsonObject): boolean {
  return (
    isObject(body.error) || (typeof body.error === 'string' && body.error !== '') || body.object === 'error'
  )
}

/** The failure that a body with status 200, a chunk, or a choice tells of. */
export function answerError(body: JsonObject, finish?: string): GatewayError {
  const said = readError(body)
  const status = /^[45]\d\d$/.test(said.code) ? Number(said.code) : undefined
  const { kind } = classify(status, said)
  const broken = finish === undefined ? BROKEN_OFF : `The upstream broke off its answer (${finish}).`
  const details: ErrorDetails = {
    ...overflowOf(kind, said.text),
    ...(said.retryAfterSeconds !== undefined && { retryAfterSeconds: said.retryAfterSeconds }),
    upstream: { status: status ?? 200, ...identity(said) },
  }
  return new GatewayError(
    finish === 'insufficient_system_resource' ? 'overloaded' : kind,
    said.message || broken,
    details,
  )
}

interface SaidError {
  message: string
  type: string
  code: string
  /** Everything in which an overflow may be told. */
  text: string
  retryAfterSeconds: number | undefined
}

function identity(said: SaidError): { type?: string; code?: string } {
  return { ...(said.type !== '' && { type: said.type }), ...(said.code !== '' && { code: said.code }) }
}

/** OpenAI's `{error:{…}}`, Gemini's list of it, Mistral's bare object, `detail` of FastAPI and ElevenLabs, plain strings. */
function readError(body: unknown): SaidError {
  const outer: unknown = Array.isArray(body) ? body[0] : body
  if (!isObject(outer)) return { message: '', type: '', code: '', text: '', retryAfterSeconds: undefined }
  const error = isObject(outer.error) ? outer.error : outer
  const inner = isObject(error.metadata) ? rawMessage(error.metadata) : ''
  const own = word(error.message) || word(outer.error) || word(outer.message) || detail(outer.detail)
  const message = inner === '' || own.includes(inner) ? own : `${own}: ${inner}`
  const type = word(error.type) || word(error.status)
  const code = word(error.code) || word(outer.code)
  return {
    message,
    type,
    code,
    text: `${message} ${type} ${code}`,
    retryAfterSeconds: readRetryInfo(error.details),
  }
}

/** OpenRouter: "Provider returned error", and what that provider said as text in `metadata.raw`. */
function rawMessage(metadata: JsonObject): string {
  const raw = word(metadata.raw)
  const said = readError(parseBody(raw)).message
  return said === '' ? raw.slice(0, 500) : said
}

function detail(value: unknown): string {
  if (typeof value === 'string') return value
  if (isObject(value)) return word(value.message)
  if (!Array.isArray(value)) return ''
  return value
    .filter(isObject)
    .map((one) =>
      [Array.isArray(one.loc) ? one.loc.join('.') : '', word(one.msg)]
        .filter((part) => part !== '')
        .join(': '),
    )
    .join('; ')
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

const BY_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid_request',
  401: 'upstream_unauthenticated',
  402: 'upstream_billing',
  403: 'upstream_forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'upstream_timeout',
  409: 'conflict',
  413: 'request_too_large',
  415: 'unsupported_media_type',
  422: 'unprocessable',
  429: 'rate_limited',
  // Groq: flex capacity exceeded.
  498: 'overloaded',
  503: 'upstream_unavailable',
  504: 'upstream_timeout',
  // Cloudflare waited for the origin in vain.
  524: 'upstream_timeout',
  529: 'overloaded',
}

/** Words that say more than the status, in order; the first that fits decides. */
const BY_WORDS: readonly [RegExp, ErrorKind][] = [
  [
    /\b(?:insufficient_quota|insufficient_balance|billing_hard_limit_reached|billing_not_active)\b/i,
    'upstream_billing',
  ],
  [
    /\b(?:model_not_found|invalid_model|model_decommissioned|model_not_available)\b|not a valid model id|model .{0,100}does not exist/i,
    'model_not_found',
  ],
  // Gemini says 400 to a wrong key.
  [/\binvalid_api_key\b|API key not valid|API_KEY_INVALID/i, 'upstream_unauthenticated'],
  [/\b(?:overloaded|overloaded_error|server_is_overloaded|engine_overloaded)\b/i, 'overloaded'],
]

/** In a stream there is no status, and the type is all that tells. */
const BY_TYPE: readonly [RegExp, ErrorKind][] = [
  [/rate_?limit|RESOURCE_EXHAUSTED|too_many_requests/i, 'rate_limited'],
  [/authentication|UNAUTHENTICATED/i, 'upstream_unauthenticated'],
  [/permission|PERMISSION_DENIED/i, 'upstream_forbidden'],
  [
    /invalid_(?:request|prompt)|BadRequest|INVALID_ARGUMENT|content_filter|_policy|_image|image_/i,
    'invalid_request',
  ],
  [/timeout|DEADLINE_EXCEEDED/i, 'upstream_timeout'],
  [/UNAVAILABLE|service_unavailable/i, 'upstream_unavailable'],
]

function classify(status: number | undefined, said: SaidError): { kind: ErrorKind; byStatus: boolean } {
  const isOverflow =
    status !== 429 && status !== 401 && status !== 402 && parseContextOverflow(said.text) !== undefined
  if (isOverflow) return { kind: 'context_overflow', byStatus: false }
  const named = BY_WORDS.find(([pattern]) => pattern.test(said.text))?.[1]
  if (named !== undefined) return { kind: named, byStatus: false }
  if (status === undefined) {
    return {
      kind: BY_TYPE.find(([pattern]) => pattern.test(`${said.type} ${said.code}`))?.[1] ?? 'upstream_error',
      byStatus: false,
    }
  }
  const kind = BY_STATUS[status]
  if (kind !== undefined) return { kind, byStatus: true }
  return { kind: status >= 400 && status < 500 ? 'invalid_request' : 'upstream_error', byStatus: true }
}

/** OpenAI's `x-ratelimit-reset-requests: 6m12.5s`: the later of what is used up. */
function readReset(header: HeaderReader): number | undefined {
  const waits = ['requests', 'tokens']
    .filter((kind) => header(`x-ratelimit-remaining-${kind}`)?.trim() === '0')
    .map((kind) => duration(header(`x-ratelimit-reset-${kind}`)))
    .filter((seconds) => seconds !== undefined)
  return waits.length === 0 ? undefined : Math.ceil(Math.max(...waits))
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 }

/** `1d2h3m4.5s`, `12ms`, or a bare number of seconds; at most a day. */
function duration(value: string | undefined): number | undefined {
  if (value === undefined || !/^(?:\d+(?:\.\d+)?(?:ms|[dhms])?)+$/.test(value)) return undefined
  let seconds = 0
  for (const [, number, unit = 's'] of value.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])?/g)) {
    seconds += Number(number) * UNIT_SECONDS[unit]!
  }
  return Math.min(seconds, 86_400)
}

// ==== To a client

/** `type` and `code` as OpenAI's SDKs and agents know them. */
const WIRE: Readonly<Partial<Record<ErrorKind, [type: string, code: string | null]>>> = {
  context_overflow: ['invalid_request_error', 'context_length_exceeded'],
  model_not_found: ['invalid_request_error', 'model_not_found'],
  unauthenticated: ['invalid_request_error', 'invalid_api_key'],
  virtual_key_required: ['virtual_key_required', 'invalid_api_key'],
  virtual_key_not_found: ['virtual_key_not_found', 'invalid_api_key'],
  virtual_key_blocked: ['virtual_key_blocked', 'invalid_api_key'],
  missing_required_headers: ['missing_required_headers', 'missing_required_headers'],
  provider_blocked: ['provider_blocked', 'provider_blocked'],
  model_blocked: ['model_blocked', 'model_blocked'],
  // OpenAI's own word for this makes Codex show a message of its own, which sends its user to OpenAI's bills.
  budget_exceeded: ['budget_exceeded', 'budget_exceeded'],
  token_limited: ['token_limited', 'rate_limit_exceeded'],
  request_limited: ['request_limited', 'rate_limit_exceeded'],
  governance_limited: ['rate_limited', 'rate_limit_exceeded'],
  upstream_unauthenticated: ['invalid_request_error', 'invalid_api_key'],
  upstream_billing: ['insufficient_quota', 'insufficient_quota'],
  rate_limited: ['rate_limit_error', 'rate_limit_exceeded'],
  overloaded: ['server_error', 'overloaded'],
}

export function encodeError(error: GatewayError, requestId: string): EncodedError {
  const { retryAfterSeconds, shouldRetry } = error.details
  return {
    status: error.status,
    headers: {
      'x-request-id': requestId,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...(shouldRetry !== undefined && { 'x-should-retry': String(shouldRetry) }),
    },
    body: errorBody(error),
  }
}

/** Also the data of an error inside a stream. */
export function errorBody(error: GatewayError): JsonObject {
  const [type, code] = WIRE[error.kind] ?? [
    error.status >= 500 ? 'server_error' : 'invalid_request_error',
    null,
  ]
  return { error: { message: error.message, type, param: error.details.field ?? null, code } }
}
