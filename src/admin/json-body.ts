import { GatewayError } from '../message/error.ts'
import type { OwnRequest } from '../http/router.ts'

export type Fields = Readonly<Record<string, unknown>>

/**
 * The object that a request brought. A name that comes twice is refused, because two readers would take another one of
 * the two; no body at all is an object without fields. Throws `invalid_request`.
 */
export async function readObject({ body }: Pick<OwnRequest, 'body'>): Promise<Fields> {
  // The parser takes longer to load than a start may.
  const { parseDocument } = await import('../stores/config/document.ts')
  const text = decode(body)
  if (text.trim() === '') return {}
  const document = parseDocument(text)
  if (Array.isArray(document)) {
    const { line, column, path, found, expected } = document[0]!
    const field = path.join('.')
    const message = `The body, line ${line}, column ${column}: found ${found}, expected ${expected}.`
    throw new GatewayError('invalid_request', message, field === '' ? {} : { field })
  }
  const { value } = document
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new GatewayError('invalid_request', 'The body: expected a JSON object.')
  return value as Fields
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw new GatewayError('invalid_request', 'The body: found bytes that are no UTF-8 text, expected JSON.')
  }
}

/** Text that must be there. Throws `invalid_request` naming the field. */
export function textIn(fields: Fields, field: string): string {
  const value = optionalTextIn(fields, field)
  if (value === undefined) throw wrong(field, 'nothing', 'a string')
  return value
}

export function optionalTextIn(fields: Fields, field: string): string | undefined {
  const value = fields[field]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw wrong(field, 'something else', 'a string')
  return value
}

export function flagIn(fields: Fields, field: string): boolean {
  const value = fields[field] ?? false
  if (typeof value !== 'boolean') throw wrong(field, 'something else', 'true or false')
  return value
}

export function wrong(field: string, found: string, expected: string): GatewayError {
  return new GatewayError('invalid_request', `${field}: found ${found}, expected ${expected}.`, { field })
}
