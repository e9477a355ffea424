import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyUsage } from '../../src/message/usage.ts'
import type { Prices } from '../../src/models/prices.ts'
import { chargeFor, forecast, pressure, softWarning, worstCase } from '../../src/rules/budgets.ts'
import type { Prospect } from '../../src/rules/budgets.ts'
import { cost } from '../../src/rules/cost.ts'
import type { Demand } from '../../src/rules/limits.ts'
import { DOLLAR, balance, budget, owner, rateLimit } from './accounts.ts'

/** Pico-dollars a token: dollars per million tokens × 1,000,000. */
const perMillion = (dollars: number) => dollars * 1_000_000
const claude: Prices = {
  input: perMillion(3),
  output: perMillion(15),
  cacheRead: perMillion(0.3),
  cacheWrite5m: perMillion(3.75),
  cacheWrite1h: perMillion(6),
}
const tiered: Prices = {
  input: perMillion(1),
  output: perMillion(10),
  tiers: [{ above: 200_000, input: perMillion(2), output: perMillion(15) }],
}
const plain: Prices = { input: perMillion(1), output: perMillion(10) }

describe('the worst case', () => {
  it.each<[string, Prospect, Prices | undefined, Demand['nanodollars'], Demand['tokens']]>([
    // 1,200 tokens with the margin, at the price of an hour's cache write, and 1,000 of output
    ['written to the cache', { inputTokens: 1000, outputTokens: 1000 }, claude, 22_200_000, 2200],
    ['plain', { inputTokens: 1000, outputTokens: 1000 }, plain, 11_200_000, 2200],
    ['below a tier', { inputTokens: 160_000, outputTokens: 0 }, tiered, 192_000_000, 192_000],
    ['in a tier, with the margin', { inputTokens: 170_000, outputTokens: 0 }, tiered, 408_000_000, 204_000],
    [
      'A4 an answer of unknown length',
      { inputTokens: 10, outputTokens: undefined },
      plain,
      'unbounded',
      'unbounded',
    ],
    ['A4 no price', { inputTokens: 1000, outputTokens: 1000 }, undefined, 'unpriced', 2200],
    ['A4 no price for the answer', { inputTokens: 10, outputTokens: 10 }, { input: 1000 }, 'unpriced', 22],
    ['vectors have no answer', { inputTokens: 1000, outputTokens: 0 }, { input: 1000 }, 1200, 1200],
    ['free', { inputTokens: 1000, outputTokens: undefined }, { input: 0, output: 0 }, 0, 'unbounded'],
    [
      'a dearer service',
      { inputTokens: 1000, outputTokens: 0, services: ['priority'] },
      { ...plain, services: { priority: 200 } },
      2_400_000,
      1200,
    ],
    [
      'a cheaper one that may not be given',
      { inputTokens: 1000, outputTokens: 0, services: ['flex'] },
      { ...plain, services: { flex: 50 } },
      1_200_000,
      1200,
    ],
    [
      'a service with prices of its own',
      { inputTokens: 1000, outputTokens: 0, services: ['fast'] },
      { ...plain, services: { fast: { input: perMillion(6) } } },
      7_200_000,
      1200,
    ],
    [
      'two services at once',
      { inputTokens: 1000, outputTokens: 0, services: ['fast', 'us'] },
      { ...plain, services: { fast: { input: perMillion(6) }, us: 150 } },
      10_800_000,
      1200,
    ],
    [
      'services that nobody asked for, where they have a price',
      { inputTokens: 1000, outputTokens: 0, unaskedServices: ['priority', 'us'] },
      { ...plain, services: { priority: 200 } },
      2_400_000,
      1200,
    ],
    [
      'A4 an input that nobody knows',
      { inputTokens: undefined, outputTokens: 0 },
      plain,
      'unbounded',
      'unbounded',
    ],
    [
      'an input that nobody knows, of a model that takes so much',
      { inputTokens: undefined, inputTokensMax: 1000, outputTokens: 0 },
      plain,
      1_000_000,
      1000,
    ],
    [
      'an unpriced service',
      { inputTokens: 1, outputTokens: 1, services: ['priority'] },
      plain,
      'unpriced',
      3,
    ],
    [
      'a fee for each request',
      { inputTokens: 1000, outputTokens: 0 },
      { ...plain, request: 5_000_000_000 },
      6_200_000,
      1200,
    ],
    [
      'sound, where there is some',
      { inputTokens: 1000, outputTokens: 0, hasAudio: true },
      { ...plain, inputAudio: perMillion(40) },
      48_000_000,
      1200,
    ],
    [
      'and not elsewhere',
      { inputTokens: 1000, outputTokens: 0 },
      { ...plain, inputAudio: 9e9 },
      1_200_000,
      1200,
    ],
    [
      'pictures, of the dearest kind',
      { inputTokens: 0, outputTokens: 0, pieces: { image: 2 } },
      { images: { '1024x1024/hd': 80_000_000_000, '512x512': 20_000_000_000 } },
      160_000_000,
      0,
    ],
    [
      'pictures that are billed in tokens',
      { inputTokens: 1000, outputTokens: undefined, pieces: { image: 1 } },
      { ...plain, outputImage: perMillion(40) },
      'unbounded',
      'unbounded',
    ],
    [
      'characters',
      { inputTokens: 100, outputTokens: 0, pieces: { character: 400 } },
      { character: 15_000_000 },
      6_000_000,
      120,
    ],
    [
      'a recording of unknown length',
      { inputTokens: 0, outputTokens: 0, pieces: { audioSecond: undefined } },
      { audioSecond: 100_000_000 },
      'unbounded',
      0,
    ],
    ['pages without a price', { inputTokens: 0, outputTokens: 0, pieces: { page: 3 } }, {}, 'unpriced', 0],
  ])('%s', (_name, prospect, prices, nanodollars, tokens) => {
    expect(worstCase(prospect, prices)).toEqual({ nanodollars, tokens })
  })

  it('A1 is never less than what such an answer costs', () => {
    const count = fc.integer({ min: 0, max: 400_000 })
    const usage = fc.record({
      inputTokens: count,
      cacheReadTokens: count,
      cacheWrite5mTokens: count,
      cacheWrite1hTokens: count,
      outputTokens: count,
      reasoningTokens: count,
    })
    const priced = fc.constantFrom(claude, tiered, plain, { ...plain, reasoning: perMillion(20), request: 7 })
    fc.assert(
      fc.property(usage, priced, (used, prices) => {
        const inputTokens =
          used.inputTokens + used.cacheReadTokens + used.cacheWrite5mTokens + used.cacheWrite1hTokens
        const worst = worstCase({ inputTokens, outputTokens: used.outputTokens }, prices)
        const { nanodollars } = cost({ ...emptyUsage(), ...used }, () => prices)
        expect(worst.nanodollars).toBeGreaterThanOrEqual(nanodollars!)
      }),
      { numRuns: 500 },
    )
  })
})

