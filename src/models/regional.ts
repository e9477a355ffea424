import { looksLikeClaude, lastSegment } from './names.ts'
import { RATE_KINDS } from './prices.ts'
import type { Prices, Rates, RateKind, ServicePrices } from './prices.ts'

/** What Google asks in a region or on a continent, in per cent of the worldwide price. */
const PER_CENT = 110

/** Claude before 4.5 costs the same everywhere. */
const ALIKE = /^claude-(?:[123]|instant|(?:opus|sonnet)-4(?:-1)?(?:@|$))/

/**
 * The prices of a model where Vertex serves it: those of the catalogue are worldwide ones, and Claude from 4.5 on costs
 * a tenth more everywhere else (https://docs.claude.com/en/docs/build-with-claude/claude-on-vertex-ai). `region`
 * undefined: of another provider.
 */
export function pricesIn(region: string | undefined, model: string, prices: Prices): Prices {
  const isAlike = !looksLikeClaude(model) || ALIKE.test(lastSegment(model))
  return region === undefined || region === 'global' || isAlike ? prices : dearer(prices)
}

function dearer({ services, ...prices }: Prices): Prices {
  const all = scaled(prices)
  if (services === undefined) return all
  const other = Object.entries(services).map(([word, price]) => {
    // A number is per cent of the ordinary prices, which are dearer already.
    return [word, typeof price === 'number' ? price : scaled(price)] as const
  })
  return { ...all, services: Object.fromEntries(other) }
}

function scaled<Kind extends Prices | ServicePrices>(prices: Kind): Kind {
  const { tiers } = prices
  const rates = dearerRates(prices)
  return tiers === undefined ? rates : { ...rates, tiers: tiers.map((tier) => dearerRates(tier)) }
}

/** Searches and pictures cost the same everywhere. */
function dearerRates<Kind extends Rates>(rates: Kind): Kind {
  const changed: Rates = {}
  for (const [kind, counted] of Object.entries(RATE_KINDS) as [RateKind, string][]) {
    const price = rates[kind]
    if (price !== undefined && counted === 'token') changed[kind] = Math.round((price * PER_CENT) / 100)
  }
  return { ...rates, ...changed }
}
