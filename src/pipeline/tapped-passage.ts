import type { GatewayError } from '../message/error.ts'
import type { StreamTap } from '../protocols/stream.ts'
import { noStream } from './passage.ts'
import type { Passage } from './passage.ts'

/** A native answer, with a tap beside its bytes. */
export abstract class TappedPassage implements Passage {
  protected readonly tap: StreamTap

  constructor(tap: StreamTap) {
    this.tap = tap
  }

  abstract push(chunk: Buffer): Buffer | undefined
  abstract end(): Buffer | undefined
  abstract ping(): Buffer | string
  abstract failure(error: GatewayError): Buffer | string

  whole(): never {
    throw noStream()
  }

  get semantic() {
    return this.tap.semantic
  }
  get complete() {
    return this.tap.complete
  }
  get error() {
    return this.tap.error
  }
  get usage() {
    return this.tap.usage
  }
  get finish() {
    return this.tap.finish
  }
  get responseId() {
    return this.tap.responseId
  }
  get model() {
    return this.tap.model
  }
}
