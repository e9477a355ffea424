import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { isObject } from '../shared/object.ts'

/** The words of Cohere's Chat API, version 2: https://docs.cohere.com/v2/reference/chat */

/** `error`: the answer broke off, and must not look like a whole one. */
const FINISH: Readonly<Record<string, FinishReason['unified'] | 'error'>> = {
  COMPLETE: 'end',
  STOP_SEQUENCE: 'stop-sequence',
  MAX_TOKENS: 'max-tokens',
  TOOL_CALL: 'tool-calls',
  ERROR: 'error',
  TIMEOUT: 'error',
}

export function unifiedFinish(raw: string): FinishReason['unified'] | 'error' {
  return Object.hasOwn(FINISH, raw) ? FINISH[raw]! : 'other'
}

/** What clients of this API expect to read; it has no word for a refusal. */
export function writeFinish(reason: FinishReason): string {
  switch (reason.unified) {
    case 'max-tokens':
    case 'context-window':
      return 'MAX_TOKENS'
    case 'tool-calls':
      return 'TOOL_CALL'
    case 'stop-sequence':
      return 'STOP_SEQUENCE'
    default:
      return 'COMPLETE'
  }
}

/**
 * `usage` as disjoint counts: those that are billed, which leave out what Cohere itself puts around the prompt. What
 * the cache held is among them. Undefined when nothing usable is there.
 */
export function readUsage(usage: unknown): Partial<Usage> | undefined {
  if (!isObject(usage)) return undefined
  const billed = isObject(usage.billed_units) ? usage.billed_units : {}
  const counted = isObject(usage.tokens) ? usage.tokens : {}
  const input = tokenCount(billed.input_tokens) ?? tokenCount(counted.input_tokens)
  const output = tokenCount(billed.output_tokens) ?? tokenCount(counted.output_tokens)
  if (input === undefined && output === undefined) return undefined
  const cached = Math.min(tokenCount(usage.cached_tokens) ?? 0, input ?? 0)
  return { inputTokens: (input ?? 0) - cached, cacheReadTokens: cached, outputTokens: output ?? 0 }
}

export function writeUsage(usage: Partial<Usage>): JsonObject {
  const cached = usage.cacheReadTokens ?? 0
  const written = (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0)
  const tokens = {
    input_tokens: (usage.inputTokens ?? 0) + cached + written,
    output_tokens: usage.outputTokens ?? 0,
  }
  return { billed_units: tokens, tokens, cached_tokens: cached }
}
