/** Where in the file a setting stands: names and list positions from the top. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with the file, in words that hold no secret. */
export interface Problem {
  readonly path: Path
  /** What stands there, without the contents of anything that may be a secret. */
  readonly found: string
  readonly expected: string
  /** The name of the property is at fault, not its value. */
  readonly at?: 'name'
}

/** A problem with its place in the file, counted from 1. */
export interface LocatedProblem extends Problem {
  readonly line: number
  readonly column: number
}

/** More than this many lines help nobody, and a file of another program can have thousands. */
const MAX_SHOWN_PROBLEMS = 50

/** The file cannot be used. The message has one line for each problem: `file:line:column field: found …, expected …`. */
export class ConfigurationError extends Error {
  readonly file: string
  readonly problems: readonly LocatedProblem[]

  constructor(file: string, problems: readonly LocatedProblem[], message?: string) {
    super(message ?? describeProblems(file, problems))
    this.name = 'ConfigurationError'
    this.file = file
    this.problems = problems
  }
}

function describeProblems(file: string, problems: readonly LocatedProblem[]): string {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  const lines = sorted.slice(0, MAX_SHOWN_PROBLEMS).map((problem) => {
    const field = problem.path.length === 0 ? '' : ` ${formatPath(problem.path)}`
    return `${file}:${problem.line}:${problem.column}${field}: found ${problem.found}, expected ${problem.expected}`
  })
  if (sorted.length > lines.length) lines.push(`… and ${sorted.length - lines.length} more`)
  return lines.join('\n')
}

/** `providers.openai.keys[0].weight`; names that are no identifiers in brackets and quotes. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    if (/^[\w$-]+$/.test(part)) return text === '' ? part : `${text}.${part}`
    return `${text}[${JSON.stringify(part)}]`
  }, '')
}

/** The path that {@link formatPath} wrote. */
export function parsePlace(place: string): Path {
  const parts = place.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([\w$-]+)/g)
  return [...parts].map(([, index, quoted, name]) => {
    if (index !== undefined) return Number(index)
    return quoted === undefined ? name! : (JSON.parse(quoted) as string)
  })
}

/** Longest text of the file that a message repeats. */
const MAX_SHOWN_LENGTH = 60

/**
 * A value in words. Strings are quoted only when the caller knows that none of them can be a secret; what an
 * address holds of one (user, password, query) is left out even then.
 */
export function describeValue(value: unknown, showStrings: boolean): string {
  if (value === undefined) return 'nothing'
  if (value === '') return 'an empty string'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  // 1e999 is read as Infinity, which JSON would write as null.
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return JSON.stringify(value)
  if (!showStrings) return 'a string'
  const shown = value.replace(/\/\/[^/@]*@/, '//…@').replace(/[?#].*$/s, '?…')
  return JSON.stringify(shown.length > MAX_SHOWN_LENGTH ? `${shown.slice(0, MAX_SHOWN_LENGTH)}…` : shown)
}
