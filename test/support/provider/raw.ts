import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'

import { type Parts, type Sink, play } from './parts.ts'

/** One request as bytes. `connection` counts from 1 and shows whether a connection was used again. */
export interface RawRequest {
  connection: number
  /** The request line and headers. */
  head: string
  body: Uint8Array
}

export interface RawUpstream {
  url: string
  requests: RawRequest[]
  /** Connections accepted so far. */
  connections(): number
  close(): Promise<void>
}

/** What to send for a request, byte by byte: nothing is added, not even a status line. */
export type RawScript = (request: RawRequest) => Parts

/**
 * Starts an upstream that speaks exactly the bytes of a script, for malformed HTTP. The connection stays open
 * after a script that ends, for the next request.
 * @param greeting parts sent as soon as a client connects, before any request
 */
export async function startRawUpstream(script: RawScript, greeting?: () => Parts): Promise<RawUpstream> {
  const requests: RawRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0

  async function serve(socket: Socket, connection: number) {
    const sink = sinkOf(socket)
    if (greeting) await play(greeting(), sink)
    for await (const request of readRequests(socket)) {
      const numbered = { connection, ...request }
      requests.push(numbered)
      if (!(await play(script(numbered), sink))) return
    }
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, connections).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function sinkOf(socket: Socket): Sink {
  const leaving = new AbortController()
  socket.on('close', () => leaving.abort())
  return {
    gone: leaving.signal,
    reset: () => socket.resetAndDestroy(),
    close: () => socket.end(),
    async write(bytes) {
      if (!socket.writable) return false
      if (!socket.write(bytes)) await once(socket, 'drain', { signal: leaving.signal }).catch(() => undefined)
      return socket.writable
    },
  }
}

/** Splits a connection into requests, by `content-length` or chunked coding. */
async function* readRequests(socket: Socket): AsyncGenerator<Omit<RawRequest, 'connection'>> {
  let buffered = Buffer.alloc(0)
  const incoming = socket[Symbol.asyncIterator]()
  const more = async () => {
    const { value, done } = await incoming.next()
    if (!done) buffered = Buffer.concat([buffered, value])
    return !done
  }
  for (;;) {
    let headEnd = buffered.indexOf('\r\n\r\n')
    while (headEnd < 0) {
      if (!(await more())) return
      headEnd = buffered.indexOf('\r\n\r\n')
    }
    const head = buffered.subarray(0, headEnd).toString('latin1')
    const start = headEnd + 4
    let end = bodyEnd(head, buffered, start)
    while (end === undefined) {
      if (!(await more())) return
      end = bodyEnd(head, buffered, start)
    }
    yield { head, body: buffered.subarray(start, end) }
    buffered = buffered.subarray(end)
  }
}

/** Where the body ends, or undefined when more bytes are needed. */
function bodyEnd(head: string, buffered: Buffer, start: number): number | undefined {
  if (/^transfer-encoding:.*chunked/im.test(head)) {
    const last = buffered.indexOf('0\r\n\r\n', start)
    return last < 0 ? undefined : last + 5
  }
  const end = start + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  return buffered.length < end ? undefined : end
}
