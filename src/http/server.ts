import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { toGatewayError, GatewayError } from '../message/error.ts'
import type { Call } from '../pipeline/call.ts'
import { BodyBudget, readBody } from './body.ts'
import { canonicalTarget } from './canonical-path.ts'
import type { CanonicalTarget } from './canonical-path.ts'
import { guard } from './guards.ts'
import type { GuardSettings } from './guards.ts'
import * as limits from './limits.ts'
import { listen } from './listen.ts'
import { HttpReply } from './reply.ts'
import type { Match, Router } from './router.ts'

export interface ServerOptions {
  host: string
  port: number
  router: Router
  /** Asked for each request, so that a changed configuration holds at once. */
  guards: () => GuardSettings
  handle: (call: Call) => Promise<void>
  report: (message: string, error?: unknown) => void
}

export interface RunningServer {
  readonly port: number
  /** Stops accepting, lets open answers end, and cuts what is left after the deadline. */
  close(deadlineMs: number): Promise<void>
}

/** On everything that the gateway itself says. */
const SECURITY_HEADERS = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])

/** Listens and resolves when requests are served. Throws when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const edge = new Edge(options)
  const { servers, port } = await listen(options.host, options.port, () => configured(edge, options))
  const sweeper = setInterval(() => edge.cutStalled(performance.now()), 5_000).unref()
  return {
    port,
    close: async (deadlineMs) => {
      clearInterval(sweeper)
      const closed = Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
      for (const server of servers) server.closeIdleConnections()
      const deadline = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), deadlineMs)
      await closed
      clearTimeout(deadline)
    },
  }
}

function configured(edge: Edge, options: ServerOptions): Server {
  const server = createServer({
    maxHeaderSize: limits.HEADERS_MAX_BYTES,
    headersTimeout: limits.HEADERS_TIMEOUT_MS,
    requestTimeout: limits.REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: limits.CONNECTIONS_CHECK_MS,
    keepAliveTimeout: limits.KEEP_ALIVE_TIMEOUT_MS,
    noDelay: true,
  })
  // Node drops what is above silently; the guard answers 431 instead.
  server.maxHeadersCount = 0
  server.maxConnections = limits.CONNECTIONS_MAX
  const serve = (request: IncomingMessage, response: ServerResponse) => edge.serve(request, response)
  server.on('request', serve)
  // The go-ahead is given when the body is wanted, after guards and authentication.
  server.on('checkContinue', serve)
  server.on('checkExpectation', serve)
  server.on('clientError', refuseMalformed)
  server.on('error', (error) => options.report('the server failed', error))
  return server
}

/** Bytes that are no HTTP: one answer, and the connection ends, so that nothing behind them is read as a request. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : error.code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW'
          ? '413 Payload Too Large'
          : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

/** From an HTTP request to a {@link Call}, or to one of the gateway's own routes. */
class Edge {
  readonly #options: ServerOptions
  readonly #budget = new BodyBudget()
  readonly #replies = new Set<HttpReply>()

  constructor(options: ServerOptions) {
    this.#options = options
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const id = randomUUID()
    const reply = new HttpReply(response, request.method !== 'HEAD')
    this.#replies.add(reply)
    response.on('close', () => this.#replies.delete(reply))
    let target: CanonicalTarget | undefined
    try {
      const method = request.method ?? ''
      if (!METHODS.has(method)) throw new GatewayError('method_not_allowed', 'The method is not served.')
      const settings = this.#options.guards()
      target = canonicalTarget(request.url ?? '')
      guard(request, settings)
      allowOrigin(request, response, settings)
      if (method === 'OPTIONS') return reply.send(204, {}, '')
      const match = this.#options.router.match(method, target.path)
      if (match.type === 'inference') this.#infer(match, request, response, target, id, reply)
      else void this.#own(match, target, reply)
    } catch (error) {
      this.#refuse(toGatewayError(error), request, target, id, reply)
    }
  }

  cutStalled(now: number): void {
    for (const reply of this.#replies) reply.cutIfStalled(now)
  }

  #infer(
    match: Extract<Match, { type: 'inference' }>,
    request: IncomingMessage,
    response: ServerResponse,
    target: CanonicalTarget,
    id: string,
    reply: HttpReply,
  ): void {
    const held = { bytes: 0 }
    const call: Call = {
      id,
      protocol: match.protocol,
      operation: match.operation,
      path: target.path,
      query: new URLSearchParams(target.query),
      pathModel: match.pathModel,
      headers: request.headers as Record<string, string | undefined>,
      receivedAtMs: Date.now(),
      startedAt: performance.now(),
      readBody: (maxBytes) => readBody(request, response, maxBytes, this.#budget, held),
      reply,
    }
    void this.#options.handle(call).finally(() => {
      this.#budget.release(held.bytes)
      if (!request.complete) closeUnread(request, response)
    })
  }

  async #own(match: Extract<Match, { type: 'own' }>, target: CanonicalTarget, reply: HttpReply): Promise<void> {
    const headers = { ...SECURITY_HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' }
    try {
      const query = new URLSearchParams(target.query)
      const answer = await match.route.handler({ query, parameters: match.parameters })
      reply.send(answer.status, headers, JSON.stringify(answer.body))
    } catch (error) {
      this.#options.report(`${match.route.method} ${match.route.path} failed`, error)
      reply.send(500, headers, JSON.stringify(ownError(toGatewayError(error))))
    }
  }

  #refuse(error: GatewayError, request: IncomingMessage, target: CanonicalTarget | undefined, id: string, reply: HttpReply): void {
    if (error.kind === 'internal') this.#options.report('a request failed at the edge', error.cause)
    const protocol = target === undefined ? undefined : this.#options.router.protocolAt(target.path)
    const encoded = protocol?.error.encode(error, id)
    const status = encoded?.status ?? error.status
    const headers = { ...SECURITY_HEADERS, 'content-type': 'application/json', 'request-id': id, ...encoded?.headers }
    // The rest of a refused request is not read: it must not be taken for the next one.
    reply.send(status, request.complete ? headers : { ...headers, connection: 'close' }, JSON.stringify(encoded?.body ?? ownError(error)))
  }
}

/** An answer was given before the body was read: what is still to come is not worth reading. */
function closeUnread(request: IncomingMessage, response: ServerResponse): void {
  if (response.writableFinished) request.destroy()
  else response.on('finish', () => request.destroy())
}

/** A page of a named origin may read the answer; there is no wildcard, and no cookie is ever involved. */
function allowOrigin(request: IncomingMessage, response: ServerResponse, settings: GuardSettings): void {
  const { origin } = request.headers
  if (origin === undefined || !settings.allowedOrigins.includes(origin)) return
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('vary', 'origin')
  if (request.method !== 'OPTIONS') return
  response.setHeader('access-control-allow-methods', 'GET, POST, PUT, DELETE')
  const asked = request.headers['access-control-request-headers']
  if (typeof asked === 'string' && /^[\w\-, ]{1,2000}$/.test(asked)) response.setHeader('access-control-allow-headers', asked)
  response.setHeader('access-control-max-age', '86400')
}

/** The error shape of routes that belong to no protocol. */
function ownError(error: GatewayError): unknown {
  return {
    is_bifrost_error: true,
    status_code: error.status,
    error: { type: error.kind, message: error.message, ...(error.details.field === undefined ? {} : { param: error.details.field }) },
  }
}
