import { GatewayError } from '../../message/error.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { frameEvent, readFrame } from '../../wire/sse.ts'
import { EXCEPTION, sseText } from '../../wire/framing.ts'
import { awsException } from '../shared/aws-error.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { EventTap, decodeHead, endsWhole, noStream } from '../shared/event-tap.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { answerError, isErrorObject } from './error.ts'
import { errorData } from './stream-encode.ts'
import { UsageReader, readFinish } from './wire.ts'

/**
 * Reads beside a stream that goes to the client byte for byte. Of a thousand events it decodes the few that are no
 * delta; a delta it compares with the one before, which takes a tenth of parsing it.
 */
export class MessageStreamTap extends EventTap {
  usage: Partial<Usage> = {}
  readonly #usage = new UsageReader()
  #started = false
  /** Indexes of the blocks that have begun. */
  readonly #begun = new Set<number>()
  /** How the deltas of the block begin that was spoken of last. */
  #deltaHead: Uint8Array | undefined

  override push(bytes: Uint8Array): void {
    if (this.error !== undefined || bytes.length === 0) return
    if (this.tail.isEmpty) this.error = noStream(bytes, readError)
    if (this.error === undefined) super.push(bytes)
  }

  /**
   * An event that was cut off cannot be taken back. Its lines are given the name `error` instead of an end of their
   * own: the client would try to read half an event, and fail on that and not on what happened.
   */
  failure(error: GatewayError, requestId: string): string {
    if (this.told) return ''
    return (this.tail.endsLine ? '' : '\n') + sseText('error', errorData(error, requestId))
  }

  protected onEnd(): void {
    this.error = endedBefore('message_stop')
  }

  protected onEvent(bytes: Uint8Array, start: number, end: number): void {
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
    return endsWhole(bytes, end)
  }

  #decode(event: string, bytes: Uint8Array, start: number, end: number): void {
    const data = readFrame(bytes, start, end)?.data
    if (data === undefined || data === '') return
    const body = parseObject(data)
    if (body === undefined) {
      this.error = noObject(data)
      return
    }
    const type = event === '' ? body['type'] : event
    if (type === 'error') this.tell(answerError(body))
    else if (type === 'message_start') this.#start(body)
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
      this.finish = readFinish(delta['stop_reason'])
    this.#learn(usage)
  }

  #learn(usage: unknown): void {
    this.#usage.read(usage)
    this.usage = this.#usage.usage
  }
}

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

function readError(body: JsonObject): GatewayError | undefined {
  return isErrorObject(body) ? answerError(body) : undefined
}
