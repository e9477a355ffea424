import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { LogQuery, LogStore } from '../../../src/stores/logs/port.ts'
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
    reports.push(error === undefined ? message : `${message}: ${String(error)}`)
  const store = openLogStore({ path, retentionDays: 3_650, report, ...options })
  onTestFinished(() => store.close())
  return { ...store, path, reports }
}

export async function idsOf(store: LogStore, changes: Partial<LogQuery> = {}): Promise<string[]> {
  const page = await store.reader.list(logQuery({ limit: 1000, ...changes }))
  return page.rows.map((row) => row.id)
}
