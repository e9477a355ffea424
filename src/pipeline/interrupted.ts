import type { Interrupted } from '../stores/ledger/port.ts'
import type { CallRow } from '../stores/logs/port.ts'

/**
 * The row of an attempt that was under way when the gateway died: all that is known of it is what it was charged with,
 * so that the sums of the log and of the budgets stay the same.
 */
export function interruptedRow({ call, atMs, charged }: Interrupted): CallRow {
  return {
    id: call,
    timestampMs: atMs,
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
    cost: { nanodollars: charged?.nanodollars ?? (charged === undefined ? 0 : null), reason: REASON },
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

const REASON = 'The gateway died while this call was under way; its cost is what was known of it then.'
