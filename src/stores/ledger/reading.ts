import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Account } from '../../rules/limits.ts'
import { Counters } from './counters.ts'
import { BUSY_TIMEOUT_MS, currentWindows } from './database.ts'
import type { Ledger, StoredWindow } from './port.ts'

/**
 * Where accounts stood when the database was last written, for commands: it takes no lock, so a gateway may be running.
 * What is in its journal alone is not in it: the last moments, and all that is in flight.
 */
export function readLedger(
  path: string,
  accounts: Iterable<Account>,
  now: () => number = Date.now,
): Pick<Ledger, 'balance'> {
  const counters = new Counters(existsSync(path) ? windowsIn(path) : [], () => undefined)
  counters.configure(accounts, now())
  return { balance: (account) => counters.balanceOf(account, now()) }
}

function windowsIn(path: string): StoredWindow[] {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    return currentWindows(database)
  } finally {
    database.close()
  }
}
