/**
 * Every failure that a client can meet, in one table. The status and the words are what the agent acts on, so
 * a row says what the gateway does with it, and each protocol's `error.ts` says how it looks on that wire.
 */

/** What a failure allows before the first byte reached the client; after it, nothing is repeated. */
export type Verdict =
  /** The request is at fault: tell the client. Never cools a key, never falls back. */
  | 'tell'
  /** The key is at fault: try another key of the same provider. */
  | 'other-key'
  /** The provider or the network is at fault: try again, on another key where there is one. */
  | 'retry'

interface ErrorRow {
  status: number
  verdict: Verdict
}

export const ERRORS = {
  // The caller's request
  invalid_request: { status: 400, verdict: 'tell' },
  context_overflow: { status: 400, verdict: 'tell' },
  model_not_found: { status: 404, verdict: 'tell' },
  not_found: { status: 404, verdict: 'tell' },
  method_not_allowed: { status: 405, verdict: 'tell' },
  request_timeout: { status: 408, verdict: 'tell' },
  conflict: { status: 409, verdict: 'retry' },
  request_too_large: { status: 413, verdict: 'tell' },
  unsupported_media_type: { status: 415, verdict: 'tell' },
  unprocessable: { status: 422, verdict: 'tell' },
  upgrade_refused: { status: 426, verdict: 'tell' },
  headers_too_large: { status: 431, verdict: 'tell' },
  unsupported: { status: 400, verdict: 'tell' },
  // Who the caller is
  forbidden_origin: { status: 403, verdict: 'tell' },
  unauthenticated: { status: 401, verdict: 'tell' },
  forbidden: { status: 403, verdict: 'tell' },
  virtual_key_required: { status: 401, verdict: 'tell' },
  virtual_key_not_found: { status: 403, verdict: 'tell' },
  virtual_key_blocked: { status: 403, verdict: 'tell' },
  missing_required_headers: { status: 400, verdict: 'tell' },
  // What the caller may use
  provider_blocked: { status: 403, verdict: 'tell' },
  model_blocked: { status: 403, verdict: 'tell' },
  budget_exceeded: { status: 402, verdict: 'tell' },
  token_limited: { status: 429, verdict: 'tell' },
  request_limited: { status: 429, verdict: 'tell' },
  governance_limited: { status: 429, verdict: 'tell' },
  client_closed: { status: 499, verdict: 'tell' },
  // The upstream's key
  upstream_unauthenticated: { status: 401, verdict: 'other-key' },
  upstream_forbidden: { status: 403, verdict: 'other-key' },
  upstream_billing: { status: 402, verdict: 'other-key' },
  rate_limited: { status: 429, verdict: 'other-key' },
  // The upstream and the way to it
  overloaded: { status: 529, verdict: 'retry' },
  upstream_error: { status: 502, verdict: 'retry' },
  upstream_unavailable: { status: 503, verdict: 'retry' },
  upstream_unreachable: { status: 502, verdict: 'retry' },
  upstream_malformed: { status: 502, verdict: 'retry' },
  upstream_truncated: { status: 502, verdict: 'retry' },
  upstream_timeout: { status: 504, verdict: 'retry' },
  upstream_idle: { status: 504, verdict: 'retry' },
  // The gateway itself
  no_key: { status: 400, verdict: 'tell' },
  queue_full: { status: 503, verdict: 'other-key' },
  overloaded_gateway: { status: 503, verdict: 'tell' },
  internal: { status: 500, verdict: 'tell' },
} as const satisfies Record<string, ErrorRow>

export type ErrorKind = keyof typeof ERRORS

/** What a provider told of a request that is too long. */
export interface ContextOverflow {
  /** Tokens of the prompt. */
  inputTokens?: number
  /** Tokens reserved for the answer, where the provider counts them. */
  maxTokens?: number
  /** The model's limit. */
  limit?: number
}

export interface ErrorDetails {
  /** HTTP status to show; the row's own when absent. An upstream's status is kept. */
  status?: number
  /** The field of the request that is at fault, e.g. `messages[2].content`. */
  field?: string
  /** Whole seconds; Claude Code takes no dates and gives up above 60. */
  retryAfterSeconds?: number
  /** The upstream's own type, code and body, for a client of the same protocol and for the log. */
  upstream?: {
    status: number
    type?: string
    code?: string
    body?: string
    headers?: Readonly<Record<string, string | string[]>>
  }
  /** `x-should-retry`, where the upstream said it. */
  shouldRetry?: boolean
  /** It is about this provider or model alone, so that the plan's next target may serve the call all the same. */
  isOfTarget?: boolean
  /**
   * The connection was kept from an earlier request and broke before a byte of this one's answer: most likely the
   * upstream closed it just when the request was sent, and never saw it.
   */
  isStale?: boolean
  /** With `context_overflow`: how much too long, from which each protocol makes the words its agents act on. */
  overflow?: ContextOverflow
  cause?: unknown
}

/** A failure with a row in {@link ERRORS}. Its message may be shown to the client: it never holds a secret. */
export class GatewayError extends Error {
  readonly kind: ErrorKind
  readonly status: number
  readonly details: ErrorDetails

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GatewayError'
    this.kind = kind
    this.status = details.status ?? ERRORS[kind].status
    this.details = details
  }

  get verdict(): Verdict {
    return ERRORS[this.kind].verdict
  }
}

/** The failure as a {@link GatewayError}; what nobody foresaw becomes `internal` and keeps its text to the log. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  return new GatewayError('internal', 'The gateway failed on this request; its log has the reason.', {
    cause: error,
  })
}
