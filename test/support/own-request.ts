import type { OwnRequest } from '../../src/http/router.ts'

/** A request as a route of the gateway's own gets it: a GET of this machine's user, unless told otherwise. */
export function ownRequest(given: Partial<OwnRequest> = {}): OwnRequest {
  return {
    method: 'GET',
    path: '/',
    headers: {},
    peer: '127.0.0.1',
    caller: 'machine',
    query: new URLSearchParams(),
    parameters: {},
    body: new Uint8Array(),
    ...given,
  }
}
