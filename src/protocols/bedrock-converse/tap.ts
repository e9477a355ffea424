import { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { Usage } from '../../message/usage.ts'
import { EXCEPTION, sseText } from '../../wire/framing.ts'
import { SseFramer, SseFrameTooLongError, frameEvent, readFrame } from '../../wire/sse.ts'
import type { StreamTap } from '../protocol.ts'
import { awsException, exceptionFrame } from '../shared/aws-error.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { StreamTail } from '../shared/stream-tail.ts'
import { malformed } from './answer.ts'
import { MALFORMED, readStopReason, readUsage } from './wire.ts'

/** Reads beside a stream that goes to the client as it came: its end, and the usage behind it. */
export class ConverseStreamTap implements StreamTap {
  usage: Partial<Usage> = {}
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
  semantic = false
  complete = false
  error: GatewayError | undefined
  #called = false
  readonly #tail = new StreamTail()
  readonly #framer = new SseFramer((bytes, start, end) => this.#frame(bytes, start, end))

  push(bytes: Uint8Array): void {
    this.#tail.push(bytes)
    try {
      this.#framer.push(bytes)
    } catch (error) {
      if (!(error instanceof SseFrameTooLongError)) throw error
      this.error ??= new GatewayError('upstream_malformed', `${error.message}.`, { cause: error })
    }
  }

  /** Without `metadata` the answer is whole, too; only what it cost is not known. */
  end(): void {
    this.#framer.end()
    if (this.complete || this.error !== undefined) return
    if (this.finish !== undefined) this.complete = true
    else
      this.error = new GatewayError('upstream_truncated', 'The upstream’s stream ended before messageStop.')
  }

  get position() {
    return this.#tail.position
  }

  failure(error: GatewayError): string {
    const { event, data } = exceptionFrame(error)
    return (this.#tail.endsLine ? '' : '\n\n') + sseText(event, data)
  }

  #frame(bytes: Uint8Array, start: number, end: number): void {
    if (this.complete || this.error !== undefined) return
    const event = frameEvent(bytes, start, end)
    if (event === 'contentBlockDelta' || event === 'contentBlockStop') this.semantic = true
    else if (READ.has(event) || event.startsWith(EXCEPTION))
      this.#read(event, readFrame(bytes, start, end)?.data ?? '')
  }

  #read(event: string, data: string): void {
    if (event.startsWith(EXCEPTION)) {
      this.error = awsException(event, data)
      return
    }
    const body = parseObject(data)
    if (body === undefined) {
      const message = `The upstream’s stream has an event that is no JSON object: ${data.slice(0, 100)}`
      this.error = new GatewayError('upstream_malformed', message)
    } else if (event === 'contentBlockStart') {
      this.semantic = true
      this.#called ||= isObject(body.start) && isObject(body.start.toolUse)
    } else if (event === 'messageStop') this.#stop(body.stopReason)
    else {
      this.usage = readUsage(body.usage, body.serviceTier) ?? this.usage
      this.complete = this.finish !== undefined
    }
  }

  #stop(reason: unknown): void {
    this.semantic = true
    if (MALFORMED.has(reason)) this.error = malformed(reason)
    else this.finish = readStopReason(reason, this.#called)
  }
}

/** Events that are worth decoding. */
const READ = new Set(['contentBlockStart', 'messageStop', 'metadata'])
