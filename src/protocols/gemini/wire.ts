import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { tokenCount } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import { isObject, stringOf } from '../shared/object.ts'

/** Words of Google's generateContent API. https://ai.google.dev/api/generate-content */
export const PROTOCOL = 'gemini'

/** Code Assist, the backend of Gemini CLI's logins, wraps every answer. */
export function unwrap(body: JsonObject): JsonObject {
  return isObject(body.response) && body.candidates === undefined ? body.response : body
}

/** Only one answer is ever asked for. */
export function firstCandidate(body: JsonObject): JsonObject | undefined {
  const candidate: unknown = Array.isArray(body.candidates) ? body.candidates[0] : undefined
  return isObject(candidate) ? candidate : undefined
}

export function partsOf(candidate: JsonObject): JsonObject[] {
  const content = isObject(candidate.content) ? candidate.content : {}
  return Array.isArray(content.parts) ? content.parts.filter(isObject) : []
}

/** Why the prompt was not even begun on: `SAFETY`, `PROHIBITED_CONTENT` … */
export function blockReason(body: JsonObject): string | undefined {
  const feedback = isObject(body.promptFeedback) ? body.promptFeedback : {}
  return stringOf(feedback.blockReason) || undefined
}

// ==== Why an answer ended

/** `failed`: the model tripped over itself, and asked again it mostly does not. */
const FINISH: ReadonlyMap<string, FinishReason['unified'] | 'failed'> = new Map([
  ['STOP', 'end'],
  ['MAX_TOKENS', 'max-tokens'],
  ['SAFETY', 'refusal'],
  ['RECITATION', 'refusal'],
  ['LANGUAGE', 'refusal'],
  ['BLOCKLIST', 'refusal'],
  ['PROHIBITED_CONTENT', 'refusal'],
  ['SPII', 'refusal'],
  ['MODEL_ARMOR', 'refusal'],
  ['IMAGE_SAFETY', 'refusal'],
  ['IMAGE_PROHIBITED_CONTENT', 'refusal'],
  ['IMAGE_RECITATION', 'refusal'],
  ['MALFORMED_FUNCTION_CALL', 'failed'],
  ['MALFORMED_RESPONSE', 'failed'],
  ['UNEXPECTED_TOOL_CALL', 'failed'],
])

export function unifiedFinish(raw: string): FinishReason['unified'] | 'failed' {
  return FINISH.get(raw) ?? 'other'
}

/** What clients of this API expect to read. */
export function writeFinish(reason: FinishReason): 'STOP' | 'MAX_TOKENS' | 'SAFETY' {
  switch (reason.unified) {
    case 'max-tokens':
    case 'context-window':
      return 'MAX_TOKENS'
    case 'refusal':
      return 'SAFETY'
    default:
      return 'STOP'
  }
}

// ==== Usage

/**
 * `usageMetadata` as disjoint counts. Here the prompt includes what the cache held, and neither what Google's own
 * tools read nor what the model thought stands in another count. Undefined when nothing usable is there.
 */
export function readUsage(body: JsonObject): Partial<Usage> | undefined {
  const usage = body.usageMetadata
  if (!isObject(usage)) return undefined
  const prompt = tokenCount(usage.promptTokenCount)
  const candidates = tokenCount(usage.candidatesTokenCount)
  const thoughts = tokenCount(usage.thoughtsTokenCount)
  if (prompt === undefined && candidates === undefined && thoughts === undefined) return undefined
  const tools = tokenCount(usage.toolUsePromptTokenCount) ?? 0
  const cached = tokenCount(usage.cachedContentTokenCount) ?? 0
  const said = candidates ?? 0
  const total = tokenCount(usage.totalTokenCount)
  // Some versions on Vertex count thoughts among the candidates'; the total tells.
  const isInclusive = thoughts !== undefined && said >= thoughts && total === (prompt ?? 0) + tools + said
  const service = serviceOf(usage)
  return {
    inputTokens: Math.max(0, (prompt ?? 0) - cached) + tools,
    cacheReadTokens: cached,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
    outputTokens: isInclusive ? said : said + (thoughts ?? 0),
    ...(thoughts !== undefined && { reasoningTokens: thoughts }),
    ...readModalities(usage),
    ...(service !== undefined && { service: { tier: service } }),
  }
}

/** Audio and images have prices of their own. */
function readModalities(usage: JsonObject): Partial<Usage> {
  const cached = modalities(usage.cacheTokensDetails)
  const prompt = modalities(usage.promptTokensDetails)
  const said = modalities(usage.candidatesTokensDetails)
  const uncached = (kind: string) => Math.max(0, (prompt.get(kind) ?? 0) - (cached.get(kind) ?? 0))
  const counts = {
    inputAudioTokens: uncached('AUDIO'),
    inputImageTokens: uncached('IMAGE'),
    cacheReadAudioTokens: cached.get('AUDIO') ?? 0,
    cacheReadImageTokens: cached.get('IMAGE') ?? 0,
    outputAudioTokens: said.get('AUDIO') ?? 0,
    outputImageTokens: said.get('IMAGE') ?? 0,
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

function modalities(details: unknown): Map<string, number> {
  const list = Array.isArray(details) ? details.filter(isObject) : []
  return new Map(list.map((one) => [stringOf(one.modality), tokenCount(one.tokenCount) ?? 0]))
}

/** Google AI: `serviceTier`; Vertex: `trafficType`, of which only these are billed otherwise than as usual. */
function serviceOf(usage: JsonObject): string | undefined {
  const word = stringOf(usage.serviceTier || usage.trafficType).toLowerCase()
  return ['priority', 'flex'].find((tier) => word === tier || word === `on_demand_${tier}`)
}

/** `usageMetadata` for a client. */
export function writeUsage(usage: Partial<Usage>): JsonObject {
  const { cacheReadTokens: cached = 0, reasoningTokens: thoughts = 0, outputTokens: output = 0 } = usage
  const prompt =
    (usage.inputTokens ?? 0) + cached + (usage.cacheWrite5mTokens ?? 0) + (usage.cacheWrite1hTokens ?? 0)
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: Math.max(0, output - thoughts),
    totalTokenCount: prompt + Math.max(output, thoughts),
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
  }
}
