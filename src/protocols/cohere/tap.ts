import type { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { sseText } from '../../wire/framing.ts'
import { readFrame } from '../../wire/sse.ts'
import { noObject } from '../shared/broken-stream.ts'
import { EventTap } from '../shared/event-tap.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { brokenOff, decodeError, errorEnd } from './error.ts'
import { readUsage, unifiedFinish } from './wire.ts'

/** The events that are worth parsing; in a string of the model's the quotes would be escaped. */
const WORTH_READING = /"type":\s*"message-(?:start|end)"/
/** A part of the answer: words, a plan, or a call. */
const PART = /"type":\s*"(?:content-(?:start|delta)|tool-plan-delta|tool-call-start)"/
const EVENT = /"type":\s*"/

/** Reads beside a stream that goes to the client byte for byte. */
export class CohereStreamTap extends EventTap {
  usage: Partial<Usage> = {}
  #called = false

  failure(error: GatewayError): string {
    if (this.told) return ''
    return (this.tail.endsLine ? '' : '\n\n') + sseText('message-end', JSON.stringify(errorEnd(error)))
  }

  /** Its end is an event like others. */
  protected onEnd(): void {}

  protected onEvent(bytes: Uint8Array, start: number, end: number): void {
    const text = readFrame(bytes, start, end)?.data.trim() ?? ''
    if (text === '' || text === '[DONE]') return
    if (text.startsWith('{') && text.endsWith('}') && EVENT.test(text) && !WORTH_READING.test(text)) {
      this.semantic ||= PART.test(text)
      this.#called ||= text.includes('"tool-call-start"')
      return
    }
    const event = parseObject(text)
    if (event === undefined) this.error = noObject(text)
    else if (event.type === 'message-start')
      this.responseId ??= typeof event.id === 'string' ? event.id : undefined
    else if (event.type === 'message-end') this.#onEnd(isObject(event.delta) ? event.delta : {})
    else if (event.type === undefined && typeof event.message === 'string')
      this.tell(decodeError(500, () => undefined, text))
  }

  #onEnd({ finish_reason: raw, usage, error }: JsonObject): void {
    this.usage = readUsage(usage) ?? this.usage
    this.semantic = true
    const unified = typeof raw === 'string' ? unifiedFinish(raw) : 'end'
    if (typeof raw === 'string' && unified === 'error') return this.tell(brokenOff(raw, error))
    this.complete = true
    if (unified === 'error') return
    const isCall = this.#called && (unified === 'end' || unified === 'other')
    this.finish = { unified: isCall ? 'tool-calls' : unified, raw: typeof raw === 'string' ? raw : null }
  }
}
