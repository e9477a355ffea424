import type { Event } from '../../message/event.ts'
import type { JsonObject } from '../../message/request.ts'
import type { StreamEncoder, WriteFrame } from '../stream.ts'
import type { EncodeContext } from '../translation.ts'
import { AnswerItems } from './answer-encode.ts'
import type { Sink } from './items-encode.ts'

/** Canonical events as the events of a Responses stream, numbered from 0. */
export class ResponseStreamEncoder implements StreamEncoder, Sink {
  readonly #items: AnswerItems
  #write: WriteFrame = () => {}
  #number = 0
  /** Of the last delta: everything before what it says, and behind it up to its number. */
  #place: JsonObject | undefined
  #head = ''
  #tail = ''

  constructor(context: EncodeContext) {
    this.#items = new AnswerItems(context, this)
  }

  push(event: Event, write: WriteFrame): void {
    this.#write = write
    this.#items.push(event)
    if (event.type !== 'ping') return
    // A comment is no event for Codex, which gives up after five minutes without one. Before the first the SDK takes none.
    this.#items.begin(undefined)
    this.send('keepalive', {})
  }

  send(type: string, fields: JsonObject): void {
    this.#write(type, JSON.stringify({ type, ...fields, sequence_number: this.#number++ }))
  }

  delta(type: string, place: JsonObject, text: string): void {
    if (place !== this.#place) {
      this.#place = place
      this.#head = `${JSON.stringify({ type, ...place }).slice(0, -1)},"delta":`
      const logprobs = type === 'response.output_text.delta' ? ',"logprobs":[]' : ''
      this.#tail = `${logprobs},"sequence_number":`
    }
    this.#write(type, `${this.#head}${JSON.stringify(text)}${this.#tail}${this.#number++}}`)
  }
}
