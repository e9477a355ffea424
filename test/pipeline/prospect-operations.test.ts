import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyUsage } from '../../src/message/usage.ts'
import type { Usage } from '../../src/message/usage.ts'
import { lookup } from '../../src/models/catalogue.ts'
import type { Prices } from '../../src/models/prices.ts'
import type { Operation } from '../../src/protocols/endpoint.ts'
import { worstCase } from '../../src/rules/budgets.ts'
import type { Prospect } from '../../src/rules/budgets.ts'
import { cost } from '../../src/rules/cost.ts'
import { prospect } from './prospects.ts'
import type { Circumstances } from './prospects.ts'

const NOTHING = { inputTokens: 0, outputTokens: 0 }
const UNKNOWN = { inputTokens: undefined, outputTokens: undefined }
const LATER = { ...UNKNOWN, runsLater: true as const }
const GPT = 'openai/gpt-5.4'

describe('A1 beside conversations', () => {
  it.each<[string, place: string, body: object, Circumstances, Partial<Prospect>]>([
    [
      'a text to embed',
      'openai/text-embedding-3-small',
      { input: 'x'.repeat(90) },
      { operation: 'embeddings' },
      { inputTokens: 102, outputTokens: 0 },
    ],
    [
      'tokens to embed',
      'openai/text-embedding-3-small',
      { input: [1, 2, 3] },
      { operation: 'embeddings' },
      { inputTokens: 17, outputTokens: 0 },
    ],
    [
      'a picture to embed',
      'cohere/embed-v4.0',
      { images: ['data:'] },
      { operation: 'embeddings' },
      { inputTokens: undefined, outputTokens: 0 },
    ],
    [
      'a text about pictures',
      'cohere/embed-v4.0',
      { texts: ['the "image" field'] },
      { operation: 'embeddings' },
      { inputTokens: 33 },
    ],
    [
      '100 documents',
      'cohere/rerank-v3.5',
      { query: 'q', documents: Array(100).fill('d') },
      { operation: 'rerank' },
      { outputTokens: 0, pieces: { rerankSearch: 1 } },
    ],
    [
      '101 documents',
      'cohere/rerank-v3.5',
      { query: 'q', documents: Array(101).fill('d') },
      { operation: 'rerank' },
      { pieces: { rerankSearch: 2 } },
    ],
    [
      'long documents',
      'cohere/rerank-v3.5',
      { query: 'q', documents: Array(100).fill('d'.repeat(990)) },
      { operation: 'rerank' },
      { pieces: { rerankSearch: 2 } },
    ],
    [
      'documents of another family',
      'bedrock/cohere.rerank-v3-5:0',
      { sources: [{}], queries: [] },
      { operation: 'rerank' },
      { pieces: { rerankSearch: 1 } },
    ],
    [
      'a picture',
      'openai/dall-e-3',
      { prompt: 'a hat' },
      { operation: 'image-generation' },
      { ...UNKNOWN, pieces: { image: 1 } },
    ],
    [
      'pictures',
      'openai/dall-e-2',
      { prompt: 'a hat', n: 3 },
      { operation: 'image-generation' },
      { pieces: { image: 3 } },
    ],
    [
      'pictures of Imagen',
      'vertex/imagen-4.0-generate-001',
      { instances: [{ prompt: 'a' }, { prompt: 'b' }], parameters: { sampleCount: 4 } },
      { operation: 'image-generation' },
      { pieces: { image: 8 } },
    ],
    [
      'pictures of Nova',
      'bedrock/amazon.nova-canvas-v1:0',
      { imageGenerationConfig: { numberOfImages: 5 } },
      { operation: 'image-generation' },
      { pieces: { image: 5 } },
    ],
    [
      'an unreadable count',
      'openai/dall-e-2',
      { n: { a: 1 } },
      { operation: 'image-generation' },
      { pieces: { image: undefined } },
    ],
    [
      'a form',
      'openai/dall-e-2',
      {},
      { operation: 'image-edit', form: { prompt: 'a', n: '4', image: { bytes: 5 } } },
      { pieces: { image: 4 } },
    ],
    [
      'a form with a count twice',
      'openai/dall-e-2',
      {},
      { operation: 'image-variation', form: { n: ['1', '9'] } },
      { pieces: { image: undefined } },
    ],
    [
      'speech',
      'openai/tts-1',
      { input: 'y'.repeat(20) },
      { operation: 'speech' },
      { inputTokens: 32, pieces: { character: 32 }, hasAudio: true },
    ],
    [
      'a recording',
      'openai/whisper-1',
      { a: 'z'.repeat(69_992) },
      { operation: 'transcription', form: {} },
      { inputTokens: 5200, pieces: { audioSecond: 100 }, hasAudio: true },
    ],
    [
      'a short recording',
      'openai/whisper-1',
      {},
      { operation: 'transcription', form: {} },
      { pieces: { audioSecond: 10 } },
    ],
    [
      'a recording elsewhere',
      'mistral/voxtral-mini-latest',
      {},
      { operation: 'transcription', form: { file_url: 'u' } },
      { inputTokens: undefined, pieces: { audioSecond: undefined } },
    ],
    [
      'a completion',
      GPT,
      { prompt: 'a', max_tokens: 2000 },
      { operation: 'completions' },
      { outputTokens: 2000 },
    ],
    [
      'the best of several',
      GPT,
      { prompt: 'a', max_tokens: 2000, n: 2, best_of: 5 },
      { operation: 'completions' },
      { outputTokens: 10_000 },
    ],
    [
      'several prompts',
      GPT,
      { prompt: ['a', 'b', 'c'], max_tokens: 2000 },
      { operation: 'completions' },
      { outputTokens: 6000 },
    ],
    [
      'a prompt of tokens',
      GPT,
      { prompt: [1, 2, 3], max_tokens: 2000 },
      { operation: 'completions' },
      { outputTokens: 2000 },
    ],
    [
      'a video',
      'openai/sora-2',
      { prompt: 'a', seconds: '12' },
      { operation: 'videos' },
      { pieces: { videoSecond: 12 } },
    ],
    [
      'a video of any length',
      'openai/sora-2',
      { prompt: 'a' },
      { operation: 'videos' },
      { pieces: { videoSecond: 10 } },
    ],
    [
      'videos of Google’s',
      'gemini/veo-3.0-generate-001',
      { instances: [{}], parameters: { durationSeconds: 8, sampleCount: 2 } },
      { operation: 'videos' },
      { pieces: { videoSecond: 16 } },
    ],
    [
      'a video once more',
      'openai/sora-2',
      { prompt: 'a' },
      { operation: 'videos', kind: 'video_remix' },
      { pieces: { videoSecond: undefined }, runsLater: true },
    ],
    ['a question about videos', 'openai/sora-2', {}, { operation: 'videos', kind: 'video_list' }, NOTHING],
    ['a moderation', 'openai/omni-moderation-latest', { input: 'a' }, { operation: 'moderations' }, NOTHING],
    ['tokens', 'cohere/command-a-03-2025', { text: 'a' }, { operation: 'tokenize' }, NOTHING],
    ['a file', 'openai/', {}, { operation: 'files', kind: 'file_upload' }, NOTHING],
    ['a batch', 'openai/', { input_file_id: 'f' }, { operation: 'batches', kind: 'batch_create' }, LATER],
    ['a batch that ends', 'openai/', {}, { operation: 'batches', kind: 'batch_cancel' }, NOTHING],
    ['a container', 'openai/', {}, { operation: 'containers', kind: 'container_create' }, LATER],
    [
      'a file in a container',
      'openai/',
      {},
      { operation: 'containers', kind: 'container_file_create' },
      NOTHING,
    ],
    ['a count of tokens', GPT, { messages: [] }, { operation: 'count-tokens' }, NOTHING],
    ['a list', GPT, {}, { operation: 'list-models' }, NOTHING],
  ])('%s', (_name, place, body, circumstances, found) => {
    expect(prospect('openai-chat', place, body, circumstances)).toMatchObject(found)
  })

  it.each<[string, place: string, body: object | string, Circumstances, Partial<Prospect>]>([
    ['an answer', GPT, { messages: [], max_tokens: 2000 }, { generates: true }, { outputTokens: 2000 }],
    ['an answer for a body that nobody can read', GPT, '{"messages":[', { generates: true }, UNKNOWN],
    ['reading', 'openai/', '', { method: 'GET' }, NOTHING],
    ['deleting', 'openai/', '', { method: 'DELETE' }, NOTHING],
    ['counting', GPT, { messages: [] }, { path: '/anthropic/v1/messages/count_tokens' }, NOTHING],
    [
      'counting at Google',
      'gemini/gemini-2.5-flash',
      { contents: [] },
      { path: '/v1beta/models/a:countTokens' },
      NOTHING,
    ],
    ['something of a model that talks', GPT, { input: 'a', max_tokens: 2000 }, {}, { outputTokens: 2000 }],
    ['something of a model that draws', 'openai/gpt-image-1', { n: 2 }, {}, { pieces: { image: 2 } }],
    ['something of no model', 'openai/', { requests: [] }, {}, UNKNOWN],
    ['something of an unknown model', 'openai/mine', { a: 1 }, {}, UNKNOWN],
  ])('passed on as it is: %s', (_name, place, body, circumstances, found) => {
    expect(prospect('openai-chat', place, body, { ...circumstances, operation: 'passthrough' })).toEqual(
      expect.objectContaining(found),
    )
  })
})