it.each<[number | null, Demand['nanodollars'], ReturnType<typeof chargeFor>]>([
  [7, 100, { nanodollars: 7, source: 'cost' }],
  [0, 100, { nanodollars: 0, source: 'cost' }],
  [null, 100, { nanodollars: 100, source: 'worst-case' }],
  [null, 'unbounded', { nanodollars: null, source: 'unknown' }],
  [null, 'unpriced', { nanodollars: null, source: 'unknown' }],
])('A12 a cost of %s, at most %s, is charged as %o', (known, worst, charge) => {
  expect(chargeFor(known, { nanodollars: worst, tokens: 0 })).toEqual(charge)
})

const HOUR = 3_600_000
it.each([
  // limit, used, hours into a window of ten, per hour, projected, exhausted after hours
  [100, 0, 5, 0, 0, undefined],
  [100, 20, 5, 4, 40, undefined],
  [100, 50, 5, 10, 100, undefined],
  [100, 60, 5, 12, 120, 5 + 40 / 12],
  [100, 100, 5, 20, 200, 5],
  [100, 130, 5, 26, 260, 5],
  [100, 10, 0, 600, 6010, 0.15],
])(
  'of %i, %i used after %i h: %i an hour, %i in the end',
  (limit, used, hours, perHour, projectedUse, exhausted) => {
    const stands = balance(used, 0, { endMs: 10 * HOUR })
    expect(forecast(limit, stands, hours * HOUR)).toEqual({
      perHour,
      projectedUse,
      exhaustedAtMs: exhausted === undefined ? undefined : Math.round(exhausted * HOUR),
    })
  },
)

describe('pressure', () => {
  it('is that of the fullest of each kind, and the least that is left', () => {
    const budgets = [budget(100, { id: 'a' }), budget(10, { id: 'b' })]
    const rateLimits = [
      rateLimit('tokens', 200),
      rateLimit('requests', 4),
      rateLimit('tokens', 50, { id: 'c' }),
    ]
    const stands = new Map<unknown, ReturnType<typeof balance>>([
      [budgets[0], balance(85 * DOLLAR, 12 * DOLLAR)],
      [budgets[1], balance(2 * DOLLAR, 1 * DOLLAR)],
      [rateLimits[0], balance(20)],
      [rateLimits[1], balance(1)],
      [rateLimits[2], balance(40)],
    ])
    expect(pressure({ budgets, rateLimits }, (account) => stands.get(account)!)).toEqual({
      budgetUsed: 85,
      tokensUsed: 80,
      requestsUsed: 25,
      budgetRemainingNanodollars: 3 * DOLLAR,
    })
  })

  it('is none where nothing is limited', () => {
    expect(pressure({ budgets: [], rateLimits: [] }, () => balance(0))).toEqual({
      budgetUsed: 0,
      tokensUsed: 0,
      requestsUsed: 0,
      budgetRemainingNanodollars: undefined,
    })
  })

  it('is full for a limit of nothing', () => {
    const limits = { budgets: [budget(0)], rateLimits: [] }
    expect(pressure(limits, () => balance(0)).budgetUsed).toBe(100)
  })
})

it.each([
  // soft limit, used, warning
  [80, 79.99, undefined],
  [80, 80, 'virtual_key dev: 80% of the budget used, resets 1970-01-01 01:00 UTC'],
  [80, 99.99, 'virtual_key dev: 99% of the budget used, resets 1970-01-01 01:00 UTC'],
  [100, 100, undefined],
])('with a soft limit of %s of 100, %s used: %s', (soft, used, warning) => {
  const each = budget(100, { softLimitNanodollars: soft * DOLLAR })
  expect(softWarning([each], () => balance(used * DOLLAR))).toBe(warning)
})

it('warns of an owner with a name that no header has room for', () => {
  const each = budget(10, { softLimitNanodollars: 0, owner: owner('team', 'x'.repeat(900_000)) })
  expect(softWarning([each], () => balance(5 * DOLLAR))!.length).toBeLessThan(300)
})

it('warns of the fullest, in letters that a header may have', () => {
  const low = budget(100, { softLimitNanodollars: 0 })
  const high = budget(10, { softLimitNanodollars: 0, owner: owner('team', 'Büro\n7') })
  expect(softWarning([low, high], () => balance(5 * DOLLAR))).toBe(
    'team B?ro?7: 50% of the budget used, resets 1970-01-01 01:00 UTC',
  )
})
