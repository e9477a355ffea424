import type { ServerHttp2Stream } from 'node:http2'
import type { Enrolled } from '../lib/roster.ts'
import type { EdgeReply, ReplyHeaders } from './edge-reply.ts'

/** RFC 9113, 7. */
const NO_ERROR = 0

/** So much of a whole answer is written at once: what is taken of it tells that the client reads. */
const PART_BYTES = 64 * 1024

/**
 * Makes Node reset the stream with INTERNAL_ERROR. Closing it with a code would do the same, were it not that Node
 * then sends the mark of a whole answer first.
 */
const BROKEN_OFF = new Error('The answer breaks off.')

/** The one writer over a stream of HTTP/2. What is written after the end is dropped, never thrown. */
export class Http2Reply implements EdgeReply, Enrolled {
  place = -1
  bytesWritten = 0
  readonly #stream: ServerHttp2Stream
  readonly #isHead: boolean
  readonly #lingerMs: number
  #added: Record<string, string> = {}
  #onGone: (() => void) | undefined
  #onDrain: (() => void) | undefined
  /** Writes that wait for the client to take them, and those that it has taken. */
  #waiting = 0
  #taken = 0
  #takenBefore = 0
  /** Everything was said. */
  #ended = false
  /** And the stream is to break off behind it. */
  #aborting = false
  /** The stream is closed. */
  #gone = false

  /** `isHead`: the answer has no body. */
  constructor(stream: ServerHttp2Stream, isHead: boolean, lingerMs: number) {
    this.#stream = stream
    this.#isHead = isHead
    this.#lingerMs = lingerMs
    stream.on('error', ignore)
  }

  get committed(): boolean {
    return this.#stream.headersSent
  }

  get closed(): boolean {
    return this.#gone || this.#ended
  }

  add(headers: Record<string, string>): void {
    Object.assign(this.#added, headers)
  }

  send(status: number, headers: ReplyHeaders, content: Uint8Array | string): void {
    if (!this.#isOpen) return
    this.#ended = true
    const body = typeof content === 'string' ? Buffer.from(content) : content
    const { length } = body
    const none = this.#isHead || length === 0
    this.#respond(status, { ...headers, ...(status !== 204 && { 'content-length': String(length) }) }, none)
    if (!none) {
      this.bytesWritten += length
      this.#writeParts(body, 0)
    }
    this.#drop()
  }

  open(status: number, headers: ReplyHeaders): void {
    if (this.#isOpen) this.#respond(status, headers, false)
  }

  write(chunk: Uint8Array | string): boolean {
    return this.closed || this.#put(chunk)
  }

  #put(chunk: Uint8Array | string): boolean {
    if (this.#gone || chunk.length === 0) return true
    this.bytesWritten += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length
    return this.#write(chunk)
  }

  end(): void {
    if (this.closed) return
    this.#ended = true
    this.#stream.end()
    this.#drop()
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
    // A reset overtakes what still waits to be written.
    if (this.#waiting > 0) this.#aborting = true
    else this.#stream.destroy(BROKEN_OFF)
  }

  onGone(listener: () => void): void {
    this.#onGone = listener
  }

  onDrain(listener: () => void): void {
    if (this.#onDrain === undefined) this.#stream.on('drain', () => this.#onDrain?.())
    this.#onDrain = listener
  }

  /** The stream is closed. */
  gone(): void {
    if (this.#gone) return
    this.#gone = true
    if (!this.#ended) this.#onGone?.()
  }

  /** Cuts an answer of which the client has taken nothing since this was called before, and something waits. */
  cutWhenStalled(): void {
    if (this.#waiting > 0 && this.#taken === this.#takenBefore) this.#stream.destroy(BROKEN_OFF)
    this.#takenBefore = this.#taken
  }

  /** An answer can begin. Node throws at one on a stream that was reset, and tells of the reset a moment later. */
  get #isOpen(): boolean {
    return !this.closed && !this.committed && !this.#stream.destroyed && !this.#stream.closed
  }

  #respond(status: number, headers: ReplyHeaders, endStream: boolean): void {
    const fields: Record<string, string | number> = { ...this.#added, ':status': status }
    for (const name in headers) {
      const value = headers[name]!
      // Of one connection, which HTTP/2 has no word for; a list is one field, since some may not come twice.
      if (name !== 'connection') fields[name] = typeof value === 'string' ? value : value.join(', ')
    }
    this.#stream.respond(fields, { endStream })
  }

  #write(chunk: Uint8Array | string): boolean {
    this.#waiting++
    return this.#stream.write(chunk, this.#written)
  }

  readonly #written = (): void => {
    this.#waiting--
    this.#taken++
    if (this.#aborting && this.#waiting === 0) this.#stream.destroy(BROKEN_OFF)
  }

  #writeParts(body: Uint8Array, from: number): void {
    const end = from + PART_BYTES
    if (end >= body.length) {
      this.#write(body.subarray(from))
      this.#stream.end()
      return
    }
    this.#waiting++
    this.#stream.write(body.subarray(from, end), () => {
      this.#written()
      if (!this.#gone) this.#writeParts(body, end)
    })
  }

  /** What the client still uploads is taken for a while, and dropped: reset at once, many would not read their answer. */
  #drop(): void {
    if (this.#stream.readableEnded || this.#stream.endAfterHeaders) return
    const timer = setTimeout(() => this.#stream.close(NO_ERROR), this.#lingerMs)
    this.#stream.on('close', () => clearTimeout(timer)).resume()
  }
}

/** Node tells here of a client that reset its stream; `gone` tells the call. */
function ignore(): void {}
