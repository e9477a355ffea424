import type { DatabaseSync } from 'node:sqlite'
import { ContentReader } from './content-reader.ts'
import { ContentSearch } from './content-search.ts'
import { inodeOf } from '../../lib/sqlite.ts'
import { openForReading } from './database.ts'
import type { CallRow, LogEntry, LogFile, LogPage, LogQuery, LogStats } from './port.ts'
import { conditionOf, orderOf } from './query.ts'
import type { Condition } from './query.ts'

/** A search looks at calls from the newest on, until this long or this many matches. */
const SEARCH_MAX_MS = 2_000
const SEARCH_MAX_MATCHES = 10_000

const SUMS = `count(*) AS total, sum(status = 'success') AS succeeded, sum(status = 'error') AS failed,
  avg(latency_ms) AS latency, sum(tokens) AS tokens, total(cost_nanodollars) AS cost,
  sum(cost_nanodollars IS NULL) AS unpriced`

/** Reads the log database beside a gateway that writes it, or without one. Synchronous. */
export class SqliteReader implements LogFile {
  readonly #path: string
  #database: DatabaseSync | undefined
  /** Which file is open: a database that was corrupt has been replaced by a new one of the same name. */
  #inode: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  list(query: LogQuery): LogPage {
    const empty: LogPage = {
      rows: [],
      totalCount: 0,
      stats: statsOf(undefined),
      hasLogs: false,
      complete: true,
    }
    return this.#read(
      (database) =>
        query.contentSearch ? searchPage(database, query) : pageOf(database, query, conditionOf(query)),
      empty,
    )
  }

  get(id: string): LogEntry | undefined {
    return this.#read((database) => {
      const found = database
        .prepare('SELECT row FROM details WHERE seq = (SELECT max(seq) FROM calls WHERE id = ?)')
        .get(id)
      if (found === undefined) return undefined
      return { row: parseRow(found['row']), ...new ContentReader(database).load(id) }
    }, undefined)
  }

  after(seq: number, limit: number): { seq: number; row: CallRow }[] {
    return this.#read((database) => {
      const rows = database
        .prepare('SELECT seq, row FROM details WHERE seq > ? ORDER BY seq LIMIT ?')
        .all(seq, limit)
      return rows.map((found) => ({ seq: Number(found['seq']), row: parseRow(found['row']) }))
    }, [])
  }

  lastSeq(): number {
    return this.#read(
      (database) => Number(database.prepare('SELECT max(seq) AS seq FROM details').get()?.['seq'] ?? 0),
      0,
    )
  }

  close(): void {
    this.#database?.close()
    this.#database = undefined
  }

  /** One consistent view for all statements of the work; `none` when there is no database yet. */
  #read<Result>(work: (database: DatabaseSync) => Result, none: Result): Result {
    const inode = inodeOf(this.#path)
    if (inode !== this.#inode) this.close()
    this.#database ??= openForReading(this.#path)
    if (this.#database === undefined) return none
    this.#inode = inode
    const database = this.#database
    database.exec('BEGIN')
    try {
      return work(database)
    } finally {
      database.exec('COMMIT')
    }
  }
}

function searchPage(database: DatabaseSync, query: LogQuery): LogPage {
  const { sql, values } = conditionOf(query)
  const newestFirst = database.prepare(
    `SELECT seq, id FROM calls WHERE ${sql} ORDER BY timestamp_ms DESC, seq DESC`,
  )
  const search = new ContentSearch(database, query.contentSearch!)
  const deadline = performance.now() + SEARCH_MAX_MS
  const seqs: number[] = []
  let complete = true
  for (const row of newestFirst.iterate(...values)) {
    complete = seqs.length < SEARCH_MAX_MATCHES && performance.now() < deadline
    if (!complete) break
    if (search.matches(Number(row['seq']), String(row['id']))) seqs.push(Number(row['seq']))
  }
  const found = { sql: 'seq IN (SELECT value FROM json_each(?))', values: [JSON.stringify(seqs)] }
  return { ...pageOf(database, query, found), complete }
}

/** The page of the query, of the calls that meet the condition. */
function pageOf(database: DatabaseSync, query: LogQuery, { sql, values }: Condition): LogPage {
  const stats = statsOf(database.prepare(`SELECT ${SUMS} FROM calls WHERE ${sql}`).get(...values))
  const order = orderOf(query, stats.totalRequests)
  const seqs = database
    .prepare(`SELECT seq FROM calls WHERE ${sql} ORDER BY ${order} LIMIT ? OFFSET ?`)
    .all(...values, query.limit, query.offset)
  const details = database.prepare('SELECT row FROM details WHERE seq = ?')
  return {
    rows: seqs.map(({ seq }) => parseRow(details.get(seq!)!['row'])),
    totalCount: stats.totalRequests,
    stats,
    hasLogs: hasLogs(database),
    complete: true,
  }
}

function hasLogs(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM calls LIMIT 1').get() !== undefined
}

function statsOf(sums: Record<string, unknown> | undefined): LogStats {
  const succeeded = Number(sums?.['succeeded'] ?? 0)
  const judged = succeeded + Number(sums?.['failed'] ?? 0)
  return {
    totalRequests: Number(sums?.['total'] ?? 0),
    successRate: judged === 0 ? 0 : (succeeded / judged) * 100,
    averageLatencyMs: Number(sums?.['latency'] ?? 0),
    totalTokens: Number(sums?.['tokens'] ?? 0),
    totalCostNanodollars: Number(sums?.['cost'] ?? 0),
    unpricedRequests: Number(sums?.['unpriced'] ?? 0),
  }
}

function parseRow(json: unknown): CallRow {
  return JSON.parse(String(json)) as CallRow
}
