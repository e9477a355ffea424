import { GatewayError } from '../message/error.ts'
import type { AnswerHeaders, Egress, EgressRequest, Upstream } from './egress.ts'

/** An answer that is small enough to be read at once. */
export interface ShortAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** The body, as UTF-8. */
  readonly text: string
}

export interface AskLimits {
  readonly maxBytes: number
  /** Until the last byte of the answer. */
  readonly timeoutMs: number
}

/**
 * One small question to a service, and its whole answer of whatever status. Rejects with a {@link GatewayError}:
 * `upstream_timeout` where the answer is not whole in time, `upstream_malformed` where it is longer than allowed, and
 * what the dialler says.
 */
export function ask(
  egress: Egress,
  upstream: Upstream,
  request: EgressRequest,
  { maxBytes, timeoutMs }: AskLimits,
): Promise<ShortAnswer> {
  const { host } = new URL(upstream.origin)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let head: Omit<ShortAnswer, 'text'> = { status: 0, headers: {} }
    const fail = (error: GatewayError) => {
      clearTimeout(timer)
      exchange.abort()
      reject(error)
    }
    const timer = setTimeout(
      () => fail(new GatewayError('upstream_timeout', `${host} did not answer in time.`)),
      timeoutMs,
    )
    const exchange = egress.dispatch(upstream, request, {
      onHeaders: (status, headers) => {
        head = { status, headers }
      },
      onData: (chunk) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > maxBytes) {
          fail(new GatewayError('upstream_malformed', `${host} answers with more than ${maxBytes} bytes.`))
        }
        return true
      },
      onEnd: () => {
        clearTimeout(timer)
        resolve({ ...head, text: Buffer.concat(chunks).toString('utf8') })
      },
      onError: (error) => {
        clearTimeout(timer)
        reject(error)
      },
    })
  })
}
