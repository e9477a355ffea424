import { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { SseFrameTooLongError, SseFramer, frameEvent, readFrame } from '../../wire/sse.ts'
import type { StreamTap } from '../protocol.ts'
import { answerError, isErrorObject } from './error.ts'
import { isObject } from './fields.ts'
import { errorFrame } from './stream-encode.ts'
import { UsageReader, readStopReason } from './wire.ts'

/**
 * Reads beside a stream that goes to the client byte for byte. Of a thousand events it decodes three: the first,
 * the last but one and an error. All others it only names, which takes a tenth of parsing them.
 */
export class MessageStreamTap implements StreamTap {
  usage: Partial<Usage> = {}
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
  semantic = false
  complete = false
  error: GatewayError | undefined
  readonly #usage = new UsageReader()
  readonly #framer = new SseFramer((bytes, start, end) => this.#frame(bytes, start, end))
  /** The last bytes that passed: do they end an event? */
  #tail = ''

  push(bytes: Uint8Array): void {
    if (this.error !== undefined || bytes.length === 0) return
    if (this.#tail === '' && !looksLikeStream(bytes)) {
      this.error = noStream(bytes)
      return
    }
    this.#tail = lastCharacters(this.#tail, bytes)
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
    this.error = new GatewayError('upstream_truncated', 'The upstream’s stream ended before message_stop.')
  }

  /**
   * An event that was cut off cannot be taken back. Its lines are given the name `error` instead of an end of their
   * own: the client would try to read half an event, and fail on that and not on what happened.
   */
  failure(error: GatewayError, requestId: string): string {
    const isAtEnd = this.#tail === '' || /(?:\n\n|\n\r\n|\r\r)$/.test(this.#tail)
    const isAtLineEnd = isAtEnd || /[\r\n]$/.test(this.#tail)
    return (isAtLineEnd ? '' : '\n') + errorFrame(error, requestId)
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    if (this.complete || this.error !== undefined) return
    const event = frameEvent(bytes, start, end)
    switch (event) {
      case 'content_block_start':
      case 'content_block_delta':
      case 'content_block_stop':
        this.semantic = true
        break
      case 'message_start':
      case 'message_delta':
      case 'error':
      // Imitations of the API leave the names out.
      case '':
        this.#decode(event, bytes, start, end)
        break
      case 'message_stop':
        this.complete = true
        break
    }
  }

  #decode(event: string, bytes: Uint8Array, start: number, end: number): void {
    const data = readFrame(bytes, start, end)?.data
    if (data === undefined || data === '') return
    const body = parse(data)
    if (body === undefined) {
      this.error = new GatewayError(
        'upstream_malformed',
        `The upstream’s stream has an event that is no JSON object: ${data.slice(0, 100)}.`,
      )
      return
    }
    const type = event === '' ? body['type'] : event
    if (type === 'message_start') this.#start(body)
    else if (type === 'message_delta') this.#delta(body)
    else if (type === 'error') this.error = answerError(body)
    else if (type === 'message_stop') this.complete = true
    else if (typeof type === 'string' && type.startsWith('content_block_')) this.semantic = true
  }

  #start({ message }: JsonObject): void {
    if (!isObject(message)) return
    if (typeof message['id'] === 'string') this.responseId = message['id']
    if (typeof message['model'] === 'string') this.model = message['model']
    this.#learn(message['usage'])
  }

  #delta({ delta, usage }: JsonObject): void {
    if (isObject(delta) && typeof delta['stop_reason'] === 'string')
      this.finish = readStopReason(delta['stop_reason'])
    this.#learn(usage)
  }

  #learn(usage: unknown): void {
    this.#usage.read(usage)
    this.usage = this.#usage.usage
  }
}

function parse(data: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const OPENINGS_OF_OTHERS = new Set(['<', '{', '['])

/** A page of HTML or a JSON text cannot be the beginning of a stream; anything else may be a comment or a field. */
function looksLikeStream(bytes: Uint8Array): boolean {
  const text = decodeHead(bytes, 64)
  return !OPENINGS_OF_OTHERS.has(text.trimStart().charAt(0))
}

function noStream(bytes: Uint8Array): GatewayError {
  const body = parse(decodeHead(bytes, bytes.length))
  if (body !== undefined && isErrorObject(body)) return answerError(body)
  return new GatewayError(
    'upstream_malformed',
    `The upstream answered with something that is no stream: ${decodeHead(bytes, 100)}`,
  )
}

function decodeHead(bytes: Uint8Array, length: number): string {
  return new TextDecoder().decode(bytes.subarray(0, length))
}

/** Enough to see a blank line in any of its forms. */
const TAIL_LENGTH = 4

function lastCharacters(before: string, bytes: Uint8Array): string {
  let tail = ''
  for (let at = Math.max(0, bytes.length - TAIL_LENGTH); at < bytes.length; at++)
    tail += String.fromCharCode(bytes[at]!)
  return (before + tail).slice(-TAIL_LENGTH)
}
