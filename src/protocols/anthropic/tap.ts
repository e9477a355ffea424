import { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { SseFrameTooLongError, SseFramer, frameEvent, readFrame } from '../../wire/sse.ts'
import { EXCEPTION, sseText } from '../../wire/framing.ts'
import type { StreamTap } from '../protocol.ts'
import { awsException } from '../shared/aws-error.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { StreamTail } from '../shared/stream-tail.ts'
import { answerError, isErrorObject } from './error.ts'
import { errorData } from './stream-encode.ts'
import { UsageReader, readStopReason } from './wire.ts'

/**
 * Reads beside a stream that goes to the client byte for byte. Of a thousand events it decodes the few that are no
 * delta; a delta it compares with the one before, which takes a tenth of parsing it.
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
  readonly #tail = new StreamTail()
  #started = false
  /** Indexes of the blocks that have begun. */
  readonly #begun = new Set<number>()
  /** How the deltas of the block begin that was spoken of last. */
  #deltaHead: Uint8Array | undefined
  /** The upstream's own error event is among the bytes. */
  #told = false

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
    this.error = new GatewayError('upstream_truncated', 'The upstream’s stream ended before message_stop.')
  }

  get position() {
    return this.#tail.position
  }

  /**
   * An event that was cut off cannot be taken back. Its lines are given the name `error` instead of an end of their
   * own: the client would try to read half an event, and fail on that and not on what happened.
   */
  failure(error: GatewayError, requestId: string): string {
    if (this.#told) return ''
    return (this.#tail.endsLine ? '' : '\n') + sseText('error', errorData(error, requestId))
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    if (this.complete || this.error !== undefined) return
    const event = frameEvent(bytes, start, end)
    if (event === 'content_block_delta' && this.#isNextDelta(bytes, start, end)) return
    // Not told: only where the client's stream is framed as AWS does it does the exception reach it.
    if (event.startsWith(EXCEPTION))
      this.error = awsException(event, readFrame(bytes, start, end)?.data ?? '')
    else if (READ.has(event)) this.#decode(event, bytes, start, end)
  }

  /** Another delta of the same block, and its JSON was not cut off. */
  #isNextDelta(bytes: Uint8Array, start: number, end: number): boolean {
    const head = this.#deltaHead
    if (head === undefined || end - start < head.length) return false
    for (let at = 0; at < head.length; at++) if (bytes[start + at] !== head[at]) return false
    let last = end - 1
    while (bytes[last] === LINE_FEED) last--
    return bytes[last] === CLOSE_BRACE
  }

  #decode(event: string, bytes: Uint8Array, start: number, end: number): void {
    const data = readFrame(bytes, start, end)?.data
    if (data === undefined || data === '') return
    const body = parseObject(data)
    if (body === undefined) return this.#malformed(`an event that is no JSON object: ${data.slice(0, 100)}`)
    const type = event === '' ? body['type'] : event
    if (type === 'error') {
      this.error = answerError(body)
      this.#told = true
    } else if (type === 'message_start') this.#start(body)
    else if (typeof type === 'string' && GRAMMAR.test(type)) {
      if (!this.#started) this.#malformed(`${type} before message_start`)
      else if (type === 'message_delta') this.#delta(body)
      else if (type === 'message_stop') this.complete = true
      else this.#block(type, body, bytes, start)
    }
  }

  /** A client keeps its blocks by index: begun twice or never, an index makes nonsense of the answer. */
  #block(type: string, { index }: JsonObject, bytes: Uint8Array, start: number): void {
    this.semantic = true
    if (typeof index !== 'number') return
    if (type === 'content_block_start') {
      if (this.#begun.has(index)) this.#malformed(`block ${index} twice`)
      this.#begun.add(index)
    } else if (type === 'content_block_delta') {
      if (!this.#begun.has(index)) this.#malformed(`a delta of block ${index}, which never began`)
      const head = DELTA_HEAD.exec(decodeHead(bytes.subarray(start), DELTA_HEAD_MAX_BYTES))?.[0]
      this.#deltaHead = head === undefined ? undefined : bytes.slice(start, start + head.length)
    }
  }

  #malformed(what: string): void {
    this.error = new GatewayError('upstream_malformed', `The upstream’s stream has ${what}.`)
  }

  #start({ message }: JsonObject): void {
    if (this.#started) return this.#malformed('a second message_start')
    this.#started = true
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

const LINE_FEED = 0x0a
const CLOSE_BRACE = 0x7d

/** Events that are worth decoding. Imitations of the API leave the names out. */
const READ = new Set([
  '',
  'message_start',
  'content_block_start',
  'content_block_delta',
  'message_delta',
  'message_stop',
  'error',
])

/** Events that have their place in an answer. */
const GRAMMAR = /^(?:content_block_|message_)/

/** Everything of a delta up to its index, as Anthropic writes it; letters of ASCII only. */
const DELTA_HEAD = /^event: ?content_block_delta\ndata: ?\{"type": ?"content_block_delta", ?"index": ?\d+,/
const DELTA_HEAD_MAX_BYTES = 100

const OPENINGS_OF_OTHERS = new Set(['<', '{', '['])

/** A page of HTML or a JSON text cannot be the beginning of a stream; anything else may be a comment or a field. */
function looksLikeStream(bytes: Uint8Array): boolean {
  const text = decodeHead(bytes, 64)
  return !OPENINGS_OF_OTHERS.has(text.trimStart().charAt(0))
}

function noStream(bytes: Uint8Array): GatewayError {
  const body = parseObject(decodeHead(bytes, bytes.length))
  if (body !== undefined && isErrorObject(body)) return answerError(body)
  return new GatewayError(
    'upstream_malformed',
    `The upstream answered with something that is no stream: ${decodeHead(bytes, 100)}`,
  )
}

function decodeHead(bytes: Uint8Array, length: number): string {
  return new TextDecoder().decode(bytes.subarray(0, length))
}
