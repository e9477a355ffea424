import type { Report } from './journal.ts'
import { LockedError, lockDirectory } from '../../lib/directory-lock.ts'
import type { LogStore } from './port.ts'
import { ThreadedReader } from './reader.ts'
import { ThreadedWriter } from './writer.ts'

export interface SqliteLogOptions {
  /** Absolute path of the database; the journal is a directory beside it. */
  path: string
  /** `client.log_retention_days`. */
  retentionDays: number
  /** Age at which bodies are deleted, when rows live longer. */
  contentRetentionDays?: number
  /** Size of the database beyond which the oldest bodies are deleted, then the oldest rows. */
  maxBytes?: number
  /** For what the operator should know: a full disk, a damaged file. */
  report: Report
}

const CONTENT_RETENTION_DAYS = 30
const MAX_BYTES = 2 * 1024 ** 3

/**
 * Opens the log store in SQLite. Throws when another process uses the same database; any other trouble, then
 * or later, is reported and outlived: the log never stops traffic.
 */
export function openLogStore(options: SqliteLogOptions): LogStore {
  const { path, report, contentRetentionDays = CONTENT_RETENTION_DAYS, maxBytes = MAX_BYTES } = options
  const journalDirectory = `${path}.journal`
  const limitsFor = (rowDays: number) => ({ rowDays, contentDays: contentRetentionDays, maxBytes })
  const unlock = lock(path, journalDirectory, report)
  const writer = new ThreadedWriter(
    { path, journalDirectory, limits: limitsFor(options.retentionDays) },
    report,
  )
  const reader = new ThreadedReader(path)
  let closed: Promise<void> | undefined
  return {
    writer,
    reader,
    setRetention: (days) => writer.setLimits(limitsFor(days)),
    close: () => (closed ??= Promise.all([writer.close(), reader.close()]).then(unlock)),
  }
}

function lock(path: string, journalDirectory: string, report: Report): () => void {
  try {
    return lockDirectory(journalDirectory)
  } catch (error) {
    if (error instanceof LockedError) {
      throw new Error(
        `logs_store: the log database ${path} cannot be opened, because ${error.message}. Stop that one, or give this one its own -app-dir.`,
        { cause: error },
      )
    }
    report(`The log journal ${journalDirectory} cannot be made; calls go on without log rows`, error)
    return () => {}
  }
}
