import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { columnsOf } from './port.ts'
import type { CallRow } from './port.ts'
import { comparable } from './query.ts'

/** The writing end of the tables `calls`, `details` and `metadata`. */
export class RowTable {
  readonly #call: StatementSync
  readonly #details: StatementSync
  readonly #metadata: StatementSync

  constructor(database: DatabaseSync) {
    this.#call = database.prepare(
      `INSERT INTO calls (id, timestamp_ms, provider, model, status, object, provider_key_id, virtual_key_id,
         session_id, latency_ms, tokens, cost_nanodollars, request_class)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#details = database.prepare('INSERT INTO details (seq, row) VALUES (?, ?)')
    this.#metadata = database.prepare('INSERT OR IGNORE INTO metadata (key, value, seq) VALUES (?, ?, ?)')
  }

  /** Adds a row, also given as the JSON text of the journal. Throws, before it writes, on what is no row. */
  insert(row: CallRow, json: string): void {
    const columns = columnsOf(row)
    const metadata = Object.entries(row.metadata)
    const { lastInsertRowid: seq } = this.#call.run(
      columns.id,
      Math.trunc(columns.timestampMs),
      comparable(columns.provider),
      comparable(columns.model),
      columns.status,
      comparable(columns.object),
      nullable(columns.providerKeyId),
      nullable(columns.virtualKeyId),
      nullable(columns.sessionId),
      columns.latencyMs,
      columns.tokens,
      columns.costNanodollars ?? null,
      nullable(columns.requestClass),
    )
    this.#details.run(seq, json)
    for (const [key, value] of metadata) {
      this.#metadata.run(comparable(key), comparable(value), seq)
    }
  }
}

function nullable(text: string | undefined): string | null {
  return text === undefined ? null : comparable(text)
}
