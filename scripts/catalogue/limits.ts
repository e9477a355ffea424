import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CatalogueEntry, Entries, EntryRates } from '../../src/models/catalogue-file.ts'
import { type Effort, EFFORTS } from '../../src/models/effort.ts'
import type { InputKind } from '../../src/models/facts.ts'

/** The parts of a pi-ai model that are read. */
interface SourceModel {
  id: string
  type?: string
  reasoning?: boolean
  input: InputKind[]
  contextWindow: number
  maxTokens?: number
  cost: SourceCost & { tiers?: (SourceCost & { inputTokensAbove: number })[] }
  /** Effort → the provider's value; null: refused; absent: the provider's default. */
  thinkingLevelMap?: Record<string, string | null>
  compat?: {
    supportsReasoningEffort?: boolean
    supportsTemperature?: boolean
    forceAdaptiveThinking?: boolean
  }
}

/** $ per million tokens. 0 also stands for unknown. */
interface SourceCost {
  input: number
  output: number
  cacheRead: number
  cacheWrite: number
}

/** Our provider → the source's file. */
const FILES: Record<string, string> = {
  anthropic: 'anthropic',
  azure: 'azure',
  bedrock: 'amazon-bedrock',
  cerebras: 'cerebras',
  deepseek: 'deepseek',
  fireworks: 'fireworks',
  gemini: 'google',
  groq: 'groq',
  huggingface: 'huggingface',
  minimax: 'minimax',
  mistral: 'mistral',
  moonshot: 'moonshotai',
  nvidia: 'nvidia',
  openai: 'openai',
  openrouter: 'openrouter',
  together: 'together',
  vertex: 'google-vertex',
  xai: 'xai',
  zai: 'zai',
}

/** Every chat model of pi-ai. Its catalogue holds only models that call tools (its README says so). */
export function readLimits(folder: string): Entries {
  const entries: Entries = new Map()
  for (const [provider, file] of Object.entries(FILES)) {
    const byApi: Record<string, Record<string, SourceModel>> = JSON.parse(
      readFileSync(join(folder, `dist/providers/data/${file}.json`), 'utf8'),
    )
    for (const model of Object.values(byApi).flatMap((models) => Object.values(models))) {
      if ((model.type ?? 'chat') === 'chat') entries.set(`${provider}/${model.id}`, toEntry(model))
    }
  }
  return entries
}

function toEntry(model: SourceModel): CatalogueEntry {
  const { compat = {}, cost } = model
  const efforts = effortsOf(model)
  const maxOutput = maxOutputOf(model)
  const free = model.id.endsWith(':free')
  const price = toRates(cost, free)
  const tiers = (cost.tiers ?? []).map((tier) => ({ above: tier.inputTokensAbove, ...toRates(tier, false) }))
  return {
    context: model.contextWindow,
    ...(maxOutput === undefined ? {} : { max_output: maxOutput }),
    input: model.input,
    tools: true,
    ...(model.reasoning === undefined ? {} : { reasoning: model.reasoning }),
    ...(efforts === undefined ? {} : { efforts }),
    ...(compat.supportsTemperature === false ? { sampling: false } : {}),
    ...(compat.forceAdaptiveThinking === true ? { adaptive: true } : {}),
    ...(Object.keys(price).length === 0 ? {} : { price }),
    ...(tiers.length === 0 ? {} : { tiers }),
  }
}

/** Where OpenRouter names no output limit, the source puts nine tenths of the window. */
function maxOutputOf({ maxTokens, contextWindow }: SourceModel): number | undefined {
  return maxTokens === Math.floor(contextWindow * 0.9) ? undefined : maxTokens
}

/**
 * The effort values that the provider accepts; undefined when the source does not say for each of low, medium and
 * high. Claude's adaptive thinking takes these three always, and the source lists only what comes on top.
 */
function effortsOf({ reasoning, thinkingLevelMap, compat }: SourceModel): Effort[] | undefined {
  if (reasoning !== true) return undefined
  if (compat?.supportsReasoningEffort === false) return []
  const adaptive = compat?.forceAdaptiveThinking === true
  const levels = { ...(adaptive ? { low: 'low', medium: 'medium', high: 'high' } : {}), ...thinkingLevelMap }
  if (!['low', 'medium', 'high'].every((level) => level in levels)) return undefined
  const accepted = new Set(Object.values(levels).map((value) => value?.toLowerCase()))
  return EFFORTS.filter((effort) => accepted.has(effort))
}

/** Models without any price are unknown, unless they are sold as free. */
function toRates(cost: SourceCost, free: boolean): EntryRates {
  if (cost.input === 0 && cost.output === 0) return free ? { input: 0, output: 0 } : {}
  return {
    input: perMillion(cost.input),
    output: perMillion(cost.output),
    ...(cost.cacheRead > 0 ? { cache_read: perMillion(cost.cacheRead) } : {}),
    ...(cost.cacheWrite > 0 ? { cache_write_5m: perMillion(cost.cacheWrite) } : {}),
  }
}

/** $ per million tokens → pico-dollars a token. */
function perMillion(dollars: number): number {
  return Math.round(dollars * 1e6)
}
