import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyUsage, totalInputTokens } from '../../src/message/usage.ts'
import type { Counts, Usage } from '../../src/message/usage.ts'
import { lookup } from '../../src/models/catalogue.ts'
import { RATE_KINDS } from '../../src/models/prices.ts'
import type { Prices, RateKind } from '../../src/models/prices.ts'
import { cost } from '../../src/rules/cost.ts'

/** $3 / $15 a million, cache read $0.30, writes $3.75 and $6, a search one cent; above 200,000 tokens $6 / $22.50. */
const claude: Prices = {
  input: 3_000_000,
  output: 15_000_000,
  cacheRead: 300_000,
  cacheWrite5m: 3_750_000,
  cacheWrite1h: 6_000_000,
  webSearch: 10_000_000_000,
  tiers: [{ above: 200_000, input: 6_000_000, output: 22_500_000 }],
  services: { batch: 50, us: 110, fast: { input: 30_000_000, output: 150_000_000 } },
}
const plain: Prices = { input: 1_000_000, output: 2_000_000 }

function used(change: Partial<Usage>): Usage {
  return { ...emptyUsage(), ...change }
}

function costs(usage: Usage, prices: Prices | undefined): number | string | null {
  const { nanodollars, reason, parts } = cost(usage, () => prices)
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(nanodollars ?? 0)
  return reason ?? nanodollars
}

