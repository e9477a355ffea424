import { GatewayError, toGatewayError } from '../message/error.ts'
import { endedBefore } from '../protocols/shared/broken-stream.ts'
import type { AnswerHeaders, Egress, EgressRequest, Exchange, Upstream } from '../wire/egress.ts'
import { clientFraming } from './call.ts'
import type { Call } from './call.ts'
import type { IdleWatch, Watched } from './idle-watch.ts'
import type { Passage } from './passage.ts'
import { SecretFilter } from './secret-filter.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** Enough for any provider's error text; what is longer is a page of somebody's proxy. */
const ERROR_BODY_MAX_BYTES = 1024 * 1024
/** A whole answer is kept in memory until its usage is known. The largest real ones are base64 images. */
const WHOLE_ANSWER_MAX_BYTES = 64 * 1024 * 1024
/** How much of a stream is held back while only preliminaries (`message_start`, pings) have come. */
const HOLD_BACK_MAX_BYTES = 1024 * 1024
/** How long the upstream may take to end its message after the answer in it has ended. */
const LINGER_MS = 1_000

export interface RelayOptions {
  call: Call
  egress: Egress
  upstream: Upstream
  /** What the upstream must not tell on: its key. */
  secret: string
  idleWatch: IdleWatch
  idleTimeoutMs: number
  /** An error status of the upstream as the failure it means. */
  readError: (answer: WholeAnswer) => GatewayError
  /** Absent: an answer is of status 200. */
  isAnswer?: ((status: number) => boolean) | undefined
  /** Undefined: the client waits for a whole answer. */
  stream: StreamSide | undefined
  /** Gives the client that whole answer. Throws the failure that it tells of. */
  answerWhole: (answer: WholeAnswer) => void
}

/** The client's side of a streamed answer. */
export interface StreamSide {
  passage: Passage
  /** Is the upstream's answer of this type one that goes through the passage? */
  accepts: (contentType: string) => boolean
  /** Nothing goes to the client before the upstream has answered: it may get an answer of another kind. */
  waits?: true
  /** Headers of the answer, made when its first part is there. */
  headers: (upstream: AnswerHeaders) => Record<string, string | string[]>
  /** The first part of the answer goes to the client. */
  onFirst: () => void
  /** What the client gets, for the log. */
  onBytes: (bytes: Buffer | string) => void
  /** Called before the client gets the last bytes: what it saw end is in the journal. */
  beforeEnd: (error?: GatewayError) => void
}

/**
 * One attempt's bytes, to the end of the answer. Rejects with the failure as long as nothing was sent, so that
 * another attempt can be made. After the first byte a failure is written into the stream, in the client's form, and
 * the promise rejects too, for the log. The request is not kept: its body is large, and the answer may take minutes.
 */
export function relay(request: EgressRequest, options: RelayOptions): Promise<void> {
  return new Promise((resolve, reject) => new Relay(options, resolve, reject).start(request))
}

class Relay implements Watched {
  place = -1
  lastUpstreamAt = performance.now()
  lastClientAt = this.lastUpstreamAt
  readonly #options: RelayOptions
  readonly #filter: SecretFilter
  readonly #resolve: () => void
  readonly #reject: (error: GatewayError) => void
  #exchange: Exchange | undefined
  #status = 0
  #headers: AnswerHeaders = {}
  /** Set once the upstream streams to a client that wants a stream. */
  #stream: StreamSide | undefined
  #held: (Buffer | string)[] = []
  #heldBytes = 0
  /** The client takes no more for now. */
  #blocked = false
  #settled = false

  constructor(options: RelayOptions, resolve: () => void, reject: (error: GatewayError) => void) {
    this.#options = options
    this.#filter = new SecretFilter(options.secret)
    this.#resolve = resolve
    this.#reject = reject
  }

  get idleTimeoutMs(): number {
    return this.#isComplete ? LINGER_MS : this.#options.idleTimeoutMs
  }

