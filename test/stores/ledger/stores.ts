import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { PostgresAccess } from '../../../src/stores/config/configuration.ts'
import { openMemoryLedger } from '../../../src/stores/ledger/memory.ts'
import type { Interrupted, Ledger } from '../../../src/stores/ledger/port.ts'
import { openPostgresLedger } from '../../../src/stores/ledger/postgres/postgres.ts'
import type { PostgresLedgerOptions } from '../../../src/stores/ledger/postgres/postgres.ts'
import { Postgres } from '../../support/postgres.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { openTestLedger } from './support.ts'

/** A driver of the ledger, as the tests of the port open it. */
export interface Store {
  readonly name: string
  /** With nothing spent; closed at the end of the test. */
  open(now?: () => number): Promise<Ledger>
  /** How often a test repeats what only many repetitions show: a call may be a write, or a round trip. */
  readonly calls: number
  readonly runs: number
}

/** A PostgreSQL for the tests of a file. */
export function usePostgres(): { readonly server: Postgres } {
  let server: Postgres | undefined
  beforeAll(async () => {
    server = await Postgres.start()
  }, 60_000)
  afterAll(() => server?.close())
  return {
    get server() {
      return server!
    },
  }
}

export const LOCAL_STORES: readonly Store[] = [
  { name: 'in memory', calls: 1_000_000, runs: 500, open: (now) => Promise.resolve(openMemoryLedger(now)) },
  {
    name: 'SQLite',
    calls: 20_000,
    runs: 50,
    // What it says does not wait for the database.
    open: (now) => {
      const { ledger } = openTestLedger(now === undefined ? {} : { now })
      return Promise.resolve(Object.assign(ledger, { flush: () => Promise.resolve() }))
    },
  },
]

export function postgresStore(postgres: { readonly server: Postgres }): Store {
  return {
    name: 'Postgres',
    calls: 3_200,
    runs: 30,
    open: async (now) => (await openShared(await postgres.server.newDatabase(), { now })).ledger,
  }
}

export interface SharedTestLedger {
  ledger: Ledger
  journalDirectory: string
  reports: string[]
  interrupted: Interrupted[]
}

/** A gateway’s ledger in Postgres, closed at the end of the test. */
export async function openShared(
  access: PostgresAccess,
  options: { [Option in keyof PostgresLedgerOptions]?: PostgresLedgerOptions[Option] | undefined } = {},
): Promise<SharedTestLedger> {
  const journalDirectory = options.journalDirectory ?? join(temporaryDirectory(), 'journal')
  const reports: string[] = []
  const interrupted: Interrupted[] = []
  const { now, beatMs = 50, beatsMissed = 1e6 } = options
  const ledger = await openPostgresLedger({
    access,
    journalDirectory,
    report: (message, error) =>
      reports.push(error instanceof Error ? `${message}: ${error.message}` : message),
    onInterrupted: (attempt) => interrupted.push(attempt),
    beatMs,
    beatsMissed,
    ...(now === undefined ? {} : { now }),
  })
  onTestFinished(() => ledger.close())
  return { ledger, journalDirectory, reports, interrupted }
}
