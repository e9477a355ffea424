import { looksLikeClaude, vendorOf } from '../../src/models/names.ts'
import type { CatalogueEntry, Rates } from './entry.ts'

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
    if (/^anthropic\//.test(key) && entry.tools === true && entry.price !== undefined)
      entry.price['web_search'] ??= 1e10
  }
  const kinds = documentedKinds(key, entry)
  if (kinds.length > 0) entry.input = [...(entry.input ?? []), ...kinds]
}

/**
 * One-hour cache writes cost twice the input price (https://platform.claude.com/docs/en/about-claude/pricing), as
 * they do in each entry for which the source lists them. Claude Code writes almost only these: priced as
 * five-minute ones, a session costs a third less than its bill.
 */
function addHourWrites(rates: Rates | undefined): void {
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
function documentedKinds(key: string, { input = [], tools }: CatalogueEntry): string[] {
  const provider = key.slice(0, key.indexOf('/'))
  if (tools !== true || !input.includes('image')) return []
  if (looksLikeClaude(key) && ['anthropic', 'bedrock'].includes(provider)) return ['pdf']
  if (['openai', 'azure'].includes(provider) && vendorOf(key) === 'openai') return ['pdf']
  if (
    ['gemini', 'vertex'].includes(provider) &&
    /\/gemini-(?:\d|flash|pro)/.test(key) &&
    !key.includes('computer-use')
  ) {
    return ['pdf', 'audio', 'video']
  }
  return []
}
