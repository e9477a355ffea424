import { Environment } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpressionError } from '../../../src/lib/cel/expression-error.ts'
import { createLanguage } from '../../../src/lib/cel/language.ts'
import { holds, outcome } from '../../../src/lib/cel/program.ts'
import { LazyScope } from '../../../src/lib/cel/scope.ts'
import type { TextMap, Variable } from '../../../src/lib/cel/scope.ts'

interface Facts {
  model: string
  size: string
  used: number
  hour: number
  stream: boolean
  headers: TextMap
}

const VARIABLES: readonly Variable<Facts>[] = [
  { name: 'model', type: 'string', read: ({ model }) => model },
  { name: 'tier', type: 'string', values: ['', 'small', 'large'], read: ({ size }) => size },
  { name: 'used', type: 'double', read: ({ used }) => used },
  { name: 'hour', type: 'int', read: ({ hour }) => hour },
  { name: 'stream', type: 'bool', read: ({ stream }) => stream },
  { name: 'headers', type: 'map', read: ({ headers }) => headers },
]

const FACTS: Facts = {
  model: 'claude-opus-5',
  size: 'large',
  used: 85.5,
  hour: 9,
  stream: true,
  headers: { 'user-agent': 'claude-cli/2.1', 'x-team': 'blue', 'x-count': '12', gone: undefined },
}

const language = createLanguage(VARIABLES)

/** true, false, or why it is refused. */
function evaluate(text: string, facts: Facts = FACTS): boolean | string {
  try {
    return holds(language.compile(text), new LazyScope(VARIABLES, facts))
  } catch (error) {
    if (error instanceof ExpressionError) return error.message
    throw error
  }
}

describe('what an expression means', () => {
  it.each([
    ['', true],
    [' \n ', true],
    ['true', true],
    ['stream', true],
    ['!stream', false],
    ['model == "claude-opus-5"', true],
    ["model == 'claude-opus-5'", true],
    ['model != "gpt-5"', true],
    ['"claude-opus-5" == model', true],
    ['model in ["gpt-5", "claude-opus-5"]', true],
    ['!(model in ["gpt-5"])', true],
    ['model.startsWith("claude-") && model.contains("opus") && model.endsWith("-5")', true],
    ['model.upperAscii() == "CLAUDE-OPUS-5"', true],
    ['" x ".trim().size() == 1', true],
    ['model + "!" == "claude-opus-5!"', true],
    ['model < "d"', true],
    // Numbers compare by size, however they are written.
    ['used > 85', true],
    ['used > 85.0', true],
    ['used > 85.5', false],
    ['used >= 86', false],
    ['hour == 9', true],
    ['hour == 9.0', true],
    ['9.0 == hour', true],
    ['hour != 9.0', false],
    ['hour in [9, 17]', true],
    ['hour in [9.0]', true],
    ['used in [85, 86]', false],
    ['hour * 2 + 1 == 19', true],
    ['hour / 2 == 4', true],
    ['hour / 2.0 == 4.5', true],
    ['hour % 2 == 1', true],
    ['used + 1 > 86', true],
    ['-hour < -8', true],
    ['hour / 0 == 0', false],
    ['hour >= 9 && hour < 18 ? stream : false', true],
    // Headers: keys in any case; what is not there decides nothing.
    ['headers["user-agent"].startsWith("claude-cli")', true],
    ['headers["User-Agent"].startsWith("claude-cli")', true],
    ['headers.gone == "x"', false],
    ['headers["x-none"] == "blue"', false],
    ['headers["x-none"] != "blue"', false],
    ['!(headers["x-none"] == "blue")', false],
    ['headers["x-none"] == "blue" || stream', true],
    ['stream || headers["x-none"] == "blue"', true],
    ['headers["x-none"] == "blue" && false || stream', true],
    ['"X-Team" in headers', true],
    ['"x-none" in headers || "gone" in headers', false],
    ['"constructor" in headers', false],
    ['headers["constructor"] == "x" || headers["__proto__"] != "x"', false],
    ['"x-team" in headers && headers["x-team"] == "blue"', true],
    ['has(headers.gone) || has(headers.constructor)', false],
    ['int(headers["x-count"]) > 10', true],
    ['int(headers["x-team"]) > 10', false],
    ['double(headers["x-count"]) == 12', true],
    ['string(hour) == "9"', true],
    ['size(headers) == 3 && headers.size() == 3 && size([1, 2]) == 2 && "añ🎉".size() == 3', true],
    ['[1, 2][2] == 3', false],
    // Loops, over lists and over keys.
    ['["opus", "sonnet"].exists(name, model.contains(name))', true],
    ['["claude", "opus"].all(name, model.contains(name))', true],
    ['["opus", "claude"].exists_one(name, model.startsWith(name))', true],
    ['headers.exists(name, name.startsWith("x-") && headers[name] == "blue")', true],
    ['headers.all(name, headers[name] != "")', true],
    ['[1, 2, 3].filter(n, n > 1).size() == 2', true],
    ['[1, 2, 3].map(n, n * 2).exists(n, n == 6)', true],
    ['[1, 2, 3].map(n, n > 1, n * 2) .size() == 2', true],
    ['["x-none", "x-team"].exists(name, headers[name] == "blue")', true],
    ['["x-none", "x-team"].all(name, headers[name] == "blue")', false],
    ['["x-none"].all(name, headers[name] == "blue") || stream', true],
    // A variable of a loop hides one of the language.
    ['["gpt"].exists(model, model == "gpt") && model == "claude-opus-5"', true],
    ['[2].exists(n, [3].exists(n, ["a"].exists(v, n == 3 && v == "a")) && n == 2)', true],
    ['model.matches("^claude-(opus|sonnet)-[0-9]$")', true],
    ['model.matches("opus")', true],
    ['model.matches("^opus")', false],
    ['headers["x-none"].matches("x") || !headers["x-team"].matches("(?i)RED")', true],
    ['tier == "large" // the largest', true],
  ])('%s is %s', (text, expected) => {
    expect(evaluate(text)).toBe(expected)
  })

  it('asks only for the variables that it comes to', () => {
    const asked: string[] = []
    const watched = VARIABLES.map((variable) => ({
      ...variable,
      read: (facts: Facts) => {
        asked.push(variable.name)
        return variable.read(facts)
      },
    }))
    const program = createLanguage(watched).compile('model == "x" && used > 1 || model == "y" && hour == 1')
    expect(holds(program, new LazyScope(watched, FACTS))).toBe(false)
    expect(asked).toEqual(['model'])
  })

  it('tells the outcome of each condition', () => {
    const { conditions } = language.compile(
      '(model == "a" && (stream)) && (used > 1 || hour == 2)&&headers["n"] == "x"',
    )
    const scope = new LazyScope(VARIABLES, FACTS)
    expect(conditions.map((one) => [one.text, outcome(one, scope), [...one.reads.keys()]])).toEqual([
      ['model == "a"', false, ['model']],
      ['(stream)', true, ['stream']],
      ['(used > 1 || hour == 2)', true, ['used', 'hour']],
      ['headers["n"] == "x"', 'failed', ['headers["n"]']],
    ])
  })
})

