import { afterEach } from 'vitest'
import { Egress } from '../../src/wire/egress.ts'
import type { AnswerHeaders, EgressRequest, Exchange, Upstream } from '../../src/wire/egress.ts'
import type { GatewayError } from '../../src/message/error.ts'
import type { Resolve } from '../../src/wire/dial-policy.ts'
import { deferred } from './deferred.ts'
import type { Part } from './provider/parts.ts'
import { startRawUpstream } from './provider/raw.ts'
import type { RawScript, RawUpstream } from './provider/raw.ts'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

/** Closes something after the test that opened it. */
export function opened<One extends { close(): Promise<unknown> }>(one: One): One {
  open.push(one)
  return one
}

/** An upstream of raw bytes, for one test. */
export async function upstreamOf(script: RawScript, greeting?: () => Part[]): Promise<RawUpstream> {
  return opened(await startRawUpstream(script, greeting))
}

/** A dialler, for one test. */
export function newEgress(resolve?: Resolve): Egress {
  return opened(new Egress(resolve && { resolve }))
}

/** What comes of one request to an upstream that answers with these bytes. */
export async function answerOf(...parts: Part[]): Promise<Outcome> {
  const upstream = await upstreamOf(() => parts)
  return send(newEgress(), upstreamAt(upstream.url)).outcome
}

/** A well-formed answer. */
export const whole = (body: string | Buffer, ...headers: string[]): Part[] => [
  ['HTTP/1.1 200 OK', `content-length: ${body.length}`, ...headers, '', ''].join('\r\n'),
  typeof body === 'string' ? Buffer.from(body) : body,
]

/** An upstream as the operator of a local server would name it. */
export function upstreamAt(url: string, changes: Partial<Upstream> = {}): Upstream {
  return {
    origin: new URL(url).origin,
    operatorNamed: true,
    connectTimeoutMs: 5_000,
    headersTimeoutMs: 5_000,
    maxConnections: 100,
    caCertificatePem: undefined,
    insecureSkipVerify: false,
    proxyUrl: undefined,
    ...changes,
  }
}

/** How one request ended. */
export interface Outcome {
  status: number | undefined
  headers: AnswerHeaders
  body: string
  error: GatewayError | undefined
}

export const POST: EgressRequest = {
  method: 'POST',
  path: '/v1/messages',
  headers: { 'content-type': 'application/json', 'x-api-key': 'sk-secret' },
  body: Buffer.from('{"model":"m"}'),
}

/** One request to its end, with the exchange beside it. */
export function send(
  egress: Egress,
  upstream: Upstream,
  request: EgressRequest = POST,
  onData: (chunk: Buffer, exchange: Exchange) => boolean = () => true,
): { outcome: Promise<Outcome>; exchange: Exchange } {
  const { promise, resolve } = deferred<Outcome>()
  const chunks: Buffer[] = []
  const result: Outcome = { status: undefined, headers: {}, body: '', error: undefined }
  const end = (error?: GatewayError) => resolve({ ...result, error, body: Buffer.concat(chunks).toString() })
  const exchange = egress.dispatch(upstream, request, {
    onHeaders: (status, headers) => Object.assign(result, { status, headers }),
    onData: (chunk) => {
      chunks.push(chunk)
      return onData(chunk, exchange)
    },
    onEnd: () => end(),
    onError: end,
  })
  return { outcome: promise, exchange }
}
