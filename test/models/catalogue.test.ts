import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCatalogue } from '../../src/models/catalogue-file.ts'
import { type ModelFacts, capabilities, edition, list, lookup } from '../../src/models/catalogue.ts'

describe('a model is found', () => {
  it.each([
    // exact, and with Claude Code's mark (A22)
    ['anthropic', 'claude-opus-5-5', 'claude-opus-5-5'],
    ['anthropic', 'claude-opus-5-5[1m]', 'claude-opus-5-5'],
    ['anthropic', 'claude-opus-4-8[1M][1m]', 'claude-opus-4-8'],
    ['openrouter', 'anthropic/claude-opus-5.5[1m]', 'anthropic/claude-opus-5.5'],
    // dated versions: their own entry where there is one, else the undated
    ['anthropic', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5-20251001'],
    ['anthropic', 'claude-opus-4-1-20250805', 'claude-opus-4-1'],
    ['anthropic', 'claude-3-5-sonnet-20241022', 'claude-3-5-sonnet'],
    ['anthropic', 'claude-3-5-haiku-20241022', 'claude-3-5-haiku-latest'],
    ['anthropic', 'claude-opus-5-5-latest', 'claude-opus-5-5'],
    ['openai', 'gpt-4o-2024-05-13', 'gpt-4o-2024-05-13'],
    ['openai', 'gpt-5-2025-08-07', 'gpt-5'],
    // other spellings
    ['anthropic', 'anthropic/claude-opus-5-5', 'claude-opus-5-5'],
    ['anthropic', 'claude-opus-5.5', 'claude-opus-5-5'],
    ['openai', 'openai/gpt-6-sol', 'gpt-6-sol'],
    ['openrouter', 'claude-opus-5-5', 'anthropic/claude-opus-5.5'],
    ['openrouter', 'anthropic/claude-opus-5.5:thinking', 'anthropic/claude-opus-5.5'],
    ['minimax', 'minimax-m3', 'MiniMax-M3'],
    ['fireworks', 'glm-5p3', 'accounts/fireworks/models/glm-5p3'],
    ['gemini', 'models/gemini-2.5-pro', 'gemini-2.5-pro'],
    // Bedrock: maker and profile added or exchanged, geographic for geographic
    ['bedrock', 'eu.anthropic.claude-opus-5-5', 'eu.anthropic.claude-opus-5-5'],
    ['bedrock', 'claude-opus-5-5', 'anthropic.claude-opus-5-5'],
    ['bedrock', 'anthropic.claude-opus-5-5-v1:0', 'anthropic.claude-opus-5-5'],
    ['bedrock', 'global.anthropic.claude-opus-5-5-v1:0', 'global.anthropic.claude-opus-5-5'],
    ['bedrock', 'jp.anthropic.claude-sonnet-5-5', 'au.anthropic.claude-sonnet-5-5'],
    [
      'bedrock',
      'arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.claude-opus-5-5',
      'us.anthropic.claude-opus-5-5',
    ],
    // clouds that resell at the maker's prices
    ['vertex', 'claude-sonnet-4-5@20250929', 'claude-sonnet-4-5@20250929'],
    ['vertex', 'claude-3-opus@20240229', 'claude-3-opus-latest'],
    ['vertex', 'gemini-2.5-pro', 'gemini-2.5-pro'],
    ['azure', 'claude-opus-5-5', 'claude-opus-5-5'],
  ])('%s: %s is %s', (provider, model, id) => {
    expect(lookup(provider, model)?.id).toBe(id)
  })

  it.each([
    ['anthropic', 'gpt-5'],
    ['openai', 'claude-opus-5-5'],
    ['groq', 'gpt-5'],
    ['openai', 'gpt-99-nova'],
    ['my-proxy', 'gpt-5'],
    ['openai', ''],
    ['', ''],
    ['openai', '__proto__'],
    ['__proto__', 'constructor'],
    ['constructor', 'gpt-5'],
  ])('but not %s: %s', (provider, model) => {
    expect(lookup(provider, model)).toBeUndefined()
  })

  it('whatever is asked, the answer is a fact or undefined', () => {
    fc.assert(
      fc.property(fc.constantFrom('anthropic', 'bedrock', 'vertex', 'x'), fc.string(), (provider, model) => {
        expect(['object', 'undefined']).toContain(typeof lookup(provider, model))
      }),
    )
  })
})

describe('what it knows', () => {
  const FACTS: [string, string, Omit<ModelFacts, 'id'>][] = [
    [
      'anthropic',
      'claude-opus-5-5',
      {
        name: 'Claude Opus 5.5',
        released: '2026-09-22',
        contextWindowTokens: 1_000_000,
        maxOutputTokens: 128_000,
        inputKinds: ['text', 'image', 'pdf'],
        tools: true,
        reasoning: true,
        efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
        sampling: false,
        adaptiveThinking: true,
        prices: {
          input: 4_000_000,
          output: 20_000_000,
          cacheRead: 200_000,
          cacheWrite5m: 5_000_000,
          cacheWrite1h: 8_000_000,
          webSearch: 10_000_000_000,
          services: { batch: 50, us: 110, fast: 200 },
        },
      },
    ],
    [
      'groq',
      'openai/gpt-oss-120b',
      {
        name: 'GPT OSS 120B',
        released: '2025-08-05',
        contextWindowTokens: 131_072,
        maxOutputTokens: 65_536,
        inputKinds: ['text'],
        tools: true,
        reasoning: true,
        efforts: ['low', 'medium', 'high'],
        prices: { input: 150_000, output: 600_000, cacheRead: 75_000 },
      },
    ],
    // Only a price is known: nothing else is made up.
    ['cohere', 'command-r-plus', { prices: { input: 2_500_000, output: 10_000_000 } }],
    // Only limits are known.
    [
      'nvidia',
      'google/gemma-3-4b-it',
      {
        name: 'Gemma 3 4B IT',
        released: '2025-03-12',
        contextWindowTokens: 131_072,
        maxOutputTokens: 16_384,
        inputKinds: ['text', 'image'],
        tools: true,
        reasoning: false,
      },
    ],
    ['openai', 'whisper-1', { prices: { audioSecond: 100_000_000 } }],
    // OpenRouter names no output limit.
    [
      'openrouter',
      'google/gemma-3-27b-it',
      {
        name: 'Gemma 3 27B IT',
        released: '2025-03-12',
        contextWindowTokens: 131_072,
        inputKinds: ['text', 'image'],
        tools: true,
        reasoning: false,
        prices: { input: 80_000, output: 450_000, cacheRead: 40_000 },
      },
    ],
  ]

  it.each(FACTS)('%s: %s', (provider, model, facts) => {
    expect(lookup(provider, model)).toEqual({ id: model, ...facts })
  })

  it('#57 long context: all tokens at the tier', () => {
    expect(lookup('gemini', 'gemini-2.5-pro')?.prices).toMatchObject({
      input: 1_250_000,
      tiers: [{ above: 200_000, input: 2_500_000, output: 15_000_000, cacheRead: 250_000 }],
    })
  })

  it.each([
    // F7 A cache read costs a tenth of input on most Claude models, a fortieth here.
    ['anthropic', 'claude-fable-5-1', 'cacheRead', 250_000],
    ['anthropic', 'claude-opus-4-8', 'cacheRead', 500_000],
    // F4 One-hour cache writes: twice the input price, as listed or documented.
    ['anthropic', 'claude-opus-4-8', 'cacheWrite1h', 10_000_000],
    ['anthropic', 'claude-sonnet-5-5', 'cacheWrite1h', 4_000_000],
    ['bedrock', 'us.anthropic.claude-opus-5-5', 'cacheWrite1h', 8_800_000],
    // #58 What is billed by the piece.
    ['anthropic', 'claude-sonnet-5-5', 'webSearch', 10_000_000_000],
    ['perplexity', 'sonar', 'request', 12_000_000_000],
    // DeepSeek bills by the clock: the dearer hours.
    ['deepseek', 'deepseek-v4-pro', 'input', 1_320_000],
    // $0.0375 per million is no whole number of nano-dollars a token.
    ['groq', 'openai/gpt-oss-20b', 'cacheRead', 37_500],
    // An alias that has moved on has the price of what it stands for.
    ['mistral', 'mistral-large-latest', 'input', 500_000],
    ['openrouter', 'google/gemma-4-31b-it:free', 'input', 0],
    ['gemini', 'gemma-4-31b-it', 'input', undefined],
  ] as const)('%s: %s %s = %s pico-dollars', (provider, model, kind, price) => {
    expect(lookup(provider, model)?.prices?.[kind]).toBe(price)
  })

  it('the window of OpenAI models does not end where long-context prices begin', () => {
    expect(lookup('openai', 'gpt-5.4')).toMatchObject({
      contextWindowTokens: 1_050_000,
      prices: { tiers: [{ above: 272_000 }] },
    })
  })
})

describe('what a model can do at a place that the catalogue does not cover', () => {
  it('A10 comes from its maker, without limits and prices of another place', () => {
    expect(capabilities('my-proxy', 'us.openai.gpt-6-astra')).toEqual({
      id: 'gpt-6-astra',
      name: 'GPT-6 Astra',
      released: '2026-09-04',
      inputKinds: ['text', 'image', 'pdf'],
      tools: true,
      reasoning: true,
      efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
    })
  })

  it.each([
    ['groq', 'openai/gpt-oss-20b', 'openai/gpt-oss-20b'],
    ['my-proxy', 'anthropic/claude-opus-5.5', 'claude-opus-5-5'],
    ['my-proxy', 'llama-3.3-70b', undefined],
  ])('%s: %s', (provider, model, id) => {
    expect(capabilities(provider, model)?.id).toBe(id)
  })
})

describe('what it covers', () => {
  const KNOWN =
    'openai azure anthropic bedrock cohere vertex mistral groq perplexity cerebras gemini openrouter elevenlabs huggingface nebius xai fireworks deepseek moonshot zai minimax together deepinfra sambanova nvidia lmstudio databricks'
  // Models of the operator's own, or prices by the second of a processor or by credits, of which no table was found.
  const UNKNOWN = 'ollama sgl vllm parasail replicate runway github-models'

  it.each(KNOWN.split(' '))('%s', (provider) => {
    expect(list(provider).length).toBeGreaterThan(2)
  })

  it.each(UNKNOWN.split(' '))('nothing is known of %s, and nothing made up', (provider) => {
    expect(list(provider)).toEqual([])
  })

  it('a price for nearly every model that is not on trial or one’s own', () => {
    const priced = KNOWN.split(' ')
      .filter((provider) => !['nvidia', 'lmstudio'].includes(provider))
      .flatMap((provider) => list(provider).map((id) => lookup(provider, id)?.prices !== undefined))
    expect(priced.filter(Boolean).length / priced.length).toBeGreaterThan(0.97)
  })

  it.each([
    ['claude-opus-5-5', 'Claude Opus 5.5', '2026-09-22'],
    ['claude-haiku-4-5-20251001', 'Claude Haiku 4.5', '2025-10-15'],
  ])('names and days of %s', (id, name, released) => {
    expect(lookup('anthropic', id)).toMatchObject({ name: expect.stringContaining(name), released })
  })
})

describe('lists', () => {
  it.each([
    'anthropic',
    'openai',
    'gemini',
    'groq',
    'mistral',
    'openrouter',
    'bedrock',
    'vertex',
    'azure',
    'xai',
  ])('%s', (provider) => {
    const ids = list(provider)
    expect(ids.length).toBeGreaterThan(5)
    expect(ids).toEqual(ids.toSorted())
    expect(ids.filter((id) => lookup(provider, id)?.id !== id)).toEqual([])
  })

  it.each(['ollama', 'my-proxy', '__proto__', ''])('nothing of %s', (provider) => {
    expect(list(provider)).toEqual([])
  })
})

describe('the file', () => {
  const text = readFileSync(new URL('../../src/models/catalogue.json', import.meta.url), 'utf8')
  const models = Object.entries(JSON.parse(text).models) as [string, Record<string, unknown>][]
  const cards = models.flatMap(([key, { price, tiers, services }]) =>
    [price, ...((tiers as unknown[]) ?? []), ...Object.values((services as object) ?? {})].map(
      (card) => [key, (card ?? {}) as Record<string, number>] as const,
    ),
  )
  it('is small, dated, names its sources and has one sorted line a model', () => {
    expect(text.length).toBeLessThan(600_000)
    const source = {
      name: expect.stringMatching(/@\d/),
      licence: 'MIT',
      copyright: expect.stringContaining('Copyright'),
    }
    expect(edition()).toEqual({
      date: expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
      sources: [source, source, source, source],
    })
    expect(text.split('\n').length).toBe(models.length + 3)
    expect(models.map(([key]) => key)).toEqual(models.map(([key]) => key).toSorted())
  })

  it('has every field and price in the form that a file from outside must have', () => {
    expect(Object.keys(parseCatalogue(text).models).length).toBe(models.length)
  })

  it('F4 wherever a Claude model has a cache-write price, it has the one-hour price, twice its input price', () => {
    const claude = cards.filter(
      ([key, card]) => key.includes('claude') && card['cache_write_5m'] !== undefined,
    )
    expect(claude.length).toBeGreaterThan(50)
    expect(claude.filter(([, card]) => card['cache_write_1h'] !== 2 * (card['input'] ?? NaN))).toEqual([])
  })

  it('tiers rise', () => {
    const wrong = models.filter(([, { tiers }]) => {
      const thresholds = ((tiers as { above: number }[] | undefined) ?? []).map(({ above }) => above)
      return thresholds.some((above, index) => above <= (thresholds[index - 1] ?? 0))
    })
    expect(wrong).toEqual([])
  })

  it('limits are positive, and no entry is empty', () => {
    const wrong = models.filter(
      ([, { context = 1, max_output = 1, ...rest }]) =>
        Number(context) <= 0 || Number(max_output) <= 0 || (Object.keys(rest).length === 0 && context === 1),
    )
    expect(wrong).toEqual([])
  })
})