it('A4 what is free is so without a price, and what nobody can say is not', () => {
  expect(worstCase(NOTHING, undefined)).toEqual({ tokens: 0, nanodollars: 0 })
  expect(worstCase(UNKNOWN, undefined)).toEqual({ tokens: 'unbounded', nanodollars: 'unpriced' })
  expect(worstCase(UNKNOWN, { input: 1, output: 1 })).toEqual({
    tokens: 'unbounded',
    nanodollars: 'unbounded',
  })
  expect(worstCase({ ...UNKNOWN, inputTokensMax: 7, outputTokens: 1 }, { input: 1000, output: 0 })).toEqual({
    tokens: 8,
    nanodollars: 7,
  })
})

// ==== Any request

const PLACES = [
  ['anthropic', 'anthropic/claude-opus-5-5'],
  ['anthropic', GPT],
  ['openai-chat', GPT],
  ['openai-chat', 'anthropic/claude-sonnet-5'],
  ['openai-chat', 'mistral/mistral-large-latest'],
  ['openai-responses', GPT],
  ['cursor', GPT],
  ['gemini', 'gemini/gemini-2.5-pro'],
  ['bedrock-converse', 'bedrock/us.amazon.nova-2-lite-v1:0'],
  ['cohere', 'cohere/command-a-03-2025'],
] as const

