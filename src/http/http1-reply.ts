import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { EdgeReply, ReplyHeaders } from './edge-reply.ts'

/** The one writer over a `ServerResponse`. What is written after the end is dropped, never thrown. */
export class Http1Reply implements EdgeReply {
  bytesWritten = 0
  /** The answer tells the client that the connection ends with it. */
  closesConnection = false
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #lingerMs: number
  #onGone: (() => void) | undefined
  #onDrain: (() => void) | undefined
  /** Chunks are framed here. */
  #frames = false
  /** Everything was said. */
  #ended = false
  /** The connection is closed. */
  #gone = false

  constructor(request: IncomingMessage, response: ServerResponse, lingerMs: number) {
    this.#request = request
    this.#response = response
    this.#lingerMs = lingerMs
    response.on('error', ignore)
    response.on('timeout', cutWhenStalled)
  }

  get committed(): boolean {
    return this.#response.headersSent
  }

  /** Part of the answer was sent, and more is to come. */
  get midway(): boolean {
    return this.committed && !this.closed
  }

  get closed(): boolean {
    return this.#gone || this.#ended
  }

  add(headers: Record<string, string>): void {
    for (const name in headers) this.#response.setHeader(name, headers[name]!)
  }

  send(status: number, headers: ReplyHeaders, content: Uint8Array | string): void {
    if (this.closed || this.committed) return
    this.#ended = true
    const body = asBytes(content)
    const unread = isUnread(this.#request)
    this.closesConnection = unread || headers['connection'] === 'close'
    const { length } = body
    const head = { ...headers }
    // RFC 9110 forbids it there.
    if (status !== 204) head['content-length'] = String(length)
    if (unread) head['connection'] = 'close'
    this.#response.writeHead(status, head)
    if (this.#request.method === 'HEAD' || length === 0) return this.#close(unread)
    this.bytesWritten += length
    if (!unread) return void this.#response.end(body)
    this.#response.write(body)
    this.#close(true)
  }

  open(status: number, headers: ReplyHeaders): void {
    if (this.closed || this.committed) return
    this.#response.writeHead(status, headers)
    // To an HTTP/1.0 client the answer ends with the connection. Node's own framing is four writes a chunk.
    this.#frames = this.#response.chunkedEncoding
    this.#response.chunkedEncoding = false
  }

  write(chunk: Uint8Array | string): boolean {
    return this.closed || this.#put(chunk)
  }

  #put(chunk: Uint8Array | string): boolean {
    if (this.#gone || chunk.length === 0) return true
    const part = this.bytesWritten === 0 ? asBytes(chunk) : chunk
    const bytes = typeof part === 'string' ? Buffer.byteLength(part) : part.length
    this.bytesWritten += bytes
    return this.#response.write(this.#frames ? frame(part, bytes) : part)
  }

  end(): void {
    if (this.closed) return
    this.#ended = true
    if (this.#frames) this.#response.end(LAST_CHUNK, 'latin1')
    else this.#response.end()
  }

  abort(last: Uint8Array | string = '', pauseMs?: number): void {
    if (this.closed) return
    this.#ended = true
    if (pauseMs === undefined) {
      this.#put(last)
      return this.#breakOff()
    }
    const tell = () => {
      this.#put(last)
      setTimeout(() => this.#breakOff(), pauseMs).unref()
    }
    setTimeout(tell, pauseMs).unref()
  }

  #breakOff(): void {
    const { socket } = this.#response
    // What was written goes out first; then the connection ends without the mark of the last chunk.
    if (socket !== null) return socket.destroySoon()
    this.#response.once('socket', (turn: Socket) => process.nextTick(() => turn.destroySoon()))
  }

  onGone(listener: () => void): void {
    this.#onGone = listener
  }

  onDrain(listener: () => void): void {
    if (this.#onDrain === undefined) this.#response.on('drain', () => this.#onDrain?.())
    this.#onDrain = listener
  }

  /** The connection has closed, or the answer is through. */
  gone(): void {
    if (this.#gone) return
    this.#gone = true
    if (!this.#ended) this.#onGone?.()
  }

  /**
   * Ends the answer. A connection that is closed while its client still uploads is reset, and many clients then
   * never read the answer that they were sent; so the rest of the body is taken for a while, and dropped.
   */
  #close(unread: boolean): void {
    if (!unread) return void this.#response.end()
    this.#response.flushHeaders()
    const end = () => {
      clearTimeout(timer)
      this.#response.end()
    }
    const timer = setTimeout(end, this.#lingerMs)
    this.#request.on('close', end)
    this.#request.resume()
  }
}

/** What is first written: Node puts the head before a text and encodes both as UTF-8, but headers are Latin-1. */
function asBytes(first: Uint8Array | string): Uint8Array {
  return typeof first === 'string' ? Buffer.from(first) : first
}

/** RFC 9112, 7.1: the size in hexadecimal, the bytes, and a line end after each. */
const LAST_CHUNK = '0\r\n\r\n'

function frame(chunk: Uint8Array | string, bytes: number): Buffer | string {
  const size = `${bytes.toString(16)}\r\n`
  if (typeof chunk === 'string') return `${size}${chunk}\r\n`
  const framed = Buffer.allocUnsafe(size.length + bytes + 2)
  framed.write(size, 'latin1')
  framed.set(chunk, size.length)
  framed.write('\r\n', size.length + bytes, 'latin1')
  return framed
}

/** Is there a body of which not all has come? */
function isUnread(request: IncomingMessage): boolean {
  if (request.complete) return false
  const { headers } = request
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Nothing moved on the connection. That is an upstream's silence, unless something waits to be taken. */
function cutWhenStalled(socket: Socket): void {
  if (socket.writableLength > 0) socket.destroy()
}

/** Node tells here of writes to a connection that has just closed; `gone` tells the call. */
function ignore(): void {}
