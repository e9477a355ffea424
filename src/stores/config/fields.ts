import * as z from 'zod/mini'
import { DURATION_FORMS, parseDuration } from '../../rules/windows.ts'
import { isReference, isWebAddress } from './forms.ts'

/**
 * The words in which `schema.ts` is written: the types that a setting can have, and the marks that say what the
 * gateway does with it. `zod/mini` and not `zod`: it loads in half the time, and start-up waits for it.
 */

/** What the gateway does with a setting. unenforced: accepted like the others, but it was meant to hold somebody back. */
export type Service = 'served' | 'accepted' | 'unenforced'

export interface Note {
  description: string
  service: Service
  /** What counts when the setting is absent, where that can be said in one value. */
  default?: unknown
}

export const notes = z.registry<Note>()

/** A setting that this version obeys. */
export function served<Type extends z.ZodMiniType>(type: Type, description: string, standard?: unknown) {
  return noted(z.optional(type), description, 'served', standard)
}

/** A served setting that must be there. */
export function required<Type extends z.ZodMiniType>(type: Type, description: string) {
  return noted(z.clone(type), description, 'served')
}

/** A setting that is read and checked, named at the start, and does nothing yet. */
export function accepted<Type extends z.ZodMiniType>(type: Type, description: string) {
  return noted(z.optional(type), description, 'accepted')
}

/** An accepted setting that limits access or spending elsewhere: whoever relies on it must be told that nothing does it. */
export function unenforced<Type extends z.ZodMiniType>(type: Type, description: string) {
  return noted(z.optional(type), description, 'unenforced')
}

function noted<Type extends z.ZodMiniType>(
  type: Type,
  description: string,
  service: Service,
  standard?: unknown,
): Type {
  notes.add(type, { description, service, ...(standard === undefined ? {} : { default: standard }) })
  return type
}

// The `error` of a type is the second half of a sentence: "found …, expected <error>". Types without parameters
// are there once: making one takes up to 0.1 ms in a young process, and start-up waits for some hundred.

export const text = z.string({ error: 'a string' })

/** Text that names something, so it cannot be empty. */
export const name = z.string({ error: 'a name' }).check(z.minLength(1, { error: 'a name' }))

/** Text, `"env.NAME"`, or the object in which the admin API writes both. May be a secret: never shown. */
export const environmentText = z.union(
  [
    z.string(),
    z.looseObject({
      value: z.optional(z.string()),
      env_var: z.optional(z.string()),
      from_env: z.optional(z.boolean()),
    }),
  ],
  { error: 'a string, "env.NAME", or {"value", "env_var", "from_env"}' },
)

export type EnvironmentText = z.infer<typeof environmentText>

/** An http(s) address, or a reference to one. */
export const webAddress = environmentText.check(
  z.refine((value) => typeof value !== 'string' || isReference(value) || isWebAddress(value), {
    error: 'an http:// or https:// address without query, such as "https://api.example.com", or "env.NAME"',
  }),
)

export const flag = z.boolean({ error: 'true or false' })

/** A whole number within limits, both included. */
export function whole(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  const error = `a whole number ${range(minimum, maximum)}`
  return z.int({ error }).check(z.gte(minimum, { error }), z.lte(maximum, { error }))
}

/** A whole number of things. */
export const count = whole(0)

/** A whole number of things of which there must be one. */
export const positive = whole(1)

/** Any number within limits, both included. */
export function number(minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) {
  const error = `a number ${range(minimum, maximum)}`
  return z.number({ error }).check(z.gte(minimum, { error }), z.lte(maximum, { error }))
}

/** An amount, a weight, a price. */
export const amount = number(0)

const MONEY_ERROR = { error: 'dollars: a number of at least 0' }

/** US dollars: a number, or its digits as text, which a spreadsheet or a template may write. */
export const dollars = z.union(
  [z.number().check(z.gte(0, MONEY_ERROR)), z.string().check(z.regex(/^\d{1,15}(\.\d+)?$/, MONEY_ERROR))],
  MONEY_ERROR,
)

/** The length of the period of a budget or a rate limit. */
export const period = z
  .string({ error: DURATION_FORMS })
  .check(z.refine((value) => parseDuration(value) !== undefined, { error: DURATION_FORMS }))

function range(minimum: number, maximum: number): string {
  return maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`
}

const DURATION = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w|M|Y))+$/
const DURATION_ERROR = { error: 'a number of at least 0 or a duration such as "30s", "5m" or "1h30m"' }

/**
 * A length of time: a number in the unit of the setting, or text as in Go with `d`, `w`, `M` and `Y` added.
 * Existing files hold both, because the documents of the format say one thing and its program did the other.
 */
export const duration = z.union(
  [z.number().check(z.gte(0, DURATION_ERROR)), z.string().check(z.regex(DURATION, DURATION_ERROR))],
  DURATION_ERROR,
)

export function choice<const Value extends string>(values: readonly Value[]) {
  return z.enum(values, { error: `one of ${values.map((value) => `"${value}"`).join(', ')}` })
}

export const list = <Item extends z.ZodMiniType>(item: Item) => z.array(item, { error: 'a list' })

export const texts = list(text)
export const names = list(name)

/** Values under names that the operator chooses. */
export const map = <Value extends z.ZodMiniType>(value: Value) =>
  z.record(z.string(), value, { error: 'an object' })

/** An object with known names. Unknown ones are let through: files written for other versions must load. */
export const block = <Shape extends Record<string, z.ZodMiniType>>(shape: Shape) =>
  z.looseObject(shape, { error: 'an object' })

/** An object that is not looked into. */
export const open = z.looseObject({}, { error: 'an object' })
