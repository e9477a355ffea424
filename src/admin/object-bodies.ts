import { GatewayError } from '../message/error.ts'
import { fields, items, textOf } from '../stores/config/raw.ts'
import type { Fields } from '../stores/config/raw.ts'
import type { Body, ListedKind } from '../stores/config-store/port.ts'
import { inOrder } from './limit-views.ts'

/** What answers have and nobody can set; clients send an answer back with one field changed. */
const READ_ONLY = ['created_at', 'updated_at', 'origin', 'owner', 'config_hash']
const READ_ONLY_OF_BUDGETS = [
  'current_usage', 'last_reset', 'resets_at', 'reserved', 'remaining', 'soft_limit', 'interrupted',
  'unpriced_requests', 'nanodollars', 'forecast', 'override',
] // prettier-ignore
const COUNTED = ['current_usage', 'last_reset', 'resets_at', 'reserved', 'remaining', 'exhausted_at']
const READ_ONLY_OF_RATE_LIMITS = ['token', 'request'].flatMap((what) =>
  COUNTED.map((each) => `${what}_${each}`),
)

/** Ids stand in paths, where one or two dots alone mean something else, and in logs. */
const ID = /^(?!\.{1,2}$)[\w.:@+-]{1,100}$/

/** An object that a client wants made. Throws `invalid_request` naming the field. */
export function newBody(kind: ListedKind, given: Fields, id: string): Body {
  const name = kind === 'providers' ? 'name' : 'id'
  return { [name]: id, ...normalised(kind, { ...given, [name]: id }, {}) }
}

/** The id that a client chose; undefined: none. Throws `invalid_request`. */
export function chosenId(kind: ListedKind, given: Fields): string | undefined {
  const field = kind === 'providers' ? 'name' : 'id'
  const id = given[field]
  if (id === undefined || id === null || id === '') return undefined
  if (typeof id === 'string' && ID.test(id)) return kind === 'providers' ? id.toLowerCase() : id
  const message = `${field}: found something else, expected 1 to 100 letters, digits and . : @ + - _`
  throw new GatewayError('invalid_request', message, { field })
}

/**
 * An object with what a client wants changed: a field that is not given stays, one that is null goes. Lists are given
 * whole; an entry with the id of one that there was keeps what is not said of it.
 */
export function changedBody(kind: ListedKind, before: Body, given: Fields): Body {
  const changed = overlaid(before, normalised(kind, given, before))
  return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== null))
}

/** Two spellings of one thing, of which the one that was given counts. */
const TWINS = [
  ['budget', 'budgets'],
  ['budgets', 'budget'],
  ['rate_limit', 'rate_limits'],
  ['rate_limits', 'rate_limit'],
  ['provider_configs', 'providers'],
  ['providers', 'provider_configs'],
  ['targets', 'provider'],
  ['targets', 'model'],
] as const

function overlaid(before: Fields, changes: Fields): Record<string, unknown> {
  const replaced = TWINS.filter(([one, other]) => changes[one] !== undefined && changes[other] === undefined)
  return {
    ...without(
      before,
      replaced.map(([, other]) => other),
    ),
    ...changes,
  }
}

/** What was given, without what cannot be set. */
function normalised(kind: ListedKind, given: Fields, before: Fields): Record<string, unknown> {
  const own =
    kind === 'budgets' ? READ_ONLY_OF_BUDGETS : kind === 'rate_limits' ? READ_ONLY_OF_RATE_LIMITS : []
  const body = without(given, [...READ_ONLY, ...own, 'reset_budget_usage'])
  if (kind !== 'budgets' && kind !== 'rate_limits') normaliseLimits(body, before)
  if (kind === 'budgets' && before['override'] !== undefined) body['override'] = before['override']
  for (const name of ['provider_configs', 'providers'] as const) {
    if (kind !== 'virtual_keys' || !Array.isArray(body[name])) continue
    const earlier = items(before['provider_configs'] ?? before['providers']).map(fields)
    body[name] = items(body[name]).map((entry) => grant(fields(entry), earlier))
  }
  return body
}

function grant(given: Fields, earlier: readonly Fields[]): Record<string, unknown> {
  const before = earlier.find(({ id }) => id !== undefined && id === given['id']) ?? {}
  const body = without(given, READ_ONLY)
  normaliseLimits(body, before)
  return overlaid(before, body)
}

/** `budget` beside `budgets` is the first of them, as answers have it for clients of Bifrost 1.4. */
function normaliseLimits(body: Record<string, unknown>, before: Fields): void {
  for (const [name, readOnly] of [
    ['budget', READ_ONLY_OF_BUDGETS],
    ['rate_limit', READ_ONLY_OF_RATE_LIMITS],
  ] as const) {
    const many = `${name}s`
    const earlier = inOrder(before, name)
    const clean = (limit: unknown) => cleanLimit(fields(limit), readOnly, earlier)
    // A limit that has a place of its own is referred to, and not repeated.
    const named = textOf(body[`${name}_id`] ?? before[`${name}_id`])
    const isOwn = (limit: unknown) => named === undefined || fields(limit)['id'] !== named
    if (Array.isArray(body[many])) {
      body[many] = items(body[many]).filter(isOwn).map(clean)
      delete body[name]
    }
    const one = body[name]
    if (typeof one !== 'object' || one === null || Array.isArray(one)) continue
    if (isOwn(one)) body[name] = clean(one)
    else delete body[name]
  }
}

function cleanLimit(given: Fields, readOnly: readonly string[], earlier: readonly Fields[]): Fields {
  const body = without(given, [...READ_ONLY, ...readOnly])
  // A rate limit without an id is shown with null.
  if (body['id'] === null) delete body['id']
  const { override } = earlier.find(({ id }) => id !== undefined && id === given['id']) ?? {}
  return override === undefined ? body : { ...body, override }
}

function without(given: Fields, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name)))
}
