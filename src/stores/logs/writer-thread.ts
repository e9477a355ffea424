/** The thread that owns the log database. Started by `writer.ts`. */
import { inspect } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { giveWay } from '../../lib/give-way.ts'
import { DatabaseWriter } from './database-writer.ts'
import { verdictOf } from '../../lib/sqlite.ts'
import type { FromWriterThread, ToWriterThread, WriterThreadData } from './messages.ts'

const RETENTION_INTERVAL_MS = 60_000
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 1_000
/** Tries after which a lock that somebody else holds is worth a line: about ten seconds. */
const BUSY_TRIES = 12

const port = parentPort!
const { path, journalDirectory, memory, limits: initialLimits } = workerData as WriterThreadData
let limits = initialLimits
let timer: NodeJS.Timeout | undefined
let failures = 0
let isReported = false
let isRetentionDue = false
let isClosing = false
const flushes: number[] = []

const writer = new DatabaseWriter({
  path,
  journalDirectory,
  memory,
  report,
  onDone: (taken, dropped) => send({ type: 'done', taken, dropped }),
})

giveWay()

port.on('message', (message: ToWriterThread) => {
  if (message.type === 'work') writer.give(message.bodies)
  if (message.type === 'flush') flushes.push(message.id)
  if (message.type === 'limits') limits = message.limits
  if (message.type === 'close') {
    isClosing = true
    writer.journalIsClosed()
  }
  schedule(0)
})
setInterval(() => {
  isRetentionDue = true
  schedule(0)
}, RETENTION_INTERVAL_MS).unref()
// What the last process left in the journal.
schedule(0)

function schedule(delayMs: number): void {
  timer ??= setTimeout(step, delayMs)
}

/** One batch of work, so that messages are heard between two. */
function step(): void {
  timer = undefined
  try {
    const more = writer.drain() || (isRetentionDue && writer.retain(limits))
    recovered()
    if (more) return schedule(0)
    isRetentionDue = false
    for (const id of flushes.splice(0)) send({ type: 'flushed', id })
    if (isClosing) end()
  } catch (error) {
    failed(error)
  }
}

function failed(error: unknown): void {
  failures++
  if (!isReported && (verdictOf(error) !== 'busy' || failures >= BUSY_TRIES)) {
    isReported = true
    report('The log database cannot be written; rows wait in the journal', error)
  }
  // The rows are safe where they are, and the next start finds them.
  if (isClosing) return end()
  schedule(Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** failures))
}

function recovered(): void {
  if (isReported) report('The log database can be written again')
  isReported = false
  failures = 0
}

function end(): void {
  writer.close()
  port.close()
}

function report(message: string, error?: unknown): void {
  send({ type: 'report', message, detail: error === undefined ? undefined : inspect(error) })
}

function send(message: FromWriterThread): void {
  port.postMessage(message)
}
