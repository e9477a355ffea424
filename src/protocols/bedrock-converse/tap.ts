import type { GatewayError } from '../../message/error.ts'
import type { Usage } from '../../message/usage.ts'
import { EXCEPTION, sseText } from '../../wire/framing.ts'
import { frameEvent, readFrame } from '../../wire/sse.ts'
import { awsException, exceptionFrame } from '../shared/aws-error.ts'
import { endedBefore, noObject } from '../shared/broken-stream.ts'
import { EventTap } from '../shared/event-tap.ts'
import { isObject, parseObject } from '../shared/object.ts'
import { malformed } from './answer.ts'
import { MALFORMED, readFinish, readUsage } from './wire.ts'

/** Reads beside a stream that goes to the client as it came: its end, and the usage behind it. */
export class ConverseStreamTap extends EventTap {
  usage: Partial<Usage> = {}
  #called = false

  failure(error: GatewayError): string {
    const { event, data } = exceptionFrame(error)
    return (this.tail.endsLine ? '' : '\n\n') + sseText(event, data)
  }

  /** Without `metadata` the answer is whole, too; only what it cost is not known. */
  protected onEnd(): void {
    if (this.finish !== undefined) this.complete = true
    else this.error = endedBefore('messageStop')
  }

  protected onEvent(bytes: Uint8Array, start: number, end: number): void {
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
    if (body === undefined) this.error = noObject(data)
    else if (event === 'contentBlockStart') {
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
    else this.finish = readFinish(reason, this.#called)
  }
}

/** Events that are worth decoding. */
const READ = new Set(['contentBlockStart', 'messageStop', 'metadata'])
