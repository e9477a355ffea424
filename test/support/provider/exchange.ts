import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import type { Ledger, LedgerEntry } from './ledger.ts'
import type { Sink } from './parts.ts'
import type { RecordedRequest } from './record.ts'

/** One answer on its way out. Every write is recorded, waits for back-pressure, and stops when the client leaves. */
export class Exchange implements Sink {
  readonly #leaving = new AbortController()
  readonly gone = this.#leaving.signal
  readonly record: RecordedRequest
  readonly #response: ServerResponse
  readonly #ledger: Ledger
  #entry: LedgerEntry | undefined
  #brokenHere = false

  constructor(response: ServerResponse, record: RecordedRequest, ledger: Ledger) {
    this.#response = response
    this.record = record
    this.#ledger = ledger
    response.on('error', () => undefined)
    response.on('close', () => this.#onClose())
  }

  /** Bills what follows to an entry of the ledger. */
  bill(entry: LedgerEntry): void {
    this.#entry = entry
  }

  head(status: number, headers: Record<string, string | string[]>): void {
    this.record.status = status
    this.#response.writeHead(status, headers)
    this.#response.flushHeaders()
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    this.#count(bytes.length)
    if (this.gone.aborted) return false
    if (!this.#response.write(bytes)) {
      await once(this.#response, 'drain', { signal: this.gone }).catch(() => undefined)
    }
    return !this.gone.aborted
  }

  /** Sends a whole body that is not a stream. */
  send(status: number, headers: Record<string, string>, body: string | Uint8Array): void {
    const bytes = Buffer.from(body as Uint8Array)
    this.#count(bytes.length)
    this.record.status = status
    this.#response.writeHead(status, { ...headers, 'content-length': String(bytes.length) })
    this.end(bytes)
  }

  end(bytes?: Uint8Array): void {
    this.record.complete = true
    this.#update({ complete: true })
    this.#response.end(bytes)
  }

  reset(): void {
    this.#brokenHere = true
    this.#response.socket?.resetAndDestroy()
  }

  close(): void {
    this.#brokenHere = true
    this.#response.socket?.end()
  }

  #count(bytes: number): void {
    this.record.chunkTimes.push(Date.now())
    if (this.gone.aborted) this.record.chunksAfterClientGone += 1
    const entry = this.#entry
    if (entry) this.#update({ chunks: entry.chunks + 1, bytes_sent: entry.bytes_sent + bytes })
  }

  #update(change: Partial<LedgerEntry>): void {
    if (this.#entry) this.#ledger.save(Object.assign(this.#entry, change))
  }

  #onClose(): void {
    if (this.#response.writableFinished) return
    this.#leaving.abort()
    if (this.#brokenHere) return
    this.record.clientGoneAt = Date.now()
    this.#update({ client_gone_at: this.record.clientGoneAt })
  }
}
