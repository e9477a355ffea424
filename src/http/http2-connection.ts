import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { TokenBucket } from '../lib/token-bucket.ts'
import { HEADERS_MAX_BYTES, HEADERS_MAX_COUNT } from './limits.ts'
import type { EdgeLimits } from './limits.ts'

/** RFC 9113, 7. */
const ENHANCE_YOUR_CALM = 11

/**
 * What Node and nghttp2 refuse by themselves: streams are reset that have more headers than an answer could be given
 * to, or come beyond the number agreed; connections end that send frames out of place, or far too many.
 */
const BOUNDS = {
  maxHeaderListPairs: 4 * HEADERS_MAX_COUNT,
  maxSettings: 32,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  /** Megabytes. */
  maxSessionMemory: 256,
}

/** Takes a request; undefined when its stream was reset before it could be looked at. */
export type ServeStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
) => { readonly closed: boolean; gone(): void } | undefined

/** One connection of HTTP/2, from the client's preface to its end. */
export class Http2Connection {
  readonly #session: ServerHttp2Session
  readonly #socket: Socket
  readonly #limits: EdgeLimits
  readonly #idleFrames: TokenBucket
  readonly #takenBack: TokenBucket
  #streams = 0
  #closing = false
  /** Runs while there is no request: a client's pings alone keep no connection open. */
  #idle: NodeJS.Timeout

  /** `first`: what was read of the socket. */
  constructor(socket: Socket, first: Buffer, limits: EdgeLimits, serve: ServeStream, closed: () => void) {
    this.#socket = socket
    this.#limits = limits
    this.#idleFrames = new TokenBucket(limits.idleFrames, performance.now())
    this.#takenBack = new TokenBucket(limits.takenBack, performance.now())
    this.#session = handshake(socket, first, limits)
    this.#idle = setTimeout(() => this.close(), limits.headersTimeoutMs)
    const count = () => this.#count(this.#idleFrames)
    this.#session
      .on('error', ignore)
      .on('ping', count)
      .on('remoteSettings', count)
      .on('stream', (stream, headers, _flags, raw) => this.#serve(serve, stream, headers, raw))
      .on('close', () => {
        clearTimeout(this.#idle)
        closed()
      })
  }

  /** Takes no more requests, and ends when the open ones have ended. */
  close(): void {
    this.#closing = true
    this.#session.close()
    this.#endWhenIdle()
  }

  cut(): void {
    this.#session.destroy()
    this.#socket.destroy()
  }

  #serve(serve: ServeStream, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: string[]): void {
    this.#streams++
    clearTimeout(this.#idle)
    stream.on('error', ignore)
    const reply = stream.destroyed ? undefined : serve(stream, headers, raw)
    const closed = () => {
      if (reply?.closed !== true) this.#count(this.#takenBack)
      reply?.gone()
      this.#streams--
      this.#endWhenIdle()
    }
    if (stream.destroyed) closed()
    else stream.on('close', closed)
  }

  /** Who asks nothing for long is told that the connection ends, and cut when that does not end it. */
  #endWhenIdle(): void {
    clearTimeout(this.#idle)
    if (this.#streams > 0 || this.#socket.destroyed) return
    const { lingerMs, keepAliveTimeoutMs } = this.#limits
    if (this.#closing) this.#idle = setTimeout(() => this.cut(), lingerMs)
    else this.#idle = setTimeout(() => this.close(), keepAliveTimeoutMs)
  }

  #count(allowance: TokenBucket): void {
    if (!allowance.take(performance.now())) this.#session.destroy(new Error('flood'), ENHANCE_YOUR_CALM)
  }
}

/** Loaded by the first client that speaks it: it takes longer than a start may. */
function handshake(socket: Socket, first: Buffer, limits: EdgeLimits): ServerHttp2Session {
  const { performServerHandshake } = process.getBuiltinModule('node:http2')
  // An HTTP/1.1 server leaves its side open when the client has closed its own; a session would wait for ever.
  socket.allowHalfOpen = false
  socket.pause()
  socket.unshift(first)
  return performServerHandshake(socket, {
    ...BOUNDS,
    streamResetBurst: limits.takenBack.burst,
    streamResetRate: limits.takenBack.perSecond,
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.streamsMax,
      maxHeaderListSize: 4 * HEADERS_MAX_BYTES,
    },
  })
}

/** Node tells here of a connection that broke; its streams tell their calls. */
function ignore(): void {}
