import { Collector } from '../message/collect.ts'
import { toGatewayError } from '../message/error.ts'
import type { FinishReason, Event } from '../message/event.ts'
import type { Block, JsonObject } from '../message/request.ts'
import type { Protocol } from '../protocols/protocol.ts'
import type { CallRow } from '../stores/logs/port.ts'
import { readFrame, SseFramer } from '../wire/sse.ts'

/** What a logged answer said, as far as it came. */
export interface DecodedAnswer {
  content: Block[]
  /** Undefined when the answer has no end: cut, failed, or not kept to the end. */
  finish: FinishReason | undefined
  error: string | undefined
}

export type DecodeAnswer = (
  protocol: CallRow['protocol'],
  bytes: Uint8Array,
  isStream: boolean,
) => DecodedAnswer

/** Reads answers of these protocols; of any other, the content is empty. Never throws. */
export function answerDecoder(protocols: readonly Protocol[]): DecodeAnswer {
  return (id, bytes, isStream) => {
    const answer = new PartialAnswer()
    const protocol = protocols.find((each) => each.id === id)
    try {
      if (protocol !== undefined) decode(protocol, bytes, isStream && isEventStream(bytes), answer.push)
    } catch (error) {
      answer.push({ type: 'error', error: toGatewayError(error) })
    }
    return answer.decoded()
  }
}

/** A streamed call that was refused got a JSON body. */
function isEventStream(bytes: Uint8Array): boolean {
  const OPEN_BRACE = 0x7b
  return bytes[0] !== OPEN_BRACE
}

function decode(
  protocol: Protocol,
  bytes: Uint8Array,
  isStream: boolean,
  emit: (event: Event) => void,
): void {
  if (!isStream) {
    const body = JSON.parse(new TextDecoder().decode(bytes)) as JsonObject
    return protocol.response.decode(body, {}, emit)
  }
  const decoder = protocol.stream.decoder({})
  const framer = new SseFramer((chunk, start, end) => {
    const frame = readFrame(chunk, start, end)
    if (frame !== undefined) decoder.push(frame, emit)
  })
  framer.push(bytes)
  framer.end()
  decoder.end(emit)
}

/** Collects what came before a failure, where `collect` gives the failure alone. */
class PartialAnswer {
  readonly #collector = new Collector()
  #finish: FinishReason | undefined
  #error: string | undefined

  push = (event: Event): void => {
    if (event.type === 'error') this.#error ??= event.error.message
    else this.#collector.push(event)
    if (event.type === 'finish') this.#finish = event.reason
  }

  decoded(): DecodedAnswer {
    if (this.#finish === undefined) {
      this.#collector.push({ type: 'finish', reason: { unified: 'other', raw: null } })
    }
    return { content: this.#collector.response().content, finish: this.#finish, error: this.#error }
  }
}
