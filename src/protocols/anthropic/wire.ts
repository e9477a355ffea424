import type { FinishReason } from '../../message/event.ts'
import type { JsonObject, ThinkingBlock } from '../../message/request.ts'
import { emptyUsage, readService, tokenCount } from '../../message/usage.ts'
import type { Counts, SideUsage, Usage } from '../../message/usage.ts'
import { isObject } from '../shared/object.ts'

/** Words of the Anthropic Messages API that requests, answers and streams share. */
export const PROTOCOL = 'anthropic'

// Signatures

/**
 * Claude Code drops a turn whose thinking has no signature, so thinking of other models gets one of ours. It must
 * never reach Anthropic, which refuses the whole conversation for it: the pipeline cuts out what `foreign.ts` names.
 */
export const OWN_SIGNATURE = 'signalbox.'

export function isOwnSignature(signature: string): boolean {
  return signature.startsWith(OWN_SIGNATURE)
}

/** A signature for the client; the upstream's own one, if it gave any, travels inside. */
export function markSignature(upstream: string | undefined): string {
  return OWN_SIGNATURE + (upstream ?? '')
}

/** The signature to give back to whoever made it; undefined when there was none. */
export function unmarkSignature(signature: string): string | undefined {
  const own = isOwnSignature(signature) ? signature.slice(OWN_SIGNATURE.length) : signature
  return own === '' ? undefined : own
}

/** A thinking block of the wire in the hub's terms. */
export function thinkingBlock(text: string, signature: string): ThinkingBlock {
  const upstream = unmarkSignature(signature)
  return { type: 'thinking', text, ...(upstream === undefined ? {} : { signature: upstream }) }
}

// Stop reasons