describe('what is refused, where, and what would be right', () => {
  it.each([
    ['modle == "x"', 'Unknown variable modle (line 1, column 1); closest: model.'],
    ['stream &&\n modle == "x"', 'Unknown variable modle (line 2, column 2); closest: model.'],
    ['zzzzzz == "x"', 'known are model, tier, used, hour, stream, headers.'],
    ['["a"].exists(name, nam == "a")', 'Unknown variable nam (line 1, column 20); closest: name.'],
    ['model.startWith("x")', 'Unknown function startWith() (line 1, column 7); closest: startsWith.'],
    ['foo(model)', 'Unknown function foo() (line 1, column 1)'],
    [
      'timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")',
      'Unknown function timestamp()',
    ],
    ['cel.bind(x, model, x == "a")', 'Unknown variable cel'],
    ['model = "x"', 'Unexpected "=" (line 1, column 7); write == to compare.'],
    ['stream and stream', 'Unexpected "and" (line 1, column 8); write &&.'],
    ['not stream', 'write !.'],
    ['model == “x”', 'write straight quotes'],
    ['model == "x', 'Unterminated string (line 1, column 10)'],
    ['model == ', 'The expression ends too early (line 1, column 10).'],
    ['model in ["a"', 'Expected "]", found the end (line 1, column 14).'],
    ['(stream', 'Expected ")", found the end'],
    ['stream)', 'Unexpected ")" (line 1, column 7).'],
    [
      'model',
      'The expression gives string, and is to give true or false (line 1, column 1); compare it, as in model == "…".',
    ],
    ['used', 'compare it, as in used > 85.'],
    ['[stream]', 'The expression gives list<bool>'],
    [
      'model == 5',
      'string == int is not possible (line 1, column 1); a text is compared with a text in quotes.',
    ],
    ['headers["x-count"] > 5', 'string > int is not possible'],
    ['model.startsWith(5)', 'startsWith() cannot be used with (int)'],
    ['used.startsWith("8")', 'startsWith() cannot be used with (string)'],
    ['model.startsWith()', 'startsWith() takes 1 arguments, not 0 (line 1, column 7).'],
    ['model && stream', "Logical operator requires bool operands, got 'string' (line 1, column 1)."],
    ['model.contains("a", "b")', 'contains() takes 1 arguments, not 2'],
    ['["a"].exists("x", true)', 'a loop names its variable first'],
    [
      'has(model)',
      'has() takes one entry, as in has(headers.accept) (line 1, column 1); for other keys write "x-team" in headers.',
    ],
    ['tier == "lrage"', 'tier is never "lrage" (line 1, column 9); closest: "large".'],
    ['tier != "xl"', 'tier is never "xl" (line 1, column 9); it is "small", "large".'],
    ['tier in ["small", "xl"]', 'tier is never "xl"'],
    ['model.matches("(")', 'The pattern does not compile: missing closing ): `(` (line 1, column 15).'],
    ['model.matches("(?=x)")', 'invalid or unsupported Perl syntax'],
    [
      'model.matches(headers["x-pattern"])',
      'matches() takes its pattern as a text in quotes (line 1, column 15).',
    ],
    ['model == null', 'null is not known here'],
    ['hour == 9u', 'Unsigned numbers are not known here'],
    ['hour == 99999999999999999999', 'The number 99999999999999999999 is too large'],
    ['b"x" == b"x"', 'Bytes are not known here'],
    ['{"a": 1}["a"] == 1', 'A map cannot be written in an expression'],
    ['headers == headers', 'Lists and maps cannot be compared with =='],
    [
      '[["a"], ["b"]].exists(row, row.exists(one, one == "b"))',
      'A list has texts, numbers or booleans in it',
    ],
    ['["a"].map(x, ["b"]).size() == 1', 'A list has texts, numbers or booleans in it'],
    ['[1, "a"].exists(x, x == 1)', 'List elements must have the same type'],
  ])('%s', (text, message) => {
    expect(evaluate(text)).toContain(message)
  })

  it('shows the place', () => {
    const text = `stream &&\n  ${'model == "a" || '.repeat(5)} modle == "b"`
    const refused = (): unknown => language.compile(text)
    expect(refused).toThrow(ExpressionError)
    try {
      refused()
    } catch (error) {
      const { excerpt, line, column } = error as ExpressionError
      const [shown, caret] = excerpt.split('\n')
      expect([line, column]).toEqual([2, 84])
      expect(shown!.slice(caret!.indexOf('^'))).toBe('modle == "b"')
    }
  })
})

