import type { ProtocolId } from '../../protocols/protocol.ts'
import type { Warning } from '../../message/request.ts'
import { totalInputTokens } from '../../message/usage.ts'
import type { Usage } from '../../message/usage.ts'
import type { CostParts } from '../../models/prices.ts'

/** What a driver opens. */
export interface LogStore {
  readonly writer: LogWriter
  readonly reader: LogReader
  /** How long rows are kept from now on; `client.log_retention_days`. */
  setRetention(days: number): void
  /** Brings in what is under way, for some seconds at most. Nothing may be recorded afterwards. */
  close(): Promise<void>
}

/**
 * The log store as the gateway sees it. Rows are durable before the client sees the end of its answer; contents
 * (bodies) are stored when there is room, and counted when they are not.
 */
export interface LogWriter {
  /**
   * Makes the row durable against a crash of the process and returns. Called before the last byte of the answer
   * goes to the client, so it takes microseconds and never waits for the database. Never throws.
   */
  record(row: CallRow): void
  /**
   * Takes a copy of a call's request body, so that the caller need not hold it while a long answer comes.
   * false: shed, because the store is behind; the answer need not be offered. Never throws.
   */
  keepRequest(id: string, body: Uint8Array): boolean
  /** Takes a copy of the answer to a request that was kept. Shed, the request with it, when the store is behind. Never throws. */
  keepResponse(id: string, response: KeptResponse): void
  /** Calls whose bodies were shed since the start. */
  readonly shedContents: number
  /** Rows that the disk refused since the start; see `report`. */
  readonly lostRows: number
  /** Waits until everything handed over is in the database. */
  flush(): Promise<void>
}

/** Asynchronous, because a search may read for seconds and must not do that on the thread that serves calls. */
export interface LogReader {
  list(query: LogQuery): Promise<LogPage>
  /** The newest call of that id: clients may send the same `x-request-id` again. */
  get(id: string): Promise<LogEntry | undefined>
}

/** The log of a gateway that may be running or not, for commands: synchronous, and read-only. */
export interface LogFile {
  list(query: LogQuery): LogPage
  get(id: string): LogEntry | undefined
  /** Rows in the order in which they were written, those after `seq`; for following. */
  after(seq: number, limit: number): { seq: number; row: CallRow }[]
  /** The `seq` of the last row; 0 when there is none. */
  lastSeq(): number
  close(): void
}

/** One inbound call, however it ended. */
export interface CallRow {
  id: string
  /** Start, milliseconds since 1970. */
  timestampMs: number
  /** unknown: the gateway died before there was a row. */
  protocol: ProtocolId | 'unknown'
  operation: string
  /** What the agent makes the call for, by `rules/request-class.ts`; undefined in rows of earlier versions. */
  requestClass?: string
  path: string
  stream: boolean
  status: 'success' | 'error' | 'cancelled'
  /** Status given to the client; 499 when it left before one was given. */
  httpStatus: number
  /** As the client asked for it. */
  requestedModel: string | undefined
  /** What served the answer; undefined when nothing did. */
  provider: string | undefined
  model: string | undefined
  providerKeyId: string | undefined
  providerKeyName: string | undefined
  virtualKeyId: string | undefined
  virtualKeyName: string | undefined
  sessionId: string | undefined
  agentId: string | undefined
  userAgent: string | undefined
  /** native: bytes forwarded; translated: through the hub; none: never sent. */
  mode: 'native' | 'translated' | 'none'
  attempts: AttemptRow[]
  usage: Usage | undefined
  /** reported: by the upstream; estimated: from what passed before a cut. */
  usageSource: 'reported' | 'estimated' | 'none'
  /** Undefined in rows of earlier versions. */
  cost?: CallCost
  latencyMs: number
  timeToFirstTokenMs: number | undefined
  finishReason: string | undefined
  error: { kind: string; message: string } | undefined
  warnings: Warning[]
  requestBytes: number
  responseBytes: number
  /** Copies of the headers named in `client.logging_headers` and of `x-bf-lh-*`. */
  metadata: Record<string, string>
}

