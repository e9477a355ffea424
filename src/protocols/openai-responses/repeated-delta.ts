/** Where a delta belongs, as OpenAI writes it: `"item_id":…,"output_index":…,"content_index":…,"delta":"`. */
const PLACE = '"item_id":'
const TEXT = '"delta":"'

/** What does not stand for itself inside a JSON string. */
const SPECIAL = /[\\\p{Cc}]/u
const CLOSE_BRACE = 0x7d

/**
 * Deltas come by the thousand, and differ in their number, their text and a random padding. One that belongs where the
 * one before it did is not parsed: 0.2 µs instead of 0.9. Inside a string the quotes would be escaped, so that no text
 * of the model can look like a field.
 */
export class RepeatedDelta {
  #name = ''
  #place = ''

  /** The text of an event that continues the learned one. Undefined: it has to be parsed. */
  textOf(name: string, data: string): string | undefined {
    const place = this.#place
    if (place === '' || name !== this.#name || data.charCodeAt(data.length - 1) !== CLOSE_BRACE)
      return undefined
    const end = data.indexOf(TEXT)
    if (end < place.length || data.slice(end - place.length, end) !== place) return undefined
    const from = end + TEXT.length
    const to = data.indexOf('"', from)
    const text = data.slice(from, to)
    return to === -1 || SPECIAL.test(text) ? undefined : text
  }

  /** Takes every event that was parsed: what follows one that is no delta belongs elsewhere. */
  learn(name: string, data: string): void {
    const start = data.indexOf(PLACE)
    const end = data.indexOf(TEXT)
    const isDelta = name.endsWith('.delta') && start !== -1 && start < end
    this.#name = name
    this.#place = isDelta ? data.slice(start, end) : ''
  }
}
