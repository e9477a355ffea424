import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../../src/lib/cel/pattern.ts'

describe('a pattern', () => {
  it.each([
    ['opus', 'claude-opus-5', true, false],
    ['claude-(opus|sonnet)-\\d', 'claude-opus-5', true, true],
    ['^opus', 'claude-opus-5', false, false],
    ['CLAUDE.*', 'claude-opus-5', false, false],
    ['(?i)CLAUDE.*', 'claude-opus-5', true, true],
    ['', 'x', true, false],
    ['.*', '', true, true],
  ])('%s in %s', (source, text, found, whole) => {
    const pattern = compilePattern(source)
    expect([pattern.find(text), pattern.matchWhole(text)]).toEqual([found, whole])
  })

  it('can leave out the case', () => {
    expect(compilePattern('claude-.*', { ignoreCase: true }).matchWhole('Claude-Opus')).toBe(true)
  })

  it.each([
    ['(', 'the pattern does not compile: missing closing ): `(`'],
    ['a(?=b)', 'the pattern does not compile'],
    ['(a)\\1', 'the pattern does not compile'],
    ['a'.repeat(501), 'the pattern has 501 characters; at most 500 are possible'],
    ['((a{30}){30}b){30}', 'the pattern repeats too much'],
    ['a{900}', 'the pattern is too large'],
  ])('L2 %s is refused', (source, message) => {
    expect(() => compilePattern(source)).toThrow(message)
  })

  it('L2 leaves texts that are too long for it undecided', () => {
    const pattern = compilePattern('[ab]*a[ab]{12}$')
    expect(pattern.find('ba'.repeat(20))).toBe(true)
    expect(pattern.find('ab'.repeat(5_000))).toBeUndefined()
    expect(pattern.matchWhole('ab'.repeat(5_000))).toBeUndefined()
  })

  it('agrees with the engine of JavaScript where both have the syntax', () => {
    const units = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '(a|b)',
      '(?:ab)',
      'a*',
      'b+',
      'a?',
      '\\w',
      '(a|ab)',
      'b{1,2}',
      '$',
      '^',
    )
    const sources = fc.array(units, { maxLength: 6 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        sources,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }),
        (source, text) => {
          const pattern = compilePattern(source)
          expect(pattern.find(text)).toBe(new RegExp(source).test(text))
          expect(pattern.matchWhole(text)).toBe(new RegExp(`^(?:${source})$`).test(text))
        },
      ),
      { numRuns: 500 },
    )
  })
})
