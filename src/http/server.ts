import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Edge } from './edge.ts'
import type { EdgeOptions } from './edge.ts'
import { Http1 } from './http1.ts'
import { Http2 } from './http2.ts'
import { EDGE_LIMITS, HEADERS_MAX_BYTES } from './limits.ts'
import type { EdgeLimits } from './limits.ts'
import { listen } from './listen.ts'
import { Preface } from './preface.ts'
import { refuseMalformed, refuseMethod } from './refuse-malformed.ts'

/**
 * Not by `import`: that reads every name of the module, and one of them loads the whole of Node's own undici, which
 * nothing here uses: 20 ms of a start.
 */
const { createServer } = process.getBuiltinModule('node:http')

export interface ServerOptions extends EdgeOptions {
  host: string
  /** 0: a free one. */
  port: number
  limits?: Partial<EdgeLimits>
}

export interface RunningServer {
  readonly port: number
  /**
   * Stops accepting, lets open answers end, and cuts what is left after the deadline, when `lastWords` has told
   * those who wait. Resolves when no call is left.
   */
  close(deadlineMs: number, lastWords?: () => Promise<void>): Promise<void>
}

/** How often connections are looked at whose last answer has ended while the server closes. */
const CLOSE_IDLE_MS = 50
/** For the last words to go out, to those who listen. */
const LAST_WORDS_MS = 500

/** Listens and resolves when requests are served. Throws when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits = { ...EDGE_LIMITS, ...options.limits }
  const edge = new Edge(options, limits)
  const http1 = new Http1(edge, limits)
  const http2 = new Http2(edge, limits)
  const doors: Preface[] = []
  const { servers, port } = await listen(options.host, options.port, () => {
    const server = createHttp1Server(http1, limits)
    doors.push(openDoor(server, http1, http2, limits))
    return server
  })
  for (const server of servers) server.on('error', (error) => options.report('the server failed', error))
  return {
    port,
    close: async (deadlineMs, lastWords) => {
      const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
      const closeIdle = () => servers.forEach((server) => server.closeIdleConnections())
      const sweep = setInterval(closeIdle, CLOSE_IDLE_MS)
      const cut = () => {
        servers.forEach((server) => server.closeAllConnections())
        http2.cut()
      }
      let deadline = setTimeout(() => {
        if (lastWords === undefined) return cut()
        deadline = setTimeout(cut, LAST_WORDS_MS)
        void lastWords()
      }, deadlineMs)
      closeIdle()
      http2.close()
      for (const door of doors) door.close()
      await closed
      clearInterval(sweep)
      clearTimeout(deadline)
      await edge.idle()
    },
  }
}

/** Every connection comes in here, whatever it speaks. */
function openDoor(server: Server, http1: Http1, http2: Http2, limits: EdgeLimits): Preface {
  const serveHttp1 = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  const door = new Preface(
    (socket, first) => {
      http1.take(socket)
      for (const serve of serveHttp1) serve.call(server, socket)
      socket.unshift(first)
    },
    (socket, first) => http2.take(socket, first),
    limits.headersTimeoutMs,
  )
  server.removeAllListeners('connection')
  server.on('connection', (socket) => door.await(socket))
  return door
}

function createHttp1Server(http1: Http1, limits: EdgeLimits): Server {
  const server = createServer({
    maxHeaderSize: HEADERS_MAX_BYTES,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.connectionsCheckMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    noDelay: true,
    // The edge says it in the client's own form.
    requireHostHeader: false,
  })
  server.timeout = limits.writeIdleTimeoutMs
  // Node drops what is above silently; the edge answers 431 instead.
  server.maxHeadersCount = 0
  server.maxConnections = limits.connectionsMax
  const serve = (request: IncomingMessage, response: ServerResponse) => {
    if (!server.listening) response.shouldKeepAlive = false
    http1.serve(request, response)
  }
  server.on('request', serve)
  // The go-ahead is given when the body is wanted, after guards and authentication.
  server.on('checkContinue', serve)
  server.on('checkExpectation', serve)
  server.on('connect', (_request, socket: Duplex) => refuseMethod(socket))
  server.on('clientError', (error, socket) =>
    refuseMalformed(error, socket, http1.isAnswering(socket as Socket)),
  )
  return server
}
