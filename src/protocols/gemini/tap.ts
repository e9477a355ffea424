import type { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { readBareJson, readFrame } from '../../wire/sse.ts'
import { noObject } from '../shared/broken-stream.ts'
import { EventTap } from '../shared/event-tap.ts'
import { isObject, stringOf, parseObject } from '../shared/object.ts'
import { answerError, errorBody, isErrorObject } from './error.ts'
import { bareText } from './framing.ts'
import { readFinish } from './response.ts'
import { blockReason, firstCandidate, partsOf, readUsage, unifiedFinish, unwrap } from './wire.ts'

/**
 * What is worth parsing a chunk for. Inside a string the quotes would be escaped, so that no text of the model can
 * look like one.
 */
const WORTH_READING = /"(?:finishReason|error|functionCall|promptFeedback)"\s*:/

/** A chunk that was cut off does not end in a brace, and is read to be told. */
function isPlain(data: string): boolean {
  return data.startsWith('{') && data.endsWith('}') && !WORTH_READING.test(data)
}

/** Reads beside a stream that goes to the client byte for byte. */
export class GeminiStreamTap extends EventTap {
  #usage: Partial<Usage> = {}
  #called = false
  /** The last chunk with the usage so far, not parsed: nearly every chunk has it, and only the last one's counts. */
  #unread: string | undefined

  get usage(): Partial<Usage> {
    const chunk = this.#unread === undefined ? undefined : parse(this.#unread)
    this.#unread = undefined
    if (chunk !== undefined) this.#usage = readUsage(chunk) ?? this.#usage
    return this.#usage
  }

  failure(error: GatewayError): string {
    if (this.told) return ''
    return (this.tail.endsLine ? '' : '\n\n') + bareText(JSON.stringify(errorBody(error)))
  }

  protected onEnd(): void {
    if (this.finish !== undefined) this.complete = true
  }

  protected onEvent(bytes: Uint8Array, start: number, end: number): void {
    const frame = readFrame(bytes, start, end) ?? readBareJson(bytes, start, end)
    if (frame !== undefined) this.#onData(frame.data)
  }

  #onData(data: string): void {
    if (this.semantic && this.finish === undefined && isPlain(data)) {
      if (data.includes('"usageMetadata"')) this.#unread = data
      return
    }
    const text = data.trim()
    if (text === '') return
    const chunk = parse(text)
    if (chunk === undefined) this.error = noObject(text)
    else if (isErrorObject(chunk)) this.tell(answerError(chunk))
    else this.#read(chunk)
  }

  #read(chunk: JsonObject): void {
    this.#usage = readUsage(chunk) ?? this.usage
    this.#unread = undefined
    this.responseId ??= stringOf(chunk.responseId) || undefined
    this.model ??= stringOf(chunk.modelVersion) || undefined
    const candidate = firstCandidate(chunk)
    const parts = candidate === undefined ? [] : partsOf(candidate)
    this.#called ||= parts.some((part) => isObject(part.functionCall))
    const finish = readFinish(chunk)
    this.finish = withCalls(finish ?? this.finish, this.#called)
    this.semantic ||= parts.some(hasContent) || finish !== undefined || blockReason(chunk) !== undefined
    this.complete = this.finish !== undefined && isObject(chunk.usageMetadata)
  }
}

/** As the decoder has it: the word for a plain end is the same with calls and without. */
function withCalls(finish: FinishReason | undefined, called: boolean): FinishReason | undefined {
  if (finish === undefined || !called || finish.raw === null) return finish
  const unified = unifiedFinish(finish.raw)
  return unified === 'end' || unified === 'other' ? { ...finish, unified: 'tool-calls' } : finish
}

function hasContent(part: JsonObject): boolean {
  return Object.entries(part).some(([name, value]) => name !== 'thought' && value !== '')
}

function parse(text: string): JsonObject | undefined {
  const value = parseObject(text)
  return value && unwrap(value)
}
