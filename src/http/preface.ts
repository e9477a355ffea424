import type { Socket } from 'node:net'

/** How every connection of HTTP/2 begins (RFC 9113, 3.4); no request of HTTP/1.1 begins so. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Takes a connection, and the bytes that were read of it. */
export type Take = (socket: Socket, first: Buffer) => void

/**
 * Gives each new connection to the version of HTTP that its first bytes are of. The AWS SDK speaks HTTP/2 to an
 * `http://` address without asking; everything else is HTTP/1.1, whose parser says what is neither.
 */
export class Preface {
  readonly #waiting = new Set<Socket>()
  readonly #http1: Take
  readonly #http2: Take
  readonly #timeoutMs: number

  /** `timeoutMs`: for the bytes that decide. */
  constructor(http1: Take, http2: Take, timeoutMs: number) {
    this.#http1 = http1
    this.#http2 = http2
    this.#timeoutMs = timeoutMs
  }

  await(socket: Socket): void {
    let first: Buffer | undefined
    const read = (chunk: Buffer) => {
      first = first === undefined ? chunk : Buffer.concat([first, chunk])
      const isHttp2 = agrees(first)
      if (isHttp2 && first.length < PREFACE.length) return
      forget()
      if (isHttp2) this.#http2(socket, first)
      else this.#http1(socket, first)
    }
    const forget = () => {
      clearTimeout(timer)
      this.#waiting.delete(socket)
      socket.off('data', read).off('end', cut).off('error', cut).off('close', forget)
    }
    const cut = () => socket.destroy()
    const timer = setTimeout(cut, this.#timeoutMs)
    this.#waiting.add(socket)
    socket.on('data', read).on('end', cut).on('error', cut).on('close', forget)
  }

  /** Ends the connections that have said nothing yet. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy()
  }
}

/** As far as both go. */
function agrees(first: Buffer): boolean {
  const length = Math.min(first.length, PREFACE.length)
  return first.subarray(0, length).equals(PREFACE.subarray(0, length))
}
