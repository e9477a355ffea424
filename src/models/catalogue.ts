import { readFileSync } from 'node:fs'
import { familyName, lastSegment, profileOf, stripContextSuffix, vendorOf } from './names.ts'
import type { Effort } from './effort.ts'

export type InputKind = 'text' | 'image' | 'pdf' | 'audio' | 'video'

/**
 * Prices in pico-dollars (10⁻¹² $) for one unit of each kind; tokens unless the name says otherwise. $3 per million
 * tokens is 3,000,000. A thousand make a nano-dollar, the unit of the ledger: `tokens × price / 1000`. The product
 * stays an exact integer in a double up to nine million tokens at a thousand dollars per million.
 * An absent price is an unknown one, not zero.
 */
export interface Rates {
  input?: number
  /** All output, reasoning included, unless `reasoning` has its own price. */
  output?: number
  cacheRead?: number
  /** Five-minute cache writes on Claude; any cache write elsewhere. */
  cacheWrite5m?: number
  cacheWrite1h?: number
  reasoning?: number
  inputAudio?: number
  outputAudio?: number
  cacheReadAudio?: number
  inputImage?: number
  outputImage?: number
  cacheReadImage?: number
  inputVideo?: number
  outputVideo?: number
  audioSecond?: number
  page?: number
  webSearch?: number
  request?: number
}

export interface Prices extends Rates {
  /** Long-context prices, rising. The highest tier that applies is the price of every token of the request. */
  tiers?: readonly Tier[]
  /** What a batch costs, in percent of these prices. */
  batchPercent?: number
}

/**
 * `above`: applies when all input tokens of the request, cached ones included, are more than this. A kind without
 * a price of its own here keeps its ordinary one.
 */
export interface Tier extends Rates {
  above: number
}

/** What the catalogue knows of one model at one provider. An absent field is unknown, never a "no". */
export interface ModelFacts {
  /** The id as the provider spells it. */
  id: string
  /** As its maker writes it: `Claude Opus 5`. */
  name?: string
  /** The day on which it came out: `2026-02-05`. */
  released?: string
  contextWindowTokens?: number
  maxOutputTokens?: number
  /** Text and image are complete; pdf, audio and video are listed only where a source states them. */
  inputKinds?: readonly InputKind[]
  tools?: boolean
  reasoning?: boolean
  /** Accepted effort values; empty: the model reasons, but takes none. */
  efforts?: readonly Effort[]
  /** False: `temperature`, `top_p` and `top_k` are refused whatever the effort. */
  sampling?: boolean
  /** Takes Claude's `thinking: {"type":"adaptive"}`. */
  adaptiveThinking?: boolean
  deprecated?: boolean
  prices?: Prices
}

/**
 * Clouds that serve other makers' models under the makers' names, limits and list prices (worldwide endpoints;
 * regional ones can cost a tenth more). Where the sources do not list such a model there, its maker's entry is used.
 */
const RESOLD: Readonly<Record<string, readonly string[]>> = {
  azure: ['openai', 'anthropic', 'deepseek', 'xai', 'moonshot', 'mistral', 'cohere'],
  vertex: ['gemini', 'anthropic'],
}

/**
 * What is known of a model at a provider. Finds it by its exact id (`[1m]` aside) and, failing that, by the name
 * that its spellings share: without date, `-latest`, path and maker, with dots for dashes, and through any
 * inference profile. Undefined when unknown: the caller must not guess.
 */
export function lookup(provider: string, model: string): ModelFacts | undefined {
  const shelves = readCatalogue().shelves
  const found = shelves.get(provider)?.find(model)
  if (found !== undefined) return found
  const vendor = vendorOf(model)
  const resold = Object.hasOwn(RESOLD, provider) && vendor !== undefined && RESOLD[provider]?.includes(vendor)
  return resold ? shelves.get(vendor)?.find(model) : undefined
}

/**
 * What a model can do wherever it runs. When the provider's own entry is missing (a proxy, a custom provider), the
 * maker's entry answers, without the limits and prices, which belong to the place.
 */
export function capabilities(provider: string, model: string): ModelFacts | undefined {
  const known = lookup(provider, model)
  if (known !== undefined) return known
  const vendor = vendorOf(model)
  const facts = vendor === undefined ? undefined : lookup(vendor, model)
  if (facts === undefined) return undefined
  const { contextWindowTokens: _window, maxOutputTokens: _output, prices: _prices, ...rest } = facts
  return rest
}

/** Ids of a provider's models in the catalogue, sorted; empty for a provider that it does not cover. */
export function list(provider: string): readonly string[] {
  return readCatalogue().shelves.get(provider)?.ids ?? []
}

/** The day of the newest data in the catalogue (`2026-11-10`) and where it comes from. */
export function edition(): Edition {
  return readCatalogue().edition
}

