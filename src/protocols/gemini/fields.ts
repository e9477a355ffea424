import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import { Located } from '../shared/located.ts'
import { isObject } from '../shared/object.ts'

/**
 * Readers of a client's fields. Google's APIs take each name in two spellings (`inlineData`, `inline_data`) and
 * numbers as strings, too; absent and null read alike. What is wrong is refused in Google's words.
 */
export class Fields extends Located {
  readonly raw: JsonObject

  /** `name`: of the field that holds the value, or its whole path. */
  constructor(value: unknown, name: string, holder?: Fields, index?: number) {
    super(name, holder, index)
    if (!isObject(value)) throw refuse(this.place, 'an object', value)
    this.raw = value
  }

  /** Undefined also for null. */
  value(name: string): unknown {
    return this.raw[name] ?? this.raw[snakeCase(name)] ?? undefined
  }

  has(name: string): boolean {
    return this.value(name) !== undefined
  }

  string(name: string): string | undefined {
    return this.#read(name, 'TYPE_STRING', readString)
  }

  boolean(name: string): boolean | undefined {
    return this.#read(name, 'TYPE_BOOL', readBoolean)
  }

  number(name: string): number | undefined {
    return this.#read(name, 'TYPE_NUMBER', readNumber)
  }

  object(name: string): Fields | undefined {
    const value = this.value(name)
    return value === undefined ? undefined : new Fields(value, name, this)
  }

  /** A single value is taken for a list of one, as Google's parser does. */
  list(name: string): unknown[] | undefined {
    const value = this.value(name)
    return value === undefined || Array.isArray(value) ? value : [value]
  }

  /** A list of objects, each with its own path. */
  objects(name: string): Fields[] | undefined {
    return this.list(name)?.map((value, at) => new Fields(value, name, this, at))
  }

  strings(name: string): string[] | undefined {
    return this.list(name)?.map((value, at) => {
      if (typeof value === 'string') return value
      throw refuse(`${this.path(name)}[${at}]`, 'TYPE_STRING', value)
    })
  }

  /** Throws when the field is absent. */
  required<T>(name: string, value: T | undefined): T {
    if (value !== undefined) return value
    const field = this.path(name)
    throw new GatewayError('invalid_request', `${field}: required field is not set.`, { field })
  }

  /** Fields beside the known ones, in the first spelling. */
  leftover(known: ReadonlySet<string>): [name: string, value: unknown][] {
    return Object.entries(this.raw)
      .map(([name, value]): [string, unknown] => [camelCase(name), value])
      .filter(([name, value]) => !known.has(name) && value !== null)
  }

  #read<T>(name: string, expected: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    const fitting = read(value)
    if (fitting === undefined) throw refuse(this.path(name), expected, value)
    return fitting
  }
}

function readString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function readBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

const SHOWN_MAX_LENGTH = 100

export function refuse(field: string, expected: string, value: unknown): GatewayError {
  const shown = JSON.stringify(value)?.slice(0, SHOWN_MAX_LENGTH)
  return new GatewayError('invalid_request', `Invalid value at '${field}' (${expected}), ${shown}`, { field })
}

function camelCase(name: string): string {
  return name.includes('_')
    ? name.replace(/(?<=.)_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    : name
}

/** Asked for a few hundred times a request, of a few dozen names. */
const snakeNames = new Map<string, string>()

function snakeCase(name: string): string {
  let snake = snakeNames.get(name)
  if (snake === undefined)
    snakeNames.set(name, (snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)))
  return snake
}
