import type { CatalogueEntry, Entries } from '../../src/models/catalogue-file.ts'
import { addDocumented } from '../../src/models/documented.ts'
import { familyName, vendorOf } from '../../src/models/names.ts'
import { disputes, mergeTiers, relation, uniformPercent } from '../../src/models/renew.ts'

export interface Merged {
  entries: Entries
  /** One sentence for each price on which the sources disagree. */
  conflicts: string[]
}

/**
 * One catalogue out of all. Limits and abilities come from `limits`, which is weeks fresher, and where both name
 * a price, so does the price; `prices` adds the kinds that only it knows, as long as both agree on the input
 * price: rates of different days are not mixed. `gaps` fill what neither knows, the first first.
 */
export function mergeSources(prices: Entries, limits: Entries, ...gaps: Entries[]): Merged {
  const conflicts: string[] = []
  const entries: Entries = new Map()
  const priceOf = priceFinder(prices)
  for (const [key, entry] of limits) {
    const priced = priceOf(key, entry)
    entries.set(key, priced === undefined ? { ...entry } : mergeEntry(key, entry, priced, conflicts))
  }
  addPricedOnly(entries, prices)
  for (const source of gaps) fillGaps(entries, source, conflicts)
  restoreWindows(entries, prices)
  shareAbilities(entries)
  foldBatches(entries)
  for (const [key, entry] of entries) addDocumented(key, entry)
  return { entries, conflicts }
}

/**
 * Finds the priced entry of a model: of the same id, or of another spelling (a dated one, mostly) that costs the
 * same. The source has one list for both of Google's APIs.
 */
