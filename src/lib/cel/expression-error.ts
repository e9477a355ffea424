/**
 * An expression that is refused, with the place of its error. The message is one line that says what was wrong and what
 * would be right; `excerpt` shows the line of the expression with a caret below the place.
 */
export class ExpressionError extends Error {
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1, in UTF-16 units. */
  readonly column: number
  readonly excerpt: string

  /** `offset`: where in `text`, counted from 0. */
  constructor(text: string, offset: number, summary: string, hint?: string) {
    const before = text.slice(0, offset)
    const line = before.split('\n').length
    const column = offset - before.lastIndexOf('\n')
    super(`${summary} (line ${line}, column ${column})${hint === undefined ? '' : `; ${hint}`}.`)
    this.name = 'ExpressionError'
    this.line = line
    this.column = column
    this.excerpt = excerptOf(text.split('\n')[line - 1] ?? '', column)
  }
}

/** Terminals and forms show so many characters in a line. */
const WIDTH = 80

function excerptOf(line: string, column: number): string {
  const start = Math.max(0, column - 1 - WIDTH / 2)
  const shown = line.slice(start, start + WIDTH).replaceAll(/\s/g, ' ')
  return `${shown}\n${' '.repeat(column - 1 - start)}^`
}
