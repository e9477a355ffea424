import type { GatewayError } from '../message/error.ts'
import type { Protocol } from '../protocols/protocol.ts'
import { malformedStream } from '../wire/frame-error.ts'
import { EXCEPTION, sse, sseText } from '../wire/framing.ts'
import type { Frame, FrameReader, FrameWriter, Framing } from '../wire/framing.ts'
import { TappedPassage } from './tapped-passage.ts'

/**
 * A native answer that is framed otherwise than as server-sent events on at least one side. Where both sides frame
 * alike, the upstream's bytes go on as they came; else each event is packed anew, its data untouched. The tap beside
 * it reads server-sent events, whatever the bytes are.
 */
export class FramedPassage extends TappedPassage {
  readonly #reader: FrameReader
  readonly #writer: FrameWriter
  readonly #forwards: boolean
  /** The tap reads what the upstream sends. */
  readonly #tapsUpstream: boolean
  /** The client reads what the tap does. */
  readonly #asTapped: boolean
  readonly #ping: Frame | undefined
  readonly #requestId: string
  #broken: GatewayError | undefined
  #forwardedException = false
  #out: Uint8Array[] = []

  constructor(protocol: Protocol, upstream: Framing, client: Framing, requestId: string) {
    super(protocol.stream.tap())
    this.#writer = client.writer()
    this.#forwards = upstream.id === client.id
    this.#tapsUpstream = upstream.id === 'sse'
    this.#asTapped = client.id === 'sse'
    this.#ping = protocol.stream.ping
    this.#requestId = requestId
    this.#reader = upstream.reader((frame) => this.#onFrame(frame))
  }

  push(chunk: Buffer): Buffer | undefined {
    if (this.#tapsUpstream) this.tap.push(chunk)
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#broken = malformedStream(error)
    }
    return this.#forwards ? chunk : this.#take()
  }

  end(): Buffer | undefined {
    this.#reader.end()
    this.tap.end()
    if (!this.#forwards) this.#add(this.#writer.end())
    return this.#take()
  }

  override get error() {
    return this.#broken ?? super.error
  }

  ping(): Buffer | string {
    if (!this.#isBetweenFrames) return ''
    if (this.#ping === undefined) return this.#writer.idle
    this.#add(this.#writer.write(this.#ping.event, this.#ping.data))
    return this.#take() ?? ''
  }

  /** Between two frames the client is told; what was cut inside one cannot be mended. */
  failure(error: GatewayError): Buffer | string {
    if (!this.#isBetweenFrames || this.#forwardedException) return ''
    for (const { event, data } of framesOf(this.tap.failure(error, this.#requestId)))
      this.#add(this.#writer.write(event, data))
    this.#add(this.#writer.end())
    return this.#take() ?? ''
  }

  /** What was packed anew is whole; what was forwarded may have been cut. */
  get #isBetweenFrames(): boolean {
    return !this.#forwards || this.#reader.isBetweenFrames
  }

  #onFrame({ event, data }: Frame): void {
    const tapped = this.#tapsUpstream ? undefined : Buffer.from(sseText(event, data))
    if (tapped !== undefined) this.tap.push(tapped)
    const isException = event.startsWith(EXCEPTION)
    if (this.#forwards) this.#forwardedException ||= isException
    // Only an AWS event stream has exceptions: other clients are told by what `failure` makes of them.
    else if (!isException) this.#add((this.#asTapped && tapped) || this.#writer.write(event, data))
  }

  #add(piece: string | Uint8Array): void {
    if (piece.length > 0) this.#out.push(typeof piece === 'string' ? Buffer.from(piece) : piece)
  }

  #take(): Buffer | undefined {
    const out = this.#out
    if (out.length === 0) return undefined
    this.#out = []
    return out.length === 1 ? asBuffer(out[0]!) : Buffer.concat(out)
  }
}

function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
}

function framesOf(text: string): Frame[] {
  const frames: Frame[] = []
  const reader = sse.reader((frame) => frames.push(frame))
  reader.push(Buffer.from(text))
  reader.end()
  return frames
}
