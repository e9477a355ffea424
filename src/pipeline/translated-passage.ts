import { GatewayError } from '../message/error.ts'
import type { Event } from '../message/event.ts'
import type {
  EncodeContext,
  Memo,
  Protocol,
  StreamDecoder,
  StreamEncoder,
  WriteFrame,
} from '../protocols/protocol.ts'
import { stopAt } from '../protocols/shared/stop-sequences.ts'
import { FrameError } from '../wire/frame-error.ts'
import type { FrameReader, FrameWriter, Framing } from '../wire/framing.ts'
import { EventMeter } from './event-meter.ts'
import type { Passage } from './passage.ts'
import { parseAnswer } from './whole-answer.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** One side of a translated stream. */
export interface StreamEnd {
  readonly protocol: Protocol
  readonly framing: Framing
}

/** Upstream frames to events to client frames; one write out for each chunk in. */
export class TranslatedPassage extends EventMeter implements Passage {
  readonly #reader: FrameReader
  readonly #writer: FrameWriter
  readonly #upstream: Protocol
  readonly #client: Protocol
  readonly #memo: Memo
  readonly #decoder: StreamDecoder
  readonly #encoder: StreamEncoder
  readonly #emit: (event: Event) => void
  readonly #write: WriteFrame
  readonly #out = new Output()

  constructor(upstream: StreamEnd, client: StreamEnd, memo: Memo, context: EncodeContext) {
    super()
    this.#upstream = upstream.protocol
    this.#client = client.protocol
    this.#memo = memo
    this.#decoder = upstream.protocol.stream.decoder(memo)
    this.#encoder = client.protocol.stream.encoder(context)
    this.#writer = client.framing.writer()
    this.#write = (event, data) => this.#out.add(this.#writer.write(event, data))
    const encode = (event: Event) => {
      this.read(event)
      this.#encoder.push(event, this.#write)
    }
    this.#emit = stopAt(memo.enforceStop, encode)
    this.#reader = upstream.framing.reader((frame) => {
      if (this.error === undefined) this.#decoder.push(frame, this.#emit)
    })
  }

  push(chunk: Buffer): Buffer | string | undefined {
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      const malformed = new GatewayError('upstream_malformed', `${error.message}.`, { cause: error })
      this.#emit({ type: 'error', error: malformed })
    }
    return this.#out.take()
  }

  end(): Buffer | string | undefined {
    this.#reader.end()
    if (this.error === undefined && !this.complete) this.#decoder.end(this.#emit)
    this.#out.add(this.#writer.end())
    return this.#out.take()
  }

  whole(answer: WholeAnswer): Buffer | string | undefined {
    this.#upstream.response.decode(parseAnswer(answer), this.#memo, this.#emit)
    this.#out.add(this.#writer.end())
    return this.#out.take()
  }

  ping(): Buffer | string {
    const { ping } = this.#client.stream
    if (ping === undefined) return this.#writer.idle
    this.#write(ping.event, ping.data)
    return this.#out.take() ?? ''
  }

  failure(error: GatewayError): Buffer | string {
    if (this.error !== undefined) return ''
    this.#encoder.push({ type: 'error', error }, this.#write)
    this.#out.add(this.#writer.end())
    return this.#out.take() ?? ''
  }
}

/** What one chunk of the upstream makes for the client: text, which grows without being copied, or bytes. */
class Output {
  #text = ''
  #bytes: Uint8Array[] = []

  add(piece: string | Uint8Array): void {
    if (typeof piece === 'string') this.#text += piece
    else this.#bytes.push(piece)
  }

  take(): Buffer | string | undefined {
    if (this.#bytes.length > 0) return Buffer.concat(this.#bytes.splice(0))
    if (this.#text === '') return undefined
    const text = this.#text
    this.#text = ''
    return text
  }
}
