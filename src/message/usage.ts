/**
 * Token counts of one answer. Each physical token stands in exactly one of the first five fields, whichever
 * way the wire format adds them up: Anthropic and Bedrock report input without cached tokens, OpenAI and Gemini
 * report it with them. Reading one by the rule of the other bills the cache twice or clamps input to zero.
 */
export interface Usage {
  /** Input tokens that were neither read from nor written to a prompt cache. */
  inputTokens: number
  cacheReadTokens: number
  /** Cache writes with the five-minute lifetime; also those whose lifetime the provider does not tell. */
  cacheWrite5mTokens: number
  /** Cache writes with the one-hour lifetime (twice the input price, where the five-minute ones cost 1.25). */
  cacheWrite1hTokens: number
  /** All output, reasoning included. */
  outputTokens: number
  /** The part of `outputTokens` spent on reasoning, where the provider tells. Not added to it. */
  reasoningTokens?: number
  /** Searches billed by the piece. */
  webSearches?: number
  /** Work that the provider bills and that none of the counts above hold. */
  beside?: readonly SideUsage[]
}

/** A server-side compaction of the conversation, an advisor of another model. */
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
