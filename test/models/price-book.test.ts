import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PriceBook } from '../../src/models/price-book.ts'
import type { PriceOverride, PriceQuestion } from '../../src/models/price-book.ts'

const ask = (change: Partial<PriceQuestion>): PriceQuestion => {
  return { provider: 'openai', model: 'gpt-5', requestType: 'text', ...change }
}
const override = (name: string, change: Partial<PriceOverride>): PriceOverride => {
  return { name, match: 'exact', pattern: 'gpt-5', prices: { input: 1 }, ...change }
}

describe('a price is that of', () => {
  const book = new PriceBook([])
  it.each<[string, Partial<PriceQuestion>, string | undefined]>([
    ['the model', {}, 'openai/gpt-5'],
    ['its family', { model: 'gpt-5-2025-08-07' }, 'openai/gpt-5'],
    [
      'A22 the model without Claude Code’s mark',
      { provider: 'anthropic', model: 'claude-opus-5-5[1m]' },
      'anthropic/claude-opus-5-5',
    ],
    [
      'what answered, where a deployment has any name',
      { provider: 'azure', model: 'our-prod', reported: 'gpt-5-mini-2025-08-07' },
      'azure/gpt-5-mini',
    ],
    ['what answered, where a router chose', { model: 'gpt-5', reported: 'gpt-5-nano' }, 'openai/gpt-5-nano'],
    ['what was asked, where the answer’s name says nothing', { reported: 'model-4711' }, 'openai/gpt-5'],
    [
      'the alias, where it is a model’s name',
      {
        provider: 'bedrock',
        model: 'arn:aws:bedrock:us-east-1:1:application-inference-profile/x',
        requested: 'anthropic.claude-opus-5-5',
      },
      'bedrock/anthropic.claude-opus-5-5',
    ],
    [
      'never the alias, where the model has a name',
      { provider: 'openrouter', model: 'qwen/not-yet-known', requested: 'anthropic/claude-opus-5.5' },
      undefined,
    ],
    ['nothing, at a provider that is not known', { provider: 'my-proxy' }, undefined],
    ['nothing, of a model that is not known', { model: 'llama-nowhere' }, undefined],
  ])('%s', (_, question, model) => {
    expect(book.find(ask(question))?.model).toBe(model)
    // Again, out of memory.
    expect(book.find(ask(question))?.model).toBe(model)
  })
})

describe('#57 Claude on Vertex costs a tenth more than worldwide', () => {
  const book = new PriceBook([])
  it.each([
    ['not worldwide', 'claude-opus-4-5@20251101', 'global', 100],
    ['in a region', 'claude-opus-4-5@20251101', 'us-east5', 110],
    ['on a continent', 'claude-sonnet-4-5@20250929', 'eu', 110],
    ['the newest, too', 'claude-opus-5-5', 'europe-west1', 110],
    ['not before 4.5', 'claude-opus-4-1@20250805', 'us-east5', 100],
    ['nor of another maker', 'gemini-2.5-pro', 'us-east5', 100],
  ])('%s: %s in %s', (_title, model, region, perCent) => {
    const vertex = ask({ provider: 'vertex', model })
    const { tiers: [tier] = [], ...worldwide } = book.find({ ...vertex, region: 'global' })!.prices
    const here = book.find({ ...vertex, region })!.prices
    const dearer = (price: number) => (price * perCent) / 100
    expect(here).toMatchObject({
      input: dearer(worldwide.input!),
      output: dearer(worldwide.output!),
      cacheRead: dearer(worldwide.cacheRead!),
    })
    expect(here.tiers?.[0]?.input).toBe(tier && dearer(tier.input!))
    expect(here.webSearch).toBe(worldwide.webSearch)
  })
})

