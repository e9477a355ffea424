import { describe, expect, it } from 'vitest'
import { emptyUsage } from '../../src/message/usage.ts'
import type { Usage } from '../../src/message/usage.ts'
import { lookup } from '../../src/models/catalogue.ts'
import type { Prices } from '../../src/models/prices.ts'
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
}
const plain: Prices = { input: 1_000_000, output: 2_000_000 }

function used(change: Partial<Usage>): Usage {
  return { ...emptyUsage(), ...change }
}

describe('what an answer costs, in nano-dollars', () => {
  it.each([
    // row, usage, prices, nano-dollars
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
    ['A17 the smallest charges add up exactly', used({ inputTokens: 1 }), { input: 1_000 }, 1],
    ['a model without any price', used({ inputTokens: 1 }), undefined, undefined],
    ['a needed price is unknown', used({ inputTokens: 1, outputTokens: 1 }), { input: 1_000_000 }, undefined],
    ['a price that is not needed may be unknown', used({ inputTokens: 1 }), { input: 1_000_000 }, 1_000],
  ])('%s', (_, usage, prices, expected) => {
    expect(cost(usage, prices)).toBe(expected)
  })

  it('F7 takes the multiplier of each model from the catalogue, never a constant', () => {
    const fable = lookup('anthropic', 'claude-fable-5-1')?.prices
    expect(cost(used({ cacheReadTokens: 1_000_000 }), fable)).toBe(250_000_000)
    expect(cost(used({ inputTokens: 1_000_000 }), fable)).toBe(10_000_000_000)
  })
})
