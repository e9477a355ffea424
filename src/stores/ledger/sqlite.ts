import { existsSync } from 'node:fs'
import { LockedError, lockDirectory } from '../../lib/directory-lock.ts'
import { SegmentWriter, listSegments } from '../../lib/segments.ts'
import { readHistory } from './database.ts'
import { Folder } from './folder.ts'
import { Folding } from './folding.ts'
import { LedgerJournal } from './journal.ts'
import type { Report } from './journal.ts'
import { MemoryLedger } from './memory.ts'
import type { Interrupted, Ledger, StoredWindow } from './port.ts'
import { loggedLine } from './records.ts'

export interface SqliteLedgerOptions {
  /** Absolute path of the database; the journal is a directory beside it. */
  path: string
  /** For what the operator should know: a full disk, a damaged journal. */
  report: Report
  /** Milliseconds since 1970. */
  now?: () => number
}

export interface OpenedLedger {
  ledger: Ledger
  /** Of the processes before, what is not known to be in the log. It is told at each start, until it is logged. */
  interrupted: readonly Interrupted[]
  /** All of them are in the log. */
  logged: () => void
}

/**
 * Opens the ledger of this machine: in memory, with a journal that survives the death of the process, folded into SQLite
 * by a thread of its own. Throws when another process uses it, and when it cannot be read: a gateway that does not
 * know what was spent must not spend.
 */
export function openLedger({ path, report, now = Date.now }: SqliteLedgerOptions): OpenedLedger {
  const journalDirectory = `${path}.journal`
  const unlock = orSay(path, () => lockDirectory(journalDirectory))
  try {
    const { windows, interrupted } = orSay(path, () => recover(path, journalDirectory, report))
    return { ...running({ path, report, now }, journalDirectory, windows, interrupted, unlock), interrupted }
  } catch (error) {
    unlock()
    throw error
  }
}

function running(
  { path, report, now }: Required<SqliteLedgerOptions>,
  journalDirectory: string,
  windows: readonly StoredWindow[],
  interrupted: readonly Interrupted[],
  unlock: () => void,
): Pick<OpenedLedger, 'ledger' | 'logged'> {
  const folding = new Folding({ path, journalDirectory }, report)
  const segments = new SegmentWriter(journalDirectory)
  const journal = new LedgerJournal({ segments, report, onWritten: () => folding.wake() })
  const ledger = new MemoryLedger({ now, recorder: journal, windows })
  let closed: Promise<void> | undefined
  const close = async () => {
    journal.close()
    await folding.close()
    unlock()
  }
  const logged = () => {
    if (closed === undefined) for (const { attempt } of interrupted) journal.append(loggedLine(attempt))
  }
  const whole = Object.assign(ledger, {
    history: (account: Parameters<Ledger['history']>[0]) => readHistory(path, account),
    flush: () => {
      journal.commit()
      return folding.flush()
    },
    close: () => (closed ??= close()),
  })
  return { ledger: whole, logged }
}

/** What the process before left: folded, with its open reservations ended. A first start makes no database. */
function recover(
  path: string,
  journalDirectory: string,
  report: Report,
): { windows: StoredWindow[]; interrupted: Interrupted[] } {
  if (!existsSync(path) && listSegments(journalDirectory).length === 0)
    return { windows: [], interrupted: [] }
  const folder = new Folder({ path, journalDirectory, report })
  try {
    while (folder.step(true));
    const interrupted = folder.abandon()
    return { windows: folder.windows(), interrupted }
  } finally {
    folder.close()
  }
}

function orSay<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const advice =
      error instanceof LockedError
        ? 'Stop that one, or give this one its own -app-dir.'
        : 'Put a copy of it back, or move it and its journal away to begin with nothing spent.'
    throw new Error(`the ledger ${path} cannot be opened, because ${reason}. ${advice}`, { cause: error })
  }
}
