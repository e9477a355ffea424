import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCatalogue } from '../../src/models/catalogue-file.ts'
import type { CatalogueEntry } from '../../src/models/catalogue-file.ts'
import { readSource } from '../../src/models/read-source.ts'
import { renewed } from '../../src/models/renew.ts'

const read = (table: unknown) => Object.fromEntries(readSource(JSON.stringify(table)).entries)

describe('models.dev', () => {
  const model = (change: object) => read({ openai: { env: [], models: { m: change } } })['openai/m']
  it.each<[string, object, CatalogueEntry]>([
    [
      'facts',
      {
        name: 'M',
        release_date: '2026-01-02',
        tool_call: true,
        reasoning: true,
        reasoning_options: [{ type: 'effort', values: ['low', 'high', 'nonsense'] }],
        modalities: { input: ['text', 'image', 'pdf'], output: ['text'] },
        limit: { context: 100, input: 80, output: 20 },
        status: 'deprecated',
      },
      {
        name: 'M',
        released: '2026-01-02',
        context: 100,
        max_input: 80,
        max_output: 20,
        input: ['text', 'image', 'pdf'],
        tools: true,
        reasoning: true,
        efforts: ['low', 'high'],
        deprecated: true,
      },
    ],
    [
      'prices, tiers and services',
      {
        cost: {
          input: 2,
          output: 8,
          cache_read: 0.2,
          cache_write: 2.5,
          reasoning: 8,
          tiers: [
            { input: 4, tier: { type: 'context', size: 200_000 } },
            { input: 9, tier: { type: 'time' } },
          ],
        },
        experimental: {
          modes: {
            fast: { cost: { input: 4, output: 16 }, provider: { body: { speed: 'fast' } } },
            turbo: { cost: { input: 5, output: 6 }, provider: { body: { service_tier: 'priority' } } },
          },
        },
      },
      {
        price: { input: 2_000_000, output: 8_000_000, cache_read: 200_000, cache_write_5m: 2_500_000 },
        tiers: [{ above: 200_000, input: 4_000_000 }],
        services: { fast: 200, priority: { input: 5_000_000, output: 6_000_000 } },
      },
    ],
    ['a price of 0 is unknown', { cost: { input: 0, output: 0 } }, {}],
    ['limits of 0 are unknown', { limit: { context: 0, output: 0 } }, {}],
    ['text is no kind', { modalities: { input: ['text'], output: ['text'] } }, { input: ['text'] }],
    ['pictures', { modalities: { input: ['text'], output: ['image'] } }, { kind: 'image', input: ['text'] }],
    ['speech', { modalities: { input: ['text'], output: ['audio'] } }, { kind: 'speech', input: ['text'] }],
    [
      'transcripts',
      { modalities: { input: ['audio'], output: ['text'] } },
      { kind: 'transcription', input: ['audio'] },
    ],
  ])('%s', (_, source, entry) => {
    expect(model(source)).toEqual(entry)
  })

  it('vectors and ranks, which the source takes for text, by their names', () => {
    const text = { modalities: { input: ['text'], output: ['text'] } }
    const models = { 'text-embedding-9': text, 'baai/bge-m3': text, 'some-reranker': text }
    const kinds = Object.values(read({ nvidia: { env: [], models } })).map(({ kind }) => kind)
    expect(kinds).toEqual(['embedding', 'embedding', 'rerank'])
  })

  it('providers by our names, and free models', () => {
    const table = {
      'amazon-bedrock': { env: [], models: { a: {} } },
      nowhere: { env: [], models: { b: {} } },
      openrouter: { env: [], models: { 'x/c:free': { cost: { input: 0, output: 0 } } } },
    }
    expect(read(table)).toEqual({
      'bedrock/a': {},
      'openrouter/x/c:free': { price: { input: 0, output: 0 } },
    })
  })
})

