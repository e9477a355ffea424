import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Frame, Memo, StreamDecoder } from '../protocol.ts'
import { parseJson } from '../shared/json.ts'
import { isObject } from '../shared/object.ts'
import { ResponsesAnswer } from './answer.ts'
import { stringOf } from './wire.ts'

/** An upstream's stream as canonical events. */
export class ResponseStreamDecoder implements StreamDecoder {
  readonly #answer: ResponsesAnswer

  constructor(memo: Memo) {
    this.#answer = new ResponsesAnswer(memo)
  }

  push({ event: name, data }: Frame, emit: Emit): void {
    const answer = this.#answer
    const text = data.trim()
    // Some servers end as Chat Completions does; without the API's own end before, the answer is not whole.
    if (answer.ended || text === '' || text === '[DONE]') return
    try {
      const event = parseEvent(data)
      answer.push(stringOf(event.type) || name, event, emit)
    } catch (error) {
      answer.fail(error instanceof GatewayError ? error : malformed(data), emit)
    }
  }

  end(emit: Emit): void {
    const message = 'The upstream’s stream ended before response.completed.'
    this.#answer.fail(new GatewayError('upstream_truncated', message), emit)
  }
}

/** Arguments that come as an object are written out again and must keep every digit; all others stay text. */
function parseEvent(data: string): JsonObject {
  const event: unknown = /"arguments":\s*\{/.test(data) ? parseJson(data) : JSON.parse(data)
  if (isObject(event)) return event
  throw malformed(data)
}

function malformed(data: string): GatewayError {
  return new GatewayError(
    'upstream_malformed',
    `The upstream sent an event that is not a JSON object: ${data.slice(0, 100)}`,
  )
}
