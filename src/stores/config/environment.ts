import type { EnvironmentText } from './fields.ts'
import { variableOf } from './forms.ts'
import type { Environment } from './registry.ts'

/** Text from the file, with what it referred to. */
export interface Resolved {
  /** Undefined: the variable that it names is not set. Empty: nothing was written. */
  readonly value: string | undefined
  /** `env.NAME`, where the value came or should have come from there. */
  readonly reference: string | undefined
}

const PREFIX = 'env.'

/**
 * Text as it counts: `env.NAME` and `${NAME}` are the variable's value, anything else itself. Line ends around a value are cut
 * off: secrets read from files have one, and no header can carry it.
 */
export function resolve(text: EnvironmentText | undefined, environment: Environment): Resolved {
  const written = typeof text === 'object' ? unwrap(text) : (text ?? '').trim()
  const variable = variableOf(written)
  if (variable === undefined) return { value: written, reference: undefined }
  return { value: readVariable(variable, environment), reference: PREFIX + variable }
}

/** The object in which the admin API shows a value; there the secret is redacted and the variable counts. */
function unwrap(text: Exclude<EnvironmentText, string>): string {
  const variable = (text.env_var ?? '').trim()
  const value = (text.value ?? '').trim()
  if (variable === '' || (text.from_env !== true && value !== '')) return value
  return variable.startsWith(PREFIX) ? variable : PREFIX + variable
}

/** Undefined for a variable that is not set, or set to nothing. */
export function readVariable(name: string, environment: Environment): string | undefined {
  // `process.env.constructor` is a function.
  const value = Object.hasOwn(environment, name) ? environment[name]?.trim() : undefined
  return value === '' ? undefined : value
}
