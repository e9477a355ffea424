import type { GatewayError } from '../message/error.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { SSE_COMMENT, sseText } from '../wire/framing.ts'
import type { Framing } from '../wire/framing.ts'
import { TappedPassage } from './tapped-passage.ts'

/** A line of an event that means nothing. */
const COMMENT = ':\n'

/** Bytes through, untouched, with a tap beside them. */
export class NativePassage extends TappedPassage {
  readonly #ping: string
  readonly #lineFiller: string
  readonly #requestId: string

  /** `framing`: server-sent events as the client reads them. */
  constructor(protocol: Protocol, framing: Framing, requestId: string) {
    super(protocol.stream.tap())
    const { ping } = protocol.stream
    const { idle } = framing.writer()
    this.#ping = ping === undefined ? idle : sseText(ping.event, ping.data)
    this.#lineFiller = idle === SSE_COMMENT ? COMMENT : ''
    this.#requestId = requestId
  }

  push(chunk: Buffer): Buffer {
    this.tap.push(chunk)
    return chunk
  }

  end(): undefined {
    this.tap.end()
  }

  ping(): string {
    const { position } = this.tap
    if (position === 'between-events') return this.#ping
    return position === 'between-lines' ? this.#lineFiller : ''
  }

  failure(error: GatewayError): string {
    return this.tap.failure(error, this.#requestId)
  }
}
