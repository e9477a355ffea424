import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { emptyUsage, readService, tokenCount } from '../../message/usage.ts'
import type { SideUsage, Usage } from '../../message/usage.ts'
import { isObject, stringOf } from '../shared/object.ts'

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

/** Items that the client has to answer before the model goes on. */
const CALLS: ReadonlySet<unknown> = new Set([
  'function_call',
  'custom_tool_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'computer_call',
  'mcp_approval_request',
])

export function isCall(item: unknown): item is JsonObject {
  if (!isObject(item)) return false
  return CALLS.has(item.type) || (item.type === 'tool_search_call' && item.execution === 'client')
}

/**
 * The end of an answer whose `status` is `completed` or `incomplete`. The API has no word for "call this tool".
 *
 * `called`: a call was seen on the way; some servers end with an empty `output`.
 */
export function readFinish(response: JsonObject, called = false): FinishReason {
  if (response.status === 'incomplete') {
    const details = isObject(response.incomplete_details) ? response.incomplete_details : {}
    const raw = stringOf(details.reason)
    return { unified: INCOMPLETE.get(raw) ?? 'other', raw: raw === '' ? 'incomplete' : raw }
  }
  const calls = called || (Array.isArray(response.output) && response.output.some(isCall))
  return { unified: calls ? 'tool-calls' : 'end', raw: stringOf(response.status) || null }
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
  const service = readService({ tier: response.service_tier })
  return {
    inputTokens: Math.max(0, (input ?? 0) - cached - written),
    cacheReadTokens: cached,
    cacheWrite5mTokens: written,
    cacheWrite1hTokens: 0,
    outputTokens: output ?? 0,
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    ...(service !== undefined && { service }),
    ...readToolUsage(response),
  }
}

/** Hosted tools bill beside the model; `tool_usage` counts them, and where it is missing, the calls do. */
function readToolUsage({ tool_usage: tools, output }: JsonObject): Partial<Usage> {
  const web = isObject(tools) && isObject(tools.web_search) ? tools.web_search : {}
  const counted = Array.isArray(output) ? output.filter(isSearch).length : 0
  const searches = tokenCount(web.num_requests) ?? counted
  const images = isObject(tools) && isObject(tools.image_gen) ? readImageUsage(tools.image_gen) : undefined
  return {
    ...(searches > 0 && { webSearches: searches }),
    ...(images !== undefined && { beside: [images] }),
  }
}

function readImageUsage(usage: JsonObject): SideUsage | undefined {
  const input = tokenCount(usage.input_tokens) ?? 0
  const output = tokenCount(usage.output_tokens) ?? 0
  if (input + output === 0) return undefined
  const inputDetails = isObject(usage.input_tokens_details) ? usage.input_tokens_details : {}
  const outputDetails = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {}
  const inputImages = tokenCount(inputDetails.image_tokens)
  const outputImages = tokenCount(outputDetails.image_tokens)
  const cached = Math.min(tokenCount(usage.cached_tokens) ?? 0, input)
  return {
    kind: 'image_generation',
    usage: {
      ...emptyUsage(),
      inputTokens: input - cached,
      cacheReadTokens: cached,
      outputTokens: output,
      ...(inputImages !== undefined && { inputImageTokens: inputImages }),
      ...(outputImages !== undefined && { outputImageTokens: outputImages }),
    },
  }
}

/** Searches are billed by the piece; opening a page that was found is not one. */
export function isSearch(item: unknown): item is JsonObject {
  if (!isObject(item) || item.type !== 'web_search_call') return false
  return !isObject(item.action) || item.action.type === 'search'
}

/** `usage` for a client. The detail objects are always there: Codex and others fail without them. */
export function writeUsage(usage: Partial<Usage>): JsonObject {
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
