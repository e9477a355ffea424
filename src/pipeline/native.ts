import type { GatewayError } from '../message/error.ts'
import type { Protocol, StreamTap } from '../protocols/protocol.ts'
import { splice } from '../wire/json-scan.ts'
import type { Edit } from '../wire/json-scan.ts'
import { cutForeignBlocks } from './foreign-blocks.ts'
import type { Passage } from './passage.ts'
import type { Plan } from './plan.ts'
import type { InboundRequest } from './read-request.ts'

/**
 * The client's body for an upstream of the same protocol: the same bytes but for the model's name and what the
 * protocol says must not go there (thinking that another model made). Prompt caches and signatures hold only
 * while every other byte stays.
 */
export function nativeBody(request: InboundRequest, plan: Plan): Buffer {
  const { foreignBlocks } = plan.provider.provider.protocol
  const edits: Edit[] =
    foreignBlocks === undefined ? [] : cutForeignBlocks(request.body, request.fields, foreignBlocks)
  const span = request.fields.get('model')
  if (span !== undefined && plan.model !== request.model)
    edits.push({ span, text: JSON.stringify(plan.model) })
  return edits.length === 0 ? request.body : splice(request.body, edits)
}

/** Bytes through, untouched, with a tap beside them. */
export class NativePassage implements Passage {
  readonly #tap: StreamTap
  readonly #protocol: Protocol
  readonly #requestId: string

  constructor(protocol: Protocol, requestId: string) {
    this.#protocol = protocol
    this.#tap = protocol.stream.tap()
    this.#requestId = requestId
  }

  push(chunk: Buffer): Buffer {
    this.#tap.push(chunk)
    return chunk
  }

  end(): undefined {
    this.#tap.end()
  }

  get semantic() {
    return this.#tap.semantic
  }
  get complete() {
    return this.#tap.complete
  }
  get error() {
    return this.#tap.error
  }
  get usage() {
    return this.#tap.usage
  }
  get finish() {
    return this.#tap.finish
  }
  get responseId() {
    return this.#tap.responseId
  }
  get model() {
    return this.#tap.model
  }

  ping(): string {
    return this.#protocol.stream.ping
  }

  failure(error: GatewayError): string {
    return this.#tap.failure(error, this.#requestId)
  }
}
