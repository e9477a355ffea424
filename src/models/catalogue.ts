import { readFileSync } from 'node:fs'
import { parseCatalogue, toFacts } from './catalogue-file.ts'
import type { CatalogueEntry, CatalogueFile, Edition } from './catalogue-file.ts'
import type { ModelFacts } from './facts.ts'
import { familyName, lastSegment, profileOf, stripContextSuffix, vendorOf } from './names.ts'

export type { ModelFacts }

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
  const { contextWindowTokens: _window, maxInputTokens: _input, ...rest } = facts
  const { maxOutputTokens: _output, prices: _prices, ...abilities } = rest
  return abilities
}

/** Ids of a provider's models in the catalogue, sorted; empty for a provider that it does not cover. */
export function list(provider: string): readonly string[] {
  return readCatalogue().shelves.get(provider)?.ids ?? []
}

/** The day of the newest data in the catalogue in use, and where it comes from. */
export function edition(): Edition {
  return readCatalogue().edition
}

/** The refreshed catalogue's name in the app dir. */
export const CATALOGUE_FILE = 'catalogue.json'

interface Catalogue {
  edition: Edition
  shelves: ReadonlyMap<string, Shelf>
}

let catalogue: Catalogue | undefined
let preferred: { path: string; report: (problem: string) => void } | undefined

/**
 * A refreshed catalogue, if there is one at `path`, is used instead of the packaged one, unless that is newer: a
 * package that was updated knows more than what was fetched before. One that cannot be used is reported and left
 * out. Counts from the next look-up.
 */
export function preferCatalogue(path: string, report: (problem: string) => void): void {
  preferred = { path, report }
  catalogue = undefined
}

/**
 * Read at the first look-up and not at start: parsing it costs more than listening. The packaged one is beside this
 * module; a bundle carries `catalogue.json` beside itself.
 */
function readCatalogue(): Catalogue {
  if (catalogue !== undefined) return catalogue
  const file = catalogueInUse()
  catalogue = { edition: { date: file.date, sources: file.sources }, shelves: shelve(file) }
  return catalogue
}

/** All of the catalogue in use, read anew. */
export function catalogueInUse(): CatalogueFile {
  const packaged = JSON.parse(
    readFileSync(new URL('catalogue.json', import.meta.url), 'utf8'),
  ) as CatalogueFile
  const refreshed = readRefreshed()
  return refreshed !== undefined && refreshed.date >= packaged.date ? refreshed : packaged
}

function readRefreshed(): CatalogueFile | undefined {
  if (preferred === undefined) return undefined
  try {
    return parseCatalogue(readFileSync(preferred.path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      preferred.report(`${preferred.path} is not used: ${(error as Error).message}`)
    return undefined
  }
}

function shelve(file: CatalogueFile): Map<string, Shelf> {
  const shelves = new Map<string, Shelf>()
  for (const [key, entry] of Object.entries(file.models)) {
    const slash = key.indexOf('/')
    const provider = key.slice(0, slash)
    let shelf = shelves.get(provider)
    if (shelf === undefined) shelves.set(provider, (shelf = new Shelf()))
    shelf.add(key.slice(slash + 1), entry)
  }
  return shelves
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
