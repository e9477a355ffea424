import type { ByteBudget } from '../lib/byte-budget.ts'
import { GatewayError } from '../message/error.ts'
import { readBody } from './body.ts'
import type { HttpRequest } from './request.ts'

/** A virtual key with a hundred providers has some 50 KB. */
const BODY_MAX_BYTES = 1024 * 1024

/** The body of a request for one of the gateway's own routes, within the budget that all bodies share. */
export class OwnBody {
  readonly #request: HttpRequest
  readonly #budget: ByteBudget
  #heldBytes = 0

  constructor(request: HttpRequest, budget: ByteBudget) {
    this.#request = request
    this.#budget = budget
  }

  /** Throws `request_too_large`, `overloaded_gateway`, and what reading a body throws. */
  read(maxBytes: number = BODY_MAX_BYTES): Promise<Uint8Array> {
    return readBody(this.#request, 'json', maxBytes, (bytes) => {
      if (!this.#budget.take(bytes)) {
        const message = 'The gateway holds too many request bodies at once; try again in a second.'
        throw new GatewayError('overloaded_gateway', message, { retryAfterSeconds: 1 })
      }
      this.#heldBytes += bytes
    })
  }

  /** Gives back what the body took from the budget. */
  release(): void {
    this.#budget.release(this.#heldBytes)
    this.#heldBytes = 0
  }
}