const UNIFIED: ReadonlyMap<string, FinishReason['unified']> = new Map([
  ['end_turn', 'end'],
  ['max_tokens', 'max-tokens'],
  ['stop_sequence', 'stop-sequence'],
  ['tool_use', 'tool-calls'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['model_context_window_exceeded', 'context-window'],
])

export function readFinish(raw: unknown): FinishReason {
  const word = typeof raw === 'string' ? raw : null
  return { unified: (word !== null && UNIFIED.get(word)) || 'other', raw: word }
}

/** Words that only Claude says, passed on as they came. */
const CLAUDE_ONLY = new Set(['compaction'])

/**
 * `called`: the answer holds a tool call. Some upstreams say `stop` although they called a tool, and an agent that
 * reads `end_turn` never runs it; `tool_use` without a call would leave it waiting. A call cut off by the limit
 * stays `max_tokens`: it must not be run.
 */
export function writeFinish(reason: FinishReason, called: boolean): string {
  if (reason.raw !== null && CLAUDE_ONLY.has(reason.raw)) return reason.raw
  const { unified } = reason
  if (unified === 'end' || unified === 'other' || unified === 'tool-calls')
    return called ? 'tool_use' : 'end_turn'
  for (const [word, meaning] of UNIFIED) if (meaning === unified) return word
  return 'end_turn'
}

// Usage

/** Fields of `usage` beside the counts, which a Claude client reads. */
export const USAGE_EXTRAS: ReadonlySet<string> = new Set([
  'service_tier',
  'speed',
  'inference_geo',
  'iterations',
  'fallback_credit',
])

/** Iterations that the totals do not hold; of the others each token is already counted. */
const BILLED_BESIDE = new Set(['compaction', 'advisor_message'])

/**
 * Usage as it comes in pieces: `message_start` has the input, `message_delta` repeats some fields, each cumulative.
 * The last word on a field wins; nothing is ever added up, and counts that cannot be are as if absent.
 */
export class UsageReader {
  #cacheWrite: number | undefined
  #cacheWrite1h = 0
  #cacheWrite5m = 0
  #iterations: readonly JsonObject[] = []
  readonly #usage: Partial<Usage> = {}

  read(usage: unknown): void {
    if (!isObject(usage)) return
    this.#set('inputTokens', usage['input_tokens'])
    this.#set('cacheReadTokens', usage['cache_read_input_tokens'])
    this.#set('outputTokens', usage['output_tokens'])
    if (isObject(usage['output_tokens_details']))
      this.#set('reasoningTokens', usage['output_tokens_details']['thinking_tokens'])
    if (isObject(usage['server_tool_use']))
      this.#set('webSearches', usage['server_tool_use']['web_search_requests'])
    this.#readCacheWrites(usage)
    if (Array.isArray(usage['iterations'])) this.#iterations = usage['iterations'].filter(isObject)
    const service = readService({
      tier: usage['service_tier'],
      speed: usage['speed'],
      geography: usage['inference_geo'],
    })
    if (service !== undefined) this.#usage.service = { ...this.#usage.service, ...service }
  }

  get usage(): Partial<Usage> {
    const beside = this.#iterations.filter(({ type }) => BILLED_BESIDE.has(String(type))).map(readIteration)
    const within = declinedWithin(this.#iterations, this.#usage)
    return {
      ...this.#usage,
      ...(beside.length > 0 ? { beside } : {}),
      ...(within.length > 0 ? { within } : {}),
    }
  }

  #set(field: keyof Counts, value: unknown): void {
    const count = tokenCount(value)
    if (count !== undefined) this.#usage[field] = count
  }

  /**
   * `message_delta` repeats the sum without its parts. What the parts leave of the sum is written for five minutes,
   * the cheaper lifetime.
   */
  #readCacheWrites(usage: JsonObject): void {
    const parts = isObject(usage['cache_creation']) ? usage['cache_creation'] : {}
    this.#cacheWrite = tokenCount(usage['cache_creation_input_tokens']) ?? this.#cacheWrite
    this.#cacheWrite1h = tokenCount(parts['ephemeral_1h_input_tokens']) ?? this.#cacheWrite1h
    this.#cacheWrite5m = tokenCount(parts['ephemeral_5m_input_tokens']) ?? this.#cacheWrite5m
    if (this.#cacheWrite === undefined && !isObject(usage['cache_creation'])) return
    const sum = this.#cacheWrite ?? this.#cacheWrite1h + this.#cacheWrite5m
    this.#usage.cacheWrite1hTokens = Math.min(this.#cacheWrite1h, sum)
    this.#usage.cacheWrite5mTokens = sum - this.#usage.cacheWrite1hTokens
  }
}

/**
 * What models used that declined, before a fallback answered: the answer's model is the fallback, so its price is not
 * theirs. Only where the totals hold them, which the sums show.
 */
function declinedWithin(iterations: readonly JsonObject[], total: Partial<Usage>): SideUsage[] {
  const answered = iterations.find(({ type }) => type === 'fallback_message')
  if (answered === undefined) return []
  const tries = iterations.filter(({ type }) => type === 'fallback_message' || type === 'message')
  const isWhole = (field: 'inputTokens' | 'outputTokens') =>
    tries.reduce((sum, each) => sum + readIteration(each).usage[field], 0) === total[field]
  if (!isWhole('inputTokens') || !isWhole('outputTokens')) return []
  return tries.map(readIteration).filter(({ model }) => model !== undefined && model !== answered['model'])
}

function readIteration(iteration: JsonObject): SideUsage {
  const { type: kind, model } = iteration
  const reader = new UsageReader()
  reader.read({ ...iteration, iterations: undefined })
  return {
    kind: String(kind),
    ...(typeof model === 'string' ? { model } : {}),
    usage: { ...emptyUsage(), ...reader.usage },
  }
}

/** All counts, because clients take the last usage they see as the whole truth, and some die without it. */
export function writeUsage(usage: Partial<Usage>): JsonObject {
  const { cacheWrite5mTokens = 0, cacheWrite1hTokens = 0, reasoningTokens, webSearches } = usage
  return {
    input_tokens: usage.inputTokens ?? 0,
    cache_creation_input_tokens: cacheWrite5mTokens + cacheWrite1hTokens,
    cache_read_input_tokens: usage.cacheReadTokens ?? 0,
    cache_creation: {
      ephemeral_5m_input_tokens: cacheWrite5mTokens,
      ephemeral_1h_input_tokens: cacheWrite1hTokens,
    },
    output_tokens: usage.outputTokens ?? 0,
    ...(reasoningTokens === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } }),
    ...(webSearches === undefined
      ? {}
      : { server_tool_use: { web_search_requests: webSearches, web_fetch_requests: 0 } }),
  }
}

// Fields of a message that only Claude's answers have

/** In a stream these stand in `message_delta.delta` … */
export const DELTA_EXTRAS: ReadonlySet<string> = new Set(['container', 'stop_details', 'safeguard_results'])
/** … and these beside it. */
export const MESSAGE_EXTRAS: ReadonlySet<string> = new Set([
  'context_management',
  'input_transformations',
  'diagnostics',
])

export function only(extra: JsonObject | undefined, names: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(extra ?? {}).filter(([name]) => names.has(name)))
}
