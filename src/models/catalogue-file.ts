import { EFFORTS } from './effort.ts'
import type { Effort } from './effort.ts'
import type { InputKind, ModelFacts, ModelKind } from './facts.ts'
import { RATE_KINDS } from './prices.ts'
import type { Prices, RateKind, Rates } from './prices.ts'

/** Where the data comes from, and of which day the newest of it is (`2026-11-10`). */
export interface Edition {
  date: string
  sources: readonly Source[]
}

export interface Source {
  /** A package with its version, or an address. */
  name: string
  licence?: string
  copyright?: string
}

export interface CatalogueFile extends Edition {
  /** By `provider/model`. */
  models: Record<string, CatalogueEntry>
}

/** One line of the file. Fields as in {@link ModelFacts}, kinds of prices as in {@link Rates}, in snake case. */
export interface CatalogueEntry {
  name?: string
  released?: string
  kind?: ModelKind
  context?: number
  max_input?: number
  max_output?: number
  input?: InputKind[]
  tools?: boolean
  reasoning?: boolean
  efforts?: Effort[]
  sampling?: boolean
  adaptive?: boolean
  deprecated?: boolean
  price?: EntryRates
  tiers?: EntryTier[]
  images?: Record<string, number>
  services?: Record<string, number | EntryRates>
}

export type EntryRates = Record<string, number>
export type EntryTier = EntryRates & { above: number }

/** By `provider/model`. */
export type Entries = Map<string, CatalogueEntry>

/** In the order in which they are written. */
const CHECKS: Readonly<Record<keyof CatalogueEntry, (value: unknown) => boolean>> = {
  name: isText,
  released: isDay,
  kind: oneOf(['embedding', 'rerank', 'speech', 'transcription', 'image', 'video'] satisfies ModelKind[]),
  context: isTokens,
  max_input: isTokens,
  max_output: isTokens,
  input: listOf(['text', 'image', 'pdf', 'audio', 'video'] satisfies InputKind[]),
  tools: isFlag,
  reasoning: isFlag,
  efforts: listOf(EFFORTS),
  sampling: isFlag,
  adaptive: isFlag,
  deprecated: isFlag,
  price: isRates,
  tiers: (value) => Array.isArray(value) && value.every(isTier),
  images: (value) => isObject(value) && Object.values(value).every(isPrice),
  services: (value) =>
    isObject(value) && Object.values(value).every((each) => isPrice(each) || isRates(each)),
}

/** `cache_write_5m` in the file is `cacheWrite5m` in the code. */
const KINDS: ReadonlyMap<string, RateKind> = new Map(
  Object.keys(RATE_KINDS).map((kind) => [fileKind(kind as RateKind), kind as RateKind]),
)

