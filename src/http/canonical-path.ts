import { GatewayError } from '../message/error.ts'

/** The one form of a request target, used for matching and for authorisation alike. */
export interface CanonicalTarget {
  path: string
  /** Without the question mark; empty when there is none. */
  query: string
}

/** Unreserved characters, sub-delimiters, `:`, `@`, escapes. No backslash, semicolon, control or foreign letter. */
const PATH = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@%/]*)$/
/** Segments that another parser could read as another path. */
const AMBIGUOUS = /\/\/|\/\.{1,2}(?:\/|$)|%(?:2e|5c|0|1|7f)|%(?![0-9a-f]{2})/i
const QUERY = /^[\x21-\x7e]*$/

/**
 * The request target, or a 400 for one that two parsers could read in two ways (`//admin`, `/\admin`,
 * `%2e%2e`, `;x`, absolute form): gateways whose guard and router parsed differently have been walked around.
 * An escaped slash stays escaped; only the tail of a route that takes a model id decodes it. A trailing slash
 * makes another path, which no route has.
 */
export function canonicalTarget(url: string): CanonicalTarget {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? '' : url.slice(mark + 1)
  if (!PATH.test(path) || AMBIGUOUS.test(path) || !QUERY.test(query)) {
    throw new GatewayError(
      'invalid_request',
      'The path of the request is ambiguous: expected plain segments, each separated by one slash.',
    )
  }
  return { path, query }
}
