/**
 * A provider made of canned bytes, on raw sockets: it must never be what limits a figure, so it looks at nothing
 * but the length of a request.
 */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface UpstreamOptions {
  /** The answer's events; a single one without `stream` is a JSON answer. */
  parts: readonly (string | Buffer)[]
  stream: boolean
  /** Of a stream; absent: server-sent events. */
  contentType?: string
  /** Between two events; 0: each in its own turn of the loop. */
  intervalMs?: number
}

export interface Upstream {
  url: string
  close(): void
}

export async function startUpstream(options: UpstreamOptions): Promise<Upstream> {
  const writes = framed(options)
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const requests = new RequestCounter(() => answer(socket, writes, options.intervalMs ?? 0))
    socket.on('data', (chunk: Buffer) => requests.push(chunk))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Calls back at the end of every request that has a content-length. */
class RequestCounter {
  readonly #onRequest: () => void
  #head = ''
  #missing = 0

  constructor(onRequest: () => void) {
    this.#onRequest = onRequest
  }

  push(chunk: Buffer): void {
    if (this.#missing === 0) {
      const found = chunk.indexOf('\r\n\r\n')
      const headEnd = found === -1 ? chunk.length : found + 4
      this.#head += chunk.toString('latin1', 0, headEnd)
      if (found === -1) return
      const length = Number(/content-length: *(\d+)/i.exec(this.#head)?.[1] ?? 0)
      this.#head = ''
      this.#missing = length - (chunk.length - headEnd)
    } else this.#missing -= chunk.length
    if (this.#missing < 0) throw new Error('the benchmark does not pipeline requests')
    if (this.#missing === 0) this.#onRequest()
  }
}

function answer(socket: Socket, writes: readonly Buffer[], intervalMs: number): void {
  let next = 0
  const step = () => {
    if (socket.destroyed) return
    socket.write(writes[next++]!)
    if (next === writes.length) return
    if (intervalMs === 0) setImmediate(step)
    else setTimeout(step, intervalMs)
  }
  step()
}

/** What is written for each part: a chunk of HTTP each, the head in front of the first. */
function framed({ parts, stream, contentType = 'text/event-stream' }: UpstreamOptions): Buffer[] {
  if (!stream) {
    const length = Buffer.byteLength(parts[0]!)
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`
    return [Buffer.concat([Buffer.from(head), Buffer.from(parts[0]!)])]
  }
  const head = `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\ntransfer-encoding: chunked\r\n\r\n`
  return parts.map((part, index) => {
    const before = `${index === 0 ? head : ''}${Buffer.byteLength(part).toString(16)}\r\n`
    const after = index === parts.length - 1 ? '\r\n0\r\n\r\n' : '\r\n'
    return Buffer.concat([before, part, after].map((piece) => Buffer.from(piece)))
  })
}
