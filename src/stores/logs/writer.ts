import { isMarkedAsUntransferable } from 'node:worker_threads'
import type { Transferable, Worker } from 'node:worker_threads'
import { Journal } from './journal.ts'
import type { Report } from './journal.ts'
import type { FromWriterThread, HandedContent, ToWriterThread, WriterThreadData } from './messages.ts'
import type { CallContent, CallRow, LogWriter } from './port.ts'
import { rowLine, shedLine } from './segments.ts'
import { startThread } from './threads.ts'

/** Bodies on their way to the database; with what the thread holds beside them this stays below 64 MB. */
export const UNDER_WAY_MAX_BYTES = 48 * 1024 * 1024

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
  readonly #flushes = new Map<number, () => void>()
  #thread: Worker | undefined
  #gathered: HandedContent[] = []
  #gathering: NodeJS.Timeout | undefined
  #starting: NodeJS.Timeout | undefined
  #underWay = { contents: 0, bytes: 0 }
  #lastFlush = 0
  #isClosing = false
  shedContents = 0

  constructor(data: WriterThreadData, report: Report) {
    this.#data = data
    this.#report = report
    this.#journal = new Journal(data.journalDirectory, report)
    this.#startIn(START_MS)
  }

  get lostRows(): number {
    return this.#journal.lostLines
  }

  record(row: CallRow): void {
    this.#journal.append(rowLine(row))
    this.#wake()
  }

  keep(content: CallContent): void {
    const response = owned(content.response)
    const bytes = content.request.byteLength + response.buffer.byteLength
    if (this.#isClosing || this.#underWay.bytes + bytes > UNDER_WAY_MAX_BYTES) return this.#shed(content.id)
    this.#underWay.contents++
    this.#underWay.bytes += bytes
    this.#gathered.push({
      content: { ...content, request: new Uint8Array(content.request), response },
      bytes,
    })
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

  #shed(id: string): void {
    this.shedContents++
    this.#journal.append(shedLine(id))
    this.#wake()
  }

  #wake(): void {
    this.#gathering ??= setTimeout(() => this.#post(), GATHER_MS).unref()
  }

  /** What is gathered while no thread runs waits for the next one. */
  #post(): void {
    clearTimeout(this.#gathering)
    this.#gathering = undefined
    if (this.#thread === undefined) return
    const contents = this.#gathered
    this.#gathered = []
    const buffers = contents.flatMap(({ content }) => [content.request.buffer, content.response.buffer])
    send(this.#thread, { type: 'work', contents }, buffers as ArrayBuffer[])
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
    const thread = startThread('writer-thread', this.#data)
    thread.on('message', (message: FromWriterThread) => this.#hear(message))
    thread.on('error', (error) => this.#report('The log writer failed; it is started again', error))
    thread.on('exit', () => this.#ended())
    return thread
  }

  #hear(message: FromWriterThread): void {
    switch (message.type) {
      case 'done':
        this.#underWay.contents -= message.contents
        this.#underWay.bytes -= message.bytes
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

  /** The bodies that a dead thread held are gone; the rows are in the journal. */
  #ended(): void {
    this.#thread = undefined
    this.shedContents += this.#underWay.contents - this.#gathered.length
    const bytes = this.#gathered.reduce((sum, each) => sum + each.bytes, 0)
    this.#underWay = { contents: this.#gathered.length, bytes }
    if (!this.#isClosing) this.#startIn(RESTART_MS)
  }
}

function send(thread: Worker, message: ToWriterThread, transfer: Transferable[] = []): void {
  thread.postMessage(message, transfer)
}

/**
 * The bytes in a buffer that can be given to the thread. Node cuts small Buffers from one pool, which must stay
 * here; and a small view of a large buffer would carry all of it along.
 */
function owned(bytes: Uint8Array): Uint8Array {
  const isOwn = !isMarkedAsUntransferable(bytes.buffer) && bytes.byteLength * 4 >= bytes.buffer.byteLength
  return isOwn ? bytes : new Uint8Array(bytes)
}
