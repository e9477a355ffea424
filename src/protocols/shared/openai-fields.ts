import { onceForFrozen } from '../../lib/frozen.ts'
import { GatewayError } from '../../message/error.ts'
import type { JsonObject, Effort } from '../../message/request.ts'
import { Located } from './located.ts'
import { isObject } from './object.ts'

/** Readers of a client's fields. Absent and null read alike; a wrong type is refused in OpenAI's words. */
export class Fields extends Located {
  readonly raw: JsonObject

  constructor(value: unknown, name: string, holder?: Fields, index?: number) {
    super(name, holder, index)
    if (!isObject(value)) throw refuse(this.place, 'an object', value)
    this.raw = value
  }

  has(name: string): boolean {
    return this.raw[name] !== undefined && this.raw[name] !== null
  }

  string(name: string): string | undefined {
    return this.#read(name, 'a string', (value) => typeof value === 'string')
  }

  number(name: string): number | undefined {
    return this.#read(
      name,
      'a number',
      (value): value is number => typeof value === 'number' && Number.isFinite(value),
    )
  }

  boolean(name: string): boolean | undefined {
    return this.#read(name, 'a boolean', (value) => typeof value === 'boolean')
  }

  object(name: string): Fields | undefined {
    return this.has(name) ? new Fields(this.raw[name], name, this) : undefined
  }

  list(name: string): unknown[] | undefined {
    return this.#read(name, 'an array', Array.isArray)
  }

  strings(name: string): string[] | undefined {
    return this.list(name)?.map((value, at) => {
      if (typeof value === 'string') return value
      throw refuse(`${this.path(name)}[${at}]`, 'a string', value)
    })
  }

  /** A list of objects, each with its own path. */
  objects(name: string): Fields[] | undefined {
    return this.list(name)?.map((value, at) => new Fields(value, name, this, at))
  }

  /** Throws when the field is absent. */
  required<T>(name: string, value: T | undefined): T {
    if (value !== undefined) return value
    const field = this.path(name)
    throw new GatewayError('invalid_request', `Missing required parameter: '${field}'.`, { field })
  }

  #read<T>(name: string, expected: string, fits: (value: unknown) => value is T): T | undefined {
    if (!this.has(name)) return undefined
    const value = this.raw[name]
    if (!fits(value)) throw refuse(this.path(name), expected, value)
    return value
  }
}

/** `decode`, which for an object out of `deepFreeze` works once, wherever that stands. */
export function onceForFields<Result extends object>(
  decode: (fields: Fields) => Result,
): (fields: Fields) => Result {
  const once = onceForFrozen((_raw: JsonObject, fields: Fields) => decode(fields))
  return (fields) => once(fields.raw, fields)
}

export function refuse(field: string, expected: string, value: unknown): GatewayError {
  const found =
    value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
  const at = field === '' ? 'the request body' : `'${field}'`
  const details = field === '' ? {} : { field }
  return new GatewayError(
    'invalid_request',
    `Invalid type for ${at}: expected ${expected}, but got ${found} instead.`,
    details,
  )
}

export function refuseValue(field: string, found: unknown, supported: readonly string[]): GatewayError {
  const values = supported.map((one) => `'${one}'`).join(', ')
  const message = `Invalid value: ${JSON.stringify(found)}. Supported values for '${field}' are: ${values}.`
  return new GatewayError('invalid_request', message, { field })
}

const EFFORTS: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

/** An effort in OpenAI's words, which are the hub's, too. */
export function readEffort(field: string, found: string | undefined): Effort | undefined {
  if (found === undefined || EFFORTS.includes(found as Effort)) return found as Effort | undefined
  throw refuseValue(field, found, EFFORTS)
}
