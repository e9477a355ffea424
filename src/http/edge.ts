import { randomUUID } from 'node:crypto'
import { ByteBudget } from '../lib/byte-budget.ts'
import { toGatewayError } from '../message/error.ts'
import type { GatewayError } from '../message/error.ts'
import type { Call } from '../pipeline/call.ts'
import { canonicalTarget } from './canonical-path.ts'
import type { CanonicalTarget } from './canonical-path.ts'
import { originHeaders } from './cors.ts'
import type { EdgeReply } from './edge-reply.ts'
import { checkHeaders, checkHost, checkOrigin, checkPeer } from './guards.ts'
import type { GuardSettings } from './guards.ts'
import { InboundCall } from './inbound-call.ts'
import type { EdgeLimits } from './limits.ts'
import { ownError, SECURITY_HEADERS } from './own-answer.ts'
import type { HttpRequest } from './request.ts'
import type { OwnMatch, Router } from './router.ts'

export interface EdgeOptions {
  readonly router: Router
  /** Asked for each request, so that a changed configuration holds at once. */
  readonly guards: () => GuardSettings
  /** Resolves when the answer has ended, and never rejects. */
  readonly handle: (call: Call) => Promise<void>
  readonly report: (message: string, error?: unknown) => void
}

/** From an HTTP request to a {@link Call}, or to one of the gateway's own routes. */
export class Edge {
  readonly #options: EdgeOptions
  /** Of all bodies: many large ones at once are refused, not swapped out. */
  readonly #budget: ByteBudget
  #calls = 0
  #whenIdle: (() => void) | undefined

  constructor(options: EdgeOptions, limits: EdgeLimits) {
    this.#options = options
    this.#budget = new ByteBudget(limits.bodiesMaxBytes)
  }

  /** Resolves when no call is under way. */
  async idle(): Promise<void> {
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
  }

  /** `refused`: why it cannot be served, where its connection already tells. */
  serve(request: HttpRequest, reply: EdgeReply, refused?: GatewayError): void {
    const id = randomUUID()
    let target: CanonicalTarget | undefined
    try {
      target = canonicalTarget(request.target)
      if (refused !== undefined) throw refused
      checkHeaders(request)
      const settings = this.#options.guards()
      checkHost(request, settings)
      const preflight = request.method === 'OPTIONS'
      const method = preflight ? request.headers['access-control-request-method'] : request.method
      const match = this.#options.router.match(method ?? 'OPTIONS', target.path)
      const origin = checkOrigin(request, settings, match.type === 'inference')
      if (match.type === 'own' && match.route.anywhere !== true) checkPeer(request)
      if (origin !== undefined) reply.add(originHeaders(request, origin))
      if (preflight) reply.send(204, SECURITY_HEADERS, '')
      else if (match.type === 'own') void this.#own(match, target, id, reply)
      else void this.#infer(new InboundCall(id, match, target, request, reply, this.#budget), target)
    } catch (error) {
      this.#refuse(toGatewayError(error), target, id, reply)
    }
  }

  async #infer(call: InboundCall, target: CanonicalTarget): Promise<void> {
    this.#calls++
    try {
      await this.#options.handle(call)
    } catch (error) {
      this.#refuse(toGatewayError(error), target, call.id, call.reply)
    } finally {
      call.releaseBody()
      // A client must not wait for what nobody will say.
      call.reply.abort()
      this.#calls--
      if (this.#calls === 0) this.#whenIdle?.()
    }
  }

  async #own(match: OwnMatch, target: CanonicalTarget, id: string, reply: EdgeReply): Promise<void> {
    const headers = {
      ...SECURITY_HEADERS,
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'request-id': id,
    }
    try {
      const query = new URLSearchParams(target.query)
      const answer = await match.route.handler({ query, parameters: match.parameters })
      reply.send(answer.status, headers, JSON.stringify(answer.body))
    } catch (thrown) {
      const error = toGatewayError(thrown)
      if (error.kind === 'internal') {
        this.#options.report(`${match.route.method} ${match.route.path} failed`, error.cause)
      }
      reply.send(error.status, headers, JSON.stringify(ownError(error)))
    }
  }

  #refuse(error: GatewayError, target: CanonicalTarget | undefined, id: string, reply: EdgeReply): void {
    if (error.kind === 'internal') this.#options.report('a request failed at the edge', error.cause)
    const { router } = this.#options
    const encoded = target === undefined ? undefined : router.encodeError(target.path, error, id)
    // What two readers could read differently may not be all that is wrong on this connection.
    const ends = error.kind === 'invalid_request' || error.kind === 'overloaded_gateway'
    const headers = {
      ...SECURITY_HEADERS,
      'content-type': 'application/json',
      'request-id': id,
      ...(error.kind === 'method_not_allowed' && { allow: router.methodsAt(target!.path).join(', ') }),
      ...(ends && { connection: 'close' }),
      ...encoded?.headers,
    }
    reply.send(encoded?.status ?? error.status, headers, JSON.stringify(encoded?.body ?? ownError(error)))
  }
}