describe('what an answer costs, in nano-dollars', () => {
  it.each<[string, Usage, Prices | undefined, number | string]>([
    // row, usage, prices, nano-dollars or why not
    ['nothing', used({}), claude, 0],
    ['input and output', used({ inputTokens: 1000, outputTokens: 100 }), claude, 4_500_000],
    ['F1 cached input is not full price', used({ cacheReadTokens: 1_000_000 / 10 }), claude, 30_000_000],
    [
      'F4 a one-hour write is not a five-minute one',
      used({ cacheWrite1hTokens: 1000, cacheWrite5mTokens: 1000 }),
      claude,
      9_750_000,
    ],
    [
      'F9 reasoning is part of output, not added',
      used({ outputTokens: 100, reasoningTokens: 90 }),
      claude,
      1_500_000,
    ],
    [
      'reasoning with a price of its own',
      used({ outputTokens: 100, reasoningTokens: 40 }),
      { ...plain, reasoning: 5_000_000 },
      320_000,
    ],
    ['#58 searches by the piece', used({ webSearches: 2 }), claude, 20_000_000],
    [
      'a long context prices every token',
      used({ inputTokens: 150_000, cacheReadTokens: 60_000, outputTokens: 10 }),
      claude,
      918_225_000,
    ],
    ['exactly at the threshold: ordinary price', used({ inputTokens: 200_000 }), claude, 600_000_000],
    [
      'a cache without a price costs plain input',
      used({ cacheReadTokens: 10, cacheWrite5mTokens: 10, cacheWrite1hTokens: 10 }),
      plain,
      30_000,
    ],
    [
      'sound and pictures have their own prices',
      used({
        inputTokens: 100,
        inputAudioTokens: 40,
        inputImageTokens: 50,
        outputTokens: 20,
        outputAudioTokens: 20,
      }),
      { ...plain, inputAudio: 10_000_000, inputImage: 5_000_000, outputAudio: 20_000_000 },
      10 * 1_000 + 40 * 10_000 + 50 * 5_000 + 20 * 20_000,
    ],
    [
      'cached sound',
      used({ cacheReadTokens: 10, cacheReadAudioTokens: 4 }),
      { ...plain, cacheRead: 100_000, cacheReadAudio: 300_000 },
      6 * 100 + 4 * 300,
    ],
    [
      'a part that is larger than its whole is the whole',
      used({ inputTokens: 10, inputAudioTokens: 99, inputImageTokens: 99 }),
      { ...plain, inputAudio: 10_000_000, inputImage: 5_000_000 },
      100_000,
    ],
    ['a request has a fee', used({ inputTokens: 1 }), { input: 1_000, request: 12_000_000_000 }, 12_000_001],
    ['characters that are spoken', used({ characters: 1_000 }), { character: 100_000_000 }, 100_000_000],
    ['seconds that are heard', used({ audioSeconds: 60 }), { audioSecond: 100_000_000 }, 6_000_000],
    ['seconds of video', used({ videoSeconds: 8 }), { videoSecond: 100_000_000_000 }, 800_000_000],
    ['pages', used({ pages: 3 }), { page: 1_000_000_000 }, 3_000_000],
    ['searches of a reranker', used({ rerankSearches: 2 }), { rerankSearch: 2_000_000_000 }, 4_000_000],
    ['images', used({ images: 2 }), { image: 40_000_000_000 }, 80_000_000],
    [
      'images by size and quality',
      used({ images: 1, service: { image: '1024x1792/hd' } }),
      { images: { '1024x1024/hd': 80_000_000_000, '1024x1792/hd': 120_000_000_000 } },
      120_000_000,
    ],
    [
      'images by size alone',
      used({ images: 1, service: { image: '512x512/standard' } }),
      { images: { '512x512': 18_000_000_000 } },
      18_000_000,
    ],
    [
      'an image that was counted in tokens is paid for with them',
      used({ images: 1, outputTokens: 10, outputImageTokens: 10 }),
      { output: 1_000_000, outputImage: 40_000_000 },
      400_000,
    ],
    ['a batch costs half', used({ inputTokens: 1000, service: { tier: 'batch' } }), claude, 1_500_000],
    [
      'what is billed by the piece costs as much in a batch',
      used({ inputTokens: 1000, webSearches: 1, service: { tier: 'batch' } }),
      claude,
      11_500_000,
    ],
    [
      'a place and a batch multiply',
      used({ inputTokens: 1000, service: { tier: 'batch', geography: 'us' } }),
      claude,
      1_650_000,
    ],
    [
      'a service with rates of its own has no long-context tiers',
      used({ inputTokens: 300_000, service: { speed: 'fast' } }),
      claude,
      9_000_000_000,
    ],
    [
      'and its cache costs what its input costs, until more is known',
      used({ cacheReadTokens: 1000, webSearches: 1, service: { speed: 'fast' } }),
      claude,
      40_000_000,
    ],
    [
      'a service that is not known',
      used({ inputTokens: 1, service: { tier: 'priority' } }),
      claude,
      'the price of its service priority is unknown',
    ],
    ['A17 the smallest charges add up exactly', used({ inputTokens: 1 }), { input: 1_000 }, 1],
    ['a model without any price', used({ inputTokens: 1 }), undefined, 'no price is known'],
    [
      'a needed price is unknown',
      used({ inputTokens: 1, outputTokens: 1 }),
      { input: 1_000_000 },
      'the price of output is unknown',
    ],
    ['a price that is not needed may be unknown', used({ inputTokens: 1 }), { input: 1_000_000 }, 1_000],
    [
      'an image of unknown price',
      used({ images: 1 }),
      { images: { a: 1 } },
      'the price of such an image is unknown',
    ],
  ])('%s', (_, usage, prices, expected) => {
    expect(costs(usage, prices)).toBe(expected)
  })
})

