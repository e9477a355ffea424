import { type Socket, connect } from 'node:net'

import { requestBytes, type RawOptions } from './raw-call.ts'

/** What one reading takes. */
const READ_BYTES = 1024
/** Node's timers go no further. */
const NEVER_MS = 2 ** 30

/**
 * A client that takes 1 KB each time its pause is over, straight from the kernel: Node's own buffer of a socket
 * would take 64 KB ahead. It keeps nothing of what it reads.
 */
export class SlowReader {
  readonly socket: Socket
  received = 0
  readonly #timer: NodeJS.Timeout

  /** @param pauseMs between two readings; Infinity for a client that never reads */
  constructor(url: string, options: RawOptions, pauseMs: number) {
    const { hostname, port } = new URL(url)
    const take = (length: number) => {
      this.received += length
      return false
    }
    const onread = { buffer: Buffer.alloc(READ_BYTES), callback: take }
    this.socket = connect({ host: hostname, port: Number(port), onread })
    this.#timer = setInterval(() => this.socket.resume(), Math.min(pauseMs, NEVER_MS))
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => clearInterval(this.#timer))
    if (pauseMs === Infinity) this.socket.pause()
    this.socket.write(requestBytes(url, options))
  }

  leave(): void {
    this.socket.destroy()
  }
}
