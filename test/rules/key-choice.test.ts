import { describe, expect, it } from 'vitest'
import { allows, chooseKey } from '../../src/rules/key-choice.ts'
import type { ChoosableKey } from '../../src/rules/key-choice.ts'
import { distance, seeded } from '../support/chance.ts'

function key(id: string, change: Partial<ChoosableKey> = {}): ChoosableKey {
  return {
    id,
    enabled: true,
    weight: 1,
    models: undefined,
    blockedModels: new Set(),
    aliases: new Map(),
    ...change,
  }
}

const question = {
  model: 'gpt-5',
  requested: 'gpt-5',
  tried: new Set<string>(),
  sessionId: undefined,
  random: seeded(1),
}

describe('which keys serve a model', () => {
  it.each([
    ['no list: all', key('a'), true],
    ['listed', key('a', { models: new Set(['gpt-5']) }), true],
    ['listed under the name that was asked for', key('a', { models: new Set(['big']) }), true],
    ['not listed', key('a', { models: new Set(['gpt-4']) }), false],
    [
      'a block beats the list',
      key('a', { models: new Set(['gpt-5']), blockedModels: new Set(['gpt-5']) }),
      false,
    ],
    ['disabled', key('a', { enabled: false }), false],
  ])('%s', (_, candidate, expected) => {
    expect(allows(candidate, 'gpt-5', 'big')).toBe(expected)
  })
})

describe('choosing by weight', () => {
  const keys = [key('a', { weight: 0.7 }), key('b', { weight: 0.3 }), key('never', { weight: 0 })]

  it.each([
    ['at random', () => undefined],
    ['by session', (index: number) => `session-${index}`],
  ])('%s falls to each key in proportion (chi-square, fixed seed)', (_, session) => {
    const draws = 10_000
    const counts: Record<string, number> = { a: 0, b: 0, never: 0 }
    const random = seeded(7)
    for (let index = 0; index < draws; index++)
      counts[chooseKey(keys, { ...question, random, sessionId: session(index) })!.id]!++
    expect(counts['never']).toBe(0)
    expect(distance({ a: counts['a']!, b: counts['b']! }, { a: 0.7, b: 0.3 })).toBeLessThan(1)
  })

  it('keeps a session on its key, and moves only the sessions of a key that failed', () => {
    const choose = (sessionId: string, tried: string[]) =>
      chooseKey(keys, { ...question, sessionId, tried: new Set(tried) })!.id
    for (let index = 0; index < 200; index++) {
      const session = `session-${index}`
      const first = choose(session, [])
      expect(choose(session, [])).toBe(first)
      if (first !== 'b') expect(choose(session, ['b'])).toBe(first)
    }
  })

  it.each([
    ['all weights zero count alike', [key('x', { weight: 0 }), key('y', { weight: 0 })], [], ['x', 'y']],
    ['only the untried are left', [key('x'), key('y')], ['x'], ['y']],
    [
      'zero weight is a last resort when all others failed',
      [key('x'), key('y', { weight: 0 })],
      ['x'],
      ['y'],
    ],
  ])('%s', (_, choices, tried, expected) => {
    const seen = new Set<string>()
    for (let index = 0; index < 100; index++)
      seen.add(chooseKey(choices, { ...question, tried: new Set(tried) })!.id)
    expect([...seen].toSorted()).toEqual(expected)
  })

  it('has nothing when everything was tried', () => {
    expect(chooseKey([key('x')], { ...question, tried: new Set(['x']) })).toBeUndefined()
  })
})
