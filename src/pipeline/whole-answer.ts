import { GatewayError } from '../message/error.ts'
import type { JsonObject } from '../message/request.ts'
import type { Protocol, HeaderReader } from '../protocols/protocol.ts'
import { parseJson } from '../protocols/shared/json.ts'
import { isObject } from '../protocols/shared/object.ts'
import type { AnswerHeaders } from '../wire/egress.ts'

/** An upstream's answer that is not a stream. */
export interface WholeAnswer {
  status: number
  headers: AnswerHeaders
  body: Buffer
}

export function headerReader(headers: AnswerHeaders): HeaderReader {
  return (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value[0] : value
  }
}

/** The answer's JSON object. Throws `upstream_malformed`. */
export function parseAnswer(answer: WholeAnswer): JsonObject {
  try {
    const value = parseJson(answer.body.toString('utf8'))
    if (isObject(value)) return value
  } catch {
    // Told below: a page of HTML with status 200 is how many proxies report their own failure.
  }
  throw new GatewayError(
    'upstream_malformed',
    'The upstream answered with something that is not a JSON object.',
  )
}

/** The upstream's error in the hub's terms, with its own words kept for a client of the same protocol. */
export function readError(answer: WholeAnswer, protocol: Protocol): GatewayError {
  const { status, headers } = answer
  if (status < 400) {
    // A redirect would take the prompt and the key to another origin; 204 and the like have no answer in them.
    return new GatewayError(
      'upstream_malformed',
      `The upstream answered with status ${status} instead of an answer.`,
      {
        upstream: { status },
      },
    )
  }
  const body = answer.body.toString('utf8')
  const error = protocol.error.decode(status, headerReader(headers), body)
  return new GatewayError(error.kind, error.message, {
    ...error.details,
    upstream: { ...error.details.upstream, status, body, headers },
  })
}
