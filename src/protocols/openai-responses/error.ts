import type { GatewayError } from '../../message/error.ts'
import type { EncodedError } from '../dialect.ts'
import { encodeError as encodeShared } from '../shared/openai-error.ts'

/**
 * A limit that lasts longer than an agent should wait, in the words by which Codex (0.169) knows one: of any other 429
 * it shows the status alone, after waiting for as long as `retry-after` says, and be it a day. The header is where it
 * takes the text for its user from.
 */
export function encodeError(error: GatewayError, requestId: string): EncodedError {
  const encoded = encodeShared(error, requestId)
  const { retryAfterSeconds, shouldRetry } = error.details
  if (error.status !== 429 || shouldRetry !== false) return encoded
  const body = encoded.body as { error: object }
  const reset = retryAfterSeconds === undefined ? {} : { resets_in_seconds: retryAfterSeconds }
  return {
    ...encoded,
    headers: { ...encoded.headers, 'x-codex-promo-message': headerText(error.message) },
    body: { ...body, error: { ...body.error, type: 'usage_limit_reached', ...reset } },
  }
}

function headerText(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]/g, '?')
}
