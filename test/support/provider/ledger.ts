import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

import type { Tokens } from './protocol.ts'

/** What the provider has produced, and so bills, for one request: the truth that spending is compared with. */
export interface LedgerEntry {
  /** The id of the recorded request. */
  id: number
  protocol: string
  model: string
  /** Tokens so far: the whole input from the start, the output in step with the chunks. */
  tokens: Tokens
  chunks: number
  bytes_sent: number
  /** Milliseconds since the epoch; absent when the client stayed to the end. */
  client_gone_at?: number
  complete: boolean
}

/** Appends each state of an entry before the chunk it counts is sent, so a crash of anyone loses nothing. */
export class Ledger {
  readonly entries: LedgerEntry[] = []
  #file: number | undefined

  /** @param path a file that gets one JSON line a state, synced to disk; without it the ledger is in memory. */
  constructor(path?: string) {
    this.#file = path === undefined ? undefined : openSync(path, 'a')
  }

  open(id: number, protocol: string, model: string, tokens: Tokens): LedgerEntry {
    const entry = { id, protocol, model, tokens, chunks: 0, bytes_sent: 0, complete: false }
    this.entries.push(entry)
    this.save(entry)
    return entry
  }

  save(entry: LedgerEntry): void {
    if (this.#file === undefined) return
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
    fsyncSync(this.#file)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}
