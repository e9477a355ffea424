import type { ParseError } from '@marcbachmann/cel-js'
import { ExpressionError } from './expression-error.ts'

/** Codes of the parser's tokens, as a person writes them. */
const TOKENS: Readonly<Record<string, string>> = {
  EOF: 'the end',
  IDENTIFIER: 'a name',
  LPAREN: '"("',
  RPAREN: '")"',
  LBRACKET: '"["',
  RBRACKET: '"]"',
  LBRACE: '"{"',
  RBRACE: '"}"',
  COLON: '":"',
  COMMA: '","',
  DOT: '"."',
}

/** What people write who know another language. */
const SLIPS: Readonly<Record<string, string>> = {
  '=': 'write == to compare',
  '&': 'write &&',
  '|': 'write ||',
  and: 'write &&',
  AND: 'write &&',
  or: 'write ||',
  OR: 'write ||',
  not: 'write !',
  NOT: 'write !',
  is: 'write ==',
  '“': 'write straight quotes "',
  '”': 'write straight quotes "',
  '‘': "write straight quotes '",
  '’': "write straight quotes '",
  '`': 'write straight quotes "',
}

/** What the parser or the checker says, in words for who wrote the expression. */
export function reworded(text: string, error: unknown): ExpressionError {
  if (error instanceof ExpressionError) return error
  if (!isCelError(error)) {
    // The parser recurses on signs, so that ten thousand of them end in a full stack.
    if (error instanceof RangeError)
      return new ExpressionError(text, 0, 'The expression is nested too deeply')
    return new ExpressionError(text, 0, 'The expression cannot be read')
  }
  const start = Math.min(error.range?.start ?? 0, text.length)
  const [summary, hint] = words(text, start, error)
  return new ExpressionError(text, start, summary, hint)
}

function isCelError(error: unknown): error is ParseError {
  return error instanceof Error && typeof (error as Partial<ParseError>).summary === 'string'
}

function words(text: string, start: number, { code, summary }: ParseError): [summary: string, hint?: string] {
  const found = /^(?:\w+|[^]?)/u.exec(text.slice(start))?.[0] ?? ''
  switch (code) {
    case 'unexpected_character':
      return [`Unexpected ${JSON.stringify(found)}`, SLIPS[found] ?? SLIPS[wordBefore(text, start)]]
    case 'unexpected_token':
      if (found === '') return ['The expression ends too early']
      return [`Unexpected ${JSON.stringify(found)}`, SLIPS[found]]
    case 'expected_token': {
      const [, expected = '', got = ''] = /^Expected (\w+), got (\w+)$/.exec(summary) ?? []
      const named = got === 'EOF' ? TOKENS['EOF'] : JSON.stringify(found)
      return [`Expected ${TOKENS[expected] ?? expected}, found ${named}`, SLIPS[found]]
    }
    case 'limit_exceeded':
      return [/maxDepth/.test(summary) ? 'The expression is nested too deeply' : 'The expression is too long']
    case 'no_such_overload': {
      const types = summary.replace('no such overload: ', '')
      const hint =
        types.includes('string') && /int|double/.test(types)
          ? 'a text is compared with a text in quotes'
          : undefined
      return [`${types} is not possible`, hint]
    }
    case 'no_matching_overload': {
      const [, name = '', types = ''] = /'(?:.*[.>])?(\w+)\((.*)\)'$/.exec(summary) ?? []
      return [`${name}() cannot be used with (${types})`]
    }
    case 'invalid_macro_argument':
      return [summary, 'a loop names its variable first, as in ["a", "b"].exists(one, model == one)']
    default:
      return [summary]
  }
}

function wordBefore(text: string, start: number): string {
  return /(\w+)\s*$/.exec(text.slice(Math.max(0, start - 20), start))?.[1] ?? ''
}
