import { askAddress } from './ask-address.ts'
import type { ShortAnswer } from './ask.ts'
import type { Egress } from './egress.ts'

/** The answer of an address that the operator named to JSON. `token`: goes along as a bearer. Rejects as `ask` does. */
export function postJson(
  egress: Egress,
  url: URL,
  body: Uint8Array,
  token: string | undefined,
): Promise<ShortAnswer> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const headers = {
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    ...(token !== undefined && token !== '' && { authorization: `Bearer ${token}` }),
  }
  return askAddress(egress, url, { method: 'POST', headers, body: bytes })
}
