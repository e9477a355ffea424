import type { CatalogueEntry, Entries, EntryRates, EntryTier } from './catalogue-file.ts'
import { EFFORTS } from './effort.ts'
import type { InputKind, ModelKind } from './facts.ts'
import { uniformPercent } from './renew.ts'

/**
 * The catalogue of https://models.dev (MIT), which agents of several makers use and their users mend. Its form is
 * that of its `api.json`: by provider, then by model.
 */
export type ModelsDev = Record<string, { models?: Record<string, SourceModel> }>

/** The parts of a model that are read. */
interface SourceModel {
  id?: string
  name?: string
  release_date?: string
  status?: string
  tool_call?: boolean
  reasoning?: boolean
  reasoning_options?: { type?: string; values?: unknown[] }[]
  modalities?: { input?: string[]; output?: string[] }
  limit?: { context?: number; input?: number; output?: number }
  cost?: SourceCost
  experimental?: { modes?: Record<string, { cost?: SourceCost; provider?: { body?: SourceBody } }> }
}

interface SourceBody {
  speed?: string
  service_tier?: string
}

/** $ per million tokens. */
interface SourceCost {
  input?: number
  output?: number
  cache_read?: number
  cache_write?: number
  reasoning?: number
  input_audio?: number
  output_audio?: number
  tiers?: (SourceCost & { tier?: { type?: string; size?: number } })[]
}

/** The source's provider → ours. Several of its lists are one provider here. */
const PROVIDERS: Readonly<Record<string, string>> = {
  'amazon-bedrock': 'bedrock',
  anthropic: 'anthropic',
  azure: 'azure',
  cerebras: 'cerebras',
  cohere: 'cohere',
  databricks: 'databricks',
  deepinfra: 'deepinfra',
  deepseek: 'deepseek',
  'fireworks-ai': 'fireworks',
  'github-models': 'github-models',
  google: 'gemini',
  'google-vertex': 'vertex',
  'google-vertex-anthropic': 'vertex',
  groq: 'groq',
  huggingface: 'huggingface',
  lmstudio: 'lmstudio',
  minimax: 'minimax',
  mistral: 'mistral',
  moonshotai: 'moonshot',
  nebius: 'nebius',
  nvidia: 'nvidia',
  openai: 'openai',
  openrouter: 'openrouter',
  parasail: 'parasail',
  perplexity: 'perplexity',
  sambanova: 'sambanova',
  togetherai: 'together',
  xai: 'xai',
  zai: 'zai',
}

/** NVIDIA's endpoints are for trial, by credits; the prices that some of its models have here are those of other places. */
const WITHOUT_PRICES = new Set(['nvidia'])

/** What of it belongs to providers that the gateway knows. */
export function fromModelsDev(table: ModelsDev): Entries {
  const entries: Entries = new Map()
  for (const [source, provider] of Object.entries(PROVIDERS)) {
    for (const [id, model] of Object.entries(table[source]?.models ?? {})) {
      const entry = unlessMalformed(() => toEntry(provider, id, model))
      if (entry !== undefined) entries.set(`${provider}/${id.replace(/@default$/, '')}`, entry)
    }
  }
  return entries
}

/** A table from outside may say anything: a model of another form is left out, and costs no other. */
export function unlessMalformed(read: () => CatalogueEntry): CatalogueEntry | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function toEntry(provider: string, id: string, model: SourceModel): CatalogueEntry {
  const { name, release_date: released = '', limit = {} } = model
  const kind = kindOf(id, model)
  const context = tokens(limit.context)
  const maxInput = tokens(limit.input)
  const maxOutput = maxOutputOf(limit)
  const input = inputKinds(model)
  const efforts = effortsOf(model)
  return {
    ...(name ? { name } : {}),
    ...(/^\d{4}-\d\d-\d\d$/.test(released) ? { released } : {}),
    ...(kind === undefined ? {} : { kind }),
    ...(context === undefined ? {} : { context }),
    ...(maxInput === undefined || maxInput === context ? {} : { max_input: maxInput }),
    ...(maxOutput === undefined || kind !== undefined ? {} : { max_output: maxOutput }),
    ...(input.length === 0 ? {} : { input }),
    ...(model.tool_call === undefined ? {} : { tools: model.tool_call }),
    ...(model.reasoning === undefined ? {} : { reasoning: model.reasoning }),
    ...(efforts === undefined ? {} : { efforts }),
    ...(model.status === 'deprecated' ? { deprecated: true } : {}),
    ...(WITHOUT_PRICES.has(provider) ? {} : pricesOf(id, model)),
  }
}

