import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Frame } from '../../wire/framing.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { parseJson } from '../shared/json.ts'
import { isObject, stringOf } from '../shared/object.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { ResponsesAnswer } from './answer.ts'
import { tellsOfItem } from './items-decode.ts'
import { RepeatedDelta } from './repeated-delta.ts'

const OPEN_BRACE = 0x7b

/** An upstream's stream as canonical events. */
export class ResponseStreamDecoder implements StreamDecoder {
  readonly #answer: ResponsesAnswer
  readonly #repeated = new RepeatedDelta()

  constructor(memo: Memo) {
    this.#answer = new ResponsesAnswer(memo)
  }

  push({ event: name, data }: Frame, emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    if (data.charCodeAt(0) !== OPEN_BRACE && isNothing(data)) return
    try {
      const text = this.#repeated.textOf(name, data)
      if (text !== undefined) return answer.say(text, emit)
      const event = parseEvent(data)
      const type = stringOf(event.type) || name
      answer.push(type, event, emit)
      this.#repeated.learn(type === name && tellsOfItem(type) ? name : '', data)
    } catch (error) {
      answer.fail(error instanceof GatewayError ? error : noObject(data), emit)
    }
  }

  end(emit: Emit): void {
    this.#answer.fail(endedBefore('response.completed'), emit)
  }
}

/** Some servers end as Chat Completions does; without the API's own end before, the answer is not whole. */
function isNothing(data: string): boolean {
  const text = data.trim()
  return text === '' || text === '[DONE]'
}

const ARGUMENTS = /"arguments":\s*\{/

/** Arguments that come as an object are written out again and must keep every digit; all others stay text. */
function parseEvent(data: string): JsonObject {
  const event: unknown = ARGUMENTS.test(data) ? parseJson(data) : JSON.parse(data)
  if (isObject(event)) return event
  throw noObject(data)
}
