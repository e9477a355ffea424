import type { CatalogueEntry, EntryRates, InputKind } from '../../src/models/catalogue.ts'
import { looksLikeClaude, vendorOf } from '../../src/models/names.ts'

/**
 * Facts that stand in the makers' documentation and in neither source. Each is a rule for a whole family; a model
 * for which a source says something keeps what the source says.
 */
export function addDocumented(key: string, entry: CatalogueEntry): void {
  if (looksLikeClaude(key)) {
    for (const rates of [entry.price, ...(entry.tiers ?? [])]) addHourWrites(rates)
    // Named with the others that refuse temperature in the AI SDK's table of Anthropic models.
    if (/claude-fable/.test(key) && entry.tools === true) entry.sampling = false
    // https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool: $10 per thousand searches.
    if (key.startsWith('anthropic/') && entry.tools === true)
      entry.price = { web_search: 1e10, ...entry.price }
  }
  const kinds = documentedKinds(key, entry)
  if (kinds.length > 0) entry.input = [...(entry.input ?? []), ...kinds]
}

/**
 * One-hour cache writes cost twice the input price (https://platform.claude.com/docs/en/about-claude/pricing), as
 * they do in each entry for which the source lists them. Most of what Claude Code writes are these; with the
 * five-minute price (1.25 times) its sessions were shown cheaper than the bill.
 */
function addHourWrites(rates: EntryRates | undefined): void {
  const input = rates?.['input']
  if (rates === undefined || input === undefined || rates['cache_write_5m'] === undefined) return
  rates['cache_write_1h'] ??= input * 2
}

/**
 * Sources know text and image only. Claude reads PDF in every active model
 * (https://platform.claude.com/docs/en/build-with-claude/pdf-support), OpenAI in every model that sees
 * (https://developers.openai.com/api/docs/guides/pdf-files), Gemini takes PDF, audio and video
 * (https://ai.google.dev/gemini-api/docs/models). Only where the maker's own API is spoken.
 */
function documentedKinds(key: string, { input = [], tools }: CatalogueEntry): InputKind[] {
  const provider = key.slice(0, key.indexOf('/'))
  if (tools !== true || !input.includes('image')) return []
  if (looksLikeClaude(key) && ['anthropic', 'bedrock'].includes(provider)) return ['pdf']
  if (['openai', 'azure'].includes(provider) && vendorOf(key) === 'openai') return ['pdf']
  if (!['gemini', 'vertex'].includes(provider)) return []
  // Robotics, research and computer-use models take less.
  const multimodal = /\/gemini-(?:\d|flash|pro)/.test(key) && !key.includes('computer-use')
  return multimodal ? ['pdf', 'audio', 'video'] : []
}
