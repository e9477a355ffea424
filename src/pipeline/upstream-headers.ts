import type { HeaderFilter } from '../stores/config/configuration.ts'
import type { Call } from './call.ts'
import type { Target } from './plan.ts'

/** Client headers that mean something to an upstream of the same protocol. The rest stays here. */
const FORWARDED = new Set(['user-agent', 'x-app', 'accept-language'])
const FORWARDED_PREFIXES = ['anthropic-', 'openai-', 'x-stainless-', 'x-claude-code-']

/**
 * Always-on deny list of `x-bf-eh-*`: nobody sets credentials, framing or hops of another connection, nor says that
 * the body is to be read otherwise than it was here, where the model in it was checked.
 */
const NEVER_EXTRA = new Set([
  'proxy-authorization', 'cookie', 'host', 'content-length', 'connection', 'transfer-encoding', 'x-api-key',
  'x-goog-api-key', 'authorization', 'upgrade', 'te', 'trailer', 'keep-alive', 'expect', 'accept-encoding',
  'content-type', 'content-encoding', 'api-key', 'x-http-method-override', 'x-http-method', 'x-method-override',
]) // prettier-ignore

/**
 * Headers of the upstream request, but for those that let it in. `anthropic-beta` and every unknown `anthropic-*` go on verbatim to an
 * upstream of the same protocol: header and body features travel in pairs, and stripping a login's OAuth beta
 * turns it into a 401. A header named in `Connection` belongs to this hop and is left out.
 */
export function upstreamHeaders(
  call: Call,
  target: Target,
  bodyBytes: number,
  filter: HeaderFilter,
  betas?: readonly string[],
): Record<string, string> {
  const headers: Record<string, string> = {
    ...target.surface.headers,
    'content-type': 'application/json',
    'content-length': String(bodyBytes),
    // Compressed answers could not be read beside the stream, nor bounded before they are inflated.
    'accept-encoding': 'identity',
  }
  const hop = hopHeaders(call.headers['connection'])
  if (target.mode === 'native') forwardClientHeaders(call, headers, hop, filter)
  if (betas !== undefined) headers['anthropic-beta'] = betas.join(',')
  if (betas?.length === 0) delete headers['anthropic-beta']
  addExtraHeaders(call, headers, hop, filter)
  return Object.assign(headers, target.provider.network.extraHeaders)
}

const EXTRA_PREFIX = 'x-bf-eh-'

/** What a client sets for the provider, with the prefix or because the operator lets it on by its own name. */
function addExtraHeaders(
  call: Call,
  headers: Record<string, string>,
  hop: ReadonlySet<string>,
  { allowed, denied }: HeaderFilter,
): void {
  for (const name in call.headers) {
    const value = call.headers[name]
    const isExtra = name.startsWith(EXTRA_PREFIX)
    if (value === undefined || hop.has(name) || (!isExtra && allowed.length === 0)) continue
    const extra = isExtra ? name.slice(EXTRA_PREFIX.length) : name
    if (allowed.length > 0 && !matches(extra, allowed)) continue
    if (extra === '' || NEVER_EXTRA.has(extra) || extra.startsWith('x-bf-') || matches(extra, denied))
      continue
    headers[extra] = value
  }
}

/** A pattern that ends with `*` stands for any ending. */
function matches(name: string, patterns: readonly string[]): boolean {
  for (const pattern of patterns)
    if (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern) return true
  return false
}

/**
 * Of one connection, of the client's own browser, network or login, or a condition: an answer that is not there
 * because the client has it could not be read. Nor another method than the one by which it was seen that nothing costs.
 */
const NOT_PASSED = new Set([
  'host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'http2-settings',
  'content-length', 'content-encoding', 'accept-encoding', 'authorization', 'x-api-key', 'x-goog-api-key', 'api-key',
  'cookie', 'origin', 'referer', 'x-model-provider', 'forwarded', 'via', 'x-real-ip', 'if-none-match',
  'if-modified-since', 'x-http-method-override', 'x-http-method', 'x-method-override', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256',
]) // prettier-ignore
const NOT_PASSED_PREFIXES = ['x-bf-', 'proxy-', 'sec-', 'x-forwarded-']

/** Headers of a request that goes to its provider as it is: all that are not for this hop, and no credentials. */
export function passedHeaders(
  call: Call,
  target: Target,
  bodyBytes: number,
  filter: HeaderFilter,
): Record<string, string> {
  const headers: Record<string, string> = { ...target.surface.headers }
  const hop = hopHeaders(call.headers['connection'])
  for (const name in call.headers) {
    const value = call.headers[name]
    const isOurs = NOT_PASSED.has(name) || startsWithOne(name, NOT_PASSED_PREFIXES)
    if (value !== undefined && !isOurs && !hop.has(name) && !matches(name, filter.denied))
      headers[name] = value
  }
  addExtraHeaders(call, headers, hop, filter)
  if (bodyBytes > 0) headers['content-length'] = String(bodyBytes)
  // Compressed answers could not be read beside the stream, nor bounded before they are inflated.
  headers['accept-encoding'] = 'identity'
  return Object.assign(headers, target.provider.network.extraHeaders)
}

function forwardClientHeaders(
  call: Call,
  headers: Record<string, string>,
  hop: ReadonlySet<string>,
  { denied }: HeaderFilter,
): void {
  for (const name in call.headers) {
    const value = call.headers[name]
    if (value === undefined || hop.has(name) || matches(name, denied)) continue
    if (FORWARDED.has(name) || startsWithOne(name, FORWARDED_PREFIXES)) headers[name] = value
  }
}

function startsWithOne(name: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) if (name.startsWith(prefix)) return true
  return false
}

const NO_HEADERS: ReadonlySet<string> = new Set()

function hopHeaders(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NO_HEADERS
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
}

/** Of one connection, of our own making, or a cookie of somebody else's site. */
const NOT_RETURNED = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'content-length', 'content-encoding', 'set-cookie', 'set-cookie2', 'alt-svc', 'server', 'date',
  'strict-transport-security', 'public-key-pins', 'content-security-policy',
]) // prettier-ignore

/**
 * Headers of an upstream's answer that go back to a client of the same protocol: rate limits, request ids,
 * `retry-after` and `x-should-retry` unchanged. CORS grants of the upstream are not ours to give. Agents show the
 * request id to people: an upstream that gives none (many imitations) leaves the call's own.
 */
export function answerHeaders(
  headers: Readonly<Record<string, string | string[]>>,
  call: Call,
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = idHeader(call)
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && !NOT_RETURNED.has(name) && !name.startsWith('access-control-'))
      kept[name] = value
  }
  return kept
}

/** The call's own id, where clients of the protocol look for one. */
export function idHeader({ id, protocol }: Pick<Call, 'id' | 'protocol'>): Record<string, string> {
  return { [protocol.requestIdHeader]: id }
}
