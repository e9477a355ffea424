import { describe, expect, it } from 'vitest'
import { modelAt } from '../../src/rules/candidate.ts'
import { route, routeTo } from '../../src/rules/routing.ts'
import type { Candidate } from '../../src/rules/candidate.ts'

function candidates(...list: (Partial<Candidate> & { id: string })[]): ReadonlyMap<string, Candidate> {
  return new Map(
    list.map((each) => [
      each.id,
      { usable: true, keys: [{ models: undefined, aliases: new Map() }], ...each },
    ]),
  )
}

const anthropic = { id: 'anthropic' }
const openai = { id: 'openai' }
const groq = { id: 'groq' }
const local = { id: 'local', keys: [{ models: new Set(['tiny-1']), aliases: new Map([['fast', 'tiny-1']]) }] }

describe('a name of which nothing is left', () => {
  it.each(['', '[1m]', '[1M][1m]'])('%j is no model, also where there is only one provider', (name) => {
    expect(() => route(name, candidates({ id: 'bedrock' }), ['bedrock'])).toThrow(/no model's name/)
  })
})

describe('where a model name leads', () => {
  it.each([
    // name, configured, provider, model at it, words of the reason
    ['claude-opus-5-5', [anthropic, openai], 'anthropic', 'claude-opus-5-5', 'is a model of anthropic'],
    ['claude-opus-5-5[1m]', [anthropic], 'anthropic', 'claude-opus-5-5', 'is a model of anthropic'],
    ['A22 claude-opus-5-5[1M][1m]', [anthropic], 'anthropic', 'claude-opus-5-5', 'is a model of anthropic'],
    ['openai/gpt-5', [anthropic, openai], 'openai', 'gpt-5', 'the request names openai'],
    ['OpenAI/gpt-5[1m]', [anthropic, openai], 'openai', 'gpt-5', 'the request names openai'],
    ['anthropic/openai/gpt-5', [anthropic, openai], 'openai', 'gpt-5', 'the request names openai'],
    ['anthropic/claude-sonnet-5', [anthropic], 'anthropic', 'claude-sonnet-5', 'the request names anthropic'],
    ['groq/openai/gpt-oss-120b', [groq, openai], 'groq', 'openai/gpt-oss-120b', 'the request names groq'],
    ['gpt-5', [anthropic, openai], 'openai', 'gpt-5', 'is a model of openai'],
    ['fast', [anthropic, local], 'local', 'tiny-1', 'alias'],
    ['local/fast', [anthropic, local], 'local', 'tiny-1', 'alias'],
    ['tiny-1', [anthropic, local], 'local', 'tiny-1', 'lists tiny-1'],
    [
      'claude-sonnet-4-5',
      [{ id: 'bedrock' }],
      'bedrock',
      'global.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'bedrock serves',
    ],
    ['claude-opus-5-5', [openai, { id: 'vertex' }], 'vertex', 'claude-opus-5-5', 'vertex serves'],
    [
      'claude-sonnet-4-5',
      [{ id: 'openrouter' }],
      'openrouter',
      'anthropic/claude-sonnet-4.5',
      'openrouter serves',
    ],
    [
      'us.anthropic.claude-opus-5-5',
      [anthropic, openai],
      'anthropic',
      'claude-opus-5-5',
      'is a model of anthropic',
    ],
    ['claude-sonnet-4-5@20250929', [anthropic], 'anthropic', 'claude-sonnet-4-5', 'is a model of anthropic'],
    ['gpt-5.4-nano', [anthropic], 'anthropic', 'claude-haiku-5-5', 'class haiku'],
    ['gemini-3.5-flash-lite', [openai, anthropic], 'openai', 'gpt-6-luna', 'class haiku'],
    ['some-model', [groq], 'groq', 'some-model', 'the only provider'],
    ['meta-llama/llama-4', [groq], 'groq', 'meta-llama/llama-4', 'the only provider'],
  ])('%s', (name, configured, provider, model, reason) => {
    const target = route(name.replace(/^A22 /, ''), candidates(...configured))
    expect(target).toMatchObject({ provider, model })
    expect(target.reason).toContain(reason)
  })

  it.each([
    // name, what the route prefers, configured, provider, model at it
    ['gpt-5', ['bedrock'], [{ id: 'bedrock' }, openai], 'openai', 'gpt-5'],
    [
      'us.anthropic.claude-opus-5-5',
      ['bedrock'],
      [anthropic, { id: 'bedrock' }],
      'bedrock',
      'us.anthropic.claude-opus-5-5',
    ],
    ['us.anthropic.claude-opus-5-5', ['bedrock'], [anthropic], 'anthropic', 'claude-opus-5-5'],
    ['claude-sonnet-4-5', ['vertex'], [anthropic, { id: 'vertex' }], 'vertex', 'claude-sonnet-4-5'],
    ['claude-haiku-4-5-20251001', ['openai'], [groq, openai], 'openai', 'gpt-6-luna'],
    ['a-model-of-tomorrow', ['openai'], [groq, openai], 'openai', 'a-model-of-tomorrow'],
    [
      'anthropic/claude-opus-5-5',
      ['bedrock'],
      [anthropic, { id: 'bedrock' }],
      'anthropic',
      'claude-opus-5-5',
    ],
  ] as const)('%s on a route that prefers %j', (name, preferred, configured, provider, model) => {
    expect(route(name, candidates(...configured), preferred)).toMatchObject({ provider, model })
  })

  it.each([
    ['mystery', 'anthropic'],
    ['__proto__/polluted', 'openai'],
    ['unknown/model', 'openai'],
  ])('E4 %s leads nowhere, also on a route that prefers %s', (name, preferred) => {
    expect(() => route(name, candidates(anthropic, openai), [preferred])).toThrow(
      'leads to no configured provider',
    )
  })

  it('E7 by class only to a model that a key may use', () => {
    const keys = [{ models: new Set(['gpt-5-mini', 'gpt-5']), aliases: new Map<string, string>() }]
    const restricted = candidates({ id: 'openai', keys })
    expect(route('claude-haiku-4-5', restricted)).toMatchObject({ model: 'gpt-5-mini' })
    expect(route('claude-opus-5-5', restricted)).toMatchObject({ model: 'gpt-5' })
  })

  it('A21 E7 gpt-5.4-nano, which nobody chose, where the keys list others', () => {
    const keys = [{ models: new Set(['gpt-5']), aliases: new Map<string, string>() }]
    expect(route('gpt-5.4-nano', candidates({ id: 'openai', keys }, groq))).toMatchObject({ model: 'gpt-5' })
    expect(route('gpt-5.4-nano', candidates(openai))).toMatchObject({ model: 'gpt-5.4-nano' })
  })

  it.each([
    // name, what the keys list, model
    ['claude-haiku-4-5-20251001', ['claude-opus-5-5'], 'claude-opus-5-5'],
    ['claude-haiku-4-5-20251001', ['claude-opus-5-5', 'claude-haiku-5-5'], 'claude-haiku-5-5'],
    [
      'claude-haiku-4-5-20251001',
      ['claude-opus-5-5', 'claude-haiku-4-5-20251001'],
      'claude-haiku-4-5-20251001',
    ],
    ['claude-sonnet-5', ['claude-opus-5-5'], 'claude-opus-5-5'],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', ['claude-opus-5-5'], 'claude-opus-5-5'],
    ['claude-opus-4-8', ['claude-opus-5-5'], 'claude-opus-4-8'],
  ])('A21 E7 %s where the keys list %j', (name, models, model) => {
    const restricted = {
      ...anthropic,
      keys: [{ models: new Set(models), aliases: new Map<string, string>() }],
    }
    for (const preferred of [[], ['anthropic'], ['bedrock', 'anthropic']])
      expect(route(name, candidates(restricted, openai), preferred)).toMatchObject({
        provider: 'anthropic',
        model,
      })
  })

  it.each([
    ['A21 the default model', 'claude-opus-5-5', 'class opus'],
    ['A21 an unprompted helper', 'claude-haiku-4-5-20251001', 'class haiku'],
    ['A21 the client’s own classifier', 'claude-sonnet-5', 'class sonnet'],
  ])('%s goes by class where no Claude is configured', (_, name, reason) => {
    const target = route(name, candidates(openai))
    expect(target.provider).toBe('openai')
    expect(target.model).toMatch(/^gpt-/)
    expect(target.reason).toContain(reason)
  })

  it.each([
    ['no provider at all', 'claude-opus-5-5', [], 'No provider is configured'],
    ['a name that nobody serves', 'mystery', [anthropic, openai], 'mystery leads to no configured provider'],
    [
      'E4 a name that is a property of every object',
      '__proto__',
      [anthropic, openai],
      '__proto__ leads to no configured provider',
    ],
    [
      'a provider without a usable key',
      'openai/gpt-5',
      [{ ...openai, usable: false }],
      'Provider openai has no enabled key',
    ],
  ])('%s is told what would work', (_, name, configured, message) => {
    expect(() => route(name, candidates(...configured))).toThrow(message)
  })
})

describe('a place that a rule names', () => {
  const place = (provider: string | undefined, model: string, isOwnModel = false) => ({
    provider,
    model,
    isOwnModel,
    reason: 'rule "r"',
  })
  const known = candidates(anthropic, openai, { id: 'bedrock' }, local)

  it.each([
    // place, provider, model at it, reason
    ['as it stands', place('openai', 'gpt-9'), 'openai', 'gpt-9', 'rule "r"'],
    ['by an alias there', place('local', 'fast'), 'local', 'tiny-1', 'rule "r"'],
    ['an own model by an alias there', place('local', 'fast', true), 'local', 'tiny-1', 'rule "r"'],
    [
      'without a provider as its name leads',
      place(undefined, 'gpt-5'),
      'openai',
      'gpt-5',
      'rule "r": gpt-5 is a model',
    ],
    [
      'an own model in the spelling there',
      place('bedrock', 'claude-sonnet-4-5', true),
      'bedrock',
      'global.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'rule "r"',
    ],
    [
      'a rule’s model as the rule spells it',
      place('bedrock', 'claude-sonnet-4-5'),
      'bedrock',
      'claude-sonnet-4-5',
      'rule "r"',
    ],
    [
      'an own model of another maker by class',
      place('openai', 'claude-haiku-4-5', true),
      'openai',
      'gpt-6-luna',
      'class haiku',
    ],
    [
      'an own model that has no class as it is',
      place('openai', 'grok-9', true),
      'openai',
      'grok-9',
      'rule "r"',
    ],
    [
      'A22 without [1m]',
      place('anthropic', 'claude-opus-5-5[1m]', true),
      'anthropic',
      'claude-opus-5-5',
      'rule "r"',
    ],
  ])('%s', (_, named, provider, model, reason) => {
    const target = routeTo(named, known)
    expect(target).toMatchObject({ provider, model })
    expect(target.reason).toContain(reason)
  })

  it.each([
    ['a provider that is not configured', place('groq', 'x'), 'groq is not configured (rule "r").'],
    [
      'a provider without a usable key',
      place('xai', 'x'),
      'Provider xai has no enabled key for x (rule "r").',
    ],
    ['a name that leads nowhere', place(undefined, 'mystery'), 'mystery leads to no configured provider'],
  ])('%s is told', (_, named, message) => {
    expect(() => routeTo(named, candidates(anthropic, openai, { id: 'xai', usable: false }))).toThrow(message)
  })

  it.each([
    ['anthropic', 'claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-20250929'],
    ['anthropic', 'us.anthropic.claude-opus-5-5', 'claude-opus-5-5'],
    ['bedrock', 'claude-sonnet-4-5', 'global.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['openai', 'claude-sonnet-4-5', undefined],
    ['openai', 'a-model-of-tomorrow', 'a-model-of-tomorrow'],
    ['anthropic', 'a-model-of-tomorrow', undefined],
    ['local', 'tiny-1', 'tiny-1'],
    ['local', 'tiny-2', undefined],
  ])('%s has %s as %s', (id, name, expected) => {
    expect(modelAt(known.get(id)!, name)).toBe(expected)
  })
})
