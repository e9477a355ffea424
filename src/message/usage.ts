/**
 * What one answer used. Each physical token stands in exactly one of the first five fields, whichever way the wire
 * format adds them up: Anthropic and Bedrock report input without cached tokens, OpenAI and Gemini report it with
 * them. Reading one by the rule of the other bills the cache twice or clamps input to zero.
 */
export interface Usage extends Counts {
  /** How the provider served it, where that has a price of its own. */
  service?: Service
  /** Work that the provider bills and that none of the counts above hold. */
  beside?: readonly SideUsage[]
  /** Work that the counts above hold, and that another model than the answer's own did. */
  within?: readonly SideUsage[]
}

/** Numbers only: {@link tokenCount} makes each of them. */
export interface Counts {
  /** Input tokens that were neither read from nor written to a prompt cache. */
  inputTokens: number
  cacheReadTokens: number
  /** Cache writes with the five-minute lifetime; also those whose lifetime the provider does not tell. */
  cacheWrite5mTokens: number
  /** Cache writes with the one-hour lifetime (twice the input price, where the five-minute ones cost 1.25). */
  cacheWrite1hTokens: number
  /** All output, reasoning included. */
  outputTokens: number

  /** Parts of the counts above, where the provider tells. Never added to them. */
  reasoningTokens?: number
  /** Of `inputTokens`. */
  inputAudioTokens?: number
  inputImageTokens?: number
  /** Of `cacheReadTokens`. */
  cacheReadAudioTokens?: number
  cacheReadImageTokens?: number
  /** Of `outputTokens`. */
  outputAudioTokens?: number
  outputImageTokens?: number

  /** What is billed by the piece: searches of the web by the provider … */
  webSearches?: number
  /** … searches of a reranker, as it counts them (Cohere: a query over up to 100 documents) … */
  rerankSearches?: number
  /** … characters that were spoken … */
  characters?: number
  /** … seconds of audio that were transcribed … */
  audioSeconds?: number
  /** … seconds of video that were made … */
  videoSeconds?: number
  /** … images that were made … */
  images?: number
  /** … and pages that were read. */
  pages?: number
}

/** How a provider served an answer, in its own words. */
export interface Service {
  /** `service_tier`: `priority`, `flex`, `batch` …; absent where it says `standard`, `default` and the like. */
  tier?: string | undefined
  /** Claude's `speed`, where it is not `standard`. */
  speed?: string | undefined
  /** Where Claude ran, when the request or the workspace asked for a place: `us`. */
  geography?: string | undefined
  /** Size and quality of the images, as `1024x1536/high`. */
  image?: string | undefined
}

/** A server-side compaction of the conversation, an advisor of another model, a model that declined. */
export interface SideUsage {
  /** The provider's word for it. */
  kind: string
  /** Where it is not the answer's own. */
  model?: string
  usage: Usage
}

/** A provider never truly reports more; beyond it the number is a fault or an attack on a budget. */
export const TOKEN_COUNT_MAX = 1_000_000_000

/**
 * A token count from the wire: a finite number in [0, {@link TOKEN_COUNT_MAX}], rounded down; anything else
 * (strings, NaN, negative, absent) is undefined, so that a negative count can never refill a budget.
 */
export function tokenCount(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined
  return Math.min(Math.floor(value), TOKEN_COUNT_MAX)
}

export function emptyUsage(): Usage {
  return { inputTokens: 0, cacheReadTokens: 0, cacheWrite5mTokens: 0, cacheWrite1hTokens: 0, outputTokens: 0 }
}

/** Input tokens of every kind: what the model's context held. */
export function totalInputTokens(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWrite5mTokens + usage.cacheWrite1hTokens
}

/** Words of providers for "as usual", or for a choice that was left to them and that they do not tell. */
const ORDINARY = new Set([
  '',
  'standard',
  'default',
  'auto',
  'on_demand',
  'unspecified',
  'global',
  'not_available',
])

/** Providers' words are short; a longer one is no word. */
const WORD_MAX_LENGTH = 40

/** How an answer was served, from the words on the wire; undefined when as usual. Google writes `SERVICE_TIER_FLEX`. */
export function readService(words: {
  readonly [Word in 'tier' | 'speed' | 'geography']?: unknown
}): Service | undefined {
  const service: Service = {}
  for (const name of ['tier', 'speed', 'geography'] as const) {
    const value = words[name]
    if (typeof value !== 'string' || value.length > WORD_MAX_LENGTH) continue
    const word = value.toLowerCase().replace(/^service_tier_/, '')
    if (!ORDINARY.has(word)) service[name] = word
  }
  return Object.keys(service).length === 0 ? undefined : service
}
