import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { readService, tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { isObject } from '../shared/object.ts'

/**
 * The words of the Chat Completions API, as OpenAI and the many servers that follow it write them.
 * https://platform.openai.com/docs/api-reference/chat
 */

/** Only one answer is ever asked for; a choice of another index would be a second one. */
export function firstChoice(choices: unknown): JsonObject | undefined {
  if (!Array.isArray(choices)) return undefined
  const choice: unknown = choices[0]
  return isObject(choice) && !(typeof choice.index === 'number' && choice.index > 0) ? choice : undefined
}

/** Has a chunk's `delta`, or a message, more to say than whose turn it is? */
export function hasContent(part: JsonObject): boolean {
  for (const field in part) {
    const value = part[field]
    if (field !== 'role' && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
      return true
  }
  return false
}

/** The signature on a call, where Google's surface for this API puts it. */
export function geminiSignature(call: JsonObject): string | undefined {
  const google = isObject(call.extra_content) ? call.extra_content.google : undefined
  const signature = isObject(google) ? google.thought_signature : undefined
  return typeof signature === 'string' && signature !== '' ? signature : undefined
}

/** Every server's word for why an answer ended; `error`: it broke off, and must not look like a whole answer. */
const FINISH: Readonly<Record<string, FinishReason['unified'] | 'error'>> = {
  stop: 'end',
  end_turn: 'end',
  eos: 'end',
  STOP: 'end',
  length: 'max-tokens',
  max_tokens: 'max-tokens',
  MAX_TOKENS: 'max-tokens',
  // Mistral: the context window is full.
  model_length: 'context-window',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  tool_use: 'tool-calls',
  content_filter: 'refusal',
  SAFETY: 'refusal',
  stop_sequence: 'stop-sequence',
  // OpenRouter; DeepSeek when its servers are too busy to go on.
  error: 'error',
  insufficient_system_resource: 'error',
}

export function unifiedFinish(raw: string): FinishReason['unified'] | 'error' {
  return Object.hasOwn(FINISH, raw) ? FINISH[raw]! : 'other'
}

/** What clients of this API expect to read. */
export function writeFinish(reason: FinishReason): 'stop' | 'length' | 'tool_calls' | 'content_filter' {
  switch (reason.unified) {
    case 'max-tokens':
    case 'context-window':
      return 'length'
    case 'tool-calls':
      return 'tool_calls'
    case 'refusal':
      return 'content_filter'
    default:
      return 'stop'
  }
}

/**
 * `usage` as disjoint counts. Here the prompt includes what the cache held and took; output includes reasoning,
 * except at xAI and on Gemini's compatible surface, where only the total does. `tier` stands beside it, in the answer.
 * Undefined when nothing usable is there.
 */
export function readUsage(usage: unknown, tier?: unknown): Partial<Usage> | undefined {
  if (!isObject(usage)) return undefined
  const prompt = tokenCount(usage.prompt_tokens)
  const completion = tokenCount(usage.completion_tokens)
  if (prompt === undefined && completion === undefined) return undefined
  const input = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {}
  // DeepSeek and Moonshot say it beside the total.
  const cached =
    tokenCount(input.cached_tokens) ??
    tokenCount(usage.prompt_cache_hit_tokens) ??
    tokenCount(usage.cached_tokens) ??
    0
  const written = tokenCount(input.cache_write_tokens) ?? tokenCount(input.cache_creation_tokens) ?? 0
  const output = isObject(usage.completion_tokens_details) ? usage.completion_tokens_details : {}
  const reasoning = tokenCount(output.reasoning_tokens)
  const uncounted = (tokenCount(usage.total_tokens) ?? 0) - (prompt ?? 0) - (completion ?? 0)
  const extra =
    uncounted > 0 && prompt !== undefined && (reasoning === undefined || reasoning === uncounted)
      ? uncounted
      : 0
  const heard = tokenCount(input.audio_tokens) ?? 0
  const seen = tokenCount(input.image_tokens) ?? 0
  const cachedParts = isObject(input.cached_tokens_details) ? input.cached_tokens_details : {}
  const cachedHeard = Math.min(tokenCount(cachedParts.audio_tokens) ?? 0, heard)
  const spoken = tokenCount(output.audio_tokens) ?? 0
  const service = readService({ tier })
  const searches = tokenCount(
    isObject(usage.server_tool_use) ? usage.server_tool_use.web_search_requests : usage.num_search_queries,
  )
  return {
    inputTokens: Math.max(0, (prompt ?? 0) - cached - written),
    cacheReadTokens: cached,
    cacheWrite5mTokens: written,
    cacheWrite1hTokens: 0,
    outputTokens: (completion ?? 0) + extra,
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
    ...(heard > cachedHeard && { inputAudioTokens: heard - cachedHeard }),
    ...(cachedHeard > 0 && { cacheReadAudioTokens: cachedHeard }),
    ...(seen > 0 && { inputImageTokens: seen }),
    ...(spoken > 0 && { outputAudioTokens: spoken }),
    ...(searches !== undefined && { webSearches: searches }),
    ...(service !== undefined && { service }),
  }
}

/** `usage` for a client. The detail objects are always there: Codex and others fail without them. */
export function writeUsage(usage: Partial<Usage>): JsonObject {
  const cached = usage.cacheReadTokens ?? 0
  const written = (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0)
  const prompt = (usage.inputTokens ?? 0) + cached + written
  const completion = usage.outputTokens ?? 0
  const audio = (usage.inputAudioTokens ?? 0) + (usage.cacheReadAudioTokens ?? 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written, audio_tokens: audio },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens ?? 0,
      audio_tokens: usage.outputAudioTokens ?? 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
