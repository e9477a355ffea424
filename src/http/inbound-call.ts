import type { ByteBudget } from '../lib/byte-budget.ts'
import { GatewayError } from '../message/error.ts'
import type { Call, Passthrough } from '../pipeline/call.ts'
import type { Endpoint, Operation } from '../protocols/endpoint.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { readBody } from './body.ts'
import type { BodyTypes } from './body.ts'
import type { CanonicalTarget } from './canonical-path.ts'
import type { EdgeReply } from './edge-reply.ts'
import type { HttpRequest } from './request.ts'
import type { InferenceMatch } from './router.ts'

/** A {@link Call} over HTTP. */
export class InboundCall implements Call {
  readonly id: string
  readonly protocol: Protocol
  readonly operation: Operation
  readonly endpoint: Endpoint
  readonly preferredProviders: readonly string[]
  readonly isUnified: boolean
  readonly path: string
  readonly queryText: string
  readonly parameters: Readonly<Record<string, string>>
  readonly pathModel: string | undefined
  readonly passthrough: Passthrough | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly receivedAtMs = Date.now()
  readonly startedAt = performance.now()
  readonly reply: EdgeReply
  readonly #request: HttpRequest
  readonly #budget: ByteBudget
  #query: URLSearchParams | undefined
  #heldBytes = 0

  constructor(
    id: string,
    match: InferenceMatch,
    target: CanonicalTarget,
    request: HttpRequest,
    reply: EdgeReply,
    budget: ByteBudget,
  ) {
    this.id = id
    this.protocol = match.protocol
    this.operation = match.endpoint.operation
    this.endpoint = match.endpoint
    this.preferredProviders = match.preferredProviders
    this.isUnified = match.isUnified
    this.path = target.path
    this.parameters = match.parameters
    this.pathModel = match.parameters['model']
    this.passthrough = match.passthrough
    this.headers = request.headers as Record<string, string | undefined>
    this.reply = reply
    this.#request = request
    this.#budget = budget
    this.queryText = target.query
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.queryText))
  }

  readBody(maxBytes: number): Promise<Buffer> {
    return readBody(this.#request, typesOf(this.endpoint), maxBytes, (bytes) => {
      if (!this.#budget.take(bytes)) throw tooManyBodies()
      this.#heldBytes += bytes
    })
  }

  /** Gives back what the body took from the budget. */
  releaseBody(): void {
    this.#budget.release(this.#heldBytes)
    this.#heldBytes = 0
  }
}

function typesOf({ operation, forms }: Endpoint): BodyTypes {
  if (operation === 'passthrough') return 'any'
  return forms === true ? 'forms' : 'json'
}

function tooManyBodies(): GatewayError {
  return new GatewayError(
    'overloaded_gateway',
    'The gateway holds too many request bodies at once; try again in a second.',
    { retryAfterSeconds: 1 },
  )
}
