import { totalInputTokens } from '../message/usage.ts'
import type { SideUsage, Usage } from '../message/usage.ts'
import { fileKind } from '../models/catalogue-file.ts'
import type { RateKind } from '../models/prices.ts'
import { columnsOf } from '../stores/logs/port.ts'
import type { AttemptRow, CallCost, CallRow } from '../stores/logs/port.ts'

/**
 * A call as the admin API shows it: the fields that Bifrost's entries have, under their names, then our own.
 * There a fallback is a row of its own; here a call is one row, which counts its fallbacks and lists its attempts.
 * `cost` is in dollars, and null where a price is not known: 0 would say that the call was free.
 */
export function logEntry(row: CallRow): Record<string, unknown> {
  const { provider, model, object } = columnsOf(row)
  const time = new Date(row.timestampMs).toISOString()
  return {
    id: row.id,
    timestamp: time,
    object,
    provider,
    model,
    ...repetitions(row.attempts),
    selected_key_id: row.providerKeyId ?? '',
    selected_key_name: row.providerKeyName ?? '',
    virtual_key_id: row.virtualKeyId,
    virtual_key_name: row.virtualKeyName,
    latency: row.latencyMs,
    token_usage: row.usage && tokenUsage(row.usage),
    cost: dollars(row.cost?.nanodollars),
    status: row.status,
    error_details: errorDetails(row),
    stream: row.stream,
    metadata: row.metadata,
    created_at: time,

    session_id: row.sessionId,
    agent_id: row.agentId,
    user_agent: row.userAgent,
    protocol: row.protocol,
    path: row.path,
    http_status: row.httpStatus,
    requested_model: row.requestedModel,
    mode: row.mode,
    finish_reason: row.finishReason,
    time_to_first_token: row.timeToFirstTokenMs,
    usage: row.usage && usageByKind(row.usage),
    usage_source: row.usageSource,
    cost_nanodollars: row.cost?.nanodollars ?? null,
    cost_details: row.cost && costDetails(row.cost),
    request_class: row.requestClass,
    attempts: row.attempts.map(attempt),
    warnings: row.warnings,
    request_bytes: row.requestBytes,
    response_bytes: row.responseBytes,
  }
}

/** How often the last target was tried again, and how many targets came before it. */
function repetitions(attempts: readonly AttemptRow[]): { number_of_retries: number; fallback_index: number } {
  let retries = 0
  let fallbacks = 0
  for (let index = 1; index < attempts.length; index++) {
    const [before, now] = [attempts[index - 1]!, attempts[index]!]
    const isSameTarget = before.provider === now.provider && before.model === now.model
    retries = isSameTarget ? retries + 1 : 0
    fallbacks += isSameTarget ? 0 : 1
  }
  return { number_of_retries: retries, fallback_index: fallbacks }
}

function tokenUsage(usage: Usage): Record<string, unknown> {
  const input = totalInputTokens(usage)
  return {
    prompt_tokens: input,
    prompt_tokens_details: {
      cached_read_tokens: usage.cacheReadTokens,
      cached_write_tokens: usage.cacheWrite5mTokens + usage.cacheWrite1hTokens,
    },
    completion_tokens: usage.outputTokens,
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + usage.outputTokens,
  }
}

/** Each token in one field only. */
function usageByKind(usage: Usage): Record<string, unknown> {
  return {
    input_tokens: usage.inputTokens,
    cache_read_tokens: usage.cacheReadTokens,
    cache_write_5m_tokens: usage.cacheWrite5mTokens,
    cache_write_1h_tokens: usage.cacheWrite1hTokens,
    output_tokens: usage.outputTokens,
    ...optionalCounts(usage),
    service: usage.service,
    beside: usage.beside?.map(sideUsage),
    within: usage.within?.map(sideUsage),
  }
}

/** What few answers have: parts of the counts above, and pieces. */
function optionalCounts(usage: Usage): Record<string, unknown> {
  return {
    reasoning_tokens: usage.reasoningTokens,
    input_audio_tokens: usage.inputAudioTokens,
    input_image_tokens: usage.inputImageTokens,
    cache_read_audio_tokens: usage.cacheReadAudioTokens,
    cache_read_image_tokens: usage.cacheReadImageTokens,
    output_audio_tokens: usage.outputAudioTokens,
    output_image_tokens: usage.outputImageTokens,
    web_searches: usage.webSearches,
    rerank_searches: usage.rerankSearches,
    characters: usage.characters,
    audio_seconds: usage.audioSeconds,
    video_seconds: usage.videoSeconds,
    images: usage.images,
    pages: usage.pages,
  }
}

function sideUsage({ kind, model, usage }: SideUsage): Record<string, unknown> {
  return { kind, model, usage: usageByKind(usage) }
}

const NANO_PER_DOLLAR = 1e9

function dollars(nanodollars: number | null | undefined): number | null {
  return nanodollars === null || nanodollars === undefined ? null : nanodollars / NANO_PER_DOLLAR
}

/** Why the cost is not known; or what each kind cost, at whose prices. */
function costDetails({ reason, parts, price, source }: CallCost): Record<string, unknown> {
  const byKind = Object.entries(parts ?? {}).map(([kind, nanodollars]) => [
    fileKind(kind as RateKind),
    nanodollars,
  ])
  return {
    reason,
    nanodollars_by_kind: parts && Object.fromEntries(byKind),
    price,
    source,
  }
}

function errorDetails(row: CallRow): Record<string, unknown> | undefined {
  if (row.error === undefined) return undefined
  return {
    // true: the gateway's own; false: an upstream's answer.
    is_bifrost_error: row.attempts.at(-1)?.status === undefined,
    status_code: row.httpStatus,
    error: {
      type: row.status === 'cancelled' ? 'request_cancelled' : row.error.kind,
      message: row.error.message,
    },
  }
}

function attempt(row: AttemptRow): Record<string, unknown> {
  return {
    provider: row.provider,
    model: row.model,
    key_name: row.providerKeyName,
    reason: row.reason,
    status: row.status,
    error: row.error,
    started_after: row.startedAfterMs,
    duration: row.durationMs,
    usage: row.usage && usageByKind(row.usage),
    cost_nanodollars: row.costNanodollars,
  }
}
