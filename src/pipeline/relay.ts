import { GatewayError } from '../message/error.ts'
import type { Egress, Exchange, EgressRequest, Upstream } from '../wire/egress.ts'
import type { Call } from './call.ts'
import type { IdleWatch, Watched } from './idle-watch.ts'
import type { Passage } from './passage.ts'

/** Enough for any provider's error text; what is longer is a page of somebody's proxy. */
const ERROR_BODY_MAX_BYTES = 1024 * 1024
/** A whole answer is kept in memory until its usage is known. The largest real ones are base64 images. */
const WHOLE_ANSWER_MAX_BYTES = 64 * 1024 * 1024
/** How much of a stream is held back while only preliminaries (`message_start`, pings) have come. */
const HOLD_BACK_MAX_BYTES = 1024 * 1024

/** An upstream's answer that is not a stream. */
export interface WholeAnswer {
  status: number
  headers: Readonly<Record<string, string | string[]>>
  body: Buffer
}

export interface RelayOptions {
  call: Call
  egress: Egress
  upstream: Upstream
  request: EgressRequest
  idleWatch: IdleWatch
  idleTimeoutMs: number
  /** Undefined: a streamed answer is not expected, and is collected. */
  passage: Passage | undefined
  /** Headers of the streamed answer, made when its first part is there. */
  streamHeaders: (upstream: Readonly<Record<string, string | string[]>>) => Record<string, string | string[]>
  /** An error status of the upstream as the failure it means. */
  readError: (answer: WholeAnswer) => GatewayError
  /** Called before the client gets the last bytes: what it saw end is in the journal. */
  beforeEnd: (error?: GatewayError) => void
  /** The first part of the answer goes to the client. */
  onFirst: () => void
  /** What the client gets, for the log. */
  onBytes: (bytes: Buffer | string) => void
}

/**
 * One attempt's bytes. Resolves with a whole answer, or with undefined when a stream went through to its end;
 * rejects with the failure as long as nothing was sent, so that another attempt can be made. After the first
 * byte a failure is written into the stream, in the client's form, and the promise rejects too, for the log.
 */
export function relay(options: RelayOptions): Promise<WholeAnswer | undefined> {
  return new Promise((resolve, reject) => new Relay(options, resolve, reject).start())
}

class Relay implements Watched {
  lastUpstreamAt = performance.now()
  lastClientAt = this.lastUpstreamAt
  readonly idleTimeoutMs: number
  readonly #options: RelayOptions
  readonly #resolve: (answer: WholeAnswer | undefined) => void
  readonly #reject: (error: GatewayError) => void
  #exchange: Exchange | undefined
  #status = 0
  #headers: Readonly<Record<string, string | string[]>> = {}
  #streaming = false
  #held: (Buffer | string)[] = []
  #heldBytes = 0
  #settled = false

  constructor(options: RelayOptions, resolve: Relay['#resolve'], reject: Relay['#reject']) {
    this.#options = options
    this.idleTimeoutMs = options.idleTimeoutMs
    this.#resolve = resolve
    this.#reject = reject
  }

