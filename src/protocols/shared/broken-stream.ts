import { GatewayError } from '../../message/error.ts'

/** How a stream fails, in whatever API it is. */

/** An event that is something else, or was cut off. */
export function noObject(data: string): GatewayError {
  const head = data.trim().slice(0, 100)
  return new GatewayError('upstream_malformed', `The upstream sent an event that is no JSON object: ${head}`)
}

/** `what`: what should still have come. */
export function endedBefore(what: string): GatewayError {
  return new GatewayError('upstream_truncated', `The upstream’s stream ended before ${what}.`)
}
