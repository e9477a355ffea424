import { GatewayError } from '../../message/error.ts'
import type { Emit } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import { EXCEPTION } from '../../wire/framing.ts'
import type { Frame } from '../../wire/framing.ts'
import { awsException } from '../shared/aws-error.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { parseJson } from '../shared/json.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { RepeatedText } from '../shared/repeated-text.ts'
import type { StreamDecoder } from '../stream.ts'
import type { Memo } from '../translation.ts'
import { ConverseAnswer } from './answer.ts'

/**
 * ConverseStream's events. Only calls have a beginning of their own; what the answer cost comes behind its end, in
 * `metadata`, which is therefore awaited.
 */
export class ConverseStreamDecoder implements StreamDecoder {
  readonly #answer: ConverseAnswer
  readonly #repeated = new RepeatedText((event) => saidIn(event)?.text)
  /** What the repeated deltas say. */
  #said: Said = { kind: 'text', text: '', position: 0 }

  constructor(memo: Memo) {
    this.#answer = new ConverseAnswer(memo)
  }

  push(frame: Frame, emit: Emit): void {
    const answer = this.#answer
    if (answer.ended) return
    try {
      const text = frame.event === DELTA ? this.#repeated.textOf(frame.data) : undefined
      if (text === undefined) this.#parse(frame, emit)
      else this.#more(text, emit)
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

  #parse({ event, data }: Frame, emit: Emit): void {
    if (event.startsWith(EXCEPTION)) throw awsException(event, data)
    const body = parseObject(data, parseJson)
    if (body === undefined) throw noObject(data)
    this.#answer.start(emit)
    this.#read(event, body, emit)
    const said = event === DELTA ? saidIn(body) : undefined
    if (said === undefined) return
    this.#said = said
    this.#repeated.learn(data, said.kind === 'arguments' ? 'input' : 'text', said.text)
  }

  /** More of what the last delta said a piece of. */
  #more(text: string, emit: Emit): void {
    const { kind, position } = this.#said
    if (kind === 'text') this.#answer.text(text, emit)
    else if (kind === 'thinking') this.#answer.thinking(text, emit)
    else this.#answer.call(position, {}, text, emit)
  }

  #read(event: string, body: JsonObject, emit: Emit): void {
    const position = positionOf(body)
    switch (event) {
      case 'contentBlockStart':
        return this.#begin(body.start, position, emit)
      case DELTA:
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

const DELTA = 'contentBlockDelta'

interface Said {
  kind: 'text' | 'thinking' | 'arguments'
  text: string
  position: number
}

/** The text of a delta that has nothing else to say. */
function saidIn(body: JsonObject): Said | undefined {
  const position = positionOf(body)
  const { delta } = body
  if (!isObject(delta) || Object.keys(delta).length !== 1) return undefined
  const { text, toolUse, reasoningContent } = delta
  if (typeof text === 'string') return { kind: 'text', text, position }
  if (isObject(toolUse) && typeof toolUse.input === 'string')
    return { kind: 'arguments', text: toolUse.input, position }
  if (!isObject(reasoningContent) || Object.keys(reasoningContent).length !== 1) return undefined
  const { text: thought } = reasoningContent
  return typeof thought === 'string' ? { kind: 'thinking', text: thought, position } : undefined
}

function positionOf({ contentBlockIndex }: JsonObject): number {
  return typeof contentBlockIndex === 'number' ? contentBlockIndex : 0
}