  start(): void {
    const { call, egress, upstream, request, idleWatch } = this.#options
    if (call.reply.closed) return this.#fail(clientGone())
    call.reply.onGone(() => this.#fail(clientGone()))
    call.reply.onDrain(() => this.#exchange?.resume())
    idleWatch.add(this)
    this.#exchange = egress.dispatch(upstream, request, this)
  }

  onHeaders(status: number, headers: Readonly<Record<string, string | string[]>>): void {
    this.lastUpstreamAt = performance.now()
    this.#status = status
    this.#headers = headers
    const isStream = /^text\/event-stream/i.test(String(headers['content-type'] ?? ''))
    this.#streaming = status === 200 && isStream && this.#options.passage !== undefined
  }

  onData(chunk: Buffer): boolean {
    if (this.#settled) return true
    this.lastUpstreamAt = performance.now()
    return this.#streaming ? this.#pass(chunk) : this.#collect(chunk)
  }

  onEnd(): void {
    if (this.#settled) return
    if (!this.#streaming) return this.#whole()
    const passage = this.#options.passage!
    const rest = passage.end()
    if (passage.error !== undefined) return this.#fail(passage.error, rest)
    if (!passage.complete) return this.#fail(truncated(), rest)
    this.#deliver(rest)
    this.#settle()
    this.#options.call.reply.end()
    this.#resolve(undefined)
  }

  #whole(): void {
    const answer = { status: this.#status, headers: this.#headers, body: Buffer.concat(this.#held as Buffer[]) }
    if (answer.status !== 200) return this.#fail(this.#options.readError(answer))
    this.#settle()
    this.#resolve(answer)
  }

  onError(error: GatewayError): void {
    // Some upstreams reset the connection instead of ending it; an answer that is whole stays whole.
    if (this.#streaming && this.#options.passage!.complete) return this.onEnd()
    this.#fail(error)
  }

  onQuiet(): void {
    const { call, passage } = this.#options
    if (passage === undefined) return
    if (!call.reply.committed) this.#commit()
    this.#write(passage.ping())
  }

  onIdle(): void {
    const seconds = Math.round(this.idleTimeoutMs / 1000)
    this.#fail(new GatewayError('upstream_idle', `The upstream sent nothing for ${seconds} s.`))
  }

  /** Streamed bytes: hold back until the answer has begun, then one write for each chunk. */
  #pass(chunk: Buffer): boolean {
    const passage = this.#options.passage!
    const out = passage.push(chunk)
    if (passage.error !== undefined) {
      this.#fail(passage.error, out)
      return true
    }
    if (this.#options.call.reply.committed) return this.#deliver(out)
    if (out !== undefined) {
      this.#held.push(out)
      this.#heldBytes += out.length
    }
    if (!passage.semantic && !passage.complete && this.#heldBytes < HOLD_BACK_MAX_BYTES) return true
    this.#commit()
    return true
  }

  #commit(): void {
    const { call, streamHeaders, onFirst } = this.#options
    call.reply.open(200, streamHeaders(this.#headers))
    onFirst()
    const held = this.#held
    this.#held = []
    if (held.length === 1) this.#deliver(held[0])
    else if (held.length > 1) this.#deliver(Buffer.concat(held.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))))
  }

  #deliver(out: Buffer | string | undefined): boolean {
    if (this.#options.passage!.complete) this.#options.beforeEnd()
    return out === undefined || this.#write(out)
  }

  #write(out: Buffer | string): boolean {
    this.lastClientAt = this.lastUpstreamAt
    this.#options.onBytes(out)
    return this.#options.call.reply.write(out)
  }

  #collect(chunk: Buffer): boolean {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    const limit = this.#status >= 400 ? ERROR_BODY_MAX_BYTES : WHOLE_ANSWER_MAX_BYTES
    if (this.#heldBytes > limit) {
      this.#fail(new GatewayError('upstream_malformed', `The upstream's answer is larger than ${limit} bytes.`))
    }
    return true
  }

  /** `rest` is what the passage had for the client when it failed: its own form of the error included. */
  #fail(error: GatewayError, rest?: Buffer | string): void {
    if (this.#settled) return
    this.#settle()
    this.#exchange?.abort()
    const { reply } = this.#options.call
    if (reply.committed && !reply.closed && error.kind !== 'client_closed') {
      this.#options.beforeEnd(error)
      if (rest !== undefined) this.#write(rest)
      const passage = this.#options.passage!
      if (passage.error === undefined) this.#write(passage.failure(error))
      reply.abort()
    }
    this.#reject(error)
  }

  #settle(): void {
    this.#settled = true
    this.#options.idleWatch.delete(this)
  }
}

function clientGone(): GatewayError {
  return new GatewayError('client_closed', 'The client closed the connection.')
}

function truncated(): GatewayError {
  return new GatewayError('upstream_truncated', 'The upstream’s stream ended before the answer was whole.')
}
