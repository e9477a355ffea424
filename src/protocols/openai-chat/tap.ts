import type { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { readFrame } from '../../wire/sse.ts'
import { noObject } from '../shared/broken-stream.ts'
import { EventTap } from '../shared/event-tap.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { answerError, errorBody, isErrorObject } from '../shared/openai-error.ts'
import { hasContent, readUsage, unifiedFinish } from './wire.ts'

/**
 * Fields with something in them that is worth parsing a chunk for; most chunks have none. Inside a string the
 * quotes would be escaped, so that no text of the model can look like one.
 */
const WORTH_READING = /"(?:usage|finish_reason|error|tool_calls)":\s*[^\sn]/

/** Reads beside a stream that goes to the client byte for byte. */
export class ChatStreamTap extends EventTap {
  usage: Partial<Usage> = {}
  #called = false

  failure(error: GatewayError): string {
    return this.told ? '' : `data: ${JSON.stringify(errorBody(error))}\n\n`
  }

  protected onEnd(): void {
    if (this.finish !== undefined) this.complete = true
  }

  protected onEvent(bytes: Uint8Array, start: number, end: number): void {
    const data = readFrame(bytes, start, end)?.data ?? ''
    // A chunk that was cut off does not end in a brace, and is read to be told.
    if (this.semantic && data.startsWith('{') && data.endsWith('}') && !WORTH_READING.test(data)) return
    const text = data.trim()
    if (text === '') return
    if (text === '[DONE]') {
      this.complete = true
      return
    }
    const chunk = parseObject(text)
    if (chunk === undefined) this.error = noObject(text)
    else if (isErrorObject(chunk)) this.tell(answerError(chunk))
    else this.#read(chunk)
  }

  #read(chunk: JsonObject): void {
    if (typeof chunk.id === 'string') this.responseId ??= chunk.id
    if (typeof chunk.model === 'string') this.model ??= chunk.model
    const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined
    const inner = isObject(choice) ? choice : {}
    this.usage =
      readUsage(
        chunk.usage ?? (isObject(chunk.x_groq) ? chunk.x_groq.usage : undefined) ?? inner.usage,
        chunk.service_tier,
      ) ?? this.usage
    if (isObject(inner.delta)) this.#readDelta(inner.delta)
    if (typeof inner.finish_reason === 'string') this.#readFinish(inner.finish_reason, inner)
  }

  #readDelta(delta: JsonObject): void {
    if (Array.isArray(delta.tool_calls) && delta.tool_calls.length > 0) this.#onCall()
    if (!this.semantic && hasContent(delta)) this.semantic = true
  }

  #onCall(): void {
    this.#called = true
    if (this.finish?.unified === 'end') this.finish = { ...this.finish, unified: 'tool-calls' }
  }

  #readFinish(raw: string, choice: JsonObject): void {
    const unified = unifiedFinish(raw)
    this.semantic = true
    if (unified === 'error') this.tell(answerError(choice, raw))
    else this.finish = { unified: unified === 'end' && this.#called ? 'tool-calls' : unified, raw }
  }
}
