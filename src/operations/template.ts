import { GatewayError } from '../message/error.ts'

/**
 * Paths with names in braces, as RFC 6570 writes them: `{id}` is one segment, whatever stands in it; of `{+model}`
 * the slashes stay.
 */

/**
 * The path with its names filled in. Ids are the caller's, and a key of the operator's signs the request: what would
 * make another path of it is escaped or refused. Throws `invalid_request`.
 */
export function expand(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\+?)(\w+)\}/g, (_, plus: string, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) throw new Error(`no value for {${name}} in ${template}`)
    const segments = plus === '' ? [value] : value.split('/')
    // Colons stand in ids of models; everywhere but in a scheme they are allowed as they are.
    return segments.map((segment) => pathSegment(name, segment).replaceAll('%3A', ':')).join('/')
  })
}

/** One segment of a path, whatever the caller says. Throws `invalid_request` naming the field `name`. */
export function pathSegment(name: string, segment: string): string {
  // No escape keeps a server from going up at these.
  if (segment === '' || segment === '.' || segment === '..')
    throw new GatewayError('invalid_request', `${name}: expected an id, got ${JSON.stringify(segment)}.`, {
      field: name,
    })
  try {
    return encodeURIComponent(segment)
  } catch {
    throw new GatewayError('invalid_request', `${name}: expected text without half a letter.`, {
      field: name,
    })
  }
}
