import { GatewayError } from '../../message/error.ts'
import { ask } from '../../wire/ask.ts'
import type { ShortAnswer } from '../../wire/ask.ts'
import type { Upstream } from '../../wire/egress.ts'
import { unauthenticated } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'

/** Real answers stay below 10 KB; a token of Entra with many groups is the largest part. */
const ANSWER_MAX_BYTES = 64 * 1024
/** Where there is no metadata service, nothing answers at its address, and the call waits for it. */
const METADATA_CONNECT_MS = 1_000
const CONNECT_MS = 10_000

export interface TokenQuestion {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The operator wrote the address, so it may be a plain or a private one. */
  readonly operatorNamed?: boolean
}

/** What a refusal means, in words that help; never the service's own, which repeat what they were sent. */
export type ReadRefusal = (text: string) => string | undefined

/**
 * Asks a token service on the network. Rejects with `upstream_unauthenticated` where it refuses, and
 * `upstream_unavailable` where it cannot be asked, fails or limits. `who` is what it refuses: "the Entra application".
 */
export async function askService(
  surroundings: Surroundings,
  question: TokenQuestion,
  who: string,
  readRefusal: ReadRefusal,
): Promise<ShortAnswer> {
  const upstream = { ...surroundings.way, ...address(surroundings, question), connectTimeoutMs: CONNECT_MS }
  const { host } = question.url
  let answer
  try {
    answer = await put(surroundings, upstream, question)
  } catch (error) {
    throw failing(error as GatewayError, 'token')
  }
  return accepted(answer, host, who, readRefusal)
}

/**
 * Asks the machine's own cloud, which is reached without a proxy, at link-local addresses, too. Undefined where
 * nothing is there. An answer has any status.
 */
export async function askMachine(
  surroundings: Surroundings,
  question: TokenQuestion,
): Promise<ShortAnswer | undefined> {
  const upstream = {
    ...address(surroundings, question),
    operatorNamed: true,
    metadataService: true,
    proxyUrl: undefined,
    caCertificatePem: undefined,
    connectTimeoutMs: METADATA_CONNECT_MS,
  }
  try {
    return await put(surroundings, upstream, question)
  } catch (error) {
    const { kind } = error as GatewayError
    if (kind === 'upstream_unreachable' || kind === 'upstream_timeout') return undefined
    throw failing(error as GatewayError, 'metadata')
  }
}

/** What the dialler says of the service: it is not the provider that fails. Faults of the gateway stay what they are. */
function failing(error: GatewayError, service: 'token' | 'metadata'): GatewayError {
  if (error.kind === 'overloaded_gateway' || error.kind === 'internal') return error
  return new GatewayError('upstream_unavailable', `The ${service} service fails: ${error.message}`)
}

/** The answer, where it is a good one. */
export function accepted(
  answer: ShortAnswer,
  host: string,
  who: string,
  readRefusal: ReadRefusal,
): ShortAnswer {
  const { status, text } = answer
  if (status < 300) return answer
  if (status === 408 || status === 429 || status >= 500)
    throw new GatewayError('upstream_unavailable', `The token service ${host} answers with status ${status}.`)
  const reason = readRefusal(text)
  throw unauthenticated(
    `${host} refuses ${who} with status ${status}${reason === undefined ? '' : `: ${reason}`}`,
  )
}

function put(
  surroundings: Surroundings,
  upstream: Upstream,
  { method, url, headers, body }: TokenQuestion,
): Promise<ShortAnswer> {
  const request = {
    method,
    path: url.pathname + url.search,
    headers: { accept: 'application/json', 'accept-encoding': 'identity', ...headers },
    body: body === undefined ? undefined : Buffer.from(body),
  }
  const limits = { maxBytes: ANSWER_MAX_BYTES, timeoutMs: surroundings.timeoutMs }
  return ask(surroundings.egress, upstream, request, limits)
}

function address({ timeoutMs }: Surroundings, { url, operatorNamed = false }: TokenQuestion) {
  return {
    origin: url.origin,
    operatorNamed,
    headersTimeoutMs: timeoutMs,
    maxConnections: 10,
    insecureSkipVerify: false,
  }
}

// ==== Reading answers

export type Fields = Readonly<Record<string, unknown>>

/** The answer's JSON object. Throws `upstream_unavailable`: a page of HTML is a proxy that fails. */
export function readFields({ text }: ShortAnswer, host: string): Fields {
  const fields = parseFields(text)
  if (fields !== undefined) return fields
  throw malformed(host)
}

/** A JSON object, or undefined. The parser's own errors quote what they read. */
export function parseFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined
  } catch {
    return undefined
  }
}

/** A field that a header can hold. */
export function tokenIn(fields: Fields, name: string, host: string): string {
  return asToken(fields[name], host)
}

/** Text that a header can hold, as every token is. */
export function asToken(value: unknown, host: string): string {
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value
  throw malformed(host)
}

/** A field that holds text; undefined where it holds none. */
export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A whole number, which some services write as text. */
export function numberIn(fields: Fields, name: string): number | undefined {
  const value = fields[name]
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined
}

/** A time as text, in milliseconds. */
export function timeIn(fields: Fields, name: string, host: string): number {
  const milliseconds = Date.parse(textIn(fields, name) ?? '')
  if (Number.isNaN(milliseconds)) throw malformed(host)
  return milliseconds
}

export function malformed(host: string): GatewayError {
  return new GatewayError(
    'upstream_unavailable',
    `The token service ${host} answers with something that is no token.`,
  )
}
