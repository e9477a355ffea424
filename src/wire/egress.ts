import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import type { Dispatcher, Pool, ProxyAgent } from 'undici'
import { GatewayError } from '../message/error.ts'
import { classify } from './address.ts'

/** A place to connect to, as the operator's configuration names it. */
export interface Upstream {
  /** Scheme, host and port. */
  readonly origin: string
  /** The operator wrote this address: it may be private. A provider's own default may not lead to one. */
  readonly operatorNamed: boolean
  readonly connectTimeoutMs: number
  /** Until the headers of the answer. */
  readonly headersTimeoutMs: number
  readonly maxConnections: number
  readonly caCertificatePem: string | undefined
  readonly insecureSkipVerify: boolean
  /** HTTP proxy; it resolves the name and holds the connection. */
  readonly proxyUrl: string | undefined
}

export interface EgressRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array | undefined
}

export type AnswerHeaders = Readonly<Record<string, string | string[]>>

export interface EgressHandler {
  onHeaders(status: number, headers: AnswerHeaders): void
  /** false: nothing more until {@link Exchange.resume}. */
  onData(chunk: Buffer): boolean
  onEnd(): void
  onError(error: GatewayError): void
}

/** One request under way. */
export interface Exchange {
  /** Closes the connection: the upstream stops working, and billing. No callback follows. */
  abort(): void
  resume(): void
}

/** Header bytes of an answer; real ones are below 4 KB. */
const HEADERS_MAX_BYTES = 16 * 1024
/** Informational answers (100–199) before the real one; a server that sends thousands is keeping us busy. */
const INFORMATIONAL_MAX = 16
const KEEP_ALIVE_MS = 30_000

/**
 * The one dialler: nothing else in the program opens a connection. It follows no redirect (a 307 would take the
 * prompt and the key to another origin), dials only the address that it has checked, speaks HTTP/1.1, and puts
 * a time-out on connecting and on the headers. Silence inside an answer is the caller's to judge.
 */
export class Egress {
  readonly #pools = new Map<string, Pool | ProxyAgent>()
  #undici: typeof import('undici') | undefined

  /** Loads the HTTP client; done after the gateway listens, since it takes longer than all the rest. */
  async warmUp(): Promise<void> {
    this.#undici ??= await import('undici')
  }

  dispatch(upstream: Upstream, request: EgressRequest, handler: EgressHandler): Exchange {
    const exchange = new UpstreamExchange(upstream, handler)
    if (this.#undici === undefined) void this.warmUp().then(() => this.#send(upstream, request, exchange))
    else this.#send(upstream, request, exchange)
    return exchange
  }

  /** Closes the connections of upstreams that the configuration no longer names. */
  keepOnly(upstreams: readonly Upstream[]): void {
    const wanted = new Set(upstreams.map(keyOf))
    for (const [key, pool] of this.#pools) {
      if (wanted.has(key)) continue
      this.#pools.delete(key)
      void pool.close()
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
    this.#pools.clear()
  }

  #send(upstream: Upstream, request: EgressRequest, exchange: UpstreamExchange): void {
    try {
      const { method, path, headers, body } = request
      this.#poolFor(upstream).dispatch({ origin: upstream.origin, method, path, headers, body: body ?? null }, exchange)
    } catch (error) {
      exchange.fail(error as Error)
    }
  }

  #poolFor(upstream: Upstream): Pool | ProxyAgent {
    const key = keyOf(upstream)
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = this.#open(upstream)
      this.#pools.set(key, pool)
    }
    return pool
  }

  #open(upstream: Upstream): Pool | ProxyAgent {
    checkScheme(upstream)
    const { Pool, ProxyAgent } = this.#undici!
    const tls = { ca: upstream.caCertificatePem, rejectUnauthorized: !upstream.insecureSkipVerify }
    const options = {
      allowH2: false,
      pipelining: 1,
      connections: upstream.maxConnections,
      headersTimeout: upstream.headersTimeoutMs,
      bodyTimeout: 0,
      maxHeaderSize: HEADERS_MAX_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
    }
    if (upstream.proxyUrl !== undefined) return new ProxyAgent({ ...options, uri: upstream.proxyUrl, requestTls: tls })
    checkLiteral(upstream)
    return new Pool(upstream.origin, {
      ...options,
      connect: { ...tls, timeout: upstream.connectTimeoutMs, lookup: checkedLookup(upstream) },
    })
  }
}

