import type { IncomingMessage, ServerResponse } from 'node:http'

/** A page of a named origin may read the answer; there is no wildcard, and no cookie is ever involved. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', '*')
  response.setHeader('vary', 'origin')
  if (request.method !== 'OPTIONS') return
  response.setHeader('access-control-allow-methods', 'GET, POST, PUT, DELETE')
  const asked = request.headers['access-control-request-headers']
  if (asked !== undefined && /^[\w\-, ]{1,2000}$/.test(asked)) {
    response.setHeader('access-control-allow-headers', asked)
  }
  response.setHeader('access-control-max-age', '86400')
}
