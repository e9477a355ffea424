import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Frame } from '../../wire/framing.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { isObject, parseObject } from '../shared/object.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { CohereAnswer } from './answer.ts'
import { decodeError } from './error.ts'

export class CohereStreamDecoder implements StreamDecoder {
  readonly #answer: CohereAnswer

  constructor(memo: Memo) {
    this.#answer = new CohereAnswer(memo)
  }

  push({ data }: Frame, emit: Emit): void {
    const answer = this.#answer
    const text = data.trim()
    if (answer.ended || text === '' || text === '[DONE]') return
    try {
      const event = parseObject(data)
      if (event === undefined) throw noObject(data)
      this.#read(event, emit)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      answer.fail(error, emit)
    }
  }

  end(emit: Emit): void {
    this.#answer.fail(endedBefore('the answer was whole'), emit)
  }

  /** What other events say (citations, log probabilities), the hub has no word for. */
  #read(event: JsonObject, emit: Emit): void {
    const answer = this.#answer
    const delta = isObject(event.delta) ? event.delta : {}
    const message = isObject(delta.message) ? delta.message : {}
    const index = typeof event.index === 'number' ? event.index : undefined
    switch (event.type) {
      case 'message-start':
        return answer.start(event.id, emit)
      case 'content-start':
        answer.separate(emit)
        return answer.content(message.content, emit)
      case 'content-delta':
        return answer.content(message.content, emit)
      case 'tool-plan-delta':
        return answer.plan(message.tool_plan, emit)
      case 'tool-call-start':
      case 'tool-call-delta':
        return answer.call(message.tool_calls, index, emit)
      case 'message-end':
        return answer.complete(delta, emit)
      case undefined:
        // An error that came too late for a status.
        if (typeof event.message === 'string') throw decodeError(500, () => undefined, JSON.stringify(event))
    }
  }
}
