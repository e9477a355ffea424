/** The thread that folds the ledger's journal into its database. Started by `folding.ts`. */
import { inspect } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import { giveWay } from '../../lib/give-way.ts'
import { Folder } from './folder.ts'
import type { FoldingThreadData, FromFoldingThread, ToFoldingThread } from './messages.ts'

const RETENTION_INTERVAL_MS = 60 * 60 * 1000
const RETRY_MIN_MS = 50
const RETRY_MAX_MS = 5_000
/** Failures after which one is worth a line: a lock that somebody else holds for a moment is not. */
const REPORTED_FAILURE = 4

const port = parentPort!
const folder = new Folder({ ...(workerData as FoldingThreadData), report })
const flushes: number[] = []
let timer: NodeJS.Timeout | undefined
let failures = 0
let isRetentionDue = true
let isClosing = false

giveWay()

port.on('message', (message: ToFoldingThread) => {
  if (message.type === 'flush') flushes.push(message.id)
  if (message.type === 'close') isClosing = true
  schedule(0)
})
setInterval(() => {
  isRetentionDue = true
  schedule(0)
}, RETENTION_INTERVAL_MS).unref()

function schedule(delayMs: number): void {
  timer ??= setTimeout(step, delayMs)
}

/** One batch of work, so that messages are heard between two. */
function step(): void {
  timer = undefined
  try {
    const more = folder.step(isClosing) || (isRetentionDue && folder.retain(Date.now()))
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
  if (++failures === REPORTED_FAILURE)
    report('The ledger’s database cannot be written; spend waits in the journal', error)
  // The journal is safe where it is, and the next start reads it.
  if (isClosing) return end()
  schedule(Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** failures))
}

function recovered(): void {
  if (failures >= REPORTED_FAILURE) report('The ledger’s database can be written again')
  failures = 0
}

function end(): void {
  folder.close()
  port.close()
}

function report(message: string, error?: unknown): void {
  send({ type: 'report', message, detail: error === undefined ? undefined : inspect(error) })
}

function send(message: FromFoldingThread): void {
  port.postMessage(message)
}
