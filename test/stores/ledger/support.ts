import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openLedger } from '../../../src/stores/ledger/sqlite.ts'
import type { OpenedLedger } from '../../../src/stores/ledger/sqlite.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

export interface TestLedger extends OpenedLedger {
  path: string
  reports: string[]
}

/** A ledger in SQLite, closed at the end of the test. */
export function openTestLedger(options: { path?: string; now?: () => number } = {}): TestLedger {
  const path = options.path ?? join(temporaryDirectory(), 'ledger.db')
  const reports: string[] = []
  const report = (message: string, error?: unknown) =>
    reports.push(error instanceof Error ? `${message}: ${error.message}` : message)
  const opened = openLedger({ ...options, path, report })
  onTestFinished(() => opened.ledger.close())
  return { ...opened, path, reports }
}
