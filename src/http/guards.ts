import { GatewayError } from '../message/error.ts'
import { HEADERS_MAX_COUNT } from './limits.ts'
import type { HttpRequest } from './request.ts'

/** Where the gateway may be addressed from. */
export interface GuardSettings {
  /** Host names without port, lower case, besides loopback. */
  readonly allowedHosts: readonly string[]
  /**
   * Origins of pages that may call, lower case: whole (`https://example.com`), `*`, or `*.example.com` for one
   * label in front. The two with a star are for inference alone.
   */
  readonly allowedOrigins: readonly string[]
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]'])
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i
/** Headers of which a second one would make two readers see two requests. */
const SINGLE = new Set([
  'host', 'authorization', 'x-api-key', 'x-goog-api-key', 'x-bf-vk', 'content-length', 'content-type',
  'content-encoding', 'transfer-encoding', 'origin', 'expect',
]) // prettier-ignore

/** Throws `headers_too_large`, and `invalid_request` for a header that two readers could read differently. */
export function checkHeaders({ rawHeaders, headers }: HttpRequest): void {
  const count = rawHeaders.length / 2
  if (count > HEADERS_MAX_COUNT) {
    throw new GatewayError('headers_too_large', `The request has more than ${HEADERS_MAX_COUNT} headers.`)
  }
  // Node has folded those of one name together: where the numbers agree, nothing came twice.
  if (count === Object.keys(headers).length) return
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    if (!SINGLE.has(name)) continue
    if (seen.has(name)) {
      throw new GatewayError('invalid_request', `${name}: the header is given twice.`, { field: name })
    }
    seen.add(name)
  }
}

/** Throws `upgrade_refused`. At its status Codex 0.169 goes on over HTTP; at any other it first tries for 7 seconds. */
export function checkUpgrade({ headers }: HttpRequest): void {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return
  throw new GatewayError('upgrade_refused', 'The gateway speaks HTTP alone, and no WebSockets.')
}

/**
 * Refuses a name that the gateway is not known by: a page whose own name was rebound to this machine sends it
 * (`forbidden_origin`). What is no name at all is `invalid_request`.
 */
export function checkHost(request: HttpRequest, settings: GuardSettings): void {
  const name = HOST.exec(request.headers.host ?? '')?.[1]?.toLowerCase()
  if (name === undefined) {
    throw new GatewayError('invalid_request', 'host: expected a host name with an optional port.', {
      field: 'host',
    })
  }
  if (LOOPBACK_HOSTS.has(name) || settings.allowedHosts.includes(name)) return
  throw new GatewayError(
    'forbidden_origin',
    `This gateway does not answer as ${name}. Add it to client.allowed_hosts if it should.`,
  )
}

/** What a request wants: a model's answer, what the gateway tells of itself, or to change that. */
export type Purpose = 'inference' | 'reading' | 'changing'

/**
 * Refuses what a page of another site sends (`forbidden_origin`). Agents and SDKs send no Origin; browsers always
 * do on what could change anything. Another port of this machine is another site, and no other site may change
 * anything.
 *
 * Returns the origin of a foreign page that may read the answer.
 */
export function checkOrigin(
  request: HttpRequest,
  settings: GuardSettings,
  purpose: Purpose,
): string | undefined {
  const { origin, host } = request.headers
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    if (settings.allowedOrigins.some((allowed) => admits(allowed, origin, purpose))) return origin
    const advice = purpose === 'changing' ? '' : ' Name the origin in client.allowed_origins if they should.'
    throw new GatewayError(
      'forbidden_origin',
      `Pages of ${printable(origin)} may not ${purpose === 'changing' ? 'change' : 'call'} this gateway.${advice}`,
    )
  }
  const site = request.headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined
  throw new GatewayError('forbidden_origin', 'Pages of other sites may not call this gateway.')
}

/** Does a request of the gateway's own API change anything? */
export function isChange(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/**
 * Refuses a change that is not declared as JSON (`unsupported_media_type`): a page of another site can send a form, or
 * text, and nothing at all, without asking first. It has to ask for DELETE whatever comes with it.
 */
export function checkJson({ method, headers }: HttpRequest): void {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (method === 'DELETE' && !hasBody) return
  if (/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) return
  const message = 'content-type: expected application/json, whether or not there is a body.'
  throw new GatewayError('unsupported_media_type', message, { field: 'content-type' })
}

/**
 * Refuses a peer on another machine (`forbidden`): the log holds everybody's prompts, and a virtual key is a right to
 * ask models, not to read them.
 */
export function checkPeer({ peer }: Pick<HttpRequest, 'peer'>): void {
  if (isThisMachine(peer)) return
  throw new GatewayError('forbidden', 'Only the machine on which the gateway runs may ask for this.')
}

/** The address of a peer as Node gives it, on a socket of both families mapped into IPv6. */
export function isThisMachine(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address)
}

function admits(allowed: string, origin: string, purpose: Purpose): boolean {
  if (purpose === 'changing') return false
  if (!allowed.includes('*')) return allowed === origin
  if (purpose !== 'inference') return false
  if (allowed === '*') return true
  const [before = '', after = ''] = allowed.split('*')
  if (!after.startsWith('.') || !origin.endsWith(after)) return false
  const rest = origin.slice(0, -after.length)
  return /^[a-z0-9-]+$/.test(before === '' ? rest.replace(/^https?:\/\//, '') : rest.replace(before, ''))
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
