import { GatewayError } from '../message/error.ts'
import { ask } from './ask.ts'
import type { Egress } from './egress.ts'

/** The tables of all models that there are, are a tenth of this. */
const MAX_BYTES = 32 * 1024 * 1024
const TIMEOUT_MS = 60_000

/** The text at an address that the operator named: one request, no redirects, bounded. Rejects with what went wrong. */
export async function fetchText(egress: Egress, url: URL): Promise<string> {
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
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip, br' }
  const request = { method: 'GET', path: `${url.pathname}${url.search}`, headers, body: undefined } as const
  const { status, text } = await ask(egress, upstream, request, {
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
  })
  if (status === 200) return text
  throw new GatewayError(
    'upstream_malformed',
    `${url.host} answers with status ${status} instead of a table.`,
  )
}
