import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

/** A request whose head has come, over either version of HTTP. */
export interface HttpRequest {
  readonly method: string
  /** As the client wrote it, not yet canonical. */
  readonly target: string
  /** Lower-case names, with `host`; those of one name are joined as Node joins them. */
  readonly headers: IncomingHttpHeaders
  /** Each as it came: name and value by turns. */
  readonly rawHeaders: readonly string[]
  /** Address of the peer, empty when it has left. */
  readonly peer: string
  readonly body: Readable
  /** All of the body has come. */
  readonly complete: boolean
  /** The client took it back before its answer had ended. */
  readonly aborted: boolean
  /** How long the body may take. Undefined: Node keeps the time itself. */
  readonly bodyTimeoutMs: number | undefined
  /** The go-ahead for a client that waits with its body. */
  sendContinue(): void
}

/** A request of HTTP/1.1, whose framing and time-outs are Node's. */
export class Http1Request implements HttpRequest {
  readonly bodyTimeoutMs = undefined
  readonly body: IncomingMessage
  readonly #response: ServerResponse

  constructor(message: IncomingMessage, response: ServerResponse) {
    this.body = message
    this.#response = response
  }

  get method(): string {
    return this.body.method ?? ''
  }
  get target(): string {
    return this.body.url ?? ''
  }
  get headers(): IncomingHttpHeaders {
    return this.body.headers
  }
  get rawHeaders(): readonly string[] {
    return this.body.rawHeaders
  }
  get peer(): string {
    return this.body.socket.remoteAddress ?? ''
  }
  get complete(): boolean {
    return this.body.complete
  }
  get aborted(): boolean {
    return this.body.destroyed && !this.body.complete
  }

  sendContinue(): void {
    this.#response.writeContinue()
  }
}
