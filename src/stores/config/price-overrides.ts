import { closest } from '../../lib/closest.ts'
import type { PriceOverride, RequestType } from '../../models/price-book.ts'
import { PRICE_FIELDS, priceField, pricesOf } from '../../models/price-fields.ts'
import { describeValue } from './problem.ts'
import type { Path, Problem } from './problem.ts'

/**
 * `pricing_overrides`, in a provider and in `governance`. Two generations of the format are read: one with the prices
 * beside `model_pattern`, and one with `pattern` and the prices in `patch` or, as JSON text, in `pricing_patch`.
 */

type Fields = Readonly<Record<string, unknown>>

/** Fields of an entry that are no prices. */
const OWN_FIELDS = new Set([
  'id',
  'name',
  'scope_kind',
  'match_type',
  'pattern',
  'model_pattern',
  'request_types',
  'provider_id',
  'provider_key_id',
  'virtual_key_id',
  'user_id',
  'patch',
  'pricing_patch',
  'config_hash',
  'created_at',
  'updated_at',
])

const REQUEST_TYPES: Readonly<Record<string, RequestType>> = {
  chat_completion: 'text',
  chat_completion_stream: 'text',
  text_completion: 'text',
  text_completion_stream: 'text',
  responses: 'text',
  responses_stream: 'text',
  embedding: 'embedding',
  rerank: 'rerank',
  speech: 'speech',
  speech_stream: 'speech',
  transcription: 'transcription',
  transcription_stream: 'transcription',
  image_generation: 'image',
  image_generation_stream: 'image',
  image_edit: 'image',
  image_edit_stream: 'image',
  image_variation: 'image',
  video_generation: 'video',
  video_remix: 'video',
}

/** The identifiers that each scope has. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  global: [],
  provider: ['provider_id'],
  provider_key: ['provider_key_id'],
  virtual_key: ['virtual_key_id'],
  virtual_key_provider: ['virtual_key_id', 'provider_id'],
  virtual_key_provider_key: ['virtual_key_id', 'provider_key_id'],
}

/** Dearer than any token ever was: $10,000 per million. */
const TOKEN_MAX_DOLLARS = 0.01
/** Cheaper than any million of tokens ever was. */
const MILLION_MIN_DOLLARS = 0.0001

/** What is wrong with one entry. */
export function checkPriceOverride(path: Path, entry: unknown): Problem[] {
  if (!isFields(entry)) return []
  const problems: Problem[] = []
  const tell = (name: string, found: unknown, expected: string) =>
    problems.push({ path: [...path, name], found: shown(found), expected })
  checkPattern(entry, tell)
  const scope = entry['scope_kind'] ?? 'global'
  const identifiers = typeof scope === 'string' && Object.hasOwn(SCOPES, scope) ? SCOPES[scope]! : undefined
  if (identifiers === undefined) tell('scope_kind', scope, `one of ${Object.keys(SCOPES).join(', ')}`)
  for (const name of identifiers ?? []) {
    if (typeof entry[name] !== 'string' || entry[name] === '')
      tell(name, entry[name], `the id that scope_kind "${scope as string}" is about`)
  }
  const types = entry['request_types'] ?? []
  for (const type of Array.isArray(types) ? types : [types])
    if (typeof type !== 'string' || !Object.hasOwn(REQUEST_TYPES, type))
      tell('request_types', type, `some of ${Object.keys(REQUEST_TYPES).join(', ')}`)
  const { fields, place, problem } = priceFields(entry)
  if (problem !== undefined) tell(place!, problem, 'an object of prices, or its JSON text')
  const pricePath = place === undefined ? path : [...path, place]
  if (problem === undefined && Object.keys(fields).length === 0)
    tell(place ?? 'input_per_million', undefined, 'at least one price')
  for (const [name, value] of Object.entries(fields)) {
    const expected = priceProblem(name, value)
    if (expected !== undefined)
      problems.push({
        path: [...pricePath, name],
        ...(isPrice(name) ? {} : { at: 'name' as const }),
        found: isPrice(name) ? shown(value) : JSON.stringify(name),
        expected,
      })
  }
  return problems
}

