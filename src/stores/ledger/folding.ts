import type { Worker } from 'node:worker_threads'
import { startThread } from '../../lib/thread.ts'
import type { Report } from './journal.ts'
import type { FoldingThreadData, FromFoldingThread, ToFoldingThread } from './messages.ts'

/** What a machine may forget that loses its power: the journal itself survives only the death of the process. */
const GATHER_MS = 1_000
const RESTART_MS = 1_000
const CLOSE_MAX_MS = 5_000

/** The thread that folds the journal, as the thread that serves calls sees it. Started by the first line. */
export class Folding {
  readonly #data: FoldingThreadData
  readonly #report: Report
  readonly #flushes = new Map<number, () => void>()
  #thread: Worker | undefined
  #timer: NodeJS.Timeout | undefined
  #lastFlush = 0
  #isClosing = false

  constructor(data: FoldingThreadData, report: Report) {
    this.#data = data
    this.#report = report
  }

  /** There are lines in the journal. */
  wake(): void {
    this.#wakeIn(GATHER_MS)
  }

  flush(): Promise<void> {
    const thread = this.#running()
    const id = ++this.#lastFlush
    return new Promise((resolve) => {
      this.#flushes.set(id, resolve)
      send(thread, { type: 'flush', id })
    })
  }

  /** Waits a few seconds for the database; what does not reach it then is in the journal for the next start. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    clearTimeout(this.#timer)
    const thread = this.#thread
    if (thread === undefined) return
    const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    thread.ref()
    send(thread, { type: 'close' })
    const timer = setTimeout(() => void thread.terminate(), CLOSE_MAX_MS)
    await exited
    clearTimeout(timer)
  }

  #wakeIn(delayMs: number): void {
    if (this.#isClosing) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      send(this.#running(), { type: 'work' })
    }, delayMs).unref()
  }

  #running(): Worker {
    if (this.#thread !== undefined) return this.#thread
    const thread = startThread('ledger-thread', import.meta.url, this.#data)
    thread.on('message', (message: FromFoldingThread) => this.#hear(message))
    thread.on('error', (error) => this.#report('The ledger’s thread failed; it is started again', error))
    thread.on('exit', () => this.#ended())
    for (const id of this.#flushes.keys()) send(thread, { type: 'flush', id })
    return (this.#thread = thread)
  }

  #hear(message: FromFoldingThread): void {
    if (message.type === 'report') return this.#report(message.message, message.detail)
    this.#flushes.get(message.id)?.()
    this.#flushes.delete(message.id)
  }

  #ended(): void {
    this.#thread = undefined
    this.#wakeIn(RESTART_MS)
  }
}

function send(thread: Worker, message: ToFoldingThread): void {
  thread.postMessage(message)
}
