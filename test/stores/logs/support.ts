import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ContentTable } from '../../../src/stores/logs/content-table.ts'
import { inTransaction, openForWriting } from '../../../src/stores/logs/database.ts'
import type { CallContent, CallRow, LogQuery, LogStore } from '../../../src/stores/logs/port.ts'
import { RowTable } from '../../../src/stores/logs/row-table.ts'
import { openLogStore } from '../../../src/stores/logs/sqlite.ts'
import type { SqliteLogOptions } from '../../../src/stores/logs/sqlite.ts'
import { logQuery } from './rows.ts'

/** A directory of its own for the test that runs. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-logs-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

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

/** A log database with these calls, written without threads. Returns its path; it stays open for the test. */
export function databaseOf(rows: readonly CallRow[], contents: readonly CallContent[] = []) {
  const path = join(temporaryDirectory(), 'logs.db')
  const database = openForWriting(path)
  const rowTable = new RowTable(database)
  const contentTable = new ContentTable(database)
  inTransaction(database, () => {
    for (const row of rows) rowTable.insert(row, JSON.stringify(row))
    for (const content of contents) contentTable.put(content, 1)
  })
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return { path, database }
}
