import type { Prices, Rates } from '../models/prices.ts'
import { totalInputTokens } from '../message/usage.ts'
import type { Usage } from '../message/usage.ts'

const PICO_PER_NANO = 1000

/**
 * What an answer costs, in whole nano-dollars; undefined when a price that it needs is unknown: a guess of zero
 * would let a budget never end. Each physical token is counted in one kind. A cache without a price of its own
 * costs what plain input costs. Pure.
 */
export function cost(usage: Usage, prices: Prices | undefined): number | undefined {
  if (prices === undefined) return undefined
  const rates = ratesFor(usage, prices)
  const { input, output } = rates
  const cacheWrite5m = rates.cacheWrite5m ?? input
  const reasoningTokens =
    rates.reasoning === undefined ? 0 : Math.min(usage.reasoningTokens ?? 0, usage.outputTokens)
  const parts: [count: number, picoDollars: number | undefined][] = [
    [usage.inputTokens, input],
    [usage.cacheReadTokens, rates.cacheRead ?? input],
    [usage.cacheWrite5mTokens, cacheWrite5m],
    [usage.cacheWrite1hTokens, rates.cacheWrite1h ?? cacheWrite5m],
    [usage.outputTokens - reasoningTokens, output],
    [reasoningTokens, rates.reasoning],
    [usage.webSearches ?? 0, rates.webSearch],
    [rates.request === undefined ? 0 : 1, rates.request],
  ]
  let total = 0
  for (const [count, price] of parts) {
    if (count === 0) continue
    if (price === undefined) return undefined
    total += count * price
  }
  return Math.round(total / PICO_PER_NANO)
}

/** The highest long-context tier that the whole context reaches prices every token of the request. */
function ratesFor(usage: Usage, prices: Prices): Rates {
  const context = totalInputTokens(usage)
  const tier = prices.tiers?.findLast((each) => context > each.above)
  return tier === undefined ? prices : { ...prices, ...tier }
}
