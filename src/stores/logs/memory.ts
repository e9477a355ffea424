import { columnsOf } from './port.ts'
import type {
  CallRow,
  Columns,
  LogEntry,
  LogPage,
  LogQuery,
  LogReader,
  LogStats,
  LogStore,
  StoredContent,
} from './port.ts'
import { streamedText, textFinder } from './search-text.ts'

const NO_BYTES = new Uint8Array()

/** A log of the last `limit` calls, for tests; with 0, for a gateway that keeps none (`logs_store.enabled: false`). */
export function openMemoryLogStore(limit: number): LogStore {
  const rows: CallRow[] = []
  const contents = new Map<string, StoredContent>()
  return {
    writer: {
      shedContents: 0,
      lostRows: 0,
      record(row) {
        rows.push(row)
        for (const old of rows.splice(0, Math.max(0, rows.length - limit))) contents.delete(old.id)
      },
      keepRequest(id, body) {
        if (limit === 0) return false
        const request = new Uint8Array(body)
        contents.set(id, { request, response: NO_BYTES, responseIsStream: false, responseTruncatedBytes: 0 })
        return true
      },
      keepResponse(id, { parts, isStream, truncatedBytes }) {
        const response = Buffer.concat(parts.map((part) => Buffer.from(part)))
        const stored = { response, responseIsStream: isStream, responseTruncatedBytes: truncatedBytes }
        contents.set(id, { ...contents.get(id)!, ...stored })
      },
      flush: () => Promise.resolve(),
    },
    reader: new MemoryReader(rows, contents),
    setRetention: () => {},
    close: () => Promise.resolve(),
  }
}

class MemoryReader implements LogReader {
  readonly #rows: readonly CallRow[]
  readonly #contents: ReadonlyMap<string, StoredContent>

  constructor(rows: readonly CallRow[], contents: ReadonlyMap<string, StoredContent>) {
    this.#rows = rows
    this.#contents = contents
  }

  list(query: LogQuery): Promise<LogPage> {
    const columns = this.#rows.map((row, seq) => ({ seq, row, ...columnsOf(row) }))
    const found = columns.filter((each) => fits(each, query) && this.#holds(each.row, query.contentSearch))
    const by = sortValue[query.sortBy]
    found.sort((a, b) => by(a) - by(b) || a.seq - b.seq)
    if (query.order === 'desc') found.reverse()
    return Promise.resolve({
      rows: found.slice(query.offset, query.offset + query.limit).map(({ row }) => row),
      totalCount: found.length,
      stats: statsOf(found),
      hasLogs: this.#rows.length > 0,
      complete: true,
    })
  }

  get(id: string): Promise<LogEntry | undefined> {
    const row = this.#rows.findLast((each) => each.id === id)
    if (row === undefined) return Promise.resolve(undefined)
    const content = this.#contents.get(id)
    return Promise.resolve({ row, contentState: content === undefined ? 'none' : 'kept', content })
  }

  #holds(row: CallRow, text: string | undefined): boolean {
    if (!text) return true
    const holds = textFinder(text)
    if (holds(JSON.stringify(row))) return true
    const content = this.#contents.get(row.id)
    if (content === undefined) return false
    const decoder = new TextDecoder()
    const answer = decoder.decode(content.response)
    const streamed = content.responseIsStream ? streamedText(answer) : ''
    return [decoder.decode(content.request), answer, streamed].some(holds)
  }
}

const sortValue: Readonly<Record<LogQuery['sortBy'], (columns: Columns) => number>> = {
  timestamp: (columns) => columns.timestampMs,
  latency: (columns) => columns.latencyMs,
  tokens: (columns) => columns.tokens,
  // Unknown comes before all, as in SQL.
  cost: (columns) => columns.costNanodollars ?? -1,
}

function fits(columns: Columns & { row: CallRow }, query: LogQuery): boolean {
  const anyOf = (list: string[] | undefined, value: string | undefined) =>
    list === undefined || (value !== undefined && list.includes(value))
  const within = (value: number | undefined, min?: number, max?: number) =>
    (min === undefined || (value !== undefined && value >= min)) &&
    (max === undefined || (value !== undefined && value <= max))
  return (
    anyOf(query.providers, columns.provider) &&
    anyOf(query.models, columns.model) &&
    anyOf(query.status, columns.status) &&
    anyOf(query.objects, columns.object) &&
    anyOf(query.selectedKeyIds, columns.providerKeyId) &&
    anyOf(query.virtualKeyIds, columns.virtualKeyId) &&
    (query.sessionId === undefined || query.sessionId === columns.sessionId) &&
    within(columns.timestampMs, query.startTimeMs, query.endTimeMs) &&
    within(columns.latencyMs, query.minLatencyMs, query.maxLatencyMs) &&
    within(columns.tokens, query.minTokens, query.maxTokens) &&
    within(columns.costNanodollars, query.minCostNanodollars, query.maxCostNanodollars) &&
    (query.unpricedOnly !== true || columns.costNanodollars === undefined) &&
    anyOf(query.requestClasses, columns.requestClass) &&
    Object.entries(query.metadata ?? {}).every(
      ([key, value]) => Object.hasOwn(columns.row.metadata, key) && columns.row.metadata[key] === value,
    )
  )
}

function statsOf(found: readonly Columns[]): LogStats {
  const count = (status: string) => found.filter((each) => each.status === status).length
  const succeeded = count('success')
  const judged = succeeded + count('error')
  const sum = (value: (each: Columns) => number) => found.reduce((total, each) => total + value(each), 0)
  return {
    totalRequests: found.length,
    successRate: judged === 0 ? 0 : (succeeded / judged) * 100,
    averageLatencyMs: found.length === 0 ? 0 : sum((each) => each.latencyMs) / found.length,
    totalTokens: sum((each) => each.tokens),
    totalCostNanodollars: sum((each) => each.costNanodollars ?? 0),
    unpricedRequests: found.filter((each) => each.costNanodollars === undefined).length,
  }
}
