import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LockedError, lockDirectory } from '../../../lib/directory-lock.ts'
import { SegmentWriter } from '../../../lib/segments.ts'
import type { PostgresAccess } from '../../config/configuration.ts'
import { LedgerJournal } from '../journal.ts'
import type { Report } from '../journal.ts'
import { PROCESS_BYTES } from '../memory.ts'
import type { Interrupted, Ledger } from '../port.ts'
import { reasonOf } from './connection.ts'
import { Courier } from './courier.ts'
import { Pulse } from './pulse.ts'
import { Reserving } from './reserving.ts'
import { SharedLedger } from './shared-ledger.ts'
import { Standing } from './standing.ts'

export interface PostgresLedgerOptions {
  access: PostgresAccess
  /** Absolute path. What was settled waits there while Postgres is out of reach; of this gateway alone. */
  journalDirectory: string
  /** For what the operator should know: Postgres is gone, a full disk. */
  report: Report
  /** An attempt of the process before that had not ended, for the log. */
  onInterrupted: (attempt: Interrupted) => void
  /** Milliseconds since 1970; unless given, by Postgres' clock. */
  now?: () => number
  beatMs?: number
  beatsMissed?: number
}

const BEAT_MS = 1_000
/** Half a minute: a gateway that pauses for so long is rather dead than busy. */
const BEATS_MISSED = 30
const CLOSE_MAX_MS = 5_000

/**
 * Opens a ledger that several gateways share: Postgres decides what is let in, in one round trip for each attempt; what was
 * used goes into a journal on this machine's disk first, and from there into Postgres, once.
 *
 * Rejects when Postgres refuses to be used, and when another process uses the journal. When it does not answer, the
 * ledger opens, and is `unavailable` until it does.
 */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<Ledger> {
  const { access, journalDirectory } = options
  const unlock = lock(journalDirectory)
  const where = `${access.host}:${access.port}, database ${access.database}`
  const { ledger, start } = assemble(options, unlock)
  try {
    await start()
    return ledger
  } catch (error) {
    await ledger.close()
    throw new Error(`the ledger in Postgres (${where}) cannot be used: ${reasonOf(error)}`, { cause: error })
  }
}

function assemble(options: PostgresLedgerOptions, unlock: () => void) {
  const { access, journalDirectory, report, onInterrupted, now } = options
  const { beatMs = BEAT_MS, beatsMissed = BEATS_MISSED } = options
  let offsetMs = 0
  // Not this machine's clock, which may be set between two beats: one that jumps ahead would reset what all share.
  const clock = now ?? (() => Math.round(performance.now() + offsetMs))
  const standing = new Standing()
  const process = randomBytes(PROCESS_BYTES).toString('base64url')
  const shared = { access, node: nodeOf(journalDirectory), process, standing, report }
  const courier = new Courier({ ...shared, journalDirectory })
  const pulse = new Pulse({
    ...shared,
    courier,
    onInterrupted,
    now: clock,
    onClock: (offset) => (offsetMs = offset),
    beatMs,
    beatsMissed,
  })
  const segments = new SegmentWriter(journalDirectory)
  const journal = new LedgerJournal({ segments, report, onWritten: () => courier.wake() })
  const reserving = new Reserving({
    ...shared,
    onUnknown: (attempt) => ledger.cancel(attempt),
    onFailure: (error) => pulse.doubt(error),
  })
  const ledger = new SharedLedger({ process, journal, reserving, standing, pulse, courier, now: clock })
  let closed: Promise<void> | undefined
  const close = async () => {
    reserving.close()
    journal.close()
    if (pulse.isUp) await atMost(courier.flush(), CLOSE_MAX_MS)
    courier.close()
    await pulse.close()
    unlock()
  }
  ledger.close = () => (closed ??= close())
  return { ledger, start: () => pulse.start() }
}

/** This gateway, also after its next start. */
function nodeOf(journalDirectory: string): string {
  const path = join(journalDirectory, 'node')
  if (!existsSync(path)) writeFileSync(path, randomUUID(), { mode: 0o600, flag: 'wx' })
  return readFileSync(path, 'utf8').trim()
}

function lock(journalDirectory: string): () => void {
  try {
    return lockDirectory(journalDirectory)
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
    const advice = 'Stop that one, or give this one its own -app-dir.'
    throw new Error(
      `the ledger’s journal ${journalDirectory} cannot be opened, because ${error.message}. ${advice}`,
      {
        cause: error,
      },
    )
  }
}

async function atMost(work: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)))
  await Promise.race([work, late])
  clearTimeout(timer)
}
