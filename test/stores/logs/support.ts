import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import { BodyRing } from '../../../src/stores/logs/body-ring.ts'
import { ContentTable } from '../../../src/stores/logs/content-table.ts'
import { inTransaction } from '../../../src/lib/sqlite.ts'
import { openForWriting } from '../../../src/stores/logs/database.ts'
import type { HandedBody } from '../../../src/stores/logs/messages.ts'
import type { CallRow, LogQuery, LogStore } from '../../../src/stores/logs/port.ts'
import { RowTable } from '../../../src/stores/logs/row-table.ts'
import { openLogStore } from '../../../src/stores/logs/sqlite.ts'
import type { SqliteLogOptions } from '../../../src/stores/logs/sqlite.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { logQuery } from './rows.ts'
import type { CallContent } from './rows.ts'

export interface OpenedStore extends LogStore {
  path: string
  reports: string[]
}

/** A store in SQLite, closed at the end of the test. */
export function openTestStore(options: Partial<SqliteLogOptions> = {}): OpenedStore {
  const path = options.path ?? join(temporaryDirectory(), 'logs.db')
  const reports: string[] = []
  const report = (message: string, error?: unknown) =>
    reports.push(error instanceof Error ? `${message}: ${error.message}` : message)
  const store = openLogStore({ path, retentionDays: 3_650, report, ...options })
  onTestFinished(() => store.close())
  return { ...store, path, reports }
}

export async function idsOf(store: LogStore, changes: Partial<LogQuery> = {}): Promise<string[]> {
  const page = await store.reader.list(logQuery({ limit: 1000, ...changes }))
  return page.rows.map((row) => row.id)
}

/** Puts the bodies of a call into the ring. */
export function handed(ring: BodyRing, content: CallContent): HandedBody[] {
  const {
    id,
    request,
    response,
    responseIsStream: isStream,
    responseTruncatedBytes: truncatedBytes,
  } = content
  const [asked, answered] = [ring.put([request])!, ring.put([response])!]
  return [
    { type: 'request', id, place: asked },
    { type: 'response', id, place: answered, isStream, truncatedBytes },
  ]
}

/** The content table with a ring of its own. */
export class TestContents {
  readonly #ring = new BodyRing(32 * 1024 * 1024)
  readonly #table: ContentTable

  constructor(database: DatabaseSync) {
    this.#table = new ContentTable(database, this.#ring.memory)
  }

  put(content: CallContent, epoch: number): void {
    for (const body of handed(this.#ring, content)) this.#table.put(body, epoch)
    this.#ring.clear()
  }

  putShed(id: string, epoch: number): void {
    this.#table.putShed(id, epoch)
  }

  forget(): void {
    this.#table.forget()
  }
}

/** A log database with these calls, written without threads. Returns its path; it stays open for the test. */
export function databaseOf(rows: readonly CallRow[], contents: readonly CallContent[] = []) {
  const path = join(temporaryDirectory(), 'logs.db')
  const database = openForWriting(path)
  const rowTable = new RowTable(database)
  const contentTable = new TestContents(database)
  inTransaction(database, () => {
    for (const row of rows) rowTable.insert(row, JSON.stringify(row))
    for (const content of contents) contentTable.put(content, 1)
  })
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return { path, database }
}
