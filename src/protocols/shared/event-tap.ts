import { GatewayError } from '../../message/error.ts'
import type { FinishReason } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { Usage } from '../../message/usage.ts'
import { malformedStream } from '../../wire/frame-error.ts'
import { SseFramer } from '../../wire/sse.ts'
import type { StreamTap } from '../stream.ts'
import { parseObject } from './object.ts'
import { StreamTail } from './stream-tail.ts'
import type { StreamPosition } from './stream-tail.ts'

/** What the taps of all protocols have in common: bytes cut into events, until the answer is whole or has failed. */
export abstract class EventTap implements StreamTap {
  abstract readonly usage: Partial<Usage>
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
  semantic = false
  complete = false
  error: GatewayError | undefined
  protected readonly tail = new StreamTail()
  /** The upstream's own error is among the bytes. */
  protected told = false
  readonly #framer = new SseFramer((bytes, start, end) => {
    if (!this.complete && this.error === undefined) this.onEvent(bytes, start, end)
  })

  push(bytes: Uint8Array): void {
    this.tail.push(bytes)
    try {
      this.#framer.push(bytes)
    } catch (error) {
      this.error ??= malformedStream(error)
    }
  }

  end(): void {
    this.#framer.end()
    if (!this.complete && this.error === undefined) this.onEnd()
  }

  get position(): StreamPosition {
    return this.tail.position
  }

  abstract failure(error: GatewayError, requestId: string): string

  /** A frame, as `readFrame` takes it. */
  protected abstract onEvent(bytes: Uint8Array, start: number, end: number): void

  /** The bytes ended, and the answer was not whole so far. */
  protected abstract onEnd(): void

  protected tell(error: GatewayError): void {
    this.error = error
    this.told = true
  }
}

const LINE_FEED = 0x0a
const CLOSE_BRACE = 0x7d

/** The JSON of an event, which ends there, was not cut off. */
export function endsWhole(bytes: Uint8Array, end: number): boolean {
  let last = end - 1
  while (bytes[last] === LINE_FEED) last--
  return bytes[last] === CLOSE_BRACE
}

const OPENINGS_OF_OTHERS = new Set(['<', '{', '['])

/**
 * The failure that the first bytes tell of: a page of HTML or a JSON text cannot be the beginning of a stream.
 * Undefined: anything else may be a comment or a field. `readError`: of a JSON text, where it says what went wrong.
 */
export function noStream(
  bytes: Uint8Array,
  readError: (body: JsonObject) => GatewayError | undefined,
): GatewayError | undefined {
  if (!OPENINGS_OF_OTHERS.has(decodeHead(bytes, 64).trimStart().charAt(0))) return undefined
  const body = parseObject(decodeHead(bytes, bytes.length))
  const said = `The upstream answered with something that is no stream: ${decodeHead(bytes, 100)}`
  return (body && readError(body)) ?? new GatewayError('upstream_malformed', said)
}

export function decodeHead(bytes: Uint8Array, length: number): string {
  return new TextDecoder().decode(bytes.subarray(0, length))
}
