import { randomUUID } from 'node:crypto'
import { ByteBudget } from '../lib/byte-budget.ts'
import { toGatewayError } from '../message/error.ts'
import type { GatewayError } from '../message/error.ts'
import type { Call } from '../pipeline/call.ts'
import { canonicalTarget } from './canonical-path.ts'
import type { CanonicalTarget } from './canonical-path.ts'
import { originHeaders } from './cors.ts'
import type { EdgeReply } from './edge-reply.ts'
import {
  checkHeaders,
  checkHost,
  checkJson,
  checkOrigin,
  checkPeer,
  checkUpgrade,
  isChange,
} from './guards.ts'
import type { GuardSettings, Purpose } from './guards.ts'
import { InboundCall } from './inbound-call.ts'
import type { EdgeLimits } from './limits.ts'
import { ownError, SECURITY_HEADERS } from './own-answer.ts'
import { OwnBody } from './own-body.ts'
import type { HttpRequest } from './request.ts'
import type { Admit, Match, OwnHead, OwnMatch, OwnRoute, Router } from './router.ts'

export interface EdgeOptions {
  readonly router: Router
  /** Asked for each request, so that a changed configuration holds at once. */
  readonly guards: () => GuardSettings
  /** Absent: the gateway's own routes are for this machine alone. */
  readonly admit?: Admit
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
      checkUpgrade(request)
      const preflight = request.method === 'OPTIONS'
      const method = preflight ? request.headers['access-control-request-method'] : request.method
      const match = this.#options.router.match(method ?? 'OPTIONS', target.path)
      const origin = checkOrigin(request, settings, purposeOf(match, method))
      if (origin !== undefined) reply.add(originHeaders(request, origin))
      if (preflight) reply.send(204, SECURITY_HEADERS, '')
      else if (match.type === 'own') void this.#own(match, target, id, request, reply)
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
      this.#ended()
    }
  }

  async #own(
    match: OwnMatch,
    target: CanonicalTarget,
    id: string,
    request: HttpRequest,
    reply: EdgeReply,
  ): Promise<void> {
    const { route, parameters } = match
    const { method, headers, peer } = request
    const head = { method, path: target.path, headers, peer }
    const body = new OwnBody(request, this.#budget)
    this.#calls++
    try {
      const caller = route.access ?? (await this.#admit(head))
      if (isChange(method)) checkJson(request)
      const query = new URLSearchParams(target.query)
      const bytes = isChange(method) ? await body.read(route.bodyMaxBytes) : NO_BODY
      const answer = await route.handler({ ...head, caller, query, parameters, body: bytes })
      reply.send(answer.status, { ...ownHeaders(id), ...answer.headers }, JSON.stringify(answer.body))
    } catch (thrown) {
      this.#failed(thrown, route, id, reply)
    } finally {
      body.release()
      this.#ended()
    }
  }

  #admit(head: OwnHead): ReturnType<Admit> {
    if (this.#options.admit !== undefined) return this.#options.admit(head)
    checkPeer(head)
    return 'machine'
  }

  #failed(thrown: unknown, { method, path }: OwnRoute, id: string, reply: EdgeReply): void {
    const error = toGatewayError(thrown)
    if (error.kind === 'internal') this.#options.report(`${method} ${path} failed`, error.cause)
    const { retryAfterSeconds } = error.details
    const headers = {
      ...ownHeaders(id),
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    }
    reply.send(error.status, headers, JSON.stringify(ownError(error)))
  }

  #ended(): void {
    this.#calls--
    if (this.#calls === 0) this.#whenIdle?.()
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

const NO_BODY = new Uint8Array()

function ownHeaders(id: string): Record<string, string> {
  return {
    ...SECURITY_HEADERS,
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'request-id': id,
  }
}

function purposeOf(match: Match, method: string | undefined): Purpose {
  if (match.type === 'inference') return 'inference'
  return isChange(method ?? 'OPTIONS') ? 'changing' : 'reading'
}
