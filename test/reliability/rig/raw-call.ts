import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

export interface RawAnswer {
  status: number
  /** The status line and headers as they came. */
  head: string
  /** The body without its chunk marks. */
  body: Buffer
  text: string
  /** clean: the message ended as HTTP says it must. cut: the connection ended before. */
  ended: 'clean' | 'cut'
}

export interface RawOptions {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: string | Uint8Array
}

/**
 * One request over a socket of its own, so that a test sees what no HTTP client shows: whether the message ended
 * as it must, and which bytes came before that. A test may stop reading, and may leave in any way.
 */
export class RawCall {
  readonly socket: Socket
  #bytes: Buffer[] = []
  #length = 0
  #isClosed = false

  constructor(url: string, options: RawOptions = {}) {
    const { hostname, port } = new URL(url)
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => (this.#isClosed = true))
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes.push(chunk)
      this.#length += chunk.length
    })
    this.socket.write(requestBytes(url, options))
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#bytes)
  }

  get received(): number {
    return this.#length
  }

  /** The whole message, or what there was of it when the connection ended. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const answer = parse(this.bytes)
      if (answer?.ended === 'clean') {
        this.socket.destroy()
        return answer
      }
      if (this.#isClosed) return answer ?? { status: 0, head: '', body: EMPTY, text: '', ended: 'cut' }
      await this.#news()
    }
  }

  /** @throws when the connection ends first */
  async waitFor(text: string): Promise<void> {
    while (!this.bytes.includes(text)) {
      if (this.#isClosed) throw new Error(`The connection ended before ${text}: ${this.bytes.toString()}`)
      await this.#news()
    }
  }

  leave(how: 'destroy' | 'reset' = 'destroy'): void {
    if (how === 'reset') this.socket.resetAndDestroy()
    else this.socket.destroy()
  }

  async #news(): Promise<void> {
    const either = new AbortController()
    await Promise.race([
      once(this.socket, 'data', { signal: either.signal }),
      once(this.socket, 'close', { signal: either.signal }),
    ]).catch(() => undefined)
    either.abort()
  }
}

const EMPTY = Buffer.alloc(0)

export function requestBytes(
  url: string,
  { method = 'POST', path, headers = {}, body = '' }: RawOptions,
): Buffer {
  const bytes = Buffer.from(body as Uint8Array)
  const { host } = new URL(url)
  const lines = Object.entries({
    host,
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${path ?? '/'} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes])
}

/** What of an HTTP answer is there; undefined before its headers are. */
function parse(bytes: Buffer): RawAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const status = Number(head.slice(9, 12))
  const rest = bytes.subarray(headEnd + 4)
  const { body, whole } = /^transfer-encoding: *chunked/im.test(head) ? dechunk(rest) : measured(rest, head)
  return { status, head, body, text: body.toString(), ended: whole ? 'clean' : 'cut' }
}

function measured(rest: Buffer, head: string): { body: Buffer; whole: boolean } {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  return length === undefined
    ? { body: rest, whole: false }
    : { body: rest.subarray(0, Number(length)), whole: rest.length >= Number(length) }
}

function dechunk(rest: Buffer): { body: Buffer; whole: boolean } {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return { body: Buffer.concat(parts), whole: false }
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16)
    if (size === 0) return { body: Buffer.concat(parts), whole: rest.length >= lineEnd + 4 }
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
    if (at > rest.length) return { body: Buffer.concat(parts), whole: false }
  }
}
