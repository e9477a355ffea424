import type { HttpRequest } from './request.ts'

/** A page of a named origin may read the answer; there is no wildcard, and no cookie is ever involved. */
export function originHeaders(request: HttpRequest, origin: string): Record<string, string> {
  const headers: Record<string, string> = {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': '*',
    vary: 'origin',
  }
  if (request.method !== 'OPTIONS') return headers
  headers['access-control-allow-methods'] = 'GET, POST, PUT, PATCH, DELETE'
  const asked = request.headers['access-control-request-headers']
  if (asked !== undefined && /^[\w\-, ]{1,2000}$/.test(asked)) headers['access-control-allow-headers'] = asked
  headers['access-control-max-age'] = '86400'
  return headers
}