export interface Edition {
  date: string
  sources: readonly { package: string; licence: string; copyright: string }[]
}

interface CatalogueFile extends Edition {
  models: Record<string, CatalogueEntry>
}

/** One line of the file, by `provider/model`. Fields as in {@link ModelFacts}, kinds as in {@link Rates}. */
export interface CatalogueEntry {
  context?: number
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
  batch_percent?: number
}

export type EntryRates = Record<string, number>
export type EntryTier = EntryRates & { above: number }

let catalogue: { edition: Edition; shelves: ReadonlyMap<string, Shelf> } | undefined

/**
 * The file beside this module, read at the first look-up and not at start: parsing it costs more than listening.
 * A bundle carries `catalogue.json` beside itself.
 */
function readCatalogue(): NonNullable<typeof catalogue> {
  if (catalogue !== undefined) return catalogue
  const file = JSON.parse(readFileSync(new URL('catalogue.json', import.meta.url), 'utf8')) as CatalogueFile
  const shelves = new Map<string, Shelf>()
  for (const [key, entry] of Object.entries(file.models)) {
    const slash = key.indexOf('/')
    const provider = key.slice(0, slash)
    let shelf = shelves.get(provider)
    if (shelf === undefined) shelves.set(provider, (shelf = new Shelf()))
    shelf.add(key.slice(slash + 1), entry)
  }
  catalogue = { edition: { date: file.date, sources: file.sources }, shelves }
  return catalogue
}

/** One provider's models, by id and by family name. */
class Shelf {
  readonly ids: string[] = []
  readonly #entries = new Map<string, CatalogueEntry>()
  readonly #facts = new Map<string, ModelFacts>()
  /** Lower-case id → id. */
  #spellings: Map<string, string> | undefined
  /** Family name → ids, shortest first. */
  #families: Map<string, string[]> | undefined

  add(id: string, entry: CatalogueEntry): void {
    this.ids.push(id)
    this.#entries.set(id, entry)
  }

  find(id: string): ModelFacts | undefined {
    const known = this.#entries.has(id) ? id : this.#search(stripContextSuffix(id))
    if (known === undefined) return undefined
    let facts = this.#facts.get(known)
    if (facts === undefined) this.#facts.set(known, (facts = toFacts(known, this.#entries.get(known) ?? {})))
    return facts
  }

  #search(id: string): string | undefined {
    return this.#bySpelling(id) ?? this.#bySpelling(lastSegment(id)) ?? this.#byFamily(id)
  }

  #bySpelling(id: string): string | undefined {
    this.#spellings ??= new Map(this.ids.map((each) => [each.toLowerCase(), each]))
    return this.#spellings.get(id.toLowerCase())
  }

  #byFamily(id: string): string | undefined {
    this.#families ??= groupByFamily(this.ids)
    const relatives = this.#families.get(familyName(id))
    const profile = profileOf(id)
    return relatives?.find((each) => profileOf(each) === profile) ?? relatives?.[0]
  }
}

function groupByFamily(ids: readonly string[]): Map<string, string[]> {
  const families = new Map<string, string[]>()
  for (const id of ids.toSorted((a, b) => a.length - b.length)) {
    const family = familyName(id)
    const relatives = families.get(family)
    if (relatives === undefined) families.set(family, [id])
    else relatives.push(id)
  }
  return families
}

function toFacts(id: string, entry: CatalogueEntry): ModelFacts {
  const facts: ModelFacts = { id }
  if (entry.context !== undefined) facts.contextWindowTokens = entry.context
  if (entry.max_output !== undefined) facts.maxOutputTokens = entry.max_output
  if (entry.input !== undefined) facts.inputKinds = entry.input
  if (entry.tools !== undefined) facts.tools = entry.tools
  if (entry.reasoning !== undefined) facts.reasoning = entry.reasoning
  if (entry.efforts !== undefined) facts.efforts = entry.efforts
  if (entry.sampling !== undefined) facts.sampling = entry.sampling
  if (entry.adaptive !== undefined) facts.adaptiveThinking = entry.adaptive
  if (entry.deprecated !== undefined) facts.deprecated = entry.deprecated
  if (entry.price !== undefined) facts.prices = toPrices(entry.price, entry)
  return facts
}

function toPrices(price: EntryRates, { tiers, batch_percent }: CatalogueEntry): Prices {
  const prices: Prices = toRates(price)
  if (tiers !== undefined) prices.tiers = tiers.map((tier) => ({ ...toRates(tier), above: tier.above }))
  if (batch_percent !== undefined) prices.batchPercent = batch_percent
  return prices
}

/** `cache_write_5m` in the file is `cacheWrite5m` here. */
function toRates(rates: EntryRates): Rates {
  return Object.fromEntries(
    Object.entries(rates).map(([kind, price]) => [
      kind.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      price,
    ]),
  )
}
