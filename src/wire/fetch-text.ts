import { GatewayError } from '../message/error.ts'
import { askAddress } from './ask-address.ts'
import type { Egress } from './egress.ts'

/** The text at an address that the operator named: one request, no redirects, bounded. Rejects with what went wrong. */
export async function fetchText(egress: Egress, url: URL): Promise<string> {
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip, br' }
  const { status, text } = await askAddress(egress, url, { method: 'GET', headers, body: undefined })
  if (status === 200) return text
  throw new GatewayError(
    'upstream_malformed',
    `${url.host} answers with status ${status} instead of a table.`,
  )
}
