import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Frame } from '../../wire/framing.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { parseJson } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { GeminiAnswer } from './answer.ts'
import { RepeatedChunk } from './repeated-chunk.ts'
import { unwrap } from './wire.ts'

export class GeminiStreamDecoder implements StreamDecoder {
  readonly #answer: GeminiAnswer
  readonly #repeated = new RepeatedChunk()

  constructor(memo: Memo) {
    this.#answer = new GeminiAnswer(memo)
  }

  push({ data }: Frame, emit: Emit): void {
    const [answer, repeated] = [this.#answer, this.#repeated]
    if (answer.ended) return
    const text = answer.finished ? undefined : repeated.textOf(data)
    if (text !== undefined) return answer.say(repeated.kind, text, repeated.counts ? data : undefined, emit)
    if (!data.startsWith('{') && isMark(data)) return
    try {
      const chunk = unwrap(parseChunk(data))
      answer.push(chunk, emit)
      if (!answer.ended) repeated.learn(data, chunk)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      answer.fail(error, emit)
    }
  }

  end(emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    // The reason may come before the usage, and the usage not at all.
    if (answer.finished) return answer.complete(emit)
    answer.fail(endedBefore('the answer was whole'), emit)
  }
}

/** Nothing, or what OpenAI's streams end with. */
function isMark(data: string): boolean {
  const text = data.trim()
  return text === '' || text === '[DONE]'
}

/** Arguments are written out again and must keep every digit; all else is text. */
function parseChunk(data: string): JsonObject {
  try {
    const chunk: unknown = data.includes('"functionCall"') ? parseJson(data) : JSON.parse(data)
    if (isObject(chunk)) return chunk
    // Some proxies pass on a list where a stream was asked for.
    if (Array.isArray(chunk) && isObject(chunk[0]) && chunk.length === 1) return chunk[0]
  } catch {
    // Told below.
  }
  throw noObject(data)
}
