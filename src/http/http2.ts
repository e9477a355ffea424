import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Roster } from '../lib/roster.ts'
import { GatewayError } from '../message/error.ts'
import type { Edge } from './edge.ts'
import { Http2Connection } from './http2-connection.ts'
import { Http2Reply } from './http2-reply.ts'
import { headFault, Http2Request } from './http2-request.ts'
import type { EdgeLimits } from './limits.ts'

/** HTTP/2 with prior knowledge: many requests at once on each connection. */
export class Http2 {
  readonly #edge: Edge
  readonly #limits: EdgeLimits
  readonly #connections = new Set<Http2Connection>()
  /** Answers whose streams are open, of all connections. */
  readonly #open = new Roster<Http2Reply>()
  #sweep: NodeJS.Timeout | undefined

  constructor(edge: Edge, limits: EdgeLimits) {
    this.#edge = edge
    this.#limits = limits
  }

  take(socket: Socket, first: Buffer): void {
    const peer = socket.remoteAddress ?? ''
    const connection: Http2Connection = new Http2Connection(
      socket,
      first,
      this.#limits,
      (stream, headers, raw) => this.#serve(stream, headers, raw, peer),
      () => this.#connections.delete(connection),
    )
    this.#connections.add(connection)
  }

  /** Takes no more requests; connections end with their last answer. */
  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  #serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    raw: readonly string[],
    peer: string,
  ): Http2Reply {
    const reply = new Http2Reply(stream, headers[':method'] === 'HEAD', this.#limits.lingerMs)
    this.#enrol(reply, stream)
    const request = new Http2Request(stream, headers, raw, peer, this.#limits.requestTimeoutMs)
    if (request.method === 'CONNECT') reply.send(405, {}, '')
    else this.#edge.serve(request, reply, headFault(headers, raw) ?? this.#fault())
    return reply
  }

  #enrol(reply: Http2Reply, stream: ServerHttp2Stream): void {
    this.#open.add(reply)
    stream.on('close', () => this.#open.delete(reply))
    this.#sweep ??= setInterval(() => {
      for (const open of this.#open.all()) open.cutWhenStalled()
      if (this.#open.size > 0) return
      clearInterval(this.#sweep)
      this.#sweep = undefined
    }, this.#limits.writeIdleTimeoutMs).unref()
  }

  #fault(): GatewayError | undefined {
    if (this.#open.size <= this.#limits.allStreamsMax) return undefined
    const message = 'The gateway serves too many requests at once; try again in a second.'
    return new GatewayError('overloaded_gateway', message, { retryAfterSeconds: 1 })
  }
}
