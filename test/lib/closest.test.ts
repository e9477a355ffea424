import { expect, it } from 'vitest'
import { closest } from '../../src/lib/closest.ts'

const WORDS = ['anthropic', 'openai', 'groq', 'on', 'off']

const ROWS: [word: string, expected: string | undefined][] = [
  ['antropic', 'anthropic'],
  ['Anthropics', 'anthropic'],
  ['opneai', 'openai'],
  ['OPENAI', 'openai'],
  ['open_ai', 'openai'],
  ['qroq', 'groq'],
  ['onn', 'on'],
  ['mistral', undefined],
  ['gr', undefined],
  ['', undefined],
  ['a'.repeat(100_000), undefined],
]

it.each(ROWS)('%.20s → %s', (word, expected) => {
  expect(closest(word, WORDS)).toBe(expected)
})
