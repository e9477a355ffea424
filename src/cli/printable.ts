/**
 * Text from outside as a terminal may show it. A model's name or an error's words can hold escape sequences that
 * clear the screen, set the clipboard or hide what follows; C1 controls do the same in one character, and
 * bidirectional marks reorder a line. They are shown as their escapes.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, escape)
}

/** JSON for a terminal: the same characters stand escaped in its strings, so that it still parses. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(UNPRINTABLE_IN_JSON, escape)
}

const MARKS = '\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff'
const UNPRINTABLE = new RegExp(`[\\u0000-\\u001f${MARKS}]`, 'g')
/** JSON.stringify has escaped the C0 controls; a line end in its output is its own. */
const UNPRINTABLE_IN_JSON = new RegExp(`[${MARKS}]`, 'g')

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
