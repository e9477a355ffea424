import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Frame } from '../../wire/framing.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { RepeatedText } from '../shared/repeated-text.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { CohereAnswer } from './answer.ts'
import { decodeError } from './error.ts'

export class CohereStreamDecoder implements StreamDecoder {
  readonly #answer: CohereAnswer
  readonly #repeated = new RepeatedText((event) => contentOf(event)?.text)
  /** What the repeated texts are. */
  #kind: Content['kind'] = 'text'

  constructor(memo: Memo) {
    this.#answer = new CohereAnswer(memo)
  }

  push({ data }: Frame, emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    const repeated = this.#repeated.textOf(data)
    if (repeated !== undefined) return answer.say(this.#kind, repeated, emit)
    const text = data.trim()
    if (text === '' || text === '[DONE]') return
    try {
      const event = parseObject(data)
      if (event === undefined) throw noObject(data)
      this.#read(event, emit)
      this.#learn(data, event)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      answer.fail(error, emit)
    }
  }

  end(emit: Emit): void {
    this.#answer.fail(endedBefore('the answer was whole'), emit)
  }

  #learn(data: string, event: JsonObject): void {
    const content = contentOf(event)
    if (content === undefined) return
    this.#kind = content.kind
    this.#repeated.learn(data, content.kind, content.text)
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

interface Content {
  kind: 'text' | 'thinking'
  text: string
}

/** The text of an event that has nothing else to say. */
function contentOf({ type, delta }: JsonObject): Content | undefined {
  if (type !== 'content-delta' || !isObject(delta) || !isObject(delta.message)) return undefined
  const { content } = delta.message
  if (!isObject(content) || Object.keys(content).length !== 1) return undefined
  const { text, thinking } = content
  if (typeof text === 'string') return { kind: 'text', text }
  return typeof thinking === 'string' ? { kind: 'thinking', text: thinking } : undefined
}