/** Where OpenRouter names no output limit, the source puts nine tenths of the window. */
function maxOutputOf({ context = 0, output }: NonNullable<SourceModel['limit']>): number | undefined {
  return output === Math.floor(context * 0.9) ? undefined : tokens(output)
}

/** The source knows kinds of output only, and takes vectors for text. */
function kindOf(id: string, { modalities }: SourceModel): ModelKind | undefined {
  const output = modalities?.output ?? []
  const input = modalities?.input ?? []
  if (/rerank/i.test(id)) return 'rerank'
  if (/embed|bge-|^baai\/|gte-|e5-(?:large|base|small)/i.test(id) && !output.some((each) => each !== 'text'))
    return 'embedding'
  if (output.includes('text')) return input.length === 1 && input[0] === 'audio' ? 'transcription' : undefined
  return output.includes('video')
    ? 'video'
    : output.includes('image')
      ? 'image'
      : output.includes('audio')
        ? 'speech'
        : undefined
}

function inputKinds({ modalities }: SourceModel): InputKind[] {
  const kinds: InputKind[] = ['text', 'image', 'pdf', 'audio', 'video']
  return kinds.filter((kind) => modalities?.input?.includes(kind))
}

function effortsOf({ reasoning, reasoning_options: options }: SourceModel) {
  if (reasoning !== true) return undefined
  const values = options?.find(({ type }) => type === 'effort')?.values
  return values && EFFORTS.filter((effort) => values.includes(effort))
}

function pricesOf(id: string, { cost, experimental }: SourceModel): Partial<CatalogueEntry> {
  // 0 also stands for a price that nobody knows, and for a trial.
  if (cost === undefined || (!cost.input && !cost.output && !id.endsWith(':free'))) return {}
  const tiers = (cost.tiers ?? []).flatMap((tier): EntryTier[] => {
    const above = tier.tier?.type === 'context' ? tokens(tier.tier.size) : undefined
    return above === undefined ? [] : [{ above, ...ratesOf(tier) }]
  })
  const price = ratesOf(cost)
  const services: Record<string, number | EntryRates> = {}
  for (const [name, { cost: rates, provider }] of Object.entries(experimental?.modes ?? {})) {
    const { speed, service_tier: tier } = provider?.body ?? {}
    // A percentage holds for long contexts and for kinds that the source does not list, too.
    if (rates !== undefined)
      services[speed ?? tier ?? name] = uniformPercent(ratesOf(rates), price) ?? ratesOf(rates)
  }
  return {
    price,
    ...(tiers.length === 0 ? {} : { tiers: tiers.toSorted((a, b) => a.above - b.above) }),
    ...(Object.keys(services).length === 0 ? {} : { services }),
  }
}

function ratesOf(cost: SourceCost): EntryRates {
  const rates: EntryRates = {}
  const set = (kind: string, dollars: number | undefined) => {
    if (typeof dollars === 'number' && dollars >= 0) rates[kind] = Math.round(dollars * 1e6)
  }
  set('input', cost.input)
  set('output', cost.output)
  // Nothing costs nothing to read from a cache: these are unknown.
  set('cache_read', cost.cache_read || undefined)
  set('cache_write_5m', cost.cache_write || undefined)
  if (cost.reasoning !== cost.output) set('reasoning', cost.reasoning || undefined)
  set('input_audio', cost.input_audio || undefined)
  set('output_audio', cost.output_audio || undefined)
  return rates
}

function tokens(count: number | undefined): number | undefined {
  return Number.isSafeInteger(count) && count! > 0 ? count : undefined
}
