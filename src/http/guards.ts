import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../message/error.ts'
import { HEADERS_MAX_COUNT } from './limits.ts'

/** Where the gateway may be addressed from. */
export interface GuardSettings {
  /** Host names without port, lower case, besides loopback. */
  readonly allowedHosts: readonly string[]
  /** Whole origins (`https://example.com`) of pages that may call. */
  readonly allowedOrigins: readonly string[]
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])
const HOST = /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i
/** Headers of which a second one would make two readers see two requests. */
const SINGLE = new Set(['host', 'authorization', 'x-api-key', 'x-goog-api-key', 'x-bf-vk', 'content-length', 'content-type'])

/**
 * Refuses what a browser page of another site, a rebound DNS name or a smuggled header would send. Throws
 * `invalid_request` for ambiguous headers, `headers_too_large`, and `forbidden_origin`.
 */
export function guard(request: IncomingMessage, settings: GuardSettings): void {
  checkHeaders(request.rawHeaders)
  const host = request.headers.host ?? ''
  const name = HOST.exec(host)?.[1]?.toLowerCase()
  if (name === undefined) throw new GatewayError('invalid_request', 'host: expected a host name with an optional port.', { field: 'host' })
  if (!LOOPBACK_HOSTS.has(name) && !settings.allowedHosts.includes(name)) {
    throw new GatewayError('forbidden_origin', `This gateway does not answer as ${name}. Add it to client.allowed_hosts if it should.`)
  }
  checkOrigin(request, host, settings)
}

function checkHeaders(rawHeaders: readonly string[]): void {
  if (rawHeaders.length > 2 * HEADERS_MAX_COUNT) {
    throw new GatewayError('headers_too_large', `The request has more than ${HEADERS_MAX_COUNT} headers.`)
  }
  let seen: Set<string> | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    if (!SINGLE.has(name)) continue
    seen ??= new Set()
    if (seen.has(name)) throw new GatewayError('invalid_request', `${name}: the header is given twice.`, { field: name })
    seen.add(name)
  }
}

/** Agents and SDKs send no Origin; browsers always do on what could change anything. */
function checkOrigin(request: IncomingMessage, host: string, settings: GuardSettings): void {
  const { origin } = request.headers
  if (origin !== undefined && settings.allowedOrigins.includes(origin)) return
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new GatewayError('forbidden_origin', `Pages of ${safe(origin)} may not call this gateway. Name the origin in client.allowed_origins if they should.`)
  }
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new GatewayError('forbidden_origin', 'Pages of other sites may not call this gateway.')
  }
}

function safe(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
