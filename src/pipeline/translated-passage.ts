import type { GatewayError } from '../message/error.ts'
import { StreamTranslator } from '../protocols/stream-translator.ts'
import type { StreamEnd } from '../protocols/stream-translator.ts'
import type { EncodeContext, Memo } from '../protocols/translation.ts'
import { EventMeter } from './event-meter.ts'
import type { Passage } from './passage.ts'
import { parseAnswer } from './whole-answer.ts'
import type { WholeAnswer } from './whole-answer.ts'

/** A stream through the hub, metered on the way. */
export class TranslatedPassage extends EventMeter implements Passage {
  readonly #translator: StreamTranslator

  constructor(upstream: StreamEnd, client: StreamEnd, memo: Memo, context: EncodeContext) {
    super()
    this.#translator = new StreamTranslator(upstream, client, memo, context, (event) => this.read(event))
  }

  push(chunk: Buffer): Buffer | string | undefined {
    return sendable(this.#translator.push(chunk))
  }

  end(): Buffer | string | undefined {
    return sendable(this.#translator.end())
  }

  whole(answer: WholeAnswer): Buffer | string | undefined {
    return sendable(this.#translator.whole(parseAnswer(answer)))
  }

  ping(): Buffer | string {
    return sendable(this.#translator.ping()) ?? ''
  }

  failure(error: GatewayError): Buffer | string {
    return sendable(this.#translator.fail(error)) ?? ''
  }
}

function sendable(piece: string | Uint8Array | undefined): Buffer | string | undefined {
  return piece === undefined || typeof piece === 'string'
    ? piece
    : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
}
