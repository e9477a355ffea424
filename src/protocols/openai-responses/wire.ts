import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { isObject } from '../shared/object.ts'

/** Words of the Responses API. https://platform.openai.com/docs/api-reference/responses */
export const PROTOCOL = 'openai-responses'

// ==== Why an answer ended

/** Words in `incomplete_details.reason`; the last two are other servers'. */
const INCOMPLETE: ReadonlyMap<string, FinishReason['unified']> = new Map([
  ['max_output_tokens', 'max-tokens'],
  ['content_filter', 'refusal'],
  ['max_tokens', 'max-tokens'],
  ['length', 'max-tokens'],
])

/** The end of an answer whose `status` is `completed` or `incomplete`. */
export function readFinish(response: JsonObject): FinishReason {
  if (response.status !== 'incomplete') return { unified: 'end', raw: stringOf(response.status) || null }
  const details = isObject(response.incomplete_details) ? response.incomplete_details : {}
  const raw = stringOf(details.reason)
  return { unified: INCOMPLETE.get(raw) ?? 'other', raw: raw === '' ? 'incomplete' : raw }
}

/** Why an answer is not whole, in the two words that clients know; undefined: it is whole. */
export function incompleteReason(reason: FinishReason): 'max_output_tokens' | 'content_filter' | undefined {
  switch (reason.unified) {
    case 'max-tokens':
    case 'context-window':
      return 'max_output_tokens'
    case 'refusal':
      return 'content_filter'
    default:
      return undefined
  }
}

// ==== Usage

/** `usage` as disjoint counts: here input includes what the cache held and took, and output the reasoning. */
export function readUsage(response: JsonObject): Partial<Usage> | undefined {
  const { usage } = response
  if (!isObject(usage)) return undefined
  const input = tokenCount(usage.input_tokens)
  const output = tokenCount(usage.output_tokens)
  if (input === undefined && output === undefined) return undefined
  const inputDetails = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {}
  const outputDetails = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {}
  const cached = tokenCount(inputDetails.cached_tokens) ?? 0
  const written = tokenCount(inputDetails.cache_write_tokens) ?? 0
  const reasoning = tokenCount(outputDetails.reasoning_tokens)
  const searches = countSearches(response.output)
  return {
    inputTokens: Math.max(0, (input ?? 0) - cached - written),
    cacheReadTokens: cached,
    cacheWrite5mTokens: written,
    cacheWrite1hTokens: 0,
    outputTokens: output ?? 0,
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    ...(searches > 0 && { webSearches: searches }),
  }
}

/** Searches are billed by the piece; opening a page that was found is not one. */
function countSearches(output: unknown): number {
  return Array.isArray(output) ? output.filter(isSearch).length : 0
}

export function isSearch(item: unknown): item is JsonObject {
  if (!isObject(item) || item.type !== 'web_search_call') return false
  return !isObject(item.action) || item.action.type === 'search'
}

/** `usage` for a client. The detail objects are always there: Codex and others fail without them. */
export function wireUsage(usage: Partial<Usage>): JsonObject {
  const cached = usage.cacheReadTokens ?? 0
  const written = (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0)
  const input = (usage.inputTokens ?? 0) + cached + written
  const output = usage.outputTokens ?? 0
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  }
}

export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
