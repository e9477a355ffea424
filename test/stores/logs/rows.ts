import type { CallRow, LogQuery, LogWriter, StoredContent } from '../../../src/stores/logs/port.ts'

/** A call that went well, with some of its fields changed. */
export function callRow(changes: Partial<CallRow> & { id: string }): CallRow {
  return {
    timestampMs: 1_763_700_000_000,
    protocol: 'anthropic',
    operation: 'generate',
    requestClass: 'main',
    path: '/anthropic/v1/messages',
    stream: true,
    status: 'success',
    httpStatus: 200,
    requestedModel: 'claude-sonnet-4-5',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    providerKeyId: 'key-1',
    providerKeyName: 'main',
    virtualKeyId: undefined,
    virtualKeyName: undefined,
    sessionId: 'session-1',
    agentId: undefined,
    userAgent: 'claude-cli/2.1.329 (external, cli)',
    mode: 'native',
    attempts: [
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        providerKeyName: 'main',
        reason: 'the only provider that serves it',
        status: 200,
        error: undefined,
        startedAfterMs: 1.25,
        durationMs: 812.5,
      },
    ],
    usage: {
      inputTokens: 12,
      cacheReadTokens: 23_000,
      cacheWrite5mTokens: 300,
      cacheWrite1hTokens: 0,
      outputTokens: 288,
    },
    usageSource: 'reported',
    cost: {
      nanodollars: 12_381_000,
      parts: { input: 36_000, cacheRead: 6_900_000, cacheWrite5m: 1_125_000, output: 4_320_000 },
      price: 'anthropic/claude-sonnet-4-5',
      source: 'catalogue 2026-11-10',
    },
    latencyMs: 822.125,
    timeToFirstTokenMs: 310.5,
    finishReason: 'end_turn',
    error: undefined,
    warnings: [],
    requestBytes: 49_411,
    responseBytes: 8_000,
    metadata: {},
    ...changes,
  }
}

/** The bodies of a call, as they are to be found again. */
export interface CallContent extends StoredContent {
  id: string
}

export function callContent(
  id: string,
  request: string | Buffer,
  response: string | Buffer = '{}',
): CallContent {
  return {
    id,
    request: Buffer.from(request),
    response: new Uint8Array(Buffer.from(response)),
    responseIsStream: false,
    responseTruncatedBytes: 0,
  }
}

/** Hands both bodies over, as a call does. */
export function keep(writer: LogWriter, content: CallContent): void {
  const {
    id,
    request,
    response,
    responseIsStream: isStream,
    responseTruncatedBytes: truncatedBytes,
  } = content
  if (writer.keepRequest(id, request))
    writer.keepResponse(id, { parts: [response], isStream, truncatedBytes })
}

export function logQuery(changes: Partial<LogQuery> = {}): LogQuery {
  return { limit: 50, offset: 0, sortBy: 'timestamp', order: 'desc', ...changes }
}
