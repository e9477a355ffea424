/** The only parameter of the function that stands for a tool whose input is free text. */
export const INPUT = 'input'

/** A call of such a tool as the hub has it: JSON text. */
export function inputArguments(input: string): string {
  return JSON.stringify({ [INPUT]: input })
}

const BEGINNING = new RegExp(String.raw`^\s*\{\s*"${INPUT}"\s*:\s*"`)
/** A run of letters that stand for themselves. */
const PLAIN = /[^"\\]*/y
const ESCAPE = /\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])/y
/** What may still become an escape. */
const ESCAPE_BEGUN = /\\(?:u[0-9a-fA-F]{0,3})?$/y

/** A letter beyond the first 65,536 is two; half of one is no text. */
const HALF_LETTER = /[\uD800-\uDBFF]$/

/**
 * The text out of the arguments `{"input": "…"}`, piece by piece as they come: a patch of many minutes would look
 * like a dead connection to the client.
 */
export class RawInput {
  #json = ''
  /** What of it was not read yet. */
  #rest = ''
  #state: 'before' | 'inside' | 'behind' = 'before'
  #said = ''
  #held = ''

  /** More of the arguments; the text that is certain by now. */
  push(json: string): string {
    this.#json += json
    if (this.#state === 'behind') return ''
    this.#rest += json
    if (this.#state === 'before') this.#begin()
    return this.#state === 'inside' ? this.#tell(this.#read()) : ''
  }

  /** No more comes: what was not told yet. */
  end(): string {
    if (this.#state === 'inside') return ''
    const rest = this.#held + (this.#state === 'before' ? otherInput(this.#json) : '')
    this.#held = ''
    this.#said += rest
    return rest
  }

  /**
   * The whole input, after {@link end}. Of arguments that were cut off it is the model's own bytes: the tool refuses
   * those and the model is told, where half of a patch might be applied.
   */
  get input(): string {
    return this.#state === 'inside' ? this.#json : this.#said
  }

  #begin(): void {
    const match = BEGINNING.exec(this.#rest)
    if (match === null) return
    this.#state = 'inside'
    this.#rest = this.#rest.slice(match[0].length)
  }

  #read(): string {
    const text = this.#rest
    let at = 0
    let out = ''
    for (;;) {
      PLAIN.lastIndex = at
      out += PLAIN.exec(text)![0]
      at = PLAIN.lastIndex
      if (text[at] !== '\\') break
      const length = escapeLength(text, at)
      if (length === 0) break
      out += letterOf(text.slice(at, at + length))
      at += length
    }
    if (text[at] === '"') this.#state = 'behind'
    this.#rest = text.slice(at)
    return out
  }

  #tell(out: string): string {
    const text = this.#held + out
    this.#held = HALF_LETTER.test(text) ? text.slice(-1) : ''
    const certain = text.slice(0, text.length - this.#held.length)
    this.#said += certain
    return certain
  }
}

/** Letters of the escape that begins there; 0 while it is not whole, 1 for a backslash that begins none. */
function escapeLength(text: string, at: number): number {
  ESCAPE.lastIndex = at
  const match = ESCAPE.exec(text)
  if (match !== null) return match[0].length
  ESCAPE_BEGUN.lastIndex = at
  return ESCAPE_BEGUN.test(text) ? 0 : 1
}

/** Models write `\d` in a pattern and mean it so. */
function letterOf(escape: string): string {
  return escape === '\\' ? escape : (JSON.parse(`"${escape}"`) as string)
}

/** The input out of whole arguments of any form. A model's own bytes where they are no such object. */
function otherInput(json: string): string {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'string') return value
    if (typeof value !== 'object' || value === null) return json
    const given = (value as Record<string, unknown>)[INPUT]
    if (typeof given === 'string') return given
    const values = Object.values(value)
    if (values.length === 0) return ''
    return values.length === 1 && typeof values[0] === 'string' ? values[0] : json
  } catch {
    return json
  }
}
