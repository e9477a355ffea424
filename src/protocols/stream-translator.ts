import type { GatewayError } from '../message/error.ts'
import type { Event } from '../message/event.ts'
import type { JsonObject } from '../message/request.ts'
import { malformedStream } from '../wire/frame-error.ts'
import type { FrameReader, FrameWriter, Framing } from '../wire/framing.ts'
import type { Protocol } from './protocol.ts'
import { stopAt } from './shared/stop-sequences.ts'
import type { StreamDecoder, StreamEncoder, WriteFrame } from './stream.ts'
import type { EncodeContext, Memo } from './translation.ts'

/** One side of a translated stream. */
export interface StreamEnd {
  readonly protocol: Protocol
  readonly framing: Framing
}

/**
 * An upstream's stream as the stream that a client of another protocol expects: bytes to frames to events to frames
 * to bytes, synchronously, whatever comes in a chunk going out in one piece. `observe` sees every event.
 */
export class StreamTranslator {
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
  #ended = false
  #failed = false
  /** A failure that the stream has told, kept for a write of its own. */
  #untold: GatewayError | undefined
  #closed = false

  constructor(
    upstream: StreamEnd,
    client: StreamEnd,
    memo: Memo,
    context: EncodeContext,
    observe: (event: Event) => void,
  ) {
    this.#upstream = upstream.protocol
    this.#client = client.protocol
    this.#memo = memo
    this.#decoder = upstream.protocol.stream.decoder(memo)
    this.#encoder = client.protocol.stream.encoder(context)
    this.#writer = client.framing.writer()
    this.#write = (event, data) => this.#out.add(this.#writer.write(event, data))
    const encode = (event: Event) => {
      observe(event)
      if (event.type === 'error') this.#failed = true
      else if (event.type === 'finish') this.#ended = true
      if (event.type === 'error' && client.framing.failurePauseMs !== undefined) this.#untold = event.error
      else this.#encoder.push(event, this.#write)
    }
    this.#emit = stopAt(memo.enforceStop, encode)
    this.#reader = upstream.framing.reader((frame) => {
      if (!this.#failed) this.#decoder.push(frame, this.#emit)
    })
  }

  /** What the client gets for the bytes; undefined: nothing yet. */
  push(bytes: Uint8Array): string | Uint8Array | undefined {
    try {
      this.#reader.push(bytes)
    } catch (error) {
      this.#emit({ type: 'error', error: malformedStream(error) })
    }
    return this.#out.take()
  }

  /** The upstream's bytes have ended. */
  end(): string | Uint8Array | undefined {
    this.#reader.end()
    if (!this.#failed && !this.#ended) this.#decoder.end(this.#emit)
    return this.#close()
  }

  /** The upstream's answer came in one piece. */
  whole(body: JsonObject): string | Uint8Array | undefined {
    this.#upstream.response.decode(body, this.#memo, this.#emit)
    return this.#close()
  }

  /** Keeps the client's connection open. */
  ping(): string | Uint8Array {
    const { ping } = this.#client.stream
    if (ping !== undefined) this.#write(ping.event, ping.data)
    else this.#encoder.push({ type: 'ping' }, this.#write)
    return this.#out.take() ?? this.#writer.idle
  }

  /** A failure from outside the stream, in the client's form; one that the stream itself has told is not told again. */
  fail(error: GatewayError): string | Uint8Array {
    if (!this.#failed) this.#untold = error
    this.#failed = true
    if (this.#untold !== undefined) this.#encoder.push({ type: 'error', error: this.#untold }, this.#write)
    this.#untold = undefined
    return this.#close() ?? ''
  }

  #close(): string | Uint8Array | undefined {
    if (!this.#closed) this.#out.add(this.#writer.end())
    this.#closed = true
    return this.#out.take()
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

  take(): string | Uint8Array | undefined {
    if (this.#bytes.length > 0) return joined(this.#bytes.splice(0))
    if (this.#text === '') return undefined
    const text = this.#text
    this.#text = ''
    return text
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
