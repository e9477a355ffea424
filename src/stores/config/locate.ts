import type { LocatedProblem, Problem } from './problem.ts'

/** Gives a problem its line and column; `offset`: where it is in the text. */
export type Locate = (problem: Problem, offset: number) => LocatedProblem

export function locator(text: string): Locate {
  const lines = lineStarts(text)
  return (problem, offset) => ({ ...problem, ...position(lines, offset) })
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1))
    starts.push(index + 1)
  return starts
}

function position(lines: readonly number[], offset: number): { line: number; column: number } {
  let line = 1
  for (let end = lines.length + 1; end - line > 1;) {
    const middle = (line + end) >> 1
    if (lines[middle - 1]! <= offset) line = middle
    else end = middle
  }
  return { line, column: offset - lines[line - 1]! + 1 }
}
