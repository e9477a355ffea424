import { ask } from './ask.ts'
import type { ShortAnswer } from './ask.ts'
import type { Egress } from './egress.ts'

const MAX_BYTES = 32 * 1024 * 1024
const TIMEOUT_MS = 60_000

/** The answer of an address that the operator named to JSON. `token`: goes along as a bearer. Rejects as {@link ask} does. */
export function postJson(
  egress: Egress,
  url: URL,
  body: Uint8Array,
  token: string | undefined,
): Promise<ShortAnswer> {
  const upstream = {
    origin: url.origin,
    operatorNamed: true,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: TIMEOUT_MS,
    maxConnections: 1,
    caCertificatePem: undefined,
    insecureSkipVerify: false,
    proxyUrl: undefined,
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const headers = {
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    ...(token !== undefined && token !== '' && { authorization: `Bearer ${token}` }),
  }
  const request = { method: 'POST', path: `${url.pathname}${url.search}`, headers, body: bytes } as const
  return ask(egress, upstream, request, { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS })
}