/** What a call cost, all of its attempts together. */
export interface CallCost {
  /** null: not known. Never 0 for that. */
  nanodollars: number | null
  /** Why it is null. */
  reason?: string
  /** Nano-dollars by which attempts cost more than was held for them: so much of a budget may be overspent (A4). */
  beyondHeld?: number
  /** Of the answer's attempt; absent where nothing was billed. They add up to its cost. */
  parts?: CostParts
  /** `provider/model` whose prices these are, and where they are from. */
  price?: string
  source?: string
}

export interface AttemptRow {
  provider: string
  model: string
  providerKeyName: string | undefined
  /** Why this target: the router's reason. */
  reason: string
  status: number | undefined
  error: string | undefined
  startedAfterMs: number
  durationMs: number
  /** Of an attempt before the last that the upstream reported usage of: it is billed, too. */
  usage?: Usage
  /** What that cost; null: not known. */
  costNanodollars?: number | null
}

/** The answer to a call in the client's protocol, as far as it was kept. */
export interface KeptResponse {
  /** Strings are UTF-8. */
  parts: readonly (Uint8Array | string)[]
  isStream: boolean
  /** Bytes beyond the size limit that were not kept. */
  truncatedBytes: number
}

/** Filters of `GET /api/logs`; every list means "any of", so an empty one matches nothing. */
export interface LogQuery {
  providers?: string[]
  models?: string[]
  status?: string[]
  objects?: string[]
  selectedKeyIds?: string[]
  virtualKeyIds?: string[]
  sessionId?: string
  startTimeMs?: number
  endTimeMs?: number
  minLatencyMs?: number
  maxLatencyMs?: number
  minTokens?: number
  maxTokens?: number
  minCostNanodollars?: number
  maxCostNanodollars?: number
  /** Only calls whose cost is not known. */
  unpricedOnly?: boolean
  requestClasses?: string[]
  /** Text that stands in the row or in a body, letter case aside. Taken literally: `%` and `_` are themselves. */
  contentSearch?: string
  metadata?: Record<string, string>
  /** 1–1000. */
  limit: number
  offset: number
  sortBy: 'timestamp' | 'latency' | 'tokens' | 'cost'
  order: 'asc' | 'desc'
}

/** What a call is filtered and sorted by: every driver takes it from here. */
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
  /** undefined: not known. */
  costNanodollars: number | undefined
  requestClass: string | undefined
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
    costNanodollars: row.cost?.nanodollars ?? undefined,
    requestClass: row.requestClass,
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

export interface LogPage {
  rows: CallRow[]
  /** Calls that match, on all pages. */
  totalCount: number
  stats: LogStats
  /** There is any row at all, whatever the filters. */
  hasLogs: boolean
  /** false: a content search met its limit of time or matches; older calls were not looked at. */
  complete: boolean
}

/** Sums over all calls that match. */
export interface LogStats {
  totalRequests: number
  /** Per cent of the calls that succeeded, of those that succeeded or failed; 0 when there are none. */
  successRate: number
  averageLatencyMs: number
  totalTokens: number
  /** Of those whose cost is known. */
  totalCostNanodollars: number
  /** Calls whose cost is not known. */
  unpricedRequests: number
}

export interface LogEntry {
  row: CallRow
  /**
   * kept: in `content`; shed: the store was behind; none: not stored (setting, crash) or past its retention;
   * unreadable: the database is damaged there.
   */
  contentState: 'kept' | 'shed' | 'none' | 'unreadable'
  content: StoredContent | undefined
}

/** Bodies as they were on the wire, byte for byte. */
export interface StoredContent {
  request: Uint8Array
  /** Empty when the gateway was killed before the answer ended. */
  response: Uint8Array
  responseIsStream: boolean
  responseTruncatedBytes: number
}
