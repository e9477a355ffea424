import { isReference } from '../stores/config/forms.ts'
import { fields } from '../stores/config/raw.ts'
import type { Fields } from '../stores/config/raw.ts'
import type { Body } from '../stores/config-store/port.ts'
import { wrong } from './json-body.ts'

/** Settings of a provider key that nobody can read again. */
const SECRETS: readonly (readonly string[])[] = [
  ['value'],
  ['azure_key_config', 'client_secret'],
  ['vertex_key_config', 'auth_credentials'],
  ['bedrock_key_config', 'access_key'],
  ['bedrock_key_config', 'secret_key'],
  ['bedrock_key_config', 'session_token'],
]
/** Nobody looks into them, so that all of them may be secret. */
const OPAQUE = ['databricks_key_config', 'github_copilot_key_config']

const SHOWN_CHARACTERS = 4
const SHORT = 8

/** As Bifrost shows secrets: four characters, 24 asterisks, four characters. `env.NAME` is none, and stays. */
export function maskOf(secret: string): string {
  if (secret === '' || isReference(secret)) return secret
  if (secret.length <= SHORT) return '*'.repeat(secret.length)
  return `${secret.slice(0, SHOWN_CHARACTERS)}${'*'.repeat(24)}${secret.slice(-SHOWN_CHARACTERS)}`
}

/** A provider key as answers show it. */
export function masked(body: Body): Body {
  const shown = SECRETS.reduce<Fields>((view, path) => changedAt(view, path, maskValue), body)
  return OPAQUE.reduce<Fields>(
    (view, name) => (view[name] === undefined ? view : { ...view, [name]: '****' }),
    shown,
  )
}

function maskValue(value: unknown): unknown {
  if (typeof value === 'string') return maskOf(value)
  const { value: inner } = fields(value)
  return typeof inner === 'string' ? { ...fields(value), value: maskOf(inner) } : value
}

/**
 * What was given, with what is stored in the place of every mask: a client sends back what it was shown. Throws
 * `invalid_request` for a mask of something else, which would be stored over the secret.
 */
export function unmasked(given: Fields, before: Fields): Fields {
  const restored = SECRETS.reduce<Fields>((body, path) => {
    const stored = path.reduce<unknown>((value, name) => fields(value)[name], before)
    return changedAt(body, path, (value) => unmaskValue(value, stored, path.join('.')))
  }, given)
  return OPAQUE.reduce<Fields>(
    (body, name) => (body[name] === '****' ? { ...body, [name]: before[name] } : body),
    restored,
  )
}

function unmaskValue(value: unknown, stored: unknown, field: string): unknown {
  const text = typeof value === 'string' ? value : fields(value)['value']
  if (typeof text !== 'string' || !/\*{4}|^\*+$/.test(text)) return value
  if (JSON.stringify(maskValue(stored)) === JSON.stringify(value)) return stored
  throw wrong(
    field,
    'a masked text that is not of the stored one',
    'the secret itself, or what was shown of it',
  )
}

function changedAt(
  body: Fields,
  [name = '', ...rest]: readonly string[],
  change: (value: unknown) => unknown,
): Fields {
  const value = body[name]
  if (value === undefined || value === null) return body
  if (rest.length > 0) return { ...body, [name]: changedAt(fields(value), rest, change) }
  return { ...body, [name]: change(value) }
}