describe('L1 expressions that are made to hurt', () => {
  const list = (length: number, item = '"a"'): string => `[${Array(length).fill(item).join(', ')}]`
  it.each([
    ['length', `model == "${'a'.repeat(20_000)}"`, 'has 20011 characters'],
    ['brackets', `${'('.repeat(5_000)}stream${')'.repeat(5_000)}`, 'nested too deeply'],
    ['signs', `${'!'.repeat(16_000)}stream`, /nested too deeply|too long/],
    ['minus signs', `${'-'.repeat(16_000)}1 == 1`, /nested too deeply|too long/],
    ['questions', `${'stream ? true : '.repeat(1_000)}true`, 'nested too deeply'],
    ['points', `headers${'.a'.repeat(1_000)} == "a"`, 'nested too deeply'],
    ['alternatives', Array(1_000).fill('stream').join(' || '), 'nested too deeply'],
    ['a long list', `model in ${list(2_000)}`, 'too long'],
    [
      'nodes',
      Array(16)
        .fill(`hour in ${list(300, '1').replaceAll(' ', '')}`)
        .join(' || '),
      'too long',
    ],
    [
      'nested loops',
      `${list(100)}.exists(a, ${list(100)}.exists(b, a == b && a != model))`,
      'too much to do',
    ],
    [
      'loops over headers',
      'headers.all(a, headers.all(b, headers.all(c, a != b || b != c)))',
      'too much to do',
    ],
    [
      'a loop over a made list',
      `${list(900)}.map(a, a + a).map(b, b + b).filter(c, c.contains(model) || c.contains("b") || c.contains("c")).size() > 1`,
      'too much to do',
    ],
    ['a pattern that is repeated', 'model.matches("((a{30}){30}b){30}")', 'repeats too much'],
    ['a large pattern', 'model.matches("(a{900})")', 'too large'],
    ['a long pattern', `model.matches("${'(a|b)'.repeat(101)}")`, 'at most 500'],
    ['classes of Unicode', String.raw`model.matches(r"\pL{100}")`, 'does not compile'],
  ])('%s are refused', (_, text, message) => {
    expect(evaluate(text)).toMatch(message)
  })

  it.each([
    ['a backtracking pattern', 'model.matches("^(a+)+$")', false],
    ['a pattern with many states', 'model.matches("[ab]*a[ab]{12}$")', false],
    ['a text that doubles', `["a"]${'.map(a, a + a)'.repeat(40)}.exists(a, a == "b")`, false],
    ['a long list', '(headers.map(a, a) + headers.map(a, a)).size() == 1', false],
    ['a loop over all headers', 'headers.all(a, headers.exists(b, a == b))', false],
  ])('%s fails within its bounds', (_, text, expected) => {
    const headers = Object.fromEntries(Array.from({ length: 2_500 }, (_value, index) => [`h${index}`, 'x']))
    const scope = new LazyScope(VARIABLES, { ...FACTS, headers, model: `${'a'.repeat(60_000)}b` })
    const program = language.compile(text)
    expect(holds(program, scope)).toBe(expected)
    expect(outcome(program.conditions[0]!, scope)).toBe('failed')
  })
})

