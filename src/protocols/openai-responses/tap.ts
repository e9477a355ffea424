import { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { sseText } from '../../wire/framing.ts'
import { SseFramer, SseFrameTooLongError, frameEvent, readFrame } from '../../wire/sse.ts'
import type { StreamTap } from '../protocol.ts'
import { isObject, stringOf, parseObject } from '../shared/object.ts'
import { answerError, isErrorObject } from '../shared/openai-error.ts'
import { StreamTail } from '../shared/stream-tail.ts'
import { responseError } from './answer-encode.ts'
import { isCall, readFinish, readUsage } from './wire.ts'

/**
 * Reads beside a stream that goes to the client byte for byte. Of the events that come by the thousand only the name
 * is read, and whether they are whole.
 */
export class ResponseStreamTap implements StreamTap {
  usage: Partial<Usage> = {}
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
  semantic = false
  complete = false
  error: GatewayError | undefined
  #called = false
  #events = 0
  /** The upstream's own error is among the bytes. */
  #told = false
  readonly #tail = new StreamTail()
  readonly #framer = new SseFramer((bytes, start, end) => this.#frame(bytes, start, end))

  push(bytes: Uint8Array): void {
    if (this.error !== undefined || bytes.length === 0) return
    if (this.#tail.isEmpty && !looksLikeStream(bytes)) {
      this.error = noStream(bytes)
      return
    }
    this.#tail.push(bytes)
    try {
      this.#framer.push(bytes)
    } catch (error) {
      if (!(error instanceof SseFrameTooLongError)) throw error
      this.error = new GatewayError('upstream_malformed', `${error.message}.`, { cause: error })
    }
  }

  end(): void {
    this.#framer.end()
    if (this.complete || this.error !== undefined) return
    this.error = new GatewayError(
      'upstream_truncated',
      'The upstream’s stream ended before response.completed.',
    )
  }

  get position() {
    return this.#tail.position
  }

  /** An event that was cut off is ended before: Codex passes over what it cannot read, and acts on what follows. */
  failure(error: GatewayError): string {
    if (this.#told) return ''
    const { isEmpty, endsLine, position } = this.#tail
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

  #frame(bytes: Uint8Array, start: number, end: number): void {
    if (this.complete || this.error !== undefined) return
    this.#events++
    const name = frameEvent(bytes, start, end)
    if (this.semantic && name.endsWith('.delta') && endsWhole(bytes, end)) return
    const data = readFrame(bytes, start, end)?.data.trim() ?? ''
    if (data === '' || data === '[DONE]') return
    const event = parseObject(data)
    if (event !== undefined) return this.#read(stringOf(event.type) || name, event)
    const message = `The upstream sent an event that is not a JSON object: ${data.slice(0, 100)}`
    this.error = new GatewayError('upstream_malformed', message)
  }

  #read(type: string, event: JsonObject): void {
    switch (type) {
      case 'error':
        return this.#tell(answerError(isObject(event.error) ? event : { error: { ...event, type: '' } }))
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
    if (type === 'response.failed' || isErrorObject(response)) return this.#tell(answerError(response))
    this.semantic = true
    this.finish = readFinish(response, this.#called)
    this.complete = true
  }

  #tell(error: GatewayError): void {
    this.error = error
    this.#told = true
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

const LINE_FEED = 0x0a
const CLOSE_BRACE = 0x7d

/** The event's JSON was not cut off. */
function endsWhole(bytes: Uint8Array, end: number): boolean {
  let last = end - 1
  while (bytes[last] === LINE_FEED) last--
  return bytes[last] === CLOSE_BRACE
}

const OPENINGS_OF_OTHERS = new Set(['<', '{', '['])

/** A page of HTML or a JSON text cannot be the beginning of a stream; anything else may be a comment or a field. */
function looksLikeStream(bytes: Uint8Array): boolean {
  return !OPENINGS_OF_OTHERS.has(decodeHead(bytes, 64).trimStart().charAt(0))
}

function noStream(bytes: Uint8Array): GatewayError {
  const body = parseObject(decodeHead(bytes, bytes.length))
  if (body !== undefined && isErrorObject(body)) return answerError(body)
  const head = decodeHead(bytes, 100)
  return new GatewayError(
    'upstream_malformed',
    `The upstream answered with something that is no stream: ${head}`,
  )
}

function decodeHead(bytes: Uint8Array, length: number): string {
  return new TextDecoder().decode(bytes.subarray(0, length))
}
