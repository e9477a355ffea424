import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Frame } from '../../wire/framing.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { parseJson } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import { answerError, isErrorObject } from '../shared/openai-error.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { ChatAnswer } from './answer.ts'
import { RepeatedChunk } from './repeated-chunk.ts'

export class ChatStreamDecoder implements StreamDecoder {
  readonly #answer: ChatAnswer
  readonly #repeated = new RepeatedChunk()

  constructor(memo: Memo) {
    this.#answer = new ChatAnswer(memo)
  }

  push(frame: Frame, emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    const { data } = frame
    const text = frame.event === 'error' ? undefined : this.#repeated.textOf(data)
    if (text !== undefined) return answer.say(this.#repeated.kind, text, emit)
    if (data.charCodeAt(0) !== OPEN_BRACE && this.#isMark(data, emit)) return
    try {
      const chunk = parseChunk(data)
      if (frame.event === 'error' && !isErrorObject(chunk)) answer.fail(answerError({ error: chunk }), emit)
      else answer.push(chunk, emit)
      if (!answer.ended) this.#repeated.learn(data, chunk)
    } catch (error) {
      answer.fail(error instanceof GatewayError ? error : noObject(data), emit)
    }
  }

  end(emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    // Some servers leave out `[DONE]`; the reason says just as well that the answer is whole.
    if (answer.finished) answer.complete(emit)
    else answer.fail(endedBefore('the answer was whole'), emit)
  }

  /** The end mark, or nothing at all. */
  #isMark(data: string, emit: Emit): boolean {
    const text = data.trim()
    if (text === '[DONE]') {
      // A proxy whose own upstream died says this and nothing else.
      if (this.#answer.begun) this.#answer.complete(emit)
      else this.#answer.fail(endedBefore('any part of an answer'), emit)
    }
    return text === '' || text === '[DONE]'
  }
}

const OPEN_BRACE = 0x7b

/** Arguments that come as an object are written out again and must keep every digit; all others stay text. */
function parseChunk(data: string): JsonObject {
  const chunk: unknown = /"arguments":\s*\{/.test(data) ? parseJson(data) : JSON.parse(data)
  if (isObject(chunk)) return chunk
  throw noObject(data)
}
