import type { IncomingHttpHeaders as Http1Headers } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { GatewayError } from '../message/error.ts'
import { HEADERS_MAX_BYTES } from './limits.ts'
import type { HttpRequest } from './request.ts'

/** A request of HTTP/2, whose framing nghttp2 has checked: no header of a connection, no body of another length. */
export class Http2Request implements HttpRequest {
  readonly method: string
  readonly target: string
  readonly headers: Http1Headers
  readonly rawHeaders: readonly string[]
  readonly peer: string
  readonly body: ServerHttp2Stream
  readonly bodyTimeoutMs: number

  /** `raw`: names and values by turns, as they came. */
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    raw: readonly string[],
    peer: string,
    bodyTimeoutMs: number,
  ) {
    const host = headers[':authority'] ?? headers.host
    this.method = headers[':method'] ?? ''
    this.target = headers[':path'] ?? ''
    this.headers = named(headers, host)
    this.rawHeaders = namedPairs(raw, headers.host === undefined ? host : undefined)
    this.peer = peer
    this.body = stream
    this.bodyTimeoutMs = bodyTimeoutMs
  }

  get complete(): boolean {
    return this.body.readableEnded && !this.body.aborted
  }
  get aborted(): boolean {
    return this.body.aborted
  }

  sendContinue(): void {
    this.body.additionalHeaders({ ':status': 100 })
  }
}

/**
 * What is wrong with a head: `headers_too_large`, or `invalid_request` where `:authority` and `host` name two places,
 * since who reads the one would let pass what who reads the other refuses (RFC 9113, 8.3.1).
 */
export function headFault(headers: IncomingHttpHeaders, raw: readonly string[]): GatewayError | undefined {
  let bytes = 0
  for (const text of raw) bytes += text.length
  if (bytes > HEADERS_MAX_BYTES) {
    const message = `The request has more than ${HEADERS_MAX_BYTES} bytes of headers.`
    return new GatewayError('headers_too_large', message)
  }
  const { host, ':authority': authority } = headers
  if (host === undefined || authority === undefined || host === authority) return undefined
  return new GatewayError('invalid_request', 'host: expected the same as :authority.', { field: 'host' })
}

/** The headers that HTTP/1.1 has, and the host, where nothing but `:authority` named it. */
function named(headers: IncomingHttpHeaders, host: string | undefined): Http1Headers {
  const kept: Http1Headers = { host }
  for (const name in headers) if (!name.startsWith(':')) kept[name] = headers[name]
  return kept
}

function namedPairs(raw: readonly string[], host: string | undefined): string[] {
  const kept: string[] = host === undefined ? [] : ['host', host]
  for (let index = 0; index < raw.length; index += 2)
    if (!raw[index]!.startsWith(':')) kept.push(raw[index]!, raw[index + 1]!)
  return kept
}