function keyOf(upstream: Upstream): string {
  return JSON.stringify(Object.values(upstream))
}

/** Keys must not cross a network in the clear; a local or private server without TLS is the operator's word. */
function checkScheme(upstream: Upstream): void {
  const { protocol } = new URL(upstream.origin)
  if (protocol === 'https:' || (protocol === 'http:' && upstream.operatorNamed)) return
  throw new GatewayError('upstream_unreachable', `${upstream.origin}: expected https.`)
}

/** Address literals never reach the resolver, so they are judged here. */
function checkLiteral(upstream: Upstream): void {
  const host = new URL(upstream.origin).hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0) judge(upstream, host)
}

function judge(upstream: Upstream, address: string): void {
  const kind = classify(address)
  if (kind === 'public' || (kind === 'private' && upstream.operatorNamed)) return
  throw new GatewayError('upstream_unreachable', `${new URL(upstream.origin).host} leads to ${address}, where no provider may be.`)
}

/** Resolves and judges in one step: the address that was checked is the one that is dialled. */
function checkedLookup(upstream: Upstream): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      try {
        for (const { address } of addresses) judge(upstream, address)
      } catch (refusal) {
        return callback(refusal as Error, '', 0)
      }
      const first = addresses[0]
      if (options.all) return (callback as unknown as (error: null, all: typeof addresses) => void)(null, addresses)
      callback(null, first?.address ?? '', first?.family ?? 0)
    })
  }
}

class UpstreamExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #upstream: Upstream
  readonly #handler: EgressHandler
  #controller: Dispatcher.DispatchController | undefined
  #informational = 0
  #answered = false
  #over = false

  constructor(upstream: Upstream, handler: EgressHandler) {
    this.#upstream = upstream
    this.#handler = handler
  }

  abort(): void {
    this.#over = true
    this.#controller?.abort(new Error('aborted'))
  }

  resume(): void {
    if (this.#controller?.paused) this.#controller.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) controller.abort(new Error('aborted'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    if (this.#over) return
    if (status < 200) {
      this.#informational++
      if (this.#informational > INFORMATIONAL_MAX) controller.abort(new Error('too many informational answers'))
      return
    }
    this.#answered = true
    this.#handler.onHeaders(status, headers as AnswerHeaders)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over && !this.#handler.onData(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#over = true
    this.#handler.onEnd()
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.fail(error)
  }

  fail(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#handler.onError(this.#translate(error))
  }

  #translate(error: Error & { code?: string }): GatewayError {
    if (error instanceof GatewayError) return error
    const { host } = new URL(this.#upstream.origin)
    const { code = '' } = error
    const cause = { cause: error }
    if (code === 'UND_ERR_CONNECT_TIMEOUT') return new GatewayError('upstream_unreachable', `No connection to ${host} in time.`, cause)
    if (code === 'UND_ERR_HEADERS_TIMEOUT') return new GatewayError('upstream_timeout', `${host} did not answer in time.`, cause)
    if (code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('HPE_') || error.message === 'too many informational answers') {
      return new GatewayError('upstream_malformed', `${host} did not answer in HTTP.`, cause)
    }
    if (this.#answered) return new GatewayError('upstream_truncated', `${host} broke off its answer.`, cause)
    if (/^bad (response|upgrade)$/.test(error.message)) return new GatewayError('upstream_malformed', `${host} did not answer in HTTP.`, cause)
    return new GatewayError('upstream_unreachable', `No answer from ${host}: ${code === '' ? 'connection closed' : code}.`, cause)
  }
}