describe('figures of field reports, at the catalogue’s prices', () => {
  it.each<[string, provider: string, model: string, Partial<Usage>, dollars: number]>([
    [
      'F1 $0.34 and not $1.68',
      'openai',
      'gpt-5',
      { inputTokens: 51_232, cacheReadTokens: 1_188_096, outputTokens: 12_909 },
      0.341642,
    ],
    [
      'F2 a cache write is not input, too: 1.06376125 and not 1.85984625',
      'anthropic',
      'claude-opus-4-7',
      { inputTokens: 6, cacheWrite5mTokens: 159_217, outputTokens: 2_745 },
      1.06376125,
    ],
    [
      'F4 the same for an hour',
      'anthropic',
      'claude-opus-4-7',
      { inputTokens: 6, cacheWrite1hTokens: 159_217, outputTokens: 2_745 },
      1.660825,
    ],
    ['F7 a cache read of Fable 5.1', 'anthropic', 'claude-fable-5-1', { cacheReadTokens: 1_000_000 }, 0.25],
    ['F7 and of Opus 4.8', 'anthropic', 'claude-opus-4-8', { cacheReadTokens: 1_000_000 }, 0.5],
    [
      'Claude in the USA alone',
      'anthropic',
      'claude-opus-4-8',
      { inputTokens: 1_000_000, service: { geography: 'us' } },
      5.5,
    ],
    [
      'a geographic inference profile is a tenth dearer than the worldwide one',
      'bedrock',
      'us.anthropic.claude-opus-5-5',
      { inputTokens: 1_000_000 },
      4.4,
    ],
    ['the worldwide one', 'bedrock', 'global.anthropic.claude-opus-5-5', { inputTokens: 1_000_000 }, 4],
    ['fast mode', 'anthropic', 'claude-opus-5-5', { inputTokens: 1_000_000, service: { speed: 'fast' } }, 8],
    [
      'priority processing',
      'openai',
      'gpt-5-mini',
      { inputTokens: 1_000_000, outputTokens: 1_000_000, service: { tier: 'priority' } },
      0.45 + 3.6,
    ],
    ['flex', 'openai', 'gpt-5', { outputTokens: 1_000_000, service: { tier: 'flex' } }, 5],
    ['an embedding', 'openai', 'text-embedding-3-small', { inputTokens: 1_000_000 }, 0.02],
    ['a minute of Whisper', 'openai', 'whisper-1', { audioSeconds: 60 }, 0.006],
    ['a search of Cohere’s reranker', 'cohere', 'rerank-v3.5', { rerankSearches: 1 }, 0.002],
  ])('%s', (_, provider, model, change, dollars) => {
    expect(costs(used(change), lookup(provider, model)?.prices)).toBe(Math.round(dollars * 1e9))
  })
})

describe('#58 other models', () => {
  const priceOf = (model: string | undefined) =>
    ({ cheap: { input: 1_000, output: 1_000 }, unknown: undefined })[model ?? ''] ??
    (model === undefined ? { input: 10_000, output: 10_000, request: 7_000 } : undefined)
  const side = (model: string | undefined, inputTokens: number) => ({
    kind: 'advisor_message',
    ...(model === undefined ? {} : { model }),
    usage: used({ inputTokens }),
  })

  it.each<[string, Partial<Usage>, number | null]>([
    ['beside: added, at its own price', { inputTokens: 100, beside: [side('cheap', 50)] }, 1000 + 7 + 50],
    ['beside, of the same model', { inputTokens: 100, beside: [side(undefined, 50)] }, 1500 + 7],
    [
      'within: taken out, and priced as its own',
      { inputTokens: 100, within: [side('cheap', 60)] },
      400 + 7 + 60,
    ],
    ['within, and larger than the whole', { inputTokens: 10, within: [side('cheap', 60)] }, 7 + 60],
    ['of unknown price', { inputTokens: 100, beside: [side('unknown', 1)] }, null],
  ])('%s', (_, change, nanodollars) => {
    expect(cost(used(change), priceOf).nanodollars).toBe(nanodollars)
  })

  it('says which of them has no price', () => {
    expect(cost(used({ beside: [side('unknown', 1)] }), priceOf).reason).toBe('unknown: no price is known')
  })
})

