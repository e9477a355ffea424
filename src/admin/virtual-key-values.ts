import { isReference } from '../stores/config/forms.ts'
import type { Change } from '../stores/config-store/port.ts'
import { wrong } from './json-body.ts'
import type { Fields } from './json-body.ts'

/** In the headers of provider keys, only the prefix tells a virtual key from an agent's placeholder. */
const VALUE = /^sk-bf-[\x21-\x7e]{16,200}$/

/** What a client says of a virtual key's value. */
export interface GivenValue {
  /** A value to take from now on; undefined: none was given. */
  readonly value: string | undefined
  /** All else, with what stays of the value: nothing, or where it is. */
  readonly rest: Fields
}

/**
 * Takes the value out of what a client sent. A masked one, as answers show it, says nothing; `env.NAME` stays, for it
 * only says where the value is. Throws `invalid_request`.
 */
export function takeValue(given: Fields): GivenValue {
  const { value, ...rest } = given
  if (value === undefined || value === null || value === '') return { value: undefined, rest }
  if (typeof value === 'string' && value.includes('*')) return { value: undefined, rest }
  if (typeof value === 'string' && isReference(value)) return { value: undefined, rest: given }
  if (typeof value !== 'string' || !VALUE.test(value))
    throw wrong(
      'value',
      'another text',
      '"sk-bf-" and 16 to 200 printable characters, "env.NAME", or nothing',
    )
  // What said where the value was says nothing any more.
  return { value, rest: { ...rest, value: null } }
}

/** The part of a change that gives a virtual key its value. */
export function valueChange(
  id: string,
  value: string | undefined,
  revokesPrevious: boolean,
): Pick<Change, 'value'> {
  return value === undefined ? {} : { value: { id, value, revokesPrevious } }
}
