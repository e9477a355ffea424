import { RE2JS } from '@bufbuild/re2'

/** A regular expression whose time grows with the text and no faster. */
export interface Pattern {
  /** Somewhere in the text. Undefined: the text is too long for the pattern. */
  find(text: string): boolean | undefined
  /** The whole text. Undefined: the text is too long for the pattern. */
  matchWhole(text: string): boolean | undefined
}

const PATTERN_LENGTH_MAX = 500
/** Product of all counts in braces: `(\w{30}){30}` twice would be compiled to 1,800 copies. */
const REPETITION_MAX = 10_000
const INSTRUCTIONS_MAX = 500
/** States that the automaton keeps, at over a kilobyte each; with more it does without keeping them. */
const STATES_MAX = 500
/** Instructions times characters. At worst each pair takes 0.3 microseconds, when every character leads to a new state. */
const WORK_MAX = 16_384

/**
 * Throws an `Error` that says what is wrong with the pattern. The syntax is RE2's without `\p{…}`: classes of Unicode
 * take up to half a second to compile, and names of models and headers have no use for them.
 */
export function compilePattern(source: string, options: { ignoreCase?: boolean } = {}): Pattern {
  if (source.length > PATTERN_LENGTH_MAX)
    throw new Error(`the pattern has ${source.length} characters; at most ${PATTERN_LENGTH_MAX} are possible`)
  if (repetition(source) > REPETITION_MAX)
    throw new Error('the pattern repeats too much; use + or * instead of counts')
  const flags = RE2JS.DISABLE_UNICODE_GROUPS | (options.ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0)
  const compiled = compileRe2(source, flags)
  const { prog, dfa } = compiled.re2()
  dfa.stateLimit = STATES_MAX
  const instructions = prog.numInst()
  if (instructions > INSTRUCTIONS_MAX) throw new Error('the pattern is too large; use fewer counts in braces')
  const textMax = Math.floor(WORK_MAX / instructions)
  return {
    find: (text) => (text.length > textMax ? undefined : compiled.test(text)),
    matchWhole: (text) => (text.length > textMax ? undefined : compiled.testExact(text)),
  }
}

function compileRe2(source: string, flags: number): RE2JS {
  try {
    return new RE2JS(source, flags)
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    throw new Error(`the pattern does not compile: ${reason}`, { cause: error })
  }
}

function repetition(source: string): number {
  let product = 1
  for (const [, least, most] of source.matchAll(/\{(\d{1,9})(?:,(\d{0,9}))?\}/g))
    product *= Math.max(1, Number(least), Number(most ?? 0))
  return product
}
