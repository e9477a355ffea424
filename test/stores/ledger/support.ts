import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Demand, Limits } from '../../../src/rules/limits.ts'
import type { Amounts, Ledger, Reservation, Reserved } from '../../../src/stores/ledger/port.ts'
import { openLedger } from '../../../src/stores/ledger/sqlite.ts'
import type { OpenedLedger } from '../../../src/stores/ledger/sqlite.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** A clock that stands where it is put. */
export class Clock {
  timeMs: number
  constructor(start: string | number = '2026-11-21T10:20:00Z') {
    this.timeMs = typeof start === 'number' ? start : Date.parse(start)
  }

  readonly now = () => this.timeMs
}

export const limits = (...budgets: Limits['budgets']): Limits => ({ budgets, rateLimits: [] })

export function demand(nanodollars: Demand['nanodollars'], tokens: Demand['tokens'] = 0): Demand {
  return { nanodollars, tokens }
}

export function amounts(nanodollars: number | null, tokens = 0, requests = 1): Amounts {
  return { nanodollars, tokens, requests }
}

/** The reservation of an attempt that is let through. */
export function reserved(outcome: ReturnType<Ledger['reserve']>): Reservation {
  const { outcome: told, ...rest } = outcome as Reserved
  if (told !== 'reserved') throw new Error(`not reserved: ${told} ${JSON.stringify(rest)}`)
  return (rest as { reservation: Reservation }).reservation
}

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
