import { toGatewayError } from '../../message/error.ts'
import type { GatewayError } from '../../message/error.ts'
import type { Usage } from '../../message/usage.ts'
import type { Piece, PieceDecoder, PieceEncoder } from '../../operations/operation.ts'
import { errorBody } from '../../protocols/shared/openai-error.ts'
import { FrameError, malformedStream } from '../../wire/frame-error.ts'
import { SSE_COMMENT, sse, sseText, isFramedAs } from '../../wire/framing.ts'
import { isText } from './answer.ts'
import { OperationPassage } from './passage.ts'

export interface PieceSides {
  /** Undefined: the upstream's bytes are the sound itself. */
  readonly decoder: PieceDecoder | undefined
  /** Undefined: the client takes bytes. */
  readonly encoder: PieceEncoder | undefined
  /** Of sound that comes as bytes, once its headers are there. */
  readonly usage: () => Partial<Usage>
}

/** An operation's answer that is translated while it comes: the upstream's events or bytes to pieces to the client's. */
export class PiecePassage extends OperationPassage {
  readonly #sides: PieceSides
  readonly #frames = sse.reader((frame) => this.#sides.decoder!.push(frame, this.#emit))
  #out = ''

  constructor(sides: PieceSides) {
    super()
    this.#sides = sides
  }

  accepts(type: string): boolean {
    return this.#sides.decoder === undefined ? !isText(type) : isFramedAs(sse, type)
  }

  push(chunk: Buffer): Buffer | string | undefined {
    const { decoder, encoder } = this.#sides
    if (decoder !== undefined) return this.#catching(() => this.#frames.push(chunk))
    this.semantic = true
    if (encoder === undefined) return chunk
    this.#emit({ type: 'audio', bytes: chunk })
    return this.#take()
  }

  end(): string | undefined {
    const { decoder, usage } = this.#sides
    return this.#catching(() => {
      this.#frames.end()
      if (decoder === undefined) this.#emit({ type: 'end', usage: usage() })
      else if (!this.complete) decoder.end(this.#emit)
    })
  }

  ping(): string {
    return this.#sides.encoder === undefined ? '' : SSE_COMMENT
  }

  failure(error: GatewayError): string {
    return this.#sides.encoder === undefined ? '' : sseText('', JSON.stringify(errorBody(error)))
  }

  readonly #emit = (piece: Piece): void => {
    if (piece.type === 'end') {
      this.usage = piece.usage
      this.complete = true
    } else this.semantic = true
    this.#sides.encoder?.push(piece, (event, data) => (this.#out += sseText(event, data)))
  }

  #catching(run: () => void): string | undefined {
    try {
      if (this.error === undefined) run()
    } catch (thrown) {
      this.error = thrown instanceof FrameError ? malformedStream(thrown) : toGatewayError(thrown)
    }
    return this.#take()
  }

  #take(): string | undefined {
    const out = this.#out
    this.#out = ''
    return out === '' ? undefined : out
  }
}
