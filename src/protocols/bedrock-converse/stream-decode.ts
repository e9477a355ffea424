import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { EXCEPTION } from '../../wire/framing.ts'
import type { Frame } from '../../wire/framing.ts'
import { awsException } from '../shared/aws-error.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { parseJson } from '../shared/json.ts'
import { isObject, parseObject } from '../shared/object.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { ConverseAnswer } from './answer.ts'

/**
 * ConverseStream's events. Only calls have a beginning of their own; what the answer cost comes behind its end, in
 * `metadata`, which is therefore awaited.
 */
export class ConverseStreamDecoder implements StreamDecoder {
  readonly #answer: ConverseAnswer

  constructor(memo: Memo) {
    this.#answer = new ConverseAnswer(memo)
  }

  push(frame: Frame, emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    if (frame.event.startsWith(EXCEPTION)) return answer.fail(awsException(frame.event, frame.data), emit)
    const body = parseObject(frame.data, parseJson)
    if (body === undefined) return answer.fail(noObject(frame.data), emit)
    answer.start(emit)
    try {
      this.#read(frame.event, body, emit)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      answer.fail(error, emit)
    }
  }

  end(emit: Emit): void {
    if (this.#answer.ended) return
    if (this.#answer.stopped) return this.#answer.complete(emit)
    this.#answer.fail(endedBefore('messageStop'), emit)
  }

  #read(event: string, body: JsonObject, emit: Emit): void {
    const position = typeof body.contentBlockIndex === 'number' ? body.contentBlockIndex : 0
    switch (event) {
      case 'contentBlockStart':
        return this.#begin(body.start, position, emit)
      case 'contentBlockDelta':
        return isObject(body.delta) ? this.#delta(body.delta, position, emit) : undefined
      case 'contentBlockStop':
        return this.#answer.stopBlock(emit)
      case 'messageStop':
        return this.#answer.stop(body.stopReason, body.additionalModelResponseFields)
      case 'metadata':
        this.#answer.usage(body.usage, body.serviceTier)
        return this.#answer.stopped ? this.#answer.complete(emit) : undefined
    }
  }

  #begin(start: unknown, position: number, emit: Emit): void {
    if (!isObject(start)) return
    const { toolUse } = start
    if (isObject(toolUse) && toolUse.type === undefined) this.#answer.call(position, toolUse, '', emit)
    else if (Object.keys(start).length > 0) this.#answer.opaque(start, emit)
  }

  #delta(delta: JsonObject, position: number, emit: Emit): void {
    const { text, toolUse, reasoningContent, citation } = delta
    if (typeof text === 'string') this.#answer.text(text, emit)
    else if (isObject(toolUse)) {
      if (typeof toolUse.input === 'string') this.#answer.call(position, {}, toolUse.input, emit)
    } else if (isObject(reasoningContent)) this.#reasoning(reasoningContent, emit)
    else if (isObject(citation)) this.#answer.cite(citation, emit)
  }

  #reasoning({ text, signature, redactedContent }: JsonObject, emit: Emit): void {
    if (typeof text === 'string') this.#answer.thinking(text, emit)
    if (typeof signature === 'string') this.#answer.signature(signature)
    if (typeof redactedContent === 'string') this.#answer.redacted(redactedContent, emit)
  }
}
