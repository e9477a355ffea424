import { fileKind } from './catalogue-file.ts'
import type { CatalogueEntry, Entries, EntryRates } from './catalogue-file.ts'
import type { InputKind, ModelKind } from './facts.ts'
import { unlessMalformed } from './models-dev.ts'
import { pricesOf } from './price-fields.ts'
import { RATE_KINDS } from './prices.ts'
import type { RateKind, Rates } from './prices.ts'

/** LiteLLM's table of models, and Bifrost's, which has its fields: by model, prices in dollars for one unit. */
export type Datasheet = Record<string, SourceModel>

/** The parts of a model that are read, beside its prices. */
interface SourceModel {
  litellm_provider?: string
  provider?: string
  mode?: string
  max_input_tokens?: unknown
  max_output_tokens?: unknown
  supports_function_calling?: boolean
  supports_reasoning?: boolean
  supports_vision?: boolean
  supports_pdf_input?: boolean
  supports_audio_input?: boolean
  supports_video_input?: boolean
}

/** The source's provider → ours, where the names differ. */
const PROVIDERS: Readonly<Record<string, string>> = {
  azure_ai: 'azure',
  bedrock_converse: 'bedrock',
  cohere_chat: 'cohere',
  fireworks_ai: 'fireworks',
  github: 'github-models',
  lm_studio: 'lmstudio',
  nvidia_nim: 'nvidia',
  runwayml: 'runway',
  'text-completion-openai': 'openai',
  together_ai: 'together',
}

/** Providers of the same name there and here. */
const SAME = new Set(
  'anthropic azure bedrock cerebras cohere databricks deepinfra deepseek elevenlabs gemini groq huggingface minimax mistral moonshot nebius openai openrouter parasail perplexity replicate sambanova vertex xai zai'.split(
    ' ',
  ),
)

const KINDS: Readonly<Record<string, ModelKind>> = {
  embedding: 'embedding',
  rerank: 'rerank',
  audio_speech: 'speech',
  audio_transcription: 'transcription',
  image_generation: 'image',
  image_edit: 'image',
  video_generation: 'video',
}

/** Could this be such a table? */
export function isDatasheet(table: Record<string, unknown>): table is Datasheet {
  return Object.values(table).some(
    (model) =>
      typeof model === 'object' &&
      model !== null &&
      'mode' in model &&
      ('litellm_provider' in model || 'provider' in model),
  )
}

/** What of it belongs to providers that the gateway knows. */
export function fromDatasheet(table: Datasheet): Entries {
  const entries: Entries = new Map()
  for (const [key, model] of Object.entries(table)) {
    const source: unknown = model?.litellm_provider ?? model?.provider
    if (typeof source !== 'string') continue
    const provider = providerOf(source)
    // `1024-x-1024/dall-e-2` and the like are prices of sizes, under names that no provider knows.
    if (provider === undefined || /^[\d-]+-x-|\/[\d-]+-x-/.test(key)) continue
    const id = key.startsWith(`${source}/`) ? key.slice(source.length + 1) : withoutPrefix(key, provider)
    const entry = unlessMalformed(() => toEntry(model))
    if (entry !== undefined) entries.set(`${provider}/${id}`, entry)
  }
  return entries
}

function providerOf(source: string): string | undefined {
  if (source.startsWith('vertex_ai')) return 'vertex'
  return Object.hasOwn(PROVIDERS, source) ? PROVIDERS[source] : SAME.has(source) ? source : undefined
}

function withoutPrefix(key: string, provider: string): string {
  const prefixes = provider === 'vertex' ? ['vertex_ai/', 'vertex/'] : [`${provider}/`]
  const prefix = prefixes.find((each) => key.startsWith(each))
  return prefix === undefined ? key : key.slice(prefix.length)
}

function toEntry(model: SourceModel): CatalogueEntry {
  const kind = Object.hasOwn(KINDS, model.mode ?? '') ? KINDS[model.mode!] : undefined
  const maxInput = tokens(model.max_input_tokens)
  const maxOutput = tokens(model.max_output_tokens)
  const numbers = Object.entries(model).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  )
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(maxInput === undefined ? {} : { max_input: maxInput }),
    ...(maxOutput === undefined || kind !== undefined ? {} : { max_output: maxOutput }),
    ...(kind === undefined ? { input: inputKinds(model) } : {}),
    ...(model.supports_function_calling === undefined ? {} : { tools: model.supports_function_calling }),
    ...(model.supports_reasoning === true ? { reasoning: true } : {}),
    ...entryPrices(Object.fromEntries(numbers)),
  }
}

function inputKinds(model: SourceModel): InputKind[] {
  return [
    'text',
    ...(model.supports_vision === true ? ['image' as const] : []),
    ...(model.supports_pdf_input === true ? ['pdf' as const] : []),
    ...(model.supports_audio_input === true ? ['audio' as const] : []),
    ...(model.supports_video_input === true ? ['video' as const] : []),
  ]
}

function entryPrices(fields: Record<string, number>): Partial<CatalogueEntry> {
  const { tiers, services, images, ...rates } = pricesOf(fields)
  // 0 also stands for a price that nobody knows.
  if (Object.values(rates).every((price) => price === 0) && images === undefined) return {}
  return {
    ...(Object.keys(rates).length === 0 ? {} : { price: entryRates(rates) }),
    ...(tiers === undefined
      ? {}
      : { tiers: tiers.map((tier) => ({ above: tier.above, ...entryRates(tier) })) }),
    ...(images === undefined ? {} : { images }),
    ...(services === undefined
      ? {}
      : {
          services: mapValues(services, (each) =>
            typeof each === 'number' ? Math.round(each) : entryRates(each),
          ),
        }),
  }
}

function entryRates(rates: Rates): EntryRates {
  return Object.fromEntries(
    (Object.keys(RATE_KINDS) as RateKind[]).flatMap((kind) =>
      rates[kind] === undefined ? [] : [[fileKind(kind), rates[kind]]],
    ),
  )
}

function mapValues<In, Out>(
  values: Readonly<Record<string, In>>,
  to: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, to(value)]))
}

function tokens(count: unknown): number | undefined {
  return Number.isSafeInteger(count) && (count as number) > 0 ? (count as number) : undefined
}
