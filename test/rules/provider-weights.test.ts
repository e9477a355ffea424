import { describe, expect, it } from 'vitest'
import { balance } from '../../src/rules/provider-weights.ts'
import type { BalancedGrant, BalanceQuestion } from '../../src/rules/provider-weights.ts'
import type { Candidate } from '../../src/rules/candidate.ts'
import { distance, seeded } from '../support/chance.ts'

/** `listed` empty: all models. */
function grant(
  provider: string,
  weight: number | undefined,
  listed: string[] = [],
  blocked: string[] = [],
): BalancedGrant {
  const allows = (names: readonly string[]) =>
    !names.some((name) => blocked.includes(name)) &&
    (listed.length === 0 || names.some((name) => listed.includes(name)))
  return {
    provider,
    weight,
    model: undefined,
    models: { allows, listed: listed.length === 0 ? undefined : listed },
  }
}

const OPEN = { models: undefined, aliases: new Map<string, string>() }

function candidates(...list: (string | Candidate)[]): ReadonlyMap<string, Candidate> {
  const all = list.map((one) => (typeof one === 'string' ? { id: one, usable: true, keys: [OPEN] } : one))
  return new Map(all.map((one) => [one.id, one]))
}

function ask(change: Partial<BalanceQuestion<BalancedGrant>>): string[] {
  const question = {
    model: 'claude-sonnet-4-5',
    grants: [],
    candidates: candidates('anthropic', 'bedrock', 'vertex', 'openai', 'local'),
    sessionId: undefined,
    random: seeded(1),
    ...change,
  }
  return balance(question).map(({ provider, model }) => `${provider}/${model}`)
}

const bedrockSonnet = 'bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0'

describe('which providers serve a model', () => {
  it.each<[what: string, change: Partial<BalanceQuestion<BalancedGrant>>, expected: string[]]>([
    ['none without grants', {}, []],
    [
      'those that have it, each in its spelling',
      { grants: [grant('anthropic', 2), grant('bedrock', 1), grant('openai', 5)], order: 'heaviest-first' },
      ['anthropic/claude-sonnet-4-5', bedrockSonnet],
    ],
    [
      'not one that is not configured',
      { grants: [grant('groq', 1), grant('anthropic', 1)] },
      ['anthropic/claude-sonnet-4-5'],
    ],
    [
      'not one without a key',
      {
        grants: [grant('anthropic', 1)],
        candidates: candidates({ id: 'anthropic', usable: false, keys: [OPEN] }),
      },
      [],
    ],
    ['not one whose list leaves it out', { grants: [grant('anthropic', 1, ['claude-opus-5-5'])] }, []],
    ['not one that blocks it', { grants: [grant('anthropic', 1, [], ['claude-sonnet-4-5'])] }, []],
    [
      'not one that blocks what it is called there',
      { grants: [grant('bedrock', 1, [], [bedrockSonnet.slice('bedrock/'.length)])] },
      [],
    ],
    [
      'one whose list names it, known or not',
      { model: 'gpt-5', grants: [grant('local', 1, ['gpt-5'])] },
      ['local/gpt-5'],
    ],
    ['not a maker’s model at anybody who might have it', { model: 'gpt-5', grants: [grant('local', 1)] }, []],
    [
      'a name that nobody knows at whom it may be',
      { model: 'tiny-1', grants: [grant('local', 1)] },
      ['local/tiny-1'],
    ],
    [
      'by an alias of its keys',
      {
        model: 'fast',
        grants: [grant('local', 1)],
        candidates: candidates({
          id: 'local',
          usable: true,
          keys: [{ models: undefined, aliases: new Map([['fast', 'tiny-1']]) }],
        }),
      },
      ['local/tiny-1'],
    ],
    [
      'not where no key lets it through',
      {
        model: 'tiny-2',
        grants: [grant('local', 1)],
        candidates: candidates({
          id: 'local',
          usable: true,
          keys: [{ models: new Set(['tiny-1']), aliases: new Map() }],
        }),
      },
      [],
    ],
    [
      'a model that stands for any other',
      { model: 'claude-opus-5-5', grants: [{ ...grant('openai', 1), model: 'gpt-4o' }] },
      ['openai/gpt-4o'],
    ],
    [
      'not one that cannot serve now',
      {
        grants: [grant('anthropic', 1), grant('bedrock', 1)],
        isUsable: ({ provider }) => provider !== 'anthropic',
      },
      [bedrockSonnet],
    ],
  ])('%s', (_, change, expected) => {
    expect(ask(change)).toEqual(expected)
  })
})

describe('in which order', () => {
  const model = 'tiny-1'
  const all = candidates('a', 'b', 'c', 'd')
  it.each<[what: string, grants: BalancedGrant[], order: 'weighted' | 'heaviest-first', expected: string[]]>([
    [
      'the rest by weight; without a share last',
      [grant('d', undefined), grant('c', 0), grant('b', 0), grant('a', 1)],
      'weighted',
      ['a', 'c', 'b', 'd'],
    ],
    ['without any share as listed', [grant('b', undefined), grant('a', undefined)], 'weighted', ['b', 'a']],
    ['heaviest first', [grant('b', 15), grant('c', 5), grant('a', 80)], 'heaviest-first', ['a', 'b', 'c']],
  ])('%s', (_, grants, order, expected) => {
    expect(ask({ model, candidates: all, grants, order })).toEqual(expected.map((id) => `${id}/tiny-1`))
  })

  it.each<[what: string, grants: BalancedGrant[], shares: Record<string, number>]>([
    ['70 to 30', [grant('a', 0.7), grant('b', 0.3), grant('c', 0), grant('d', undefined)], { a: 7, b: 3 }],
    ['weights of any sum', [grant('a', 80), grant('b', 15), grant('c', 5)], { a: 80, b: 15, c: 5 }],
    ['all 0: alike', [grant('a', 0), grant('b', 0), grant('c', undefined)], { a: 1, b: 1 }],
    [
      'those without the model have no share',
      [grant('a', 1), grant('b', 1, ['other']), grant('c', 3)],
      { a: 1, c: 3 },
    ],
  ])('%s (chi-square, fixed seed)', (_, grants, shares) => {
    const random = seeded(5)
    for (const session of [() => undefined, (index: number) => `session-${index}`]) {
      const counts: Record<string, number> = {}
      for (let index = 0; index < 10_000; index++) {
        const [first] = ask({ model, candidates: all, grants, random, sessionId: session(index) })
        counts[first![0]!] = (counts[first![0]!] ?? 0) + 1
      }
      expect(distance(counts, shares)).toBeLessThan(1)
    }
  })

  it('keeps a session at its provider, and moves only those of one that fails', () => {
    const grants = [grant('a', 0.7), grant('b', 0.3)]
    for (let index = 0; index < 200; index++) {
      const question = { model, candidates: all, grants, sessionId: `session-${index}` }
      const [first] = ask(question)
      expect(ask({ ...question, random: seeded(index) })[0]).toBe(first)
      if (first === 'a/tiny-1')
        expect(ask({ ...question, isUsable: ({ provider }) => provider !== 'b' })[0]).toBe(first)
    }
  })

  it('says the share', () => {
    const grants = [grant('a', 2), grant('b', 1), grant('c', undefined)]
    const question = { model, candidates: all, grants, sessionId: undefined, random: () => 0.5 }
    expect(balance(question).map(({ reason }) => reason)).toEqual([
      'the virtual key’s weights: with 66.67 %',
      'the virtual key’s weights: with 33.33 %',
      'the virtual key’s weights: without a share',
    ])
  })
})
