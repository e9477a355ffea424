import type { Interrupted } from '../stores/ledger/port.ts'
import type { CallCost, CallRow, LogStore } from '../stores/logs/port.ts'

/**
 * Gives each call that the gateway's death cut off a row, unless it has one: the row is written after the charge, so
 * that death may have come between the two, or before the ledger heard of the row. Rejects when the log cannot be read.
 */
export async function logInterrupted(
  interrupted: readonly Interrupted[],
  { writer, reader }: Pick<LogStore, 'writer' | 'reader'>,
): Promise<void> {
  if (interrupted.length === 0) return
  // The rows of the process before may still be in the journal, where nobody finds them.
  await writer.flush()
  for (const [call, attempts] of Map.groupBy(interrupted, (attempt) => attempt.call))
    if ((await reader.get(call)) === undefined) writer.record(interruptedRow(call, attempts))
}

/**
 * The row of a call that was under way when the gateway died: all that is known of it is what its attempts were charged
 * with, so that the sums of the log and of the budgets stay the same.
 */
export function interruptedRow(call: string, attempts: readonly Interrupted[]): CallRow {
  return {
    id: call,
    timestampMs: Math.min(...attempts.map(({ atMs }) => atMs)),
    protocol: 'unknown',
    operation: 'generate',
    requestClass: 'interrupted',
    path: '',
    stream: false,
    status: 'error',
    httpStatus: 500,
    requestedModel: undefined,
    provider: undefined,
    model: undefined,
    providerKeyId: undefined,
    providerKeyName: undefined,
    virtualKeyId: undefined,
    virtualKeyName: undefined,
    sessionId: undefined,
    agentId: undefined,
    userAgent: undefined,
    mode: 'none',
    attempts: [],
    usage: undefined,
    usageSource: 'none',
    cost: costOf(attempts),
    latencyMs: 0,
    timeToFirstTokenMs: undefined,
    finishReason: undefined,
    error: { kind: 'internal', message: REASON },
    warnings: [],
    requestBytes: 0,
    responseBytes: 0,
    metadata: {},
  }
}

function costOf(attempts: readonly Interrupted[]): CallCost {
  let nanodollars: number | null = 0
  for (const { charged } of attempts)
    if (charged !== undefined)
      nanodollars =
        nanodollars === null || charged.nanodollars === null ? null : nanodollars + charged.nanodollars
  return { nanodollars, reason: REASON }
}

const REASON = 'The gateway died while this call was under way; its cost is what was known of it then.'
