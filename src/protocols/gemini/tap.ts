import { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { readBareJson, readFrame, SseFramer, SseFrameTooLongError } from '../../wire/sse.ts'
import type { StreamTap } from '../protocol.ts'
import { isObject, stringOf, parseObject } from '../shared/object.ts'
import { StreamTail } from '../shared/stream-tail.ts'
import { answerError, errorBody, isErrorObject } from './error.ts'
import { bareText } from './framing.ts'
import { readFinish } from './response.ts'
import { blockReason, firstCandidate, partsOf, readUsage, unifiedFinish, unwrap } from './wire.ts'

export function tap(): StreamTap {
  return new GeminiTap()
}

/**
 * What is worth parsing a chunk for. Inside a string the quotes would be escaped, so that no text of the model can
 * look like one.
 */
const WORTH_READING = /"(?:finishReason|error|functionCall|promptFeedback)"\s*:/

/** A chunk that was cut off does not end in a brace, and is read to be told. */
function isPlain(data: string): boolean {
  return data.startsWith('{') && data.endsWith('}') && !WORTH_READING.test(data)
}

class GeminiTap implements StreamTap {
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
  semantic = false
  complete = false
  error: GatewayError | undefined
  #usage: Partial<Usage> = {}
  #called = false
  /** The last chunk with the usage so far, not parsed: nearly every chunk has it, and only the last one's counts. */
  #unread: string | undefined
  /** The upstream's own error is among the bytes. */
  #told = false
  readonly #tail = new StreamTail()
  readonly #framer = new SseFramer((bytes, start, end) => {
    const frame = readFrame(bytes, start, end) ?? readBareJson(bytes, start, end)
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
    if (this.error === undefined && this.finish !== undefined) this.complete = true
  }

  get usage(): Partial<Usage> {
    const chunk = this.#unread === undefined ? undefined : parse(this.#unread)
    this.#unread = undefined
    if (chunk !== undefined) this.#usage = readUsage(chunk) ?? this.#usage
    return this.#usage
  }

  get position() {
    return this.#tail.position
  }

  failure(error: GatewayError): string {
    if (this.#told) return ''
    return (this.#tail.endsLine ? '' : '\n\n') + bareText(JSON.stringify(errorBody(error)))
  }

  #onData(data: string): void {
    if (this.semantic && this.finish === undefined && isPlain(data)) {
      if (data.includes('"usageMetadata"')) this.#unread = data
      return
    }
    const text = data.trim()
    if (text === '') return
    const chunk = parse(text)
    if (chunk === undefined)
      this.error = new GatewayError(
        'upstream_malformed',
        `The upstream sent an event that is not a JSON object: ${text.slice(0, 100)}`,
      )
    else if (isErrorObject(chunk)) {
      this.error = answerError(chunk)
      this.#told = true
    } else this.#read(chunk)
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
