import type { FinishReason } from '../../message/event.ts'
import type { JsonObject, RedactedThinkingBlock, ThinkingBlock } from '../../message/request.ts'
import { readService, tokenCount, totalInputTokens } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { isClaudeSignature } from '../shared/claude-signature.ts'
import { isObject } from '../shared/object.ts'

/** Words of Bedrock's Converse API that requests, answers and streams share. */
export const PROTOCOL = 'bedrock-converse'

/** The one member that an element of a union has: `{"text": …}` is the kind `text`. */
export function kindOf(union: JsonObject): string {
  for (const name in union) if (union[name] !== undefined && union[name] !== null) return name
  return ''
}

// ==== Signatures

/**
 * Other makers' reasoning gets a signature of ours, so that it is known when it comes back: Claude on Bedrock refuses
 * the whole conversation for it (`foreign.ts`). Claude's own goes through as it is, being valid at all of its hosts.
 */
const OWN_SIGNATURE = 'signalbox.'
/** Redacted thinking is bytes here, which only Bedrock can make: another's travels as a signature without text. */
const OWN_REDACTED = 'signalbox-redacted.'

export function markSignature(upstream: string | undefined): string {
  return isClaudeSignature(upstream) ? upstream : OWN_SIGNATURE + (upstream ?? '')
}

export function markRedacted(data: string): string {
  return OWN_REDACTED + data
}

export function isMarked(signature: string): boolean {
  return signature.startsWith(OWN_SIGNATURE) || signature.startsWith(OWN_REDACTED)
}

/** A client's `reasoningText` in the hub's terms. */
export function thinkingBlock(text: string, marked: string): ThinkingBlock | RedactedThinkingBlock {
  if (marked.startsWith(OWN_REDACTED))
    return { type: 'redacted-thinking', data: marked.slice(OWN_REDACTED.length) }
  const signature = marked.startsWith(OWN_SIGNATURE) ? marked.slice(OWN_SIGNATURE.length) : marked
  return { type: 'thinking', text, ...(signature !== '' && { signature }) }
}

// ==== Media

const IMAGE_FORMATS = ['png', 'jpeg', 'gif', 'webp'] as const

/** `jpeg` of `image/jpeg`; undefined for what the API does not take. */
export function imageFormat(mediaType: string): string | undefined {
  const format = mediaType.replace(/^image\//, '').replace(/^jpg$/, 'jpeg')
  return IMAGE_FORMATS.find((known) => known === format)
}

const DOCUMENT_TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  csv: 'text/csv',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  html: 'text/html',
  txt: 'text/plain',
  md: 'text/markdown',
}

export function documentFormat(mediaType: string): string | undefined {
  return Object.entries(DOCUMENT_TYPES).find(([, type]) => type === mediaType)?.[0]
}

export function documentType(format: string): string {
  return Object.hasOwn(DOCUMENT_TYPES, format) ? DOCUMENT_TYPES[format]! : `application/${format}`
}

/** Formats whose bytes are text. */
export const TEXT_FORMATS: ReadonlySet<string> = new Set(['txt', 'md', 'csv', 'html'])

// ==== Stop reasons

const UNIFIED: ReadonlyMap<string, FinishReason['unified']> = new Map([
  ['end_turn', 'end'],
  ['max_tokens', 'max-tokens'],
  ['stop_sequence', 'stop-sequence'],
  ['tool_use', 'tool-calls'],
  ['content_filtered', 'refusal'],
  ['guardrail_intervened', 'refusal'],
  ['model_context_window_exceeded', 'context-window'],
])

/** Words for an answer that the model spoilt: it must not look like a whole one. */
export const MALFORMED: ReadonlySet<unknown> = new Set(['malformed_model_output', 'malformed_tool_use'])

/** `called`: the answer holds a tool call, which some models end as if they had none. */
export function readFinish(raw: unknown, called: boolean): FinishReason {
  const word = typeof raw === 'string' ? raw : null
  const unified = (word !== null && UNIFIED.get(word)) || 'other'
  return { unified: called && unified === 'end' ? 'tool-calls' : unified, raw: word }
}

/** A call without its word is never run, and the word without a call is waited for. */
export function writeFinish({ unified }: FinishReason, called: boolean): string {
  if (unified === 'end' || unified === 'tool-calls' || unified === 'other' || unified === 'pause')
    return called ? 'tool_use' : 'end_turn'
  for (const [word, meaning] of UNIFIED) if (meaning === unified) return word
  return 'end_turn'
}

// ==== Usage

/**
 * `usage`, in which the input is without what the cache held and took. Undefined when nothing usable is there.
 * `serviceTier` stands beside it.
 */
export function readUsage(usage: unknown, serviceTier?: unknown): Partial<Usage> | undefined {
  if (!isObject(usage)) return undefined
  const inputTokens = tokenCount(usage.inputTokens)
  const outputTokens = tokenCount(usage.outputTokens)
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  const written = tokenCount(usage.cacheWriteInputTokens) ?? 0
  const hour = Math.min(hourOf(usage.cacheDetails), written)
  const service = isObject(serviceTier) ? readService({ tier: serviceTier.type }) : undefined
  return {
    inputTokens: inputTokens ?? 0,
    cacheReadTokens: tokenCount(usage.cacheReadInputTokens) ?? 0,
    cacheWrite5mTokens: written - hour,
    cacheWrite1hTokens: hour,
    outputTokens: outputTokens ?? 0,
    ...(service !== undefined && { service }),
  }
}

/** `[{"ttl":"1h","inputTokens":…},{"ttl":"5m",…}]` */
function hourOf(details: unknown): number {
  if (!Array.isArray(details)) return 0
  const hour = details.filter(isObject).find(({ ttl }) => ttl === '1h')
  return tokenCount(hour?.inputTokens) ?? 0
}

export function writeUsage(usage: Partial<Usage>): JsonObject {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0 } = usage
  const { cacheWrite5mTokens = 0, cacheWrite1hTokens = 0 } = usage
  const total = totalInputTokens({
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWrite5mTokens,
    cacheWrite1hTokens,
  })
  const details = [
    { ttl: '1h', inputTokens: cacheWrite1hTokens },
    { ttl: '5m', inputTokens: cacheWrite5mTokens },
  ].filter((detail) => detail.inputTokens > 0)
  return {
    inputTokens,
    outputTokens,
    totalTokens: total + outputTokens,
    cacheReadInputTokens: cacheReadTokens,
    cacheWriteInputTokens: cacheWrite5mTokens + cacheWrite1hTokens,
    ...(details.length > 0 && { cacheDetails: details }),
  }
}
