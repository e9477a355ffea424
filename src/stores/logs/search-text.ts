/** Whether a JSON text holds this one, letter case aside. Every character stands for itself. */
export function textFinder(text: string): (json: string) => boolean {
  // As it stands inside a JSON string, where a quote or a line end is written with a backslash.
  const term = JSON.stringify(text).slice(1, -1).toLowerCase()
  return (json) => json.toLowerCase().includes(term)
}

/**
 * The text of a streamed answer in one piece, still JSON-escaped: the strings of those fields in which the wire
 * APIs send text a few letters at a time.
 */
export function streamedText(answer: string): string {
  return Array.from(answer.matchAll(STREAMED_STRING), (piece) => piece[1]!).join('')
}

const STREAMED_STRING =
  /"(?:text|thinking|partial_json|content|reasoning_content|arguments|delta)":"((?:[^"\\]|\\.)*)"/g
