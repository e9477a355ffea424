import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CatalogueEntry, Entries, EntryRates, EntryTier } from '../../src/models/catalogue-file.ts'

/** The parts of genai-prices' table that are read. `x_mtok` is $ per million of x, `x_kcount` $ per thousand. */
interface SourceProvider {
  id: string
  models: SourceModel[]
}

interface SourceModel {
  id: string
  match: Match
  context_window?: number
  deprecated?: boolean
  prices: SourcePrices | Conditional[]
}

type Match = { equals?: string; or?: Match[] }
type SourcePrices = Record<string, number | { base: number; tiers: { start: number; price: number }[] }>

interface Conditional {
  constraint?: { type: 'start_date'; start_date: string } | { type: 'time_of_date' }
  prices: SourcePrices
}

/**
 * Source provider → ours. OpenRouter is missing: its list keeps hundreds of models that are gone. Nebius is known
 * only through Hugging Face, which passes on its ids and prices.
 */
const PROVIDERS: Record<string, string> = {
  anthropic: 'anthropic',
  aws: 'bedrock',
  azure: 'azure',
  cerebras: 'cerebras',
  cohere: 'cohere',
  deepseek: 'deepseek',
  fireworks: 'fireworks',
  google: 'gemini',
  groq: 'groq',
  huggingface_nebius: 'nebius',
  minimax: 'minimax',
  mistral: 'mistral',
  moonshotai: 'moonshot',
  openai: 'openai',
  perplexity: 'perplexity',
  together: 'together',
  'x-ai': 'xai',
  zai: 'zai',
}

/** Source price → our kind, and pico-dollars a unit in one of the source's (10¹² by the units of its $). */
const KINDS: Record<string, [kind: string, pico: number]> = {
  input_mtok: ['input', 1e6],
  output_mtok: ['output', 1e6],
  cache_read_mtok: ['cache_read', 1e6],
  cache_write_mtok: ['cache_write_5m', 1e6],
  cache_write_1h_mtok: ['cache_write_1h', 1e6],
  output_reasoning_mtok: ['reasoning', 1e6],
  input_audio_mtok: ['input_audio', 1e6],
  output_audio_mtok: ['output_audio', 1e6],
  cache_audio_read_mtok: ['cache_read_audio', 1e6],
  input_image_mtok: ['input_image', 1e6],
  output_image_mtok: ['output_image', 1e6],
  cache_image_read_mtok: ['cache_read_image', 1e6],
  input_audio_hours: ['audio_second', 1e12 / 3600],
  input_document_kpages: ['page', 1e9],
  web_searches_kcount: ['web_search', 1e9],
  requests_kcount: ['request', 1e9],
}

/**
 * Prices, windows and withdrawals of genai-prices, as of `date`. The package does not export its table;
 * `waitForUpdate` resolves to it, without any request, as long as no updater is installed.
 */
export async function readPrices(folder: string, date: string): Promise<Entries> {
  const { waitForUpdate } = await import(pathToFileURL(join(folder, 'dist/index.js')).href)
  const table: SourceProvider[] = await waitForUpdate()
  const entries: Entries = new Map()
  for (const source of table) {
    const provider = PROVIDERS[source.id]
    for (const model of provider === undefined ? [] : source.models) {
      // Vertex sells Claude at Anthropic's prices; the entries of this list lag behind Anthropic's own.
      if (provider === 'gemini' && model.id.startsWith('claude')) continue
      const entry = toEntry(model, date)
      if (entry.price === undefined && entry.context === undefined) continue
      for (const id of [model.id, ...exactIds(model.match)])
        entries.set(`${provider}/${toOurId(provider, id)}`, entry)
    }
  }
  return entries
}

/** The source calls the geographic inference profiles of Bedrock `regional`; its prices are those of `us`. */
function toOurId(provider: string | undefined, id: string): string {
  return provider === 'bedrock' ? id.replace(/^regional\./, 'us.') : id
}

/**
 * Ids that the source knows for certain. Its prefixes and patterns are not used: they price `claude-sonnet-5-5`
 * as `claude-sonnet-5`.
 */
function exactIds(match: Match): string[] {
  if (match.equals !== undefined) return [match.equals]
  return (match.or ?? []).flatMap(exactIds)
}

function toEntry(model: SourceModel, date: string): CatalogueEntry {
  const prices = current(model.prices, date)
  const price: EntryRates = {}
  const tiers = new Map<number, EntryTier>()
  for (const [name, value] of Object.entries(prices)) {
    const [kind, pico] = KINDS[name] ?? []
    if (kind === undefined || pico === undefined) continue
    price[kind] = Math.round((typeof value === 'number' ? value : value.base) * pico)
    for (const { start, price: dollars } of typeof value === 'number' ? [] : value.tiers) {
      const tier: EntryTier = tiers.get(start) ?? { above: start }
      tier[kind] = Math.round(dollars * pico)
      tiers.set(start, tier)
    }
  }
  return {
    ...(model.context_window === undefined ? {} : { context: model.context_window }),
    ...(model.deprecated === true ? { deprecated: true } : {}),
    ...(Object.keys(price).length === 0 ? {} : { price }),
    ...(tiers.size === 0 ? {} : { tiers: [...tiers.values()].toSorted((a, b) => a.above - b.above) }),
  }
}

/**
 * The prices in force: of those that have begun the latest, or a dearer one of certain hours of the day (DeepSeek
 * bills by the clock). A catalogue has no clock, and a budget must not be overspent.
 */
function current(prices: SourceModel['prices'], date: string): SourcePrices {
  if (!Array.isArray(prices)) return prices
  let inForce: SourcePrices[] = []
  for (const { constraint, prices: each } of prices) {
    if (constraint?.type === 'time_of_date') inForce.push(each)
    else if (constraint === undefined || constraint.start_date <= date) inForce = [each]
  }
  return inForce.toSorted((a, b) => inputPrice(b) - inputPrice(a))[0] ?? {}
}

function inputPrice({ input_mtok: price = 0 }: SourcePrices): number {
  return typeof price === 'number' ? price : price.base
}
