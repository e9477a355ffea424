import { GatewayError } from '../../message/error.ts'

/** How a stream fails, in whatever API it is. */

/** An event that is something else, or was cut off. */
export function noObject(data: string): GatewayError {
  const head = data.trim().slice(0, 100)
  return new GatewayError('upstream_malformed', `The upstream sent an event that is no JSON object: ${head}`)
}

/**
 * `what`: what should still have come. OpenCode 1.18 goes by words: a stream that broke off is asked for again
 * where its error says "connection lost" (or "stream timeout", or "server error"), and ends the work otherwise.
 */
export function endedBefore(what: string): GatewayError {
  const message = `The upstream’s stream ended before ${what}: connection lost.`
  return new GatewayError('upstream_truncated', message)
}
