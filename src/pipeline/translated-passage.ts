import { GatewayError } from '../message/error.ts'
import type { Event } from '../message/event.ts'
import type { EncodeContext, Memo, Protocol, StreamDecoder, StreamEncoder } from '../protocols/protocol.ts'
import { stopAt } from '../protocols/shared/stop-sequences.ts'
import { readFrame, SseFramer, SseFrameTooLongError } from '../wire/sse.ts'
import { EventMeter } from './event-meter.ts'
import type { Passage } from './passage.ts'
import { parseAnswer } from './whole-answer.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** Upstream frames to events to client frames; one string out for each chunk in. */
export class TranslatedPassage extends EventMeter implements Passage {
  readonly #framer: SseFramer
  readonly #upstream: Protocol
  readonly #memo: Memo
  readonly #decoder: StreamDecoder
  readonly #encoder: StreamEncoder
  readonly #emit: (event: Event) => void
  #out = ''

  constructor(upstream: Protocol, client: Protocol, memo: Memo, context: EncodeContext) {
    super()
    this.#upstream = upstream
    this.#memo = memo
    this.#decoder = upstream.stream.decoder(memo)
    this.#encoder = client.stream.encoder(context)
    const write = (text: string) => {
      this.#out += text
    }
    const encode = (event: Event) => {
      this.read(event)
      this.#encoder.push(event, write)
    }
    this.#emit = stopAt(memo.enforceStop, encode)
    this.#framer = new SseFramer((bytes, start, end) => {
      const frame = this.error === undefined ? readFrame(bytes, start, end) : undefined
      if (frame !== undefined) this.#decoder.push(frame, this.#emit)
    })
  }

  push(chunk: Buffer): string | undefined {
    try {
      this.#framer.push(chunk)
    } catch (error) {
      if (!(error instanceof SseFrameTooLongError)) throw error
      const malformed = new GatewayError('upstream_malformed', `${error.message}.`, { cause: error })
      this.#emit({ type: 'error', error: malformed })
    }
    return this.#take()
  }

  end(): string | undefined {
    this.#framer.end()
    if (this.error === undefined && !this.complete) this.#decoder.end(this.#emit)
    return this.#take()
  }

  whole(answer: WholeAnswer): string {
    this.#upstream.response.decode(parseAnswer(answer), this.#memo, this.#emit)
    return this.#take() ?? ''
  }

  ping(): string {
    return this.#encoder.ping()
  }

  failure(error: GatewayError): string {
    if (this.error !== undefined) return ''
    this.#encoder.push({ type: 'error', error }, (text) => {
      this.#out += text
    })
    return this.#take() ?? ''
  }

  #take(): string | undefined {
    if (this.#out === '') return undefined
    const out = this.#out
    this.#out = ''
    return out
  }
}