function checkPattern(entry: Fields, tell: (name: string, found: unknown, expected: string) => void): void {
  const name = entry['pattern'] === undefined ? 'model_pattern' : 'pattern'
  const pattern = entry[name]
  const match = entry['match_type'] ?? 'exact'
  if (!['exact', 'wildcard', 'regex'].includes(match as string))
    tell('match_type', match, '"exact", "wildcard" or "regex"')
  if (typeof pattern !== 'string' || pattern === '')
    tell('pattern', pattern, 'a model, or the beginning of its name and *')
  else if (match === 'wildcard' && !/^[^*]*\*$/.test(pattern))
    tell(name, pattern, 'a name with one * at its end')
  else if (match === 'regex' && toRegExp(pattern) === undefined) tell(name, pattern, 'a regular expression')
}

/** What would be right; undefined: it is. */
function priceProblem(name: string, value: unknown): string | undefined {
  if (!isPrice(name)) {
    const meant = closest(name, PRICE_FIELDS)
    return `a price, such as input_per_million${meant === undefined ? '' : ` (did you mean "${meant}"?)`}`
  }
  if (name === 'peak_hours') return undefined
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    return 'dollars: a number of at least 0'
  const field = priceField(name)
  if (field === undefined || field === 'unserved' || value === 0) return undefined
  // Prices per million in fields for one token have made bills of millions, and budgets that ended at once.
  if (/_token|token_cost/.test(name) && field.units === 1 && value > TOKEN_MAX_DOLLARS) {
    const kind = PRICE_FIELDS.find((each) => each.endsWith('_per_million') && priceKind(each) === field.kind)
    return `dollars for one token, such as ${perToken(value)}; dollars per million stand in ${kind}`
  }
  if (field.units > 1 && value < MILLION_MIN_DOLLARS) return 'dollars for a million tokens, not for one'
  return undefined
}

function isPrice(name: string): boolean {
  return name === 'inference_geo_us_multiplier' || priceField(name) !== undefined
}

function priceKind(name: string): string | undefined {
  const field = priceField(name)
  return typeof field === 'object' ? field.kind : undefined
}

function perToken(perMillion: number): string {
  return String(Number((perMillion / 1_000_000).toPrecision(6)))
}

export interface CompiledOverride {
  override: PriceOverride
  /** Fields of the format that are not obeyed. */
  unserved: string[]
}

/** An entry that has no problems. `provider`: the one in whose block it stands. */
export function compilePriceOverride(entry: Fields, place: string, provider?: string): CompiledOverride {
  const { fields } = priceFields(entry)
  const match = (entry['match_type'] ?? 'exact') as PriceOverride['match']
  const pattern = (entry['pattern'] ?? entry['model_pattern']) as string
  const types = entry['request_types'] as string[] | undefined
  const scope = SCOPES[(entry['scope_kind'] as string | undefined) ?? 'global'] ?? []
  const id = (name: string) => (scope.includes(name) ? String(entry[name]) : undefined)
  return {
    override: {
      name: typeof entry['name'] === 'string' && entry['name'] !== '' ? entry['name'] : place,
      match,
      pattern: match === 'regex' ? toRegExp(pattern)! : match === 'wildcard' ? pattern.slice(0, -1) : pattern,
      provider: provider ?? id('provider_id')?.toLowerCase(),
      providerKeyId: id('provider_key_id'),
      virtualKeyId: id('virtual_key_id'),
      requestTypes:
        types === undefined || types.length === 0
          ? undefined
          : new Set(types.map((type) => REQUEST_TYPES[type]!)),
      prices: pricesOf(fields as Record<string, number>),
    },
    unserved: Object.keys(fields).filter((name) => priceField(name) === 'unserved'),
  }
}

interface PriceFields {
  fields: Fields
  /** The field that holds them; undefined: the entry itself. */
  place: string | undefined
  /** What stands there instead of them. */
  problem?: unknown
}

function priceFields(entry: Fields): PriceFields {
  for (const place of ['patch', 'pricing_patch']) {
    const value = entry[place]
    if (value === undefined) continue
    const patch = typeof value === 'string' ? parse(value) : value
    return isFields(patch) ? { fields: patch, place } : { fields: {}, place, problem: value }
  }
  return {
    fields: Object.fromEntries(Object.entries(entry).filter(([name]) => !OWN_FIELDS.has(name))),
    place: undefined,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function toRegExp(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern)
  } catch {
    return undefined
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text longer than a short name may be a key that was pasted into the wrong line. */
function shown(value: unknown): string {
  return describeValue(value, typeof value === 'string' && value.length <= 16)
}