function priceFinder(prices: Entries): (key: string, entry: CatalogueEntry) => CatalogueEntry | undefined {
  const byId = new Map([...prices].map(([key, entry]) => [key.toLowerCase(), entry]))
  const byRelation = new Map([...prices].map(([key, entry]) => [relation(key), entry]))
  return (key, entry) => {
    const listed = key.replace(/^vertex\//, 'gemini/')
    const relative = byRelation.get(relation(listed))
    return (
      byId.get(listed.toLowerCase()) ??
      (disputes(entry.price, relative?.price).length === 0 ? relative : undefined)
    )
  }
}

function mergeEntry(
  key: string,
  entry: CatalogueEntry,
  priced: CatalogueEntry,
  conflicts: string[],
): CatalogueEntry {
  const merged: CatalogueEntry = { ...entry }
  if (priced.deprecated === true) merged.deprecated = true
  const disputed = disputes(entry.price, priced.price)
  for (const kind of disputed)
    conflicts.push(`${key} ${kind}: ${entry.price?.[kind]} taken, not ${priced.price?.[kind]}`)
  if (entry.price?.['input'] !== undefined && disputed.includes('input')) return merged
  const price = { ...priced.price, ...entry.price }
  if (Object.keys(price).length > 0) merged.price = price
  const tiers = mergeTiers(entry.tiers, priced.tiers)
  if (tiers !== undefined) merged.tiers = tiers
  return merged
}

/**
 * Models that only `prices` knows. Not those that are another spelling of a model in `limits`: when such a one has
 * another price, it is the older price of an alias that has moved on (`mistral-large`).
 */
function addPricedOnly(entries: Entries, prices: Entries): void {
  const current = new Set([...entries.keys()].map(relation))
  const added = new Map<string, CatalogueEntry>()
  for (const [key, entry] of [...prices].toSorted(([a], [b]) => a.length - b.length)) {
    const relative = added.get(relation(key))
    if (
      current.has(relation(key)) ||
      (relative !== undefined && disputes(entry.price, relative.price).length === 0)
    )
      continue
    entries.set(key, { ...entry })
    added.set(relation(key), relative ?? entry)
  }
}

/** Fields that one source may know and another not. */
const FACTS = [
  'name',
  'released',
  'kind',
  'context',
  'max_input',
  'max_output',
  'tools',
  'reasoning',
  'efforts',
  'deprecated',
] as const

/** What is known of a model of the same id is completed; a model that is here under another spelling is not added. */
function fillGaps(entries: Entries, source: Entries, conflicts: string[]): void {
  const spellings = new Map([...entries.keys()].map((key) => [key.toLowerCase(), key]))
  const relations = new Map([...entries.keys()].map((key) => [relation(key), key]))
  for (const [key, gap] of source) {
    const same = spellings.get(key.toLowerCase())
    const relative = same ?? relations.get(relation(key))
    if (relative === undefined) entries.set(key, structuredClone(gap))
    else if (same !== undefined) fillEntry(same, entries.get(same)!, gap, conflicts)
    else {
      const entry = entries.get(relative)!
      if (gap.name !== undefined) entry.name ??= gap.name
      if (gap.released !== undefined) entry.released ??= gap.released
    }
  }
}

function fillEntry(key: string, entry: CatalogueEntry, gap: CatalogueEntry, conflicts: string[]): void {
  for (const fact of FACTS)
    if (gap[fact] !== undefined) Object.assign(entry, { [fact]: entry[fact] ?? gap[fact] })
  const input = [...new Set([...(entry.input ?? []), ...(gap.input ?? [])])]
  if (input.length > 0) entry.input = input
  if (gap.images !== undefined) entry.images ??= gap.images
  if (gap.price === undefined) return
  const disputed = disputes(entry.price, gap.price)
  for (const kind of disputed)
    conflicts.push(`${key} ${kind}: ${entry.price?.[kind]} taken, not ${gap.price[kind]}`)
  if (disputed.includes('input') || disputed.includes('output')) return
  entry.price = { ...gap.price, ...entry.price }
  if (gap.tiers !== undefined) entry.tiers ??= gap.tiers
  if (gap.services !== undefined) entry.services = { ...gap.services, ...entry.services }
}

/**
 * `limits` ends the window of OpenAI's models where long-context prices begin, so that its own users never pay
 * them. The true window stands in its Azure list, or in `prices`.
 */
function restoreWindows(entries: Entries, prices: Entries): void {
  for (const [key, entry] of entries) {
    if (
      !key.startsWith('openai/') ||
      entry.context === undefined ||
      entry.context !== entry.tiers?.[0]?.above
    )
      continue
    const window = entries.get(key.replace('openai/', 'azure/'))?.context ?? prices.get(key)?.context
    if (window === undefined || window <= entry.context) delete entry.context
    else entry.context = window
  }
}

/** The clouds pass effort, thinking and sampling on to the makers' models; `limits` mostly leaves them out there. */
function shareAbilities(entries: Entries): void {
  const byRelation = new Map([...entries].map(([key, entry]) => [relation(key), entry]))
  for (const [key, entry] of entries) {
    if (!/^(?:azure|bedrock|vertex)\//.test(key) || entry.tools !== true) continue
    const { efforts, sampling, adaptive } = byRelation.get(`${vendorOf(key)}//${familyName(key)}`) ?? {}
    if (efforts !== undefined) entry.efforts ??= efforts
    if (sampling !== undefined) entry.sampling ??= sampling
    if (adaptive !== undefined) entry.adaptive ??= adaptive
  }
}

/**
 * OpenRouter lists batches as models of their own (`…:batch`). They become a percentage on the model itself, and
 * on the maker's own entry where that costs the same: OpenRouter passes the maker's discount on.
 */
function foldBatches(entries: Entries): void {
  for (const [key, batch] of [...entries].filter(([each]) => each.endsWith(':batch'))) {
    entries.delete(key)
    const base = entries.get(key.slice(0, -':batch'.length))
    const percent = uniformPercent(batch.price, base?.price)
    if (base === undefined || percent === undefined) continue
    base.services = { ...base.services, batch: percent }
    const vendor = vendorOf(key)
    for (const [other, entry] of entries) {
      if (
        vendor === undefined ||
        !other.startsWith(`${vendor}/`) ||
        familyName(other) !== familyName(key.slice(0, -6))
      )
        continue
      if (disputes(base.price, entry.price).length === 0)
        entry.services = { ...entry.services, batch: percent }
    }
  }
}
