import { totalInputTokens } from '../../message/usage.ts'
import type { CallRow } from './port.ts'

/** What a call can be filtered and sorted by. */
export interface Columns {
  id: string
  timestampMs: number
  /** Empty when no provider was chosen. */
  provider: string
  /** The model that served, else the one that was asked for. */
  model: string
  status: CallRow['status']
  object: string
  providerKeyId: string | undefined
  virtualKeyId: string | undefined
  sessionId: string | undefined
  latencyMs: number
  /** Input and output tokens of every kind. */
  tokens: number
}

export function columnsOf(row: CallRow): Columns {
  return {
    id: row.id,
    timestampMs: row.timestampMs,
    provider: row.provider ?? row.attempts.at(-1)?.provider ?? '',
    model: row.model ?? row.requestedModel ?? '',
    status: row.status,
    object: objectOf(row),
    providerKeyId: row.providerKeyId,
    virtualKeyId: row.virtualKeyId,
    sessionId: row.sessionId,
    latencyMs: row.latencyMs,
    tokens: row.usage === undefined ? 0 : totalInputTokens(row.usage) + row.usage.outputTokens,
  }
}

/**
 * The request type by Bifrost's names, which dashboards filter by. Its `/anthropic` route is a Responses
 * request inside, so an Anthropic call is `responses` there and here.
 */
function objectOf(row: CallRow): string {
  if (row.operation !== 'generate') return row.operation.replaceAll('-', '_')
  const name = row.protocol === 'openai-chat' ? 'chat_completion' : 'responses'
  return row.stream ? `${name}_stream` : name
}

/**
 * Text as it is compared in SQL. A model's name comes from the client and may hold what JSON can say and SQLite
 * cannot: its JSON functions end a text at NUL, and half a surrogate pair has no UTF-8.
 */
export function comparable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}').toWellFormed()
}
