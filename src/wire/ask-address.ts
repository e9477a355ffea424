import { ask } from './ask.ts'
import type { ShortAnswer } from './ask.ts'
import type { Egress, EgressRequest } from './egress.ts'

/** The tables of all models that there are, are a tenth of this. */
const MAX_BYTES = 32 * 1024 * 1024
const TIMEOUT_MS = 60_000

/** One question to an address that the operator named: no redirects, bounded. Rejects as {@link ask} does. */
export function askAddress(
  egress: Egress,
  url: URL,
  request: Omit<EgressRequest, 'path'>,
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
  const path = `${url.pathname}${url.search}`
  return ask(egress, upstream, { ...request, path }, { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS })
}
