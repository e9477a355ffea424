import type { ServerResponse } from 'node:http'
import type { Reply } from '../pipeline/call.ts'
import { WRITE_IDLE_TIMEOUT_MS } from './limits.ts'

type Headers = Record<string, string | string[]>

/** The one writer over a `ServerResponse`. What is written after the end is dropped, never thrown. */
export class HttpReply implements Reply {
  bytesWritten = 0
  /** When the socket last asked for more, while it did not: a reader that stands still is cut. */
  blockedSince: number | undefined
  readonly #response: ServerResponse
  readonly #withBody: boolean
  #onGone: (() => void) | undefined
  #onDrain: (() => void) | undefined
  #gone = false

  constructor(response: ServerResponse, withBody: boolean) {
    this.#response = response
    this.#withBody = withBody
    response.on('close', () => this.#closed())
    response.on('error', () => this.#closed())
  }

  get committed(): boolean {
    return this.#response.headersSent
  }

  get closed(): boolean {
    return this.#gone || this.#response.writableEnded
  }

  send(status: number, headers: Headers, body: Uint8Array | string): void {
    if (this.closed || this.committed) return
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    this.#response.writeHead(status, { ...headers, 'content-length': String(length) })
    this.bytesWritten += length
    this.#response.end(this.#withBody ? body : undefined)
  }

  open(status: number, headers: Headers): void {
    if (this.closed || this.committed) return
    this.#response.writeHead(status, headers)
  }

  write(chunk: Uint8Array | string): boolean {
    if (this.closed || chunk.length === 0) return true
    this.bytesWritten += chunk.length
    const ready = this.#response.write(chunk)
    if (!ready && this.blockedSince === undefined) {
      this.blockedSince = performance.now()
      this.#response.once('drain', () => {
        this.blockedSince = undefined
        this.#onDrain?.()
      })
    }
    return ready
  }

  end(): void {
    if (!this.closed) this.#response.end()
  }

  abort(): void {
    // What was written goes out first; then the connection ends without the last chunk's mark.
    if (!this.#gone) this.#response.socket?.destroySoon()
  }

  cutIfStalled(now: number): void {
    if (this.blockedSince !== undefined && now - this.blockedSince > WRITE_IDLE_TIMEOUT_MS) this.#response.destroy()
  }

  onGone(listener: () => void): void {
    this.#onGone = listener
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener
  }

  #closed(): void {
    if (this.#gone) return
    this.#gone = true
    if (!this.#response.writableFinished) this.#onGone?.()
  }
}
