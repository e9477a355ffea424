import type { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { sseText } from '../../wire/framing.ts'
import { frameEvent, readFrame } from '../../wire/sse.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { EventTap, endsWhole, noStream } from '../shared/event-tap.ts'
import { isObject, stringOf, parseObject } from '../shared/object.ts'
import { answerError, isErrorObject } from '../shared/openai-error.ts'
import { responseError } from './answer-encode.ts'
import { isCall, readFinish, readUsage } from './wire.ts'

/**
 * Reads beside a stream that goes to the client byte for byte. Of the events that come by the thousand only the name
 * is read, and whether they are whole.
 */
export class ResponseStreamTap extends EventTap {
  usage: Partial<Usage> = {}
  #called = false
  #events = 0

  override push(bytes: Uint8Array): void {
    if (this.error !== undefined || bytes.length === 0) return
    if (this.tail.isEmpty) this.error = noStream(bytes, readError)
    if (this.error === undefined) super.push(bytes)
  }

  /** An event that was cut off is ended before: Codex passes over what it cannot read, and acts on what follows. */
  failure(error: GatewayError): string {
    if (this.told) return ''
    const { isEmpty, endsLine, position } = this.tail
    const cut = isEmpty || position === 'between-events' ? '' : endsLine ? '\n' : '\n\n'
    const type = 'response.failed'
    const response = {
      id: this.responseId ?? '',
      object: 'response',
      status: 'failed',
      model: this.model ?? '',
      output: [],
      error: responseError(error),
      usage: null,
    }
    return cut + sseText(type, JSON.stringify({ type, response, sequence_number: this.#events }))
  }

  protected onEnd(): void {
    this.error = endedBefore('response.completed')
  }

  protected onEvent(bytes: Uint8Array, start: number, end: number): void {
    this.#events++
    const name = frameEvent(bytes, start, end)
    if (this.semantic && name.endsWith('.delta') && endsWhole(bytes, end)) return
    const data = readFrame(bytes, start, end)?.data.trim() ?? ''
    if (data === '' || data === '[DONE]') return
    const event = parseObject(data)
    if (event === undefined) this.error = noObject(data)
    else this.#read(stringOf(event.type) || name, event)
  }

  #read(type: string, event: JsonObject): void {
    switch (type) {
      case 'error':
        return this.tell(answerError(isObject(event.error) ? event : { error: { ...event, type: '' } }))
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#learn(event.response)
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        return this.#end(type, isObject(event.response) ? event.response : {})
      case 'response.output_item.added':
        if (isCall(event.item)) this.#called = true
    }
    if (!isOpening(type, event)) this.semantic = true
  }

  #learn(response: unknown): void {
    if (!isObject(response)) return
    if (typeof response.id === 'string') this.responseId ??= response.id
    if (typeof response.model === 'string') this.model ??= response.model
  }

  #end(type: string, response: JsonObject): void {
    this.#learn(response)
    this.usage = readUsage(response) ?? this.usage
    if (type === 'response.failed' || isErrorObject(response)) return this.tell(answerError(response))
    this.semantic = true
    this.finish = readFinish(response, this.#called)
    this.complete = true
  }
}

/** Events before anything is said: OpenAI sends them, and only then finds that it cannot answer. */
function isOpening(type: string, { item }: JsonObject): boolean {
  if (type === 'response.output_item.added') return isObject(item) && !isCall(item)
  return (
    type === 'keepalive' ||
    type === 'response.content_part.added' ||
    type === 'response.reasoning_summary_part.added' ||
    !type.startsWith('response.')
  )
}

function readError(body: JsonObject): GatewayError | undefined {
  return isErrorObject(body) ? answerError(body) : undefined
}
