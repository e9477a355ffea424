/** The load: raw keep-alive sockets that send one prepared request after another and count whole answers. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface LoadTarget {
  url: string
  path: string
  body: Buffer
  /** Instead of those of an agent that speaks to Anthropic. */
  headers?: Readonly<Record<string, string>>
}

const CHUNKED_END = Buffer.from('\r\n0\r\n\r\n')
/** Read into over and over, by all connections: what was read is looked at at once. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024)

/** Finds the end of an answer: the last chunk of a chunked one, or so many bytes after the head. */
class AnswerReader {
  #head = ''
  #inHead = true
  /** Bytes still to come; -1: chunked. */
  #missing = -1
  #tail: Buffer = Buffer.alloc(0)

  /** true when this chunk ends the answer. Throws on a status other than 200. */
  push(chunk: Buffer): boolean {
    if (this.#inHead) {
      const found = chunk.indexOf('\r\n\r\n')
      this.#head += chunk.toString('latin1', 0, found === -1 ? chunk.length : found)
      if (found === -1) return false
      this.#beginBody(chunk.length - found - 4)
    } else if (this.#missing >= 0) this.#missing -= chunk.length
    const ended = this.#missing === -1 ? this.#endsChunked(chunk) : this.#missing <= 0
    if (ended) this.#inHead = true
    return ended
  }

  #beginBody(received: number): void {
    if (!this.#head.startsWith('HTTP/1.1 200')) throw new Error(`the answer was no success: ${this.#head}`)
    const length = /content-length: *(\d+)/i.exec(this.#head)?.[1]
    this.#missing = length === undefined ? -1 : Number(length) - received
    this.#inHead = false
    this.#head = ''
    this.#tail = Buffer.alloc(0)
  }

  #endsChunked(chunk: Buffer): boolean {
    const size = CHUNKED_END.length
    if (chunk.length >= size) {
      this.#tail = chunk.subarray(chunk.length - size)
      if (this.#tail.equals(CHUNKED_END)) return true
      this.#tail = Buffer.from(this.#tail)
      return false
    }
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-size)
    return this.#tail.equals(CHUNKED_END)
  }
}

/** One connection with one request after another. */
export class Connection {
  readonly #request: Buffer
  readonly #reader = new AnswerReader()
  readonly #collected: Buffer[] = []
  #socket!: Socket
  #settle: { resolve: (firstByteMs: number) => void; reject: (error: Error) => void } | undefined
  #sentAt = 0
  #firstByteMs = -1
  /** Keeps the bytes of answers, to look at. */
  keeps = false

  private constructor(request: Buffer) {
    this.#request = request
  }

  static open(target: LoadTarget): Promise<Connection> {
    const { hostname, port } = new URL(target.url)
    const connection = new Connection(requestBytes(target))
    return new Promise((resolve, reject) => {
      const onread = {
        buffer: READ_BUFFER,
        callback: (bytes: number) => {
          connection.#read(READ_BUFFER.subarray(0, bytes))
          return true
        },
      }
      const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread })
      connection.#socket = socket
      socket.once('connect', () => resolve(connection))
      socket.on('error', (error) => {
        reject(error)
        connection.#settle?.reject(error)
      })
      socket.on('close', () => connection.#settle?.reject(new Error('the connection was closed')))
    })
  }

  /** Sends the request; resolves when the answer is whole, with the milliseconds to its first byte. */
  send(): Promise<number> {
    this.#firstByteMs = -1
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#sentAt = performance.now()
      this.#socket.write(this.#request)
    })
  }

  /** What was kept of answers, and no longer is. */
  take(): Buffer {
    return Buffer.concat(this.#collected.splice(0))
  }

  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#firstByteMs < 0) this.#firstByteMs = performance.now() - this.#sentAt
    if (this.keeps) this.#collected.push(Buffer.from(chunk))
    try {
      if (!this.#reader.push(chunk)) return
    } catch (error) {
      return this.#settle?.reject(error as Error)
    }
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve(this.#firstByteMs)
  }
}

export const AGENT_HEADERS = {
  'user-agent': 'claude-cli/2.1.329 (external, cli)',
  'x-api-key': 'bench-placeholder',
  'x-app': 'cli',
  'anthropic-version': '2023-06-01',
  'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
}

function requestBytes({ url, path, body, headers = AGENT_HEADERS }: LoadTarget): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    'accept: application/json',
    'content-type: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** Sends over so many connections for so long; the number of whole answers and the time it took. */
export async function saturate(
  target: LoadTarget | ((connection: number) => LoadTarget),
  connections: number,
  durationMs: number,
): Promise<{ answers: number; elapsedMs: number }> {
  const open = await Promise.all(
    Array.from({ length: connections }, (_, n) =>
      Connection.open(typeof target === 'function' ? target(n) : target),
    ),
  )
  const began = performance.now()
  let answers = 0
  const run = async (connection: Connection) => {
    while (performance.now() - began < durationMs) {
      await connection.send()
      answers++
    }
  }
  await Promise.all(open.map(run))
  const elapsedMs = performance.now() - began
  for (const connection of open) connection.close()
  return { answers, elapsedMs }
}
