import type { CatalogueEntry, EntryRates } from './catalogue-file.ts'
import type { InputKind } from './facts.ts'
import { familyName, looksLikeClaude, vendorOf } from './names.ts'

/**
 * Facts that stand in the makers' documentation and in none of the sources. Each is a rule for a whole family; a
 * model for which a source says something keeps what the source says.
 */
export function addDocumented(key: string, entry: CatalogueEntry): void {
  const provider = key.slice(0, key.indexOf('/'))
  if (key.includes('claude-')) addClaude(key, provider, entry)
  const kinds = documentedKinds(key, provider, entry).filter((kind) => !entry.input?.includes(kind))
  if (kinds.length > 0) entry.input = [...(entry.input ?? []), ...kinds]
  if (entry.price?.['input'] !== undefined) {
    const services = { ...documentedServices(key, provider, entry), ...entry.services }
    if (Object.keys(services).length > 0) entry.services = services
  }
}

function addClaude(key: string, provider: string, entry: CatalogueEntry): void {
  for (const rates of [entry.price, ...(entry.tiers ?? []), ...Object.values(entry.services ?? {})]) {
    if (typeof rates === 'object') addHourWrites(rates)
  }
  // Named with the others that refuse temperature in the AI SDK's table of Anthropic models.
  if (/claude-fable/.test(key) && entry.tools === true) entry.sampling = false
  // https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool: $10 per thousand searches.
  if (provider === 'anthropic' && entry.tools === true && entry.price !== undefined)
    entry.price['web_search'] ??= 1e10
}

/**
 * One-hour cache writes cost twice the input price (https://platform.claude.com/docs/en/about-claude/pricing), as
 * they do in each entry for which the source lists them. Most of what Claude Code writes are these; with the
 * five-minute price (1.25 times) its sessions were shown cheaper than the bill.
 */
function addHourWrites(rates: EntryRates): void {
  const input = rates['input']
  if (input === undefined || rates['cache_write_5m'] === undefined) return
  rates['cache_write_1h'] ??= input * 2
}

/**
 * Sources mostly know text and image only. Claude reads PDF in every active model
 * (https://platform.claude.com/docs/en/build-with-claude/pdf-support), OpenAI in every model that sees
 * (https://developers.openai.com/api/docs/guides/pdf-files), Gemini takes PDF, audio and video
 * (https://ai.google.dev/gemini-api/docs/models). Only where the maker's own API is spoken.
 */
function documentedKinds(key: string, provider: string, { input = [], tools }: CatalogueEntry): InputKind[] {
  if (tools !== true || !input.includes('image')) return []
  if (looksLikeClaude(key) && ['anthropic', 'bedrock'].includes(provider)) return ['pdf']
  if (['openai', 'azure'].includes(provider) && vendorOf(key) === 'openai') return ['pdf']
  if (!['gemini', 'vertex'].includes(provider)) return []
  // Robotics, research and computer-use models take less.
  const multimodal = /\/gemini-(?:\d|flash|pro)/.test(key) && !key.includes('computer-use')
  return multimodal ? ['pdf', 'audio', 'video'] : []
}

type Services = NonNullable<CatalogueEntry['services']>

/** OpenAI’s priority processing, in per cent: https://developers.openai.com/api/docs/pricing?latest-pricing=priority */
const OPENAI_PRIORITY: readonly [names: RegExp, price: number | EntryRates][] = [
  [/^(?:gpt-6-astra|gpt-5-6(?:-sol|-terra|-luna)?|gpt-5-4(?:-mini)?|gpt-5-[12](?:-codex)?|gpt-5)$/, 200],
  [/^gpt-5-5$/, 250],
  [/^gpt-4o-2024-05-13$/, 175],
  [/^gpt-5-mini$/, 180],
  [/^(?:gpt-4-1(?:-mini)?|o3)$/, 175],
  [/^gpt-4-1-nano$/, 200],
  [/^gpt-4o$/, 170],
  [/^gpt-4o-mini$/, { input: 250_000, output: 1_000_000, cache_read: 125_000 }],
  [/^o4-mini$/, { input: 2_000_000, output: 8_000_000, cache_read: 500_000 }],
]

/** Models with OpenAI’s flex processing: https://developers.openai.com/api/docs/guides/flex-processing */
const OPENAI_FLEX =
  /^(?:gpt-6-astra|gpt-5-6(?:-sol|-terra|-luna)?|gpt-5-5(?:-pro)?|gpt-5-4(?:-mini|-nano|-pro)?|gpt-5-2(?:-codex)?|gpt-5-1|gpt-5(?:-mini|-nano)?|o3|o4-mini)$/

/**
 * - OpenAI bills batches and flex processing at half the price.
 * - Anthropic halves batches, and adds a tenth where a request is to stay in the USA, for Claude 4.6 and later:
 *   https://platform.claude.com/docs/en/about-claude/pricing
 * - Gemini halves batches and flex; its Flash models of 3.5 and later cost 1.8 times with priority:
 *   https://ai.google.dev/gemini-api/docs/pricing
 * - Bedrock’s tiers are factors for all models: https://aws.amazon.com/bedrock/service-tiers/
 */
function documentedServices(key: string, provider: string, { kind, tools }: CatalogueEntry): Services {
  const family = familyName(key)
  if (provider === 'openai' && (tools === true || kind === 'embedding')) {
    const id = key.slice(provider.length + 1)
    const priority = OPENAI_PRIORITY.find(([names]) => names.test(id) || names.test(family))?.[1]
    return {
      batch: 50,
      ...(OPENAI_FLEX.test(family) ? { flex: 50 } : {}),
      // Its other name, of which the price is the same.
      ...(priority === undefined ? {} : { priority, fast: priority }),
    }
  }
  if (provider === 'anthropic') {
    const older = /claude-(?:\d|instant|(?:opus|sonnet|haiku)-4(?:-[015])?$)/.test(family)
    return older ? { batch: 50 } : { batch: 50, us: 110 }
  }
  if (provider === 'gemini' && family.startsWith('gemini-')) {
    const flash = /^gemini-3-[5-9]-flash/.test(family)
    return { batch: 50, ...(flash ? { flex: 50, priority: 180 } : {}) }
  }
  return provider === 'bedrock' ? { batch: 50, flex: 50, priority: 175 } : {}
}
