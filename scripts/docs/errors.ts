import { ERRORS, GatewayError } from '../../src/message/error.ts'
import type { ErrorKind, Verdict } from '../../src/message/error.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'

/** What each kind tells, for a reader who has met it. */
const MEANINGS: Readonly<Record<ErrorKind, string>> = {
  invalid_request:
    'A field of the request is wrong, or its bytes could be read in two ways; the message names it.',
  context_overflow:
    'The conversation is longer than the model allows, and no later target has a larger window; in the words on which agents compact.',
  model_not_found: 'The model leads to no configured provider, or the provider does not know it.',
  not_found: 'No such route here, or no such thing at the provider.',
  method_not_allowed: 'The path is right, the method is not.',
  request_timeout: 'The request did not arrive whole in time.',
  conflict: 'The provider reports a conflict with another request.',
  request_too_large: 'The body is larger than `client.max_request_body_size_mb`, or than the provider takes.',
  unsupported_media_type: 'The body is no JSON, or is compressed in an unknown way.',
  unprocessable: 'The provider understood the request and refuses it.',
  upgrade_refused: 'The request wants to go on over WebSockets, which no route speaks.',
  headers_too_large: 'More headers than the edge takes.',
  unsupported: 'The provider has no equal for something that the answer depends on.',
  forbidden_origin: 'The Host, Origin or `Sec-Fetch-Site` header is not allowed here.',
  unauthenticated: 'The password of the administration is required.',
  forbidden: 'Who asks may not: another machine asked for the log, a virtual key for the administration.',
  virtual_key_required: 'A virtual key is required and none was given.',
  virtual_key_not_found: 'The virtual key is not known here, or was replaced by another.',
  virtual_key_blocked: 'The virtual key is not active, or has expired.',
  missing_required_headers: 'A header that the operator requires is missing; the message names it.',
  provider_blocked: 'The virtual key may not use this provider.',
  model_blocked: 'The virtual key may not use this model at this provider.',
  budget_exceeded:
    'A budget is spent, or what this call may cost is more than is left of it. The message says whose, and until when.',
  token_limited:
    'The tokens of a rate limit are used up; `retry-after` says for how long, where it is a minute or less.',
  request_limited:
    'The requests of a rate limit are used up; `retry-after` says for how long, where it is a minute or less.',
  governance_limited:
    'Tokens and requests of a rate limit are used up; or what is left of a budget or limit is held by calls in flight, and may be free again in seconds.',
  client_closed: 'The client left. Seen in the log only.',
  upstream_unauthenticated: 'The provider refuses the provider key.',
  upstream_forbidden: 'The provider key may not do this.',
  upstream_billing: 'The account behind the provider key is out of money.',
  rate_limited: 'The provider limits this provider key for a while.',
  overloaded: 'The provider is overloaded.',
  upstream_error: 'The provider failed.',
  upstream_unavailable: 'The provider is down for a while.',
  upstream_unreachable:
    'No connection: name, certificate, refused port, or an address that must not be dialled.',
  upstream_malformed: 'The answer is not what the provider’s API promises.',
  upstream_truncated: 'The answer broke off before its end.',
  upstream_timeout: 'No answer in time.',
  upstream_idle: 'The answer fell silent for longer than `stream_idle_timeout_in_seconds`.',
  no_key: 'The provider has no enabled key for this model.',
  queue_full:
    'The provider has as many requests at once as `concurrency_and_buffer_size` lets through, and no more may wait. The next target is tried.',
  overloaded_gateway: 'The gateway holds as many requests as it may, or is stopping.',
  internal: 'A fault of the gateway; standard error has the reason.',
}

const ACTIONS: Readonly<Record<Verdict, string>> = {
  tell: 'tells the client',
  'other-key': 'tries another key',
  retry: 'tries another key, else again',
}

/** Every failure as Markdown, in the order of the table in the code. */
export function errorTable(): string {
  const kinds = Object.keys(ERRORS) as ErrorKind[]
  return [
    '| kind | status | type for Anthropic clients | the gateway | what it means |',
    '|---|---|---|---|---|',
    ...kinds.map((kind) => {
      const { status, verdict } = ERRORS[kind]
      return `| \`${kind}\` | ${status} | \`${anthropicType(kind)}\` | ${ACTIONS[verdict]} | ${MEANINGS[kind]} |`
    }),
  ].join('\n')
}

function anthropicType(kind: ErrorKind): string {
  const { body } = anthropic.error.encode(new GatewayError(kind, ''), '')
  return (body.error as { type: string }).type
}
