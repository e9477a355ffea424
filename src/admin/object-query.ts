import { GatewayError } from '../message/error.ts'
import { textOf } from '../stores/config/raw.ts'
import type { ListedKind, SettingsObject } from '../stores/config-store/port.ts'

/** One page of a list, and how many there are. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly totalCount: number
  readonly limit: number
  readonly offset: number
}

const LIMIT_MAX = 1000
const SORTS = ['name', 'created_at', 'updated_at'] as const
const ORDERS = ['asc', 'desc'] as const

/** Parameters that are the name of a field of the objects; several values stand between commas. */
const FILTERS: Readonly<Partial<Record<ListedKind, readonly string[]>>> = {
  virtual_keys: ['team_id', 'customer_id'],
  teams: ['customer_id'],
  routing_rules: ['scope', 'scope_id'],
  model_configs: ['scope', 'scope_id', 'provider'],
}

/**
 * The objects that a query string asks for, by Bifrost's names: `search`, filters of the kind, `sort_by`, `order`,
 * `limit` and `offset`, or all of them with `export`. Throws `invalid_request` naming the parameter.
 */
export function page(
  kind: ListedKind,
  objects: readonly SettingsObject[],
  query: URLSearchParams,
): Page<SettingsObject> {
  const search = query.get('search')?.toLowerCase() ?? ''
  const filters = (FILTERS[kind] ?? []).flatMap((name) => {
    const values = (query.get(name) ?? '').split(',').filter((value) => value !== '')
    return values.length === 0 ? [] : [{ name, values }]
  })
  const found = objects.filter(
    (object) =>
      nameOf(object).toLowerCase().includes(search) &&
      filters.every(({ name, values }) => values.includes(fieldOf(object, name))),
  )
  const isExport = query.get('export') === 'true'
  return cut(sorted(found, query), query, isExport)
}

/** A page of what is in order already. */
export function cut<Item>(found: readonly Item[], query: URLSearchParams, isExport = false): Page<Item> {
  const limit = isExport ? found.length : integer(query, 'limit', LIMIT_MAX, 1, LIMIT_MAX)
  const offset = isExport ? 0 : integer(query, 'offset', 0, 0, Number.MAX_SAFE_INTEGER)
  return { items: found.slice(offset, offset + limit), totalCount: found.length, limit, offset }
}

/** What people look for. */
function nameOf({ id, body }: SettingsObject): string {
  return [id, body['name'], body['model_name'], body['description']]
    .filter((text) => typeof text === 'string')
    .join('\n')
}

/** `global` is what a scope is that nobody wrote. */
function fieldOf({ body }: SettingsObject, name: string): string {
  const value = body[name]
  return typeof value === 'string' ? value : name === 'scope' ? 'global' : ''
}

function sorted(objects: readonly SettingsObject[], query: URLSearchParams): readonly SettingsObject[] {
  const sortBy = oneOf(query, 'sort_by', SORTS)
  const order = oneOf(query, 'order', ORDERS) ?? 'asc'
  // As they count.
  if (sortBy === undefined) return order === 'asc' ? objects : objects.toReversed()
  const keyOf = ({ id, body, createdAtMs = 0, updatedAtMs = 0 }: SettingsObject): string | number =>
    sortBy === 'name'
      ? (textOf(body['name']) ?? id).toLowerCase()
      : sortBy === 'created_at'
        ? createdAtMs
        : updatedAtMs
  const sign = order === 'asc' ? 1 : -1
  return objects.toSorted((one, other) => {
    const [a, b] = [keyOf(one), keyOf(other)]
    return a === b ? 0 : (a < b ? -1 : 1) * sign
  })
}

function integer(query: URLSearchParams, name: string, absent: number, min: number, max: number): number {
  const text = query.get(name)
  if (!text) return absent
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw wrongParameter(
    name,
    text,
    max === LIMIT_MAX ? `a whole number from ${min} to ${max}` : 'a whole number',
  )
}

function oneOf<Value extends string>(
  query: URLSearchParams,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const text = query.get(name)
  if (!text) return undefined
  const value = values.find((each) => each === text)
  if (value === undefined) throw wrongParameter(name, text, `one of ${values.join(', ')}`)
  return value
}

function wrongParameter(field: string, found: string, expected: string): GatewayError {
  const message = `${field}: found ${JSON.stringify(found.slice(0, 60))}, expected ${expected}.`
  return new GatewayError('invalid_request', message, { field })
}