describe('the override in force is', () => {
  const rows: [string, PriceOverride[], Partial<PriceQuestion>, string | undefined][] = [
    ['none that is of another model', [override('a', { pattern: 'gpt-4' })], {}, undefined],
    ['none that is of another provider', [override('a', { provider: 'azure' })], {}, undefined],
    ['none for other requests', [override('a', { requestTypes: new Set(['embedding']) })], {}, undefined],
    ['the one for such requests', [override('a', { requestTypes: new Set(['text']) })], {}, 'a'],
    ['the whole name with its provider', [override('a', { pattern: 'openai/gpt-5' })], {}, 'a'],
    ['the client’s word', [override('a', { pattern: 'fast' })], { requested: 'fast' }, 'a'],
    [
      'the client’s word with its provider',
      [override('a', { pattern: 'openai/fast' })],
      { requested: 'fast' },
      'a',
    ],
    [
      'the whole name before its beginning, and the longer one before the shorter',
      [
        override('r', { match: 'regex', pattern: /gpt/ }),
        override('w', { match: 'wildcard', pattern: 'gpt' }),
        override('e', {}),
      ],
      {},
      'e',
    ],
    [
      'the longer beginning',
      [
        override('short', { match: 'wildcard', pattern: '' }),
        override('long', { match: 'wildcard', pattern: 'gpt-' }),
      ],
      {},
      'long',
    ],
    ['a regular expression, in front of none', [override('r', { match: 'regex', pattern: /^gpt/ })], {}, 'r'],
    [
      'the provider’s before everybody’s',
      [override('all', {}), override('own', { provider: 'openai', match: 'wildcard', pattern: '' })],
      {},
      'own',
    ],
    [
      'the provider key’s before the provider’s',
      [override('provider', { provider: 'openai' }), override('key', { providerKeyId: 'k' })],
      { providerKeyId: 'k' },
      'key',
    ],
    [
      'the virtual key’s before the provider key’s',
      [override('key', { providerKeyId: 'k' }), override('virtual', { virtualKeyId: 'v' })],
      { providerKeyId: 'k', virtualKeyId: 'v' },
      'virtual',
    ],
    [
      'the virtual key’s at a provider before that for all',
      [
        override('virtual', { virtualKeyId: 'v' }),
        override('both', { virtualKeyId: 'v', provider: 'openai' }),
      ],
      { virtualKeyId: 'v' },
      'both',
    ],
    [
      'none of another virtual key',
      [override('virtual', { virtualKeyId: 'v' })],
      { virtualKeyId: 'w' },
      undefined,
    ],
    ['the first of two alike', [override('one', {}), override('two', {})], {}, 'one'],
  ]
  it.each(rows)('%s', (_, overrides, question, name) => {
    const source = new PriceBook(overrides).find(ask(question))?.source ?? ''
    expect(source.startsWith('catalogue') ? undefined : source.split(',')[0]).toBe(name)
  })

  it('remembered for each key by itself', () => {
    const book = new PriceBook([override('virtual', { virtualKeyId: 'v', prices: { input: 5 } })])
    expect(book.find(ask({ virtualKeyId: 'v' }))?.prices.input).toBe(5)
    expect(book.find(ask({ virtualKeyId: 'w' }))?.prices.input).toBe(1_250_000)
    expect(book.find(ask({ virtualKeyId: 'v' }))?.prices.input).toBe(5)
  })
})

it('a model that only an override prices has that price alone', () => {
  const book = new PriceBook([override('mine', { pattern: 'my-model', prices: { input: 5 } })])
  expect(book.find(ask({ provider: 'vllm', model: 'my-model' }))).toEqual({
    prices: { input: 5 },
    model: 'vllm/my-model',
    source: 'mine',
  })
})

it('a price does not depend on what was asked before', () => {
  const overrides = [
    override('of a key', { providerKeyId: 'k1', prices: { input: 2 } }),
    override('of a virtual key', { virtualKeyId: 'v1', prices: { input: 3 } }),
    override('of pictures', { requestTypes: new Set(['image'] as const), prices: { input: 4 } }),
  ]
  const oneOf = <Value>(...values: Value[]) => fc.constantFrom(...values)
  const questions = fc.record({
    provider: oneOf('openai', 'vertex', 'azure'),
    model: oneOf('gpt-5', 'claude-opus-4-5@20251101', 'arn:1'),
    reported: oneOf(undefined, 'gpt-5-mini'),
    requested: oneOf(undefined, 'gpt-5', 'claude-opus-4-5'),
    providerKeyId: oneOf(undefined, 'k1'),
    virtualKeyId: oneOf(undefined, 'v1'),
    requestType: oneOf('text' as const, 'image' as const),
    region: oneOf(undefined, 'us-east5'),
  })
  const book = new PriceBook(overrides)
  fc.assert(
    fc.property(questions, (question) => {
      expect(book.find(question)).toEqual(new PriceBook(overrides).find(question))
    }),
    { numRuns: 500 },
  )
})
