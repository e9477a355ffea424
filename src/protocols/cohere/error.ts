import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { EncodedError } from '../dialect.ts'
import { decodeError } from '../shared/openai-error.ts'

// ==== From an upstream

/** `{"message": …}` under a status that means what it says, as the many servers of OpenAI's API tell it, too. */
export { decodeError }

/** The failure that a stream or a whole answer ends with, in its own words where it has any. */
export function brokenOff(finish: string, said: unknown): GatewayError {
  const message =
    typeof said === 'string' && said !== '' ? said : `The upstream broke off its answer (${finish}).`
  const kind = finish === 'TIMEOUT' ? 'upstream_timeout' : 'upstream_error'
  return new GatewayError(kind, message, { upstream: { status: 200, type: finish } })
}

// ==== To a client

export function encodeError(error: GatewayError, requestId: string): EncodedError {
  const { retryAfterSeconds } = error.details
  return {
    status: error.status,
    headers: {
      'x-request-id': requestId,
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { id: requestId, message: error.message },
  }
}

/** The last event of a stream that failed: https://docs.cohere.com/v2/docs/streaming */
export function errorEnd(error: GatewayError): JsonObject {
  return { type: 'message-end', delta: { error: error.message, finish_reason: 'ERROR' } }
}