describe('a datasheet', () => {
  it('of LiteLLM’s form', () => {
    expect(
      read({
        sample_spec: { mode: 'one of', litellm_provider: 'one of' },
        'gpt-5': {
          litellm_provider: 'openai',
          mode: 'chat',
          max_input_tokens: 272_000,
          max_output_tokens: 128_000,
          supports_function_calling: true,
          supports_vision: true,
          input_cost_per_token: 1.25e-6,
          output_cost_per_token: 1e-5,
          cache_read_input_token_cost: 1.25e-7,
          input_cost_per_token_above_272k_tokens: 2.5e-6,
          input_cost_per_token_priority: 2.5e-6,
        },
        '1024-x-1024/dall-e-2': {
          litellm_provider: 'openai',
          mode: 'image_generation',
          input_cost_per_pixel: 1,
        },
        'together_ai/x/y': { litellm_provider: 'together_ai', mode: 'chat', input_cost_per_token: 0 },
        'vertex_ai/gemini-x': { litellm_provider: 'vertex_ai-language-models', mode: 'chat' },
        'rerank-x': { litellm_provider: 'cohere', mode: 'rerank', input_cost_per_query: 0.002 },
        elsewhere: { litellm_provider: 'nowhere', mode: 'chat' },
      }),
    ).toEqual({
      'openai/gpt-5': {
        max_input: 272_000,
        max_output: 128_000,
        input: ['text', 'image'],
        tools: true,
        price: { input: 1_250_000, output: 10_000_000, cache_read: 125_000 },
        tiers: [{ above: 272_000, input: 2_500_000 }],
        services: { priority: { input: 2_500_000 } },
      },
      'together/x/y': { input: ['text'] },
      'vertex/gemini-x': { input: ['text'] },
      'cohere/rerank-x': { kind: 'rerank', price: { rerank_search: 2_000_000_000 } },
    })
  })
})

it('one model that is described wrongly does not cost the others', () => {
  const models = { good: { limit: { context: 5 } }, bad: { name: 'x'.repeat(500) } }
  expect(Object.keys(read({ openai: { env: [], models } }))).toEqual(['openai/good'])
})

it('whatever a source says, what is read of it is a catalogue', () => {
  const words = fc.constantFrom(
    'models', 'env', 'date', 'openai', 'cost', 'input', 'output', 'limit', 'context', 'tiers', 'tier', 'size',
    'litellm_provider', 'mode', 'input_cost_per_token', 'max_input_tokens', 'name', 'modalities', 'experimental', 'modes',
  ) // prettier-ignore
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.constantFrom(0, -1, 1e-6, 1e300, 'openai', 'chat', '', null, true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(words, tie('tree'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('openai', 'm', 'date', 'models'), tree), (table) => {
      let entries
      try {
        entries = readSource(JSON.stringify(table)).entries
      } catch (error) {
        expect((error as Error).message).toMatch(/^it is no|has no usable/)
        return
      }
      const models = Object.fromEntries(renewed(new Map(), entries))
      parseCatalogue(JSON.stringify({ date: '2026-01-01', models }))
    }),
    { numRuns: 2_000 },
  )
})

it.each<[string, CatalogueEntry, CatalogueEntry, CatalogueEntry]>([
  [
    'of the same day: what only the older knew stays',
    { context: 5, price: { input: 1, web_search: 7 }, services: { flex: 50 } },
    { name: 'M', price: { input: 1, output: 2 } },
    { context: 5, name: 'M', price: { input: 1, output: 2, web_search: 7 }, services: { flex: 50 } },
  ],
  [
    'of another day: no rates are mixed',
    { price: { input: 1, cache_read: 7 }, tiers: [{ above: 5, input: 9 }], services: { flex: 50 } },
    { price: { input: 2 } },
    { price: { input: 2 } },
  ],
  ['no longer withdrawn', { deprecated: true }, { name: 'M' }, { name: 'M' }],
  [
    'kinds of input add up',
    { input: ['text', 'pdf'] },
    { input: ['text', 'image'] },
    { input: ['text', 'image', 'pdf'] },
  ],
])('a model that is known, %s', (_, before, fresh, after) => {
  expect(renewed(new Map([['groq/m', before]]), new Map([['groq/m', fresh]])).get('groq/m')).toEqual(after)
})
