import type { CatalogueEntry, EntryRates } from '../../src/models/catalogue.ts'
import type { Entries } from './entries.ts'

const FIRST_KINDS = ['above', 'input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h']

/** The file's text: one line a model, models and fields in a fixed order, so that a new edition is a readable diff. */
export function format(date: string, sources: object[], entries: Entries): string {
  const sorted = [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const lines = sorted.map(([key, entry]) => `${JSON.stringify(key)}:${JSON.stringify(inOrder(entry))}`)
  return `{"date":"${date}","sources":${JSON.stringify(sources)},"models":{\n${lines.join(',\n')}\n}}\n`
}

function inOrder(entry: CatalogueEntry): object {
  const {
    context,
    max_output,
    input,
    tools,
    reasoning,
    efforts,
    sampling,
    adaptive,
    deprecated,
    price,
    tiers,
    batch_percent,
  } = entry
  const ordered = { context, max_output, input, tools, reasoning, efforts, sampling, adaptive, deprecated }
  return { ...ordered, price: price && ratesInOrder(price), tiers: tiers?.map(ratesInOrder), batch_percent }
}

function ratesInOrder(rates: EntryRates): EntryRates {
  const first = FIRST_KINDS.flatMap((kind) => (rates[kind] === undefined ? [] : [[kind, rates[kind]]]))
  return { ...Object.fromEntries(first), ...rates }
}