export function fileKind(kind: RateKind): string {
  return kind.replace(/[A-Z]|\d/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The catalogue in a text that came from outside. Throws an Error that says what is wrong with it. */
export function parseCatalogue(text: string): CatalogueFile {
  const file: unknown = JSON.parse(text)
  if (!isObject(file) || !isDay(file['date']) || !isObject(file['models']))
    throw new Error('it is no catalogue: it has no date or no models')
  for (const [key, entry] of Object.entries(file['models'])) {
    const wrong = /^[a-z0-9_.-]+\/./i.test(key) ? wrongField(entry) : 'name (expected provider/model)'
    if (wrong !== undefined) throw new Error(`${JSON.stringify(key.slice(0, 200))} has no usable ${wrong}`)
  }
  const sources = Array.isArray(file['sources']) ? file['sources'].filter(isObject) : []
  return { ...file, sources } as unknown as CatalogueFile
}

/** The first field that is not as it must be; undefined: the entry is whole. */
function wrongField(entry: unknown): string | undefined {
  if (!isObject(entry)) return 'entry'
  for (const [field, value] of Object.entries(entry))
    if (!Object.hasOwn(CHECKS, field) || !CHECKS[field as keyof CatalogueEntry](value)) return field
  return undefined
}

/** The file's text: one line a model, models and fields in a fixed order, so that a new edition is a readable diff. */
export function formatCatalogue({ date, sources }: Edition, entries: Entries): string {
  const sorted = [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const lines = sorted.map(([key, entry]) => `${JSON.stringify(key)}:${JSON.stringify(inOrder(entry))}`)
  return `{"date":"${date}","sources":${JSON.stringify(sources)},"models":{\n${lines.join(',\n')}\n}}\n`
}

function inOrder(entry: CatalogueEntry): CatalogueEntry {
  const ordered = Object.fromEntries(
    (Object.keys(CHECKS) as (keyof CatalogueEntry)[])
      .filter((field) => entry[field] !== undefined)
      .map((field) => [field, entry[field]]),
  ) as CatalogueEntry
  if (ordered.price !== undefined) ordered.price = ratesInOrder(ordered.price)
  if (ordered.tiers !== undefined)
    ordered.tiers = ordered.tiers.map((tier) => ({ above: tier.above, ...ratesInOrder(tier) }))
  return ordered
}

function ratesInOrder(rates: EntryRates): EntryRates {
  return Object.fromEntries(
    [...KINDS.keys()].flatMap((kind) => (rates[kind] === undefined ? [] : [[kind, rates[kind]]])),
  )
}

export function toFacts(id: string, entry: CatalogueEntry): ModelFacts {
  const facts: ModelFacts = { id }
  if (entry.name !== undefined) facts.name = entry.name
  if (entry.released !== undefined) facts.released = entry.released
  if (entry.kind !== undefined) facts.kind = entry.kind
  if (entry.context !== undefined) facts.contextWindowTokens = entry.context
  if (entry.max_input !== undefined) facts.maxInputTokens = entry.max_input
  if (entry.max_output !== undefined) facts.maxOutputTokens = entry.max_output
  if (entry.input !== undefined) facts.inputKinds = entry.input
  if (entry.tools !== undefined) facts.tools = entry.tools
  if (entry.reasoning !== undefined) facts.reasoning = entry.reasoning
  if (entry.efforts !== undefined) facts.efforts = entry.efforts
  if (entry.sampling !== undefined) facts.sampling = entry.sampling
  if (entry.adaptive !== undefined) facts.adaptiveThinking = entry.adaptive
  if (entry.deprecated !== undefined) facts.deprecated = entry.deprecated
  if (entry.price !== undefined || entry.images !== undefined) facts.prices = toPrices(entry)
  return facts
}

function toPrices({ price = {}, tiers, images, services }: CatalogueEntry): Prices {
  const prices: Prices = toRates(price)
  if (tiers !== undefined) prices.tiers = tiers.map((tier) => ({ ...toRates(tier), above: tier.above }))
  if (images !== undefined) prices.images = images
  if (services !== undefined)
    prices.services = Object.fromEntries(
      Object.entries(services).map(([name, value]) => [
        name,
        typeof value === 'number' ? value : toRates(value),
      ]),
    )
  return prices
}

function toRates(rates: EntryRates): Rates {
  const known: Rates = {}
  for (const [name, price] of Object.entries(rates)) {
    const kind = KINDS.get(name)
    if (kind !== undefined) known[kind] = price
  }
  return known
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 200
}

function isDay(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isTokens(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}

/** Whole, and no more than a thousand dollars for one unit: beyond it stands a price in another unit. */
function isPrice(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 1e15
}

function isRates(value: unknown): boolean {
  return isObject(value) && Object.entries(value).every(([kind, price]) => KINDS.has(kind) && isPrice(price))
}

function isTier(value: unknown): boolean {
  if (!isObject(value)) return false
  const { above, ...rates } = value
  return isTokens(above) && isRates(rates)
}

function oneOf(values: readonly string[]) {
  return (value: unknown) => typeof value === 'string' && values.includes(value)
}

function listOf(values: readonly string[]) {
  return (value: unknown) => Array.isArray(value) && value.every((each) => values.includes(each as string))
}
