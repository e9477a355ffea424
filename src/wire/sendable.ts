import { GatewayError } from '../message/error.ts'

/** RFC 9110: a token. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
/** Visible characters, spaces and Latin-1. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const PATH = /^\/[\x21-\xff]*$/
/** They belong to the connection, which is ours to make. */
const OF_THE_CONNECTION = new Set([
  'connection', 'expect', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
  'transfer-encoding', 'upgrade',
]) // prettier-ignore

/**
 * Throws `invalid_request` for what no HTTP request can hold: a line break in a key that was pasted, a letter
 * beyond Latin-1 in a header of the client. It names the place and never the value, which may be a secret.
 *
 * Undici refuses the same, but takes the connection that would have served the request for a busy one from then
 * on: as many such requests as the pool has connections, and it serves nothing any more.
 */
export function checkSendable(path: string, headers: Readonly<Record<string, string>>): void {
  if (!PATH.test(path)) refuse('path')
  for (const name in headers) {
    if (!NAME.test(name) || OF_THE_CONNECTION.has(name.toLowerCase())) {
      throw new GatewayError('invalid_request', 'A header for the upstream has a name that cannot be sent.')
    }
    if (!VALUE.test(headers[name]!)) refuse(name)
  }
}

function refuse(field: string): never {
  throw new GatewayError('invalid_request', `${field}: has characters that HTTP does not allow there.`, {
    field,
  })
}
