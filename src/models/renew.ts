import type { CatalogueEntry, Entries, EntryRates, EntryTier } from './catalogue-file.ts'
import { addDocumented } from './documented.ts'
import { familyName, profileOf } from './names.ts'

/**
 * A catalogue with what a fresher source says. What only the older one knows of a model stays; of prices only as
 * long as both agree on the input price, because rates of different days are not mixed.
 */
export function renewed(known: Entries, fresh: Entries): Entries {
  const entries: Entries = new Map(known)
  for (const [key, entry] of fresh) {
    const before = known.get(key)
    const after = before === undefined ? newEntry(entry) : renewedEntry(before, entry)
    addDocumented(key, after)
    entries.set(key, after)
  }
  return entries
}

/** Where only the input's limit is known, the window is at least that. */
function newEntry({ max_input: maxInput, ...entry }: CatalogueEntry): CatalogueEntry {
  if (maxInput === undefined) return entry
  return entry.context === undefined ? { ...entry, context: maxInput } : { ...entry, max_input: maxInput }
}

function renewedEntry(before: CatalogueEntry, fresh: CatalogueEntry): CatalogueEntry {
  const input = [...new Set([...(fresh.input ?? []), ...(before.input ?? [])])]
  const after: CatalogueEntry = { ...before, ...fresh, ...(input.length === 0 ? {} : { input }) }
  // A model that the fresh source does not call withdrawn is not.
  if (fresh.deprecated === undefined) delete after.deprecated
  if (fresh.price === undefined) return after
  const isSame = fresh.price['input'] === before.price?.['input']
  after.price = isSame ? { ...before.price, ...fresh.price } : fresh.price
  const tiers = mergeTiers(fresh.tiers, isSame ? before.tiers : undefined)
  if (tiers === undefined) delete after.tiers
  else after.tiers = tiers
  const services = { ...(isSame ? before.services : undefined), ...fresh.services }
  if (Object.keys(services).length === 0) delete after.services
  else after.services = services
  return after
}

/** The same threshold is written 272000 ("above") in one source and 271999 in the other. */
export function mergeTiers(
  ours: EntryTier[] | undefined,
  theirs: EntryTier[] | undefined,
): EntryTier[] | undefined {
  if (ours === undefined) return theirs
  return ours.map((tier) => ({ ...theirs?.find(({ above }) => Math.abs(above - tier.above) <= 1), ...tier }))
}

/** Kinds that both price, and differently. */
export function disputes(ours: EntryRates = {}, theirs: EntryRates = {}): string[] {
  return Object.keys(ours).filter((kind) => theirs[kind] !== undefined && theirs[kind] !== ours[kind])
}

/** The percentage of the whole that every kind of the part is; undefined: there is no one. */
export function uniformPercent(part: EntryRates = {}, whole: EntryRates = {}): number | undefined {
  const percents = Object.keys(part).map((kind) => Math.round((100 * (part[kind] ?? 0)) / (whole[kind] ?? 0)))
  return new Set(percents).size === 1 && Number.isFinite(percents[0]) ? percents[0] : undefined
}

/** Two keys with the same relation are found by the same look-up. */
export function relation(key: string): string {
  const slash = key.indexOf('/')
  const model = key.slice(slash + 1)
  return `${key.slice(0, slash)}/${profileOf(model) ?? ''}/${familyName(model)}`
}