describe('properties', () => {
  const count = fc.integer({ min: 0, max: 2_000_000 })
  const usages = fc.record({
    inputTokens: count,
    cacheReadTokens: count,
    cacheWrite5mTokens: count,
    cacheWrite1hTokens: count,
    outputTokens: count,
    reasoningTokens: count,
    inputAudioTokens: count,
    inputImageTokens: count,
    cacheReadAudioTokens: count,
    cacheReadImageTokens: count,
    outputAudioTokens: count,
    outputImageTokens: count,
  } satisfies Partial<Record<keyof Counts, unknown>>)

  it('#57 every physical token is paid for once, into however many kinds it is split', () => {
    const tokenKinds = (Object.keys(RATE_KINDS) as RateKind[]).filter((kind) => RATE_KINDS[kind] === 'token')
    const kinds = fc.subarray(tokenKinds)
    fc.assert(
      fc.property(usages, kinds, (usage, priced) => {
        // A nano-dollar for each token, whatever it is: the sum is the number of tokens.
        const prices: Prices = { input: 1000, output: 1000 }
        for (const kind of priced) prices[kind] = 1000
        expect(costs(usage, prices)).toBe(totalInputTokens(usage) + usage.outputTokens)
      }),
      { numRuns: 500 },
    )
  })

  it('each kind is paid for at its own price, whatever else was used', () => {
    const price = fc.integer({ min: 0, max: 10_000_000 })
    const kinds = Object.keys(RATE_KINDS) as RateKind[]
    const allPrices = fc.record(Object.fromEntries(kinds.map((kind) => [kind, price])))
    const pieces = fc.record({ webSearches: count, rerankSearches: count, characters: count, pages: count })
    fc.assert(
      fc.property(usages, pieces, allPrices, (tokens, counted, prices) => {
        const usage: Usage = { ...tokens, ...counted }
        const byHand = countedByHand(usage)
        let sum = 0
        for (const kind of kinds) sum += (byHand[kind] ?? 0) * prices[kind]!
        const { nanodollars, parts } = cost(usage, () => prices)
        expect(nanodollars).toBe(Math.round(sum / 1000))
        for (const kind of kinds) {
          const own = ((byHand[kind] ?? 0) * prices[kind]!) / 1000
          expect(Math.abs((parts[kind] ?? 0) - own)).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('A12 no usage and no prices make anything but a whole number, or null', () => {
    const price = fc.option(fc.integer({ min: 0, max: 200_000_000 }), { nil: undefined })
    fc.assert(
      fc.property(usages, fc.record({ input: price, output: price, cacheRead: price }), (usage, rates) => {
        const prices = Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate !== undefined))
        const { nanodollars, reason } = cost(usage, () => prices)
        expect(
          nanodollars === null ? reason : Number.isSafeInteger(nanodollars) && nanodollars >= 0,
        ).toBeTruthy()
      }),
    )
  })
})

/** How many of each kind an answer used that told all of them. */
function countedByHand(usage: Usage): Partial<Record<RateKind, number>> {
  const [input, inputAudio, inputImage] = inParts(usage, 'input')
  const [cacheRead, cacheReadAudio, cacheReadImage] = inParts(usage, 'cacheRead')
  const [output, outputAudio, outputImage] = inParts(usage, 'output')
  const reasoning = Math.min(usage.reasoningTokens!, output)
  return {
    input,
    inputAudio,
    inputImage,
    cacheRead,
    cacheReadAudio,
    cacheReadImage,
    cacheWrite5m: usage.cacheWrite5mTokens,
    cacheWrite1h: usage.cacheWrite1hTokens,
    output: output - reasoning,
    outputAudio,
    outputImage,
    reasoning,
    webSearch: usage.webSearches!,
    rerankSearch: usage.rerankSearches!,
    character: usage.characters!,
    page: usage.pages!,
    request: 1,
  }
}

function inParts(
  usage: Usage,
  of: 'input' | 'cacheRead' | 'output',
): [text: number, audio: number, image: number] {
  const tokens = usage[`${of}Tokens`]
  const audio = Math.min(usage[`${of}AudioTokens`]!, tokens)
  const image = Math.min(usage[`${of}ImageTokens`]!, tokens - audio)
  return [tokens - audio - image, audio, image]
}
