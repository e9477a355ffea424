import { GatewayError } from '../../message/error.ts'
import type { AnswerHeaders, EgressHandler, EgressRequest, Exchange, Upstream } from '../../wire/egress.ts'
import type { Call } from '../call.ts'
import type { Dependencies } from '../dependencies.ts'
import type { Watched } from '../idle-watch.ts'
import { clientGone } from '../relay.ts'
import { SecretFilter } from '../secret-filter.ts'
import { answerHeaders } from '../upstream-headers.ts'

export interface MirrorOptions {
  call: Call
  on: Dependencies
  upstream: Upstream
  /** What the upstream must not tell on: its key. */
  secret: string
  idleTimeoutMs: number
  /** Told of an answer while it passes. */
  onHeaders: (status: number, headers: AnswerHeaders) => void
  onBytes: (bytes: Buffer) => void
  /** Called before the client gets the end: what it saw end is in the journal. */
  beforeEnd: () => void
}

/**
 * One answer as it comes, whatever it is: status, headers, and bytes at the pace of the client. It rejects with the
 * failure; after the headers the client sees it in the connection that breaks off, since nothing is known of what may
 * be written there.
 */
export function mirror(request: EgressRequest, options: MirrorOptions): Promise<void> {
  return new Promise((resolve, reject) => new Mirror(options, resolve, reject).start(request))
}

/** A page that somebody put into a provider's files is shown in the gateway's name, and must not act in it. */
const INERT = {
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
}

class Mirror implements Watched, EgressHandler {
  place = -1
  lastUpstreamAt = performance.now()
  /** Nothing is put in when it is quiet. */
  lastClientAt = Infinity
  readonly #options: MirrorOptions
  readonly #filter: SecretFilter
  readonly #resolve: () => void
  readonly #reject: (error: GatewayError) => void
  #exchange: Exchange | undefined
  #answered = false
  /** The client takes no more for now. */
  #blocked = false
  #settled = false

  constructor(options: MirrorOptions, resolve: () => void, reject: (error: GatewayError) => void) {
    this.#options = options
    this.#filter = new SecretFilter(options.secret)
    this.#resolve = resolve
    this.#reject = reject
  }

  get idleTimeoutMs(): number {
    return this.#options.idleTimeoutMs
  }

  start(request: EgressRequest): void {
    const { call, on, upstream } = this.#options
    if (call.reply.closed) return this.onError(clientGone())
    call.reply.onGone(() => this.onError(clientGone()))
    call.reply.onDrain(() => this.#unblock())
    on.idleWatch.add(this)
    this.#exchange = on.egress.dispatch(upstream, request, this)
  }

  onHeaders(status: number, headers: AnswerHeaders): void {
    if (this.#settled) return
    this.lastUpstreamAt = performance.now()
    this.#answered = true
    const { call, onHeaders } = this.#options
    onHeaders(status, headers)
    const kept = answerHeaders(this.#filter.headers(headers), call)
    call.reply.open(status, { ...kept, ...INERT })
  }

  onData(chunk: Buffer): boolean {
    if (this.#settled) return true
    this.lastUpstreamAt = performance.now()
    this.#blocked = !this.#give(this.#filter.push(chunk))
    return !this.#blocked
  }

  onEnd(): void {
    if (this.#settled) return
    this.#give(this.#filter.end())
    this.#settle()
    this.#options.beforeEnd()
    this.#options.call.reply.end()
    this.#resolve()
  }

  onError(error: GatewayError): void {
    if (this.#settled) return
    this.#settle()
    this.#exchange?.abort()
    this.#reject(error)
  }

  onQuiet(): void {}

  onIdle(): void {
    // Until the headers the dialler keeps the time; and it is we who keep the upstream silent while the client takes
    // nothing.
    if (!this.#answered || this.#blocked) {
      this.lastUpstreamAt = performance.now()
      return
    }
    const seconds = Math.round(this.idleTimeoutMs / 1000)
    this.onError(new GatewayError('upstream_idle', `The upstream sent nothing for ${seconds} s.`))
  }

  #give(bytes: Buffer): boolean {
    if (bytes.length === 0) return true
    this.#options.onBytes(bytes)
    return this.#options.call.reply.write(bytes)
  }

  #unblock(): void {
    this.#blocked = false
    this.lastUpstreamAt = performance.now()
    this.#exchange?.resume()
  }

  #settle(): void {
    this.#settled = true
    this.#options.on.idleWatch.delete(this)
  }
}
