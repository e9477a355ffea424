import type { GatewayError } from '../message/error.ts'
import type { Protocol, StreamTap } from '../protocols/protocol.ts'
import { SSE_COMMENT, sseText } from '../wire/framing.ts'
import type { Framing } from '../wire/framing.ts'
import { noStream } from './passage.ts'
import type { Passage } from './passage.ts'

/** A line of an event that means nothing. */
const COMMENT = ':\n'

/** Bytes through, untouched, with a tap beside them. */
export class NativePassage implements Passage {
  readonly #tap: StreamTap
  readonly #ping: string
  readonly #lineFiller: string
  readonly #requestId: string

  /** `framing`: server-sent events as the client reads them. */
  constructor(protocol: Protocol, framing: Framing, requestId: string) {
    const { ping } = protocol.stream
    const { idle } = framing.writer()
    this.#ping = ping === undefined ? idle : sseText(ping.event, ping.data)
    this.#lineFiller = idle === SSE_COMMENT ? COMMENT : ''
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

  whole(): never {
    throw noStream()
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
    const { position } = this.#tap
    if (position === 'between-events') return this.#ping
    return position === 'between-lines' ? this.#lineFiller : ''
  }

  failure(error: GatewayError): string {
    return this.#tap.failure(error, this.#requestId)
  }
}