describe('any text', () => {
  const WORDS =
    'model used hour stream headers tier "a" \' " 1 2.5 == && || ! - ( ) [ ] { } . , ? : in exists map has size matches("a") a \\'
  const words = fc.constantFrom('\n', ...WORDS.split(' '))
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.array(words, { maxLength: 25 }).map((parts) => parts.join(' ')),
    fc.array(words, { maxLength: 25 }).map((parts) => parts.join('')),
  )

  it('compiles or is refused with its place, and nothing else happens', () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          holds(language.compile(text), new LazyScope(VARIABLES, FACTS))
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError)
          const { line, column } = error as ExpressionError
          const lines = text.split('\n')
          expect(line).toBeLessThanOrEqual(lines.length)
          expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the library’s own evaluator', () => {
  const environment = new Environment()
    .registerVariable('model', 'string')
    .registerVariable('used', 'double')
    .registerVariable('hour', 'int')
    .registerVariable('stream', 'bool')
    .registerVariable('headers', 'map<string, string>')
  // What CEL leaves out: `9.0 == hour`.
  environment.registerOperator('double == int', (left: number, right: bigint) => left === Number(right))

  /** Well-typed expressions over the variables, as texts. */
  const { bool } = fc.letrec<{ bool: string; text: string; int: string; double: string }>((tie) => ({
    text: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('"a"', '"b"', '""', '"x-team"', 'model', 'headers["x-team"]', 'headers["none"]'),
      fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(tie('bool'), tie('text'), tie('text')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
      tie('text').map((a) => `headers[${a}]`),
      tie('int').map((a) => `string(${a})`),
      fc.tuple(tie('text'), tie('text'), fc.nat(2)).map(([a, b, at]) => `[${a}, ${b}][${at}]`),
    ),
    int: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('0', '1', '2', '7', '-3', 'hour'),
      fc
        .tuple(tie('int'), fc.constantFrom('+', '-', '*', '/', '%'), tie('int'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('text').map((a) => `${a}.size()`),
      tie('double').map((a) => `int(${a})`),
    ),
    double: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('0.0', '1.5', '85.0', 'used'),
      fc
        .tuple(tie('double'), fc.constantFrom('+', '-', '*'), tie('double'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('int').map((a) => `double(${a})`),
    ),
    bool: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        'true',
        'false',
        'stream',
        '("x-team" in headers)',
        '("none" in headers)',
        'has(headers.none)',
      ),
      fc
        .tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('bool').map((a) => `!${a}`),
      fc
        .tuple(tie('text'), fc.constantFrom('==', '!=', '<', '>='), tie('text'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(tie('int'), fc.constantFrom('==', '!=', '<', '>='), tie('double'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(tie('double'), fc.constantFrom('==', '<=', '>'), tie('int'))
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(tie('text'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('text'))
        .map(([a, f, b]) => `${a}.${f}(${b})`),
      fc.tuple(tie('text'), tie('text'), tie('text')).map(([a, b, c]) => `(${a} in [${b}, ${c}])`),
      fc
        .tuple(tie('text'), tie('text'), fc.constantFrom('all', 'exists', 'exists_one'), tie('text'))
        .map(([a, b, f, c]) => `[${a}, ${b}].${f}(v, v == ${c})`),
      fc
        .tuple(fc.constantFrom('all', 'exists'), tie('text'))
        .map(([f, c]) => `headers.${f}(v, headers[v] != ${c})`),
      fc
        .tuple(tie('int'), tie('int'), tie('bool'))
        .map(([a, b, c]) => `([${a}, ${b}].filter(n, ${c} && n > 1).map(n, n / 2).size() == 1)`),
    ),
  }))

  it('agrees on every expression', () => {
    const facts = { ...FACTS, headers: { 'x-team': 'a', accept: 'b' } }
    const context = { model: facts.model, used: facts.used, hour: 9n, stream: true, headers: facts.headers }
    fc.assert(
      fc.property(bool, (text) => {
        let expected: unknown
        try {
          expected = environment.evaluate(text, context)
        } catch {
          expected = 'failed'
        }
        const refused = evaluate(text)
        fc.pre(typeof refused === 'boolean' || !refused.includes('too much to do'))
        const { conditions } = language.compile(`(${text}) || false`)
        expect(outcome(conditions[0]!, new LazyScope(VARIABLES, facts))).toBe(expected)
      }),
      { numRuns: 1_000 },
    )
  })
})
