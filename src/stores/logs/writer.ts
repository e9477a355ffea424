import type { Worker } from 'node:worker_threads'
import { startThread } from '../../lib/thread.ts'
import { BodyRing } from './body-ring.ts'
import type { BodyPart, Place } from './body-ring.ts'
import { rowLine, shedLine } from './journal-lines.ts'
import { Journal } from './journal.ts'
import type { Report } from './journal.ts'
import type { FromWriterThread, HandedBody, ToWriterThread, WriterThreadData } from './messages.ts'
import type { CallRow, KeptResponse, LogWriter } from './port.ts'

/** Room for bodies on their way to the database: a tenth of a second of a gateway that has 100 KB calls alone to do. */
export const UNDER_WAY_MAX_BYTES = 16 * 1024 * 1024
/** Anthropic takes requests of 32 MB. */
export const LONE_MAX_BYTES = 40 * 1024 * 1024

/** Waking a sleeping thread costs 30 µs, so it is done once for all calls of such a span. */
const GATHER_MS = 10
/** The gateway listens first: the thread needs as much of the processor to start as all the rest. */
const START_MS = 100
const RESTART_MS = 1_000
const CLOSE_MAX_MS = 5_000

/** The log store's end in the thread that serves calls. */
export class ThreadedWriter implements LogWriter {
  readonly #data: WriterThreadData
  readonly #report: Report
  readonly #journal: Journal
  readonly #ring = new BodyRing(UNDER_WAY_MAX_BYTES, LONE_MAX_BYTES)
  readonly #flushes = new Map<number, () => void>()
  #thread: Worker | undefined
  /** Bodies that the thread will be told of next, and those that it was told of. */
  #gathered: HandedBody[] = []
  #posted: HandedBody[] = []
  #gathering: NodeJS.Timeout | undefined
  #starting: NodeJS.Timeout | undefined
  #lastFlush = 0
  #isClosing = false
  shedContents = 0

  constructor(data: Omit<WriterThreadData, 'memory'>, report: Report) {
    this.#data = { ...data, memory: this.#ring.memory }
    this.#report = report
    this.#journal = new Journal(data.journalDirectory, report)
    this.#startIn(START_MS)
  }

  get lostRows(): number {
    return this.#journal.lostLines
  }

  record(row: CallRow): void {
    // As often as the thread is woken: it costs as much as a line.
    if (this.#gathering === undefined) this.#journal.leaveDeleted()
    this.#journal.append(rowLine(row))
    this.#wake()
  }

  keepRequest(id: string, body: Uint8Array): boolean {
    const place = this.#put([body])
    if (place !== undefined) this.#gathered.push({ type: 'request', id, place })
    else {
      this.shedContents++
      this.#journal.append(shedLine(id))
    }
    this.#wake()
    return place !== undefined
  }

  keepResponse(id: string, { parts, isStream, truncatedBytes }: KeptResponse): void {
    const place = this.#put(parts)
    if (place !== undefined) this.#gathered.push({ type: 'response', id, place, isStream, truncatedBytes })
    else {
      this.shedContents++
      this.#gathered.push({ type: 'shed', id })
    }
    this.#wake()
  }

  setLimits(limits: WriterThreadData['limits']): void {
    this.#data.limits = limits
    if (this.#thread !== undefined) send(this.#thread, { type: 'limits', limits })
  }

  flush(): Promise<void> {
    const thread = this.#running()
    this.#post()
    const id = ++this.#lastFlush
    return new Promise((resolve) => {
      this.#flushes.set(id, resolve)
      send(thread, { type: 'flush', id })
    })
  }

  /** Waits a few seconds for the database; what does not reach it then is in the journal for the next start. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    const thread = this.#running()
    this.#isClosing = true
    this.#journal.close()
    this.#post()
    const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
    thread.ref()
    send(thread, { type: 'close' })
    const timer = setTimeout(() => void thread.terminate(), CLOSE_MAX_MS)
    await exited
    clearTimeout(timer)
  }

  /** A fault here costs the bodies of one call, never the call. */
  #put(parts: readonly BodyPart[]): Place | undefined {
    if (this.#isClosing) return undefined
    try {
      return this.#ring.put(parts)
    } catch (error) {
      this.#report('A body could not be copied for the log', error)
      return undefined
    }
  }

  #wake(): void {
    this.#gathering ??= setTimeout(() => this.#post(), GATHER_MS).unref()
  }

  /** What is gathered while no thread runs waits for the next one. */
  #post(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    if (this.#thread === undefined) return
    const bodies = this.#gathered
    this.#gathered = []
    this.#posted.push(...bodies)
    send(this.#thread, { type: 'work', bodies })
  }

  #startIn(delayMs: number): void {
    this.#starting = setTimeout(() => this.#running(), delayMs).unref()
  }

  #running(): Worker {
    if (this.#thread !== undefined) return this.#thread
    clearTimeout(this.#starting)
    this.#thread = this.#start()
    this.#post()
    for (const id of this.#flushes.keys()) send(this.#thread, { type: 'flush', id })
    return this.#thread
  }

  #start(): Worker {
    const thread = startThread('writer-thread', import.meta.url, this.#data)
    thread.on('message', (message: FromWriterThread) => this.#hear(message))
    thread.on('error', (error) => this.#report('The log writer failed; it is started again', error))
    thread.on('exit', () => this.#ended())
    return thread
  }

  #hear(message: FromWriterThread): void {
    switch (message.type) {
      case 'done':
        this.#taken(message.taken)
        this.shedContents += message.dropped
        break
      case 'flushed':
        this.#flushes.get(message.id)?.()
        this.#flushes.delete(message.id)
        break
      case 'report':
        this.#report(message.message, message.detail)
    }
  }

  #taken(count: number): void {
    this.#ring.free(this.#posted.splice(0, count).filter(isInRing).length)
  }

  /** The bodies that a dead thread held are gone; the rows are in the journal. */
  #ended(): void {
    this.#thread = undefined
    this.shedContents += new Set(this.#posted.filter(isInRing).map(({ id }) => id)).size
    this.#taken(this.#posted.length)
    if (!this.#isClosing) this.#startIn(RESTART_MS)
  }
}

function send(thread: Worker, message: ToWriterThread): void {
  thread.postMessage(message)
}

function isInRing(body: HandedBody): boolean {
  return body.type !== 'shed'
}
