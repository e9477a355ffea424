import { GatewayError } from '../message/error.ts'
import type { Usage } from '../message/usage.ts'
import type { UsageReader } from '../operations/operation.ts'
import { answerError, errorBody, isErrorObject } from '../protocols/shared/openai-error.ts'
import { isObject } from '../protocols/shared/object.ts'
import { FrameError } from '../wire/frame-error.ts'
import { SSE_COMMENT, sse, sseText } from '../wire/framing.ts'
import type { Frame } from '../wire/framing.ts'
import { isEvents, isText, sumOf } from './operation-answer.ts'
import type { Passage } from './passage.ts'
import { noStream } from './passage.ts'

/** Stands in every event that tells usage: `usage` and `usageMetadata`. */
const USAGE = '"usage'

/**
 * An operation's answer that is forwarded while it comes: events, beside which usage is read, or bytes of sound and
 * the like. Nothing in either marks its end, so it ends when the upstream ends it in order.
 */
export class ForwardedPassage implements Passage {
  usage: Partial<Usage>
  complete = false
  semantic = false
  error: GatewayError | undefined
  readonly finish = undefined
  readonly responseId = undefined
  readonly model = undefined
  readonly #asked: Partial<Usage>
  readonly #told: Partial<Usage> = {}
  readonly #reader: UsageReader
  readonly #frames = sse.reader((frame) => this.#onFrame(frame))
  #isEvents = false

  constructor(reader: UsageReader, asked: Partial<Usage>) {
    this.#reader = reader
    this.#asked = asked
    this.usage = asked
  }

  /** Is an answer of this type one that need not be waited for? */
  accepts(type: string): boolean {
    this.#isEvents = isEvents(type)
    return this.#isEvents || !isText(type)
  }

  push(chunk: Buffer): Buffer {
    if (!this.#isEvents) this.semantic = true
    else this.#read(chunk)
    return chunk
  }

  end(): undefined {
    this.complete = true
  }

  whole(): never {
    throw noStream()
  }

  ping(): string {
    return this.#isEvents && this.#frames.isBetweenFrames ? SSE_COMMENT : ''
  }

  /** Between two events the client is told; sound that breaks off can only end. */
  failure(error: GatewayError): string {
    const isTold = error === this.error
    return this.#isEvents && !isTold && this.#frames.isBetweenFrames
      ? sseText('', JSON.stringify(errorBody(error)))
      : ''
  }

  #read(chunk: Buffer): void {
    try {
      this.#frames.push(chunk)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.error = new GatewayError('upstream_malformed', `${error.message}.`, { cause: error })
    }
  }

  #onFrame({ data }: Frame): void {
    const isFirst = !this.semantic
    this.semantic = true
    if (!isFirst && !data.includes(USAGE) && !data.includes('"error"')) return
    const body = parsed(data)
    if (body === undefined) return
    if (isErrorObject(body)) {
      this.error = answerError(body)
      // Nothing of the answer has come: another attempt may.
      this.semantic = !isFirst
    } else if (data.includes(USAGE)) {
      const told = this.#reader.read({ body: { kind: 'json', value: body }, header: () => undefined })
      Object.assign(this.#told, told)
      this.usage = sumOf(this.#asked, this.#told)
    }
  }
}

function parsed(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return isObject(value) ? value : undefined
  } catch {
    // `[DONE]`, or an event of somebody's own.
    return undefined
  }
}
