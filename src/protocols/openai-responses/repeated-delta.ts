import { endOfString, stringBetween } from '../shared/repeated-text.ts'

/** Where a delta belongs, as OpenAI writes it: `"item_id":…,"output_index":…,"content_index":…,"delta":"`. */
const PLACE = '"item_id":'
const TEXT = '"delta":"'

const CLOSE_BRACE = 0x7d

/**
 * Deltas come by the thousand, and differ in their number, their text and a random padding. One that belongs where the
 * one before it did is not parsed: 0.2 µs instead of 0.9. Inside a string the quotes would be escaped, so that no text
 * of the model can look like a field.
 */
export class RepeatedDelta {
  #name = ''
  /** With the name of the text behind it. */
  #place = ''
  /** Where the last text began. */
  #from = 0

  /** The text of an event that continues the learned one. Undefined: it has to be parsed. */
  textOf(name: string, data: string): string | undefined {
    if (this.#place === '' || name !== this.#name || data.charCodeAt(data.length - 1) !== CLOSE_BRACE)
      return undefined
    const from = this.#textStart(data)
    if (from === undefined) return undefined
    const to = endOfString(data, from)
    return to === -1 ? undefined : stringBetween(data, from, to)
  }

  /** Takes every event that was parsed: what follows one that is no delta belongs elsewhere. */
  learn(name: string, data: string): void {
    this.#name = name
    this.#place = ''
    if (!name.endsWith('.delta')) return
    const start = data.indexOf(PLACE)
    const end = data.indexOf(TEXT)
    if (start === -1 || start >= end) return
    this.#from = end + TEXT.length
    this.#place = data.slice(start, this.#from)
  }

  /** Where the last one had it, or where its number has taken a digit more: to search takes as long as all the rest. */
  #textStart(data: string): number | undefined {
    const place = this.#place
    for (let from = this.#from; from <= this.#from + 1; from++) {
      if (data.slice(from - place.length, from) !== place) continue
      this.#from = from
      return from
    }
    return undefined
  }
}
