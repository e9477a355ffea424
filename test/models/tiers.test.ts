import { describe, expect, it } from 'vitest'
import { lookup } from '../../src/models/catalogue.ts'
import { TIERED_PROVIDERS, tierModel } from '../../src/models/tiers.ts'

const TIERS = ['opus', 'sonnet', 'haiku'] as const
const ROWS = TIERED_PROVIDERS.flatMap((provider) =>
  TIERS.map((tier) => [provider, tier, tierModel(provider, tier)] as const),
)

describe('A21 every stand-in is in the catalogue, calls tools and holds 128k tokens', () => {
  it.each(ROWS)('%s %s: %s', (provider, _tier, model) => {
    const facts = lookup(provider, model ?? '')
    expect(facts).toMatchObject({ id: model, tools: true })
    expect(facts?.contextWindowTokens).toBeGreaterThanOrEqual(128_000)
    expect(facts?.deprecated).toBeUndefined()
  })
})

describe('A21 a smaller class costs no more', () => {
  const priced = TIERED_PROVIDERS.filter(
    (provider) => lookup(provider, tierModel(provider, 'opus') ?? '')?.prices !== undefined,
  )

  it.each(priced)('%s', (provider) => {
    const [opus = 0, sonnet = 0, haiku = 0] = TIERS.map(
      (tier) => lookup(provider, tierModel(provider, tier) ?? '')?.prices?.input,
    )
    expect(opus).toBeGreaterThanOrEqual(sonnet)
    expect(sonnet).toBeGreaterThanOrEqual(haiku)
    expect(haiku).toBeGreaterThan(0)
  })
})

it.each([['ollama'], ['vllm'], ['my-proxy'], ['__proto__'], ['constructor'], ['']])(
  '%s has models that only its operator knows',
  (provider) => {
    expect(tierModel(provider, 'opus')).toBeUndefined()
  },
)