  get #isComplete(): boolean {
    return this.#stream?.passage.complete === true
  }

  start(request: EgressRequest): void {
    const { call, egress, upstream, idleWatch } = this.#options
    if (call.reply.closed) return this.#fail(clientGone())
    call.reply.onGone(() => this.#fail(clientGone()))
    idleWatch.add(this)
    this.#exchange = egress.dispatch(upstream, request, this)
  }

  onHeaders(status: number, headers: AnswerHeaders): void {
    this.lastUpstreamAt = performance.now()
    this.#status = status
    this.#headers = this.#filter.headers(headers)
    const { stream } = this.#options
    if (status === 200 && stream?.accepts(String(headers['content-type'] ?? '')) === true)
      this.#stream = stream
  }

  onData(chunk: Buffer): boolean {
    if (this.#settled) return true
    if (!this.#isComplete) this.lastUpstreamAt = performance.now()
    this.#blocked = !this.#take(this.#filter.push(chunk))
    if (this.#blocked) this.#options.call.reply.onDrain(() => this.#unblock())
    return !this.#blocked
  }

  onEnd(): void {
    if (this.#settled) return
    this.#take(this.#filter.end())
    if (this.#settled) return
    if (this.#stream === undefined) this.#whole()
    else this.#finish(this.#stream, this.#stream.passage.end())
  }

  #take(bytes: Buffer): boolean {
    if (bytes.length === 0) return true
    return this.#stream === undefined ? this.#collect(bytes) : this.#pass(this.#stream, bytes)
  }

  #whole(): void {
    const held = this.#held as Buffer[]
    const body = held.length === 1 ? held[0]! : Buffer.concat(held)
    const answer = { status: this.#status, headers: this.#headers, body }
    const { stream, readError, isAnswer, answerWhole } = this.#options
    if (!(isAnswer?.(answer.status) ?? answer.status === 200)) return this.#fail(readError(answer))
    this.#held = []
    try {
      if (stream !== undefined && stream.waits !== true)
        return this.#finish(stream, stream.passage.whole(answer))
      answerWhole(answer)
    } catch (thrown) {
      return this.#fail(toGatewayError(thrown))
    }
    this.#settle()
    this.#resolve()
  }

  /** The upstream has ended; `rest` is what the client gets for that. */
  #finish(stream: StreamSide, rest: Buffer | string | undefined): void {
    const { passage } = stream
    if (passage.error !== undefined) return this.#fail(passage.error, rest)
    if (!passage.complete) return this.#fail(endedBefore('the answer was whole'), rest)
    const { reply } = this.#options.call
    if (!reply.committed) this.#commit(stream, this.#held.splice(0))
    this.#deliver(stream, rest)
    this.#settle()
    reply.end()
    this.#resolve()
  }

  onError(error: GatewayError): void {
    // Some upstreams reset the connection instead of ending it; an answer that is whole stays whole.
    if (this.#isComplete) return this.onEnd()
    this.#fail(error)
  }

  onQuiet(): void {
    const { call, stream } = this.#options
    this.lastClientAt = performance.now()
    if (stream === undefined || this.#blocked) return
    if (stream.waits === true && this.#stream === undefined) return
    // A whole answer or an error, which is still coming, is no part of a stream: it stays held.
    if (!call.reply.committed) this.#commit(stream, this.#stream === undefined ? [] : this.#held.splice(0))
    const ping = stream.passage.ping()
    if (ping.length > 0) this.#write(stream, ping)
  }

  onIdle(): void {
    if (this.#isComplete) {
      this.#exchange?.abort()
      return this.onEnd()
    }
    // Until the headers the dialler keeps the time: a whole answer may take longer than a stream may be silent. And
    // it is we who keep the upstream silent while the client takes nothing.
    if (this.#status === 0 || this.#blocked) {
      this.lastUpstreamAt = performance.now()
      return
    }
    const seconds = Math.round(this.idleTimeoutMs / 1000)
    this.#fail(
      new GatewayError('upstream_idle', `Stream timeout: the upstream sent nothing for ${seconds} s.`),
    )
  }

  #unblock(): void {
    this.#blocked = false
    this.lastUpstreamAt = performance.now()
    this.#exchange?.resume()
  }

  /** Streamed bytes: hold back until the answer has begun, then one write for each chunk. */
  #pass(stream: StreamSide, chunk: Buffer): boolean {
    const { passage } = stream
    const out = passage.push(chunk)
    if (passage.error !== undefined) {
      this.#fail(passage.error, out)
      return true
    }
    if (this.#options.call.reply.committed) return this.#deliver(stream, out)
    if (out !== undefined) {
      this.#held.push(out)
      this.#heldBytes += out.length
    }
    if (!passage.semantic && !passage.complete && this.#heldBytes < HOLD_BACK_MAX_BYTES) return true
    return this.#commit(stream, this.#held.splice(0))
  }

  #commit(stream: StreamSide, held: readonly (Buffer | string)[]): boolean {
    this.#options.call.reply.open(200, stream.headers(this.#headers))
    stream.onFirst()
    if (held.length <= 1) return this.#deliver(stream, held[0])
    return this.#deliver(
      stream,
      Buffer.concat(held.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
    )
  }

  #deliver(stream: StreamSide, out: Buffer | string | undefined): boolean {
    if (stream.passage.complete) stream.beforeEnd()
    return out === undefined || this.#write(stream, out)
  }

  #write(stream: StreamSide, out: Buffer | string): boolean {
    this.lastClientAt = Math.max(this.lastClientAt, this.lastUpstreamAt)
    stream.onBytes(out)
    return this.#options.call.reply.write(out)
  }

  #collect(chunk: Buffer): boolean {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    const limit = this.#status >= 400 ? ERROR_BODY_MAX_BYTES : WHOLE_ANSWER_MAX_BYTES
    if (this.#heldBytes > limit) {
      this.#fail(
        new GatewayError('upstream_malformed', `The upstream's answer is larger than ${limit} bytes.`),
      )
    }
    return true
  }

  /** `rest` is what the passage had for the client when it failed: its own form of the error included. */
  #fail(error: GatewayError, rest?: Buffer | string): void {
    if (this.#settled) return
    this.#settle()
    this.#exchange?.abort()
    const { call, stream } = this.#options
    if (
      call.reply.committed &&
      !call.reply.closed &&
      stream !== undefined &&
      error.kind !== 'client_closed'
    ) {
      stream.beforeEnd(error)
      if (rest !== undefined) this.#write(stream, rest)
      const failure = stream.passage.failure(error)
      stream.onBytes(failure)
      call.reply.abort(failure, clientFraming(call).failurePauseMs)
    }
    this.#reject(error)
  }

  #settle(): void {
    this.#settled = true
    this.#options.idleWatch.delete(this)
  }
}

/** The outcome of a call whose client has left. */
export function clientGone(): GatewayError {
  return new GatewayError('client_closed', 'The client closed the connection.')
}
