import { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { sseText } from '../../wire/framing.ts'
import { readFrame, SseFramer, SseFrameTooLongError } from '../../wire/sse.ts'
import type { StreamTap } from '../protocol.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { StreamTail } from '../shared/stream-tail.ts'
import { malformed } from './answer.ts'
import { brokenOff, decodeError, errorEnd } from './error.ts'
import { readUsage, unifiedFinish } from './wire.ts'

export function tap(): StreamTap {
  return new CohereTap()
}

/** The events that are worth parsing; in a string of the model's the quotes would be escaped. */
const WORTH_READING = /"type":\s*"message-(?:start|end)"/
/** A part of the answer: words, a plan, or a call. */
const PART = /"type":\s*"(?:content-(?:start|delta)|tool-plan-delta|tool-call-start)"/
const EVENT = /"type":\s*"/

class CohereTap implements StreamTap {
  usage: Partial<Usage> = {}
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
  semantic = false
  complete = false
  error: GatewayError | undefined
  #called = false
  /** The upstream's own error is among the bytes. */
  #told = false
  readonly #tail = new StreamTail()
  readonly #framer = new SseFramer((bytes, start, end) => {
    const frame = readFrame(bytes, start, end)
    if (frame !== undefined && this.error === undefined && !this.complete) this.#onData(frame.data)
  })

  push(bytes: Uint8Array): void {
    this.#tail.push(bytes)
    try {
      this.#framer.push(bytes)
    } catch (error) {
      if (!(error instanceof SseFrameTooLongError)) throw error
      this.error ??= new GatewayError('upstream_malformed', error.message)
    }
  }

  end(): void {
    this.#framer.end()
  }

  get position() {
    return this.#tail.position
  }

  failure(error: GatewayError): string {
    if (this.#told) return ''
    return (this.#tail.endsLine ? '' : '\n\n') + sseText('message-end', JSON.stringify(errorEnd(error)))
  }

  #onData(data: string): void {
    const text = data.trim()
    if (text === '' || text === '[DONE]') return
    if (text.startsWith('{') && text.endsWith('}') && EVENT.test(text) && !WORTH_READING.test(text)) {
      this.semantic ||= PART.test(text)
      this.#called ||= text.includes('"tool-call-start"')
      return
    }
    const event = parseObject(text)
    if (event === undefined)
      this.error = malformed(`sent an event that is not a JSON object: ${text.slice(0, 100)}`)
    else if (event.type === 'message-start')
      this.responseId ??= typeof event.id === 'string' ? event.id : undefined
    else if (event.type === 'message-end') this.#onEnd(isObject(event.delta) ? event.delta : {})
    else if (event.type === undefined && typeof event.message === 'string')
      this.#tell(decodeError(500, () => undefined, text))
  }

  #onEnd({ finish_reason: raw, usage, error }: JsonObject): void {
    this.usage = readUsage(usage) ?? this.usage
    this.semantic = true
    const unified = typeof raw === 'string' ? unifiedFinish(raw) : 'end'
    if (typeof raw === 'string' && unified === 'error') return this.#tell(brokenOff(raw, error))
    this.complete = true
    if (unified === 'error') return
    const isCall = this.#called && (unified === 'end' || unified === 'other')
    this.finish = { unified: isCall ? 'tool-calls' : unified, raw: typeof raw === 'string' ? raw : null }
  }

  #tell(error: GatewayError): void {
    this.error = error
    this.#told = true
  }
}
