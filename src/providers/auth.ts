import type { Authorize } from './authorization.ts'

/** `Authorization: Bearer`, as almost every API takes its key. A keyless local server gets no header at all. */
export const bearer: Authorize = (_request, { value }): Record<string, string> =>
  value === '' ? {} : { authorization: `Bearer ${value}` }

/** The key in a header of its own. */
export function inHeader(name: string): Authorize {
  return (_request, { value }): Record<string, string> => (value === '' ? {} : { [name]: value })
}