const OPERATIONS: readonly Operation[] = [
  'generate',
  'passthrough',
  'embeddings',
  'rerank',
  'image-generation',
  'image-edit',
  'image-variation',
  'speech',
  'transcription',
  'completions',
  'moderations',
  'tokenize',
  'videos',
  'files',
  'batches',
  'containers',
]

describe('A1 whatever the body is', () => {
  const name = fc.constantFrom(
    'messages',
    'input',
    'contents',
    'content',
    'parts',
    'tools',
    'max_tokens',
    'max_output_tokens',
    'n',
    'best_of',
    'generationConfig',
    'maxOutputTokens',
    'inferenceConfig',
    'maxTokens',
    'additionalModelRequestFields',
    'type',
    'image',
    'source',
    'data',
    'image_url',
    'inlineData',
    'mimeType',
    'documents',
    'query',
    'prompt',
    'parameters',
    'instances',
    'service_tier',
    'serviceTier',
    'speed',
    'context_management',
    'fallbacks',
    'toolConfig',
    'prediction',
  )
  const hostile = fc.constantFrom(
    '1e309',
    '-5',
    '"-5"',
    '"1e9"',
    '9007199254740993',
    '0',
    '""',
    'null',
    '[]',
    '{}',
    '[[[[[[[[[[[[]]]]]]]]]]]]',
    '"image"',
    '"document"',
    '"web_search_20250305"',
    String.raw`"\u0069mage"`,
    '"data:image/png;base64,AA"',
    '1.5',
  )
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      hostile,
      fc.array(tie('value'), { maxLength: 4 }).map((all) => `[${all.join(',')}]`),
      fc
        .array(fc.tuple(name, tie('value')), { maxLength: 5 })
        .map((all) => `{${all.map(([key, of]) => `"${key}":${of}`).join(',')}}`),
    ),
  }))
  const body = fc
    .uniqueArray(fc.tuple(name, value), { maxLength: 8, selector: ([key]) => key })
    .map((all) => `{${all.map(([key, of]) => `"${key}":${of}`).join(',')}}`)

  it('says something that can be held, and never throws', () => {
    fc.assert(
      fc.property(
        body,
        fc.constantFrom(...PLACES),
        fc.constantFrom(...OPERATIONS),
        (text, [protocol, place], operation) => {
          const found = prospect(protocol, place, text, { operation })
          const counts = [
            found.inputTokens,
            found.inputTokensMax,
            found.outputTokens,
            ...Object.values(found.pieces ?? {}),
          ]
          expect(counts.every((count) => count === undefined || (Number.isFinite(count) && count >= 0))).toBe(
            true,
          )
          const { tokens, nanodollars } = worstCase(found, { input: 1, output: 1, image: 1, webSearch: 1 })
          expect(tokens === 'unbounded' || tokens >= 0).toBe(true)
          expect(typeof nanodollars === 'string' || nanodollars >= 0).toBe(true)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('takes no time for what is nested or large', () => {
    const nested = `{"messages":${'['.repeat(100)}${']'.repeat(100)},"max_tokens":2000}`
    expect(prospect('anthropic', 'anthropic/claude-opus-5-5', nested).outputTokens).toBe(2000)
    const image = `{"role":"user","content":[{"type":"image","source":{"type":"base64","data":"${'A'.repeat(1000)}"}}]}`
    const large = `{"messages":[${Array(9000).fill(image).join(',')}],"max_tokens":2000}`
    // Nine megabytes are not looked through: all that the model takes.
    expect(prospect('anthropic', 'anthropic/claude-opus-5-5', large)).toMatchObject({
      inputTokens: undefined,
      inputTokensMax: 1_000_000,
    })
  })
})

describe('A1 the worst case', () => {
  const SERVICES = [undefined, 'auto', 'default', 'priority', 'flex'] as const
  const asked = fc.record({
    place: fc.constantFrom(...PLACES.filter(([protocol]) => protocol !== 'cursor')),
    words: fc.integer({ min: 1, max: 60_000 }),
    limit: fc.integer({ min: 1, max: 300_000 }),
    n: fc.integer({ min: 1, max: 4 }),
    tier: fc.constantFrom(...SERVICES),
  })
  /** Of what the request allows, so many parts of a thousand. */
  const share = fc.integer({ min: 0, max: 1000 })
  const shares = fc.record({
    cached: share,
    written5m: share,
    written1h: share,
    output: share,
    reasoning: share,
  })
  const served = fc.constantFrom(undefined, 'priority', 'flex')

  it('is never less than what an answer within its limits costs', () => {
    fc.assert(
      fc.property(
        asked,
        shares,
        served,
        ({ place: [protocol, place], words, limit, n, tier }, part, service) => {
          const text = 'gateway '.repeat(words)
          const [provider, model] = [place.slice(0, place.indexOf('/')), place.slice(place.indexOf('/') + 1)]
          const body = bodyOf(protocol, text, limit, n, tier)
          const worst = worstCase(prospect(protocol, place, body), pricesOf(provider, model))
          // The provider's price list does not know the service.
          if (worst.nanodollars === 'unpriced' && (tier === 'priority' || tier === 'flex')) return
          // A word and its blank are 8 bytes and two tokens with every tokenizer; no answer is longer than the window.
          const window = lookup(provider, model)!.contextWindowTokens!
          const isEach = protocol === 'openai-chat' || protocol === 'gemini'
          const output = isEach ? Math.min(limit, window) * n : Math.min(limit * n, window)
          const input = Math.min(2 * words, window)
          const used = usageOf(input, output, part)
          const isMeant = tier === service || (service === 'priority' && (tier ?? 'auto') === 'auto')
          const by =
            isMeant && service !== undefined && passes(protocol, provider)
              ? { service: { tier: service } }
              : {}
          const { nanodollars } = cost({ ...used, ...by }, () => pricesOf(provider, model))
          if (nanodollars !== null) expect(worst.nanodollars).toBeGreaterThanOrEqual(nanodollars)
          expect(worst.tokens).toBeGreaterThanOrEqual(input + output)
        },
      ),
      { numRuns: 400 },
    )
  })

  function bodyOf(
    protocol: string,
    text: string,
    limit: number,
    n: number,
    tier: string | undefined,
  ): object {
    const messages = [{ role: 'user', content: text }]
    const service = tier === undefined ? {} : { service_tier: tier }
    switch (protocol) {
      case 'openai-chat':
        return { messages, max_tokens: limit, n, ...service }
      case 'openai-responses':
        return { input: text, max_output_tokens: limit * n, ...service }
      case 'gemini':
        return {
          contents: [{ parts: [{ text }] }],
          generationConfig: { maxOutputTokens: limit, candidateCount: n },
        }
      case 'bedrock-converse':
        return {
          messages: [{ content: [{ text }] }],
          inferenceConfig: { maxTokens: limit * n },
          ...(tier && { serviceTier: { type: tier } }),
        }
      default:
        return { messages, max_tokens: limit * n, ...service }
    }
  }

  function pricesOf(provider: string, model: string): Prices | undefined {
    return lookup(provider, model)?.prices
  }

  /** Do the fields reach the provider? */
  function passes(protocol: string, provider: string): boolean {
    return ['anthropic anthropic', 'openai-chat openai', 'openai-responses openai'].includes(
      `${protocol} ${provider}`,
    )
  }

  function usageOf(input: number, output: number, part: Record<string, number>): Usage {
    let left = input
    const take = (name: string) => {
      const taken = Math.floor((left * part[name]!) / 1000)
      left -= taken
      return taken
    }
    const outputTokens = Math.floor((output * part['output']!) / 1000)
    return {
      ...emptyUsage(),
      cacheReadTokens: take('cached'),
      cacheWrite5mTokens: take('written5m'),
      cacheWrite1hTokens: take('written1h'),
      inputTokens: left,
      outputTokens,
      reasoningTokens: Math.floor((outputTokens * part['reasoning']!) / 1000),
    }
  }
})
