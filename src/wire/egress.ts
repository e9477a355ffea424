import { getDefaultHighWaterMark } from 'node:stream'
import type { Readable } from 'node:stream'
import type { buildConnector, Pool, ProxyAgent } from 'undici'
import { checkedLookup, checkOrigin, systemResolve } from './dial-policy.ts'
import type { Dialled, Resolve } from './dial-policy.ts'
import { checkSendable } from './sendable.ts'
import { watchStale } from './stale-connection.ts'
import { UpstreamExchange } from './upstream-exchange.ts'
import type { EgressHandler, Exchange } from './upstream-exchange.ts'

/** A place to connect to, as the operator's configuration names it. Frozen: a change is a new object. */
export interface Upstream extends Dialled {
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
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array | undefined
  /**
   * A large body has been written and is read no more. Not called for a small one, nor when the connection broke
   * before.
   */
  readonly onSent?: () => void
}

export type { AnswerHeaders, EgressHandler, Exchange } from './upstream-exchange.ts'

/** Header bytes of an answer; real ones are below 6 KB. */
const HEADERS_MAX_BYTES = 16 * 1024
/** Node's sockets say of more than this, and of nothing less, when it was written. */
const LARGE_BODY_BYTES = getDefaultHighWaterMark(false)
/** Idle connections are kept so long, unless the server says less. */
const KEEP_ALIVE_MS = 30_000

/**
 * The one dialler: nothing else in the program opens a connection. It follows no redirect (a 307 would take the
 * prompt and the key to another origin), dials only the address that it has checked, speaks HTTP/1.1, and puts
 * a time-out on connecting and on the headers. Silence inside an answer is the caller's to judge.
 */
export class Egress {
  readonly #resolve: Resolve
  readonly #pools = new Map<string, Pool | ProxyAgent>()
  readonly #keys = new WeakMap<Upstream, string>()
  #undici: typeof import('undici') | undefined

  /** `resolve` stands in for the system's resolver. */
  constructor({ resolve = systemResolve }: { resolve?: Resolve } = {}) {
    this.#resolve = resolve
  }

  /** Loads the HTTP client; done after the gateway listens, since it takes longer than all the rest. */
  async warmUp(): Promise<void> {
    this.#undici ??= await import('undici')
  }

  /** Sends one request. Every failure goes to `handler.onError`; nothing is thrown. */
  dispatch(upstream: Upstream, request: EgressRequest, handler: EgressHandler): Exchange {
    const exchange = new UpstreamExchange(upstream.origin, handler)
    if (this.#undici !== undefined) this.#send(upstream, request, exchange)
    else {
      this.warmUp().then(
        () => this.#send(upstream, request, exchange),
        (error: Error) => exchange.fail(error),
      )
    }
    return exchange
  }

  /** Closes the connections of upstreams that the configuration no longer names, when their answers have ended. */
  keepOnly(upstreams: readonly Upstream[]): void {
    const wanted = new Set(upstreams.map((upstream) => this.#keyOf(upstream)))
    for (const [key, pool] of this.#pools) {
      if (wanted.has(key)) continue
      this.#pools.delete(key)
      void pool.close()
    }
  }

  /** Cuts everything that is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
    this.#pools.clear()
  }

  #send(upstream: Upstream, request: EgressRequest, exchange: UpstreamExchange): void {
    if (exchange.over) return
    try {
      const { method, path, headers, body, onSent } = request
      checkSendable(path, headers)
      const { origin, headersTimeoutMs: headersTimeout } = upstream
      const options = { origin, method, path, headers, headersTimeout, bodyTimeout: 0 }
      this.#poolFor(upstream).dispatch(
        { ...options, body: body === undefined ? null : released(body, onSent) },
        exchange,
      )
    } catch (error) {
      exchange.fail(error as Error)
    }
  }

  #poolFor(upstream: Upstream): Pool | ProxyAgent {
    const key = this.#keyOf(upstream)
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = this.#open(upstream)
      this.#pools.set(key, pool)
    }
    return pool
  }

  /** Upstreams that are alike share connections: a changed configuration makes new objects of old settings. */
  #keyOf(upstream: Upstream): string {
    let key = this.#keys.get(upstream)
    if (key === undefined) {
      key = JSON.stringify(upstream)
      this.#keys.set(upstream, key)
    }
    return key
  }

  #open(upstream: Upstream): Pool | ProxyAgent {
    checkOrigin(upstream)
    const { Pool, ProxyAgent, buildConnector } = this.#undici!
    const tls = { ca: upstream.caCertificatePem, rejectUnauthorized: !upstream.insecureSkipVerify }
    const { connectTimeoutMs, maxConnections, proxyUrl } = upstream
    const options = {
      allowH2: false,
      pipelining: 1,
      connections: maxConnections,
      maxHeaderSize: HEADERS_MAX_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
    }
    if (proxyUrl !== undefined) {
      return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: tls, connectTimeout: connectTimeoutMs })
    }
    const lookup = checkedLookup(upstream, this.#resolve)
    const connect = watched(buildConnector({ ...tls, timeout: connectTimeoutMs, lookup }))
    return new Pool(upstream.origin, { ...options, connect })
  }
}

function watched(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      if (result[1]) watchStale(result[1])
      callback(...result)
    })
}

/**
 * Undici holds what it was given until the answer has ended; a large body is let go when it was written. It asks for
 * the next piece when the socket has drained.
 */
function released(body: Uint8Array, onSent: (() => void) | undefined): Uint8Array | Readable {
  if (body.length <= LARGE_BODY_BYTES) return body
  const unsent = [body]
  const once: Iterable<Uint8Array> = {
    *[Symbol.iterator]() {
      yield* unsent.splice(0)
      onSent?.()
    },
  }
  // Its documentation names iterables, its types do not.
  return once as unknown as Readable
}
