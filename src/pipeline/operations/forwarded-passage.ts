import type { GatewayError } from '../../message/error.ts'
import type { Usage } from '../../message/usage.ts'
import type { UsageReader } from '../../operations/operation.ts'
import { parseObject } from '../../protocols/shared/object.ts'
import { answerError, errorBody, isErrorObject } from '../../protocols/shared/openai-error.ts'
import { malformedStream } from '../../wire/frame-error.ts'
import { SSE_COMMENT, sse, sseText, isFramedAs } from '../../wire/framing.ts'
import type { Frame } from '../../wire/framing.ts'
import { isText, sumOf } from './answer.ts'
import { OperationPassage } from './passage.ts'

/** Stands in every event that tells usage: `usage` and `usageMetadata`. */
const USAGE = '"usage'

/**
 * An operation's answer that is forwarded while it comes: events, beside which usage is read, or bytes of sound and
 * the like. Nothing in either marks its end, so it ends when the upstream ends it in order.
 */
export class ForwardedPassage extends OperationPassage {
  readonly #asked: Partial<Usage>
  readonly #told: Partial<Usage> = {}
  readonly #reader: UsageReader
  readonly #frames = sse.reader((frame) => this.#onFrame(frame))
  #isEvents = false

  constructor(reader: UsageReader, asked: Partial<Usage>) {
    super()
    this.#reader = reader
    this.#asked = asked
    this.usage = asked
  }

  accepts(type: string): boolean {
    this.#isEvents = isFramedAs(sse, type)
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
      this.error = malformedStream(error)
    }
  }

  #onFrame({ data }: Frame): void {
    const isFirst = !this.semantic
    this.semantic = true
    if (!isFirst && !data.includes(USAGE) && !data.includes('"error"')) return
    // Else `[DONE]`, or an event of somebody's own.
    const body = parseObject(data)
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
