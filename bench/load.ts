/** The load: raw keep-alive sockets that send one prepared request after another and count whole answers. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface Target {
  url: string
  path: string
  body: Buffer
}

/** What ends an answer: the last chunk of a chunked one, or so many bytes after the head. */
class AnswerReader {
  #head = true
  #missing = -1
  #tail = ''

  /** true when this chunk ends the answer. */
  push(chunk: Buffer): boolean {
    if (this.#head) {
      const text = this.#tail + chunk.latin1Slice()
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) {
        this.#tail = text
        return false
      }
      if (!text.startsWith('HTTP/1.1 200')) throw new Error(`answer: ${text.slice(0, 300)}`)
      const length = /content-length: *(\d+)/i.exec(text.slice(0, end))
      this.#head = false
      this.#missing = length === null ? -1 : Number(length[1]) + end + 4 - this.#tail.length
      this.#tail = ''
    }
    if (this.#missing >= 0) {
      this.#missing -= chunk.length
      return this.#done(this.#missing <= 0)
    }
    this.#tail = (this.#tail + chunk.latin1Slice(Math.max(0, chunk.length - 7))).slice(-7)
    return this.#done(this.#tail === '\r\n0\r\n\r\n')
  }

  #done(done: boolean): boolean {
    if (done) {
      this.#head = true
      this.#missing = -1
      this.#tail = ''
    }
    return done
  }
}

/** One connection with one request after another. */
export class Connection {
  readonly #socket: Socket
  readonly #request: Buffer
  readonly #reader = new AnswerReader()
  #resolve: ((times: { firstMs: number }) => void) | undefined
  #sentAt = 0
  #firstMs = -1

  private constructor(socket: Socket, request: Buffer) {
    this.#socket = socket
    this.#request = request
    socket.on('data', (chunk) => {
      if (this.#firstMs < 0) this.#firstMs = performance.now() - this.#sentAt
      if (this.#reader.push(chunk)) this.#resolve?.({ firstMs: this.#firstMs })
    })
  }

  static open(target: Target): Promise<Connection> {
    const { hostname, port } = new URL(target.url)
    const head = [
      `POST ${target.path} HTTP/1.1`,
      `host: ${hostname}:${port}`,
      'content-type: application/json',
      'x-api-key: bench-placeholder',
      'anthropic-version: 2023-06-01',
      'user-agent: claude-cli/2.1.329 (external, cli)',
      `content-length: ${target.body.length}`,
    ]
    const request = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), target.body])
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(new Connection(socket, request)))
      socket.on('error', reject)
    })
  }

  /** Sends the request; resolves with the time to the first byte when the answer is whole. */
  send(): Promise<{ firstMs: number }> {
    this.#firstMs = -1
    this.#sentAt = performance.now()
    this.#socket.write(this.#request)
    return new Promise((resolve) => (this.#resolve = resolve))
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Whole answers a second over so many connections for so long. */
export async function throughput(target: Target, connections: number, durationMs: number): Promise<number> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(target)))
  const began = performance.now()
  let answers = 0
  await Promise.all(
    open.map(async (connection) => {
      while (performance.now() - began < durationMs) {
        await connection.send()
        answers++
      }
    }),
  )
  const seconds = (performance.now() - began) / 1000
  for (const connection of open) connection.close()
  return answers / seconds
}

/** Times to the first byte, one request at a time, in ascending order. */
export async function firstByteTimes(target: Target, requests: number): Promise<number[]> {
  const connection = await Connection.open(target)
  const times: number[] = []
  for (let index = 0; index < requests; index++) times.push((await connection.send()).firstMs)
  connection.close()
  return times.sort((a, b) => a - b)
}
