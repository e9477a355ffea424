import type { Worker } from 'node:worker_threads'
import { startThread } from '../../lib/thread.ts'
import type { FromReaderThread, ToReaderThread } from './messages.ts'
import type { LogEntry, LogPage, LogQuery, LogReader } from './port.ts'

type Question = { type: 'list'; query: LogQuery } | { type: 'get'; callId: string }
interface Asked {
  resolve: (result: LogPage | LogEntry | undefined) => void
  reject: (error: Error) => void
}

/** Asks the reader thread, which is started by the first question. */
export class ThreadedReader implements LogReader {
  readonly #path: string
  readonly #asked = new Map<number, Asked>()
  #thread: Worker | undefined
  #lastId = 0

  constructor(path: string) {
    this.#path = path
  }

  list(query: LogQuery): Promise<LogPage> {
    return this.#ask({ type: 'list', query }) as Promise<LogPage>
  }

  get(id: string): Promise<LogEntry | undefined> {
    return this.#ask({ type: 'get', callId: id }) as Promise<LogEntry | undefined>
  }

  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #ask(question: Question): Promise<LogPage | LogEntry | undefined> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#thread ??= this.#start()
      this.#thread.ref()
      this.#thread.postMessage({ ...question, id } satisfies ToReaderThread, [])
    })
  }

  #start(): Worker {
    const thread = startThread('reader-thread', import.meta.url, { path: this.#path })
    thread.on('message', (answer: FromReaderThread) => this.#hear(answer))
    thread.on('error', (error) => this.#fail(error))
    thread.on('exit', () => this.#fail(new Error('the log reader ended')))
    return thread
  }

  #hear(answer: FromReaderThread): void {
    const asked = this.#asked.get(answer.id)
    this.#asked.delete(answer.id)
    if (this.#asked.size === 0) this.#thread?.unref()
    if ('error' in answer) asked?.reject(new Error(`The log database cannot be read: ${answer.error}`))
    else asked?.resolve(answer.result)
  }

  #fail(error: unknown): void {
    this.#thread = undefined
    for (const { reject } of this.#asked.values()) reject(error as Error)
    this.#asked.clear()
  }
}
