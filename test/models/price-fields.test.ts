import { describe, expect, it } from 'vitest'
import { PRICE_FIELDS, priceField, pricesOf, withPrices } from '../../src/models/price-fields.ts'
import type { Prices } from '../../src/models/prices.ts'

describe('a field', () => {
  it.each<[string, object | 'unserved' | undefined]>([
    ['input_cost_per_token', { kind: 'input', units: 1 }],
    ['input_cost_per_token_above_128k_tokens', { kind: 'input', above: 128_000 }],
    ['output_cost_per_token_batches', { kind: 'output', service: 'batch' }],
    [
      'output_cost_per_token_above_272k_tokens_priority',
      { kind: 'output', above: 272_000, service: 'priority' },
    ],
    [
      'cache_read_input_token_cost_flex_above_272k_tokens',
      { kind: 'cacheRead', above: 272_000, service: 'flex' },
    ],
    ['cache_creation_input_token_cost_above_1hr', { kind: 'cacheWrite1h' }],
    ['cache_creation_input_token_cost_above_1hr_above_200k_tokens', { kind: 'cacheWrite1h', above: 200_000 }],
    ['cache_creation_input_token_cost_above_1hr_fast', { kind: 'cacheWrite1h', service: 'fast' }],
    ['input_cost_per_query', { kind: 'rerankSearch' }],
    ['cache_write_1h_per_million', { kind: 'cacheWrite1h', units: 1_000_000 }],
    ['input_per_million_above_200k_tokens', { kind: 'input', units: 1_000_000, above: 200_000 }],
    ['output_cost_per_image', { kind: 'image', image: undefined }],
    ['output_cost_per_image_high_quality', { kind: 'image', image: 'high' }],
    [
      'output_cost_per_image_above_1024_and_1536_pixels_low_quality',
      { kind: 'image', image: '1024x1536/low' },
    ],
    ['output_cost_per_image_above_4_megapixels', 'unserved'],
    ['input_cost_per_audio_per_second_above_128k_tokens', 'unserved'],
    ['peak_hours', 'unserved'],
    ['off_peak_cost_multiplier', 'unserved'],
    ['input_cost', undefined],
    ['constructor', undefined],
    ['_priority', undefined],
    ['', undefined],
  ])('%s', (name, expected) => {
    const field = priceField(name)
    if (typeof expected === 'object') expect(field).toMatchObject(expected)
    else expect(field).toBe(expected)
  })

  it('each that is offered to whoever mistyped one is a field', () => {
    expect(PRICE_FIELDS.filter((name) => typeof priceField(name) !== 'object')).toEqual([])
  })
})

it('prices of all fields, in pico-dollars', () => {
  expect(
    pricesOf({
      input_cost_per_token: 2.5e-6,
      output_per_million: 10,
      input_cost_per_token_above_200k_tokens: 5e-6,
      output_cost_per_token_above_200k_tokens: 15e-6,
      input_cost_per_token_above_128k_tokens: 3e-6,
      input_cost_per_token_priority: 5e-6,
      input_cost_per_token_above_200k_tokens_priority: 8e-6,
      inference_geo_us_multiplier: 1.1,
      output_cost_per_image_high_quality: 0.04,
      web_search_cost_per_request: 0.01,
      peak_hours: 1,
      nonsense: 1,
    }),
  ).toEqual({
    input: 2_500_000,
    output: 10_000_000,
    webSearch: 10_000_000_000,
    tiers: [
      { above: 128_000, input: 3_000_000 },
      { above: 200_000, input: 5_000_000, output: 15_000_000 },
    ],
    services: {
      priority: { input: 5_000_000, tiers: [{ above: 200_000, input: 8_000_000 }] },
      us: 110,
    },
    images: { high: 40_000_000_000 },
  } satisfies Prices)
})

it('what an override does not name stays', () => {
  const base: Prices = {
    input: 1,
    cacheRead: 2,
    tiers: [{ above: 271_999, input: 3, output: 4 }],
    services: { batch: 50, flex: 50 },
  }
  const patch: Prices = { input: 9, tiers: [{ above: 272_000, input: 8 }], services: { flex: 60 } }
  expect(withPrices(base, patch)).toEqual({
    input: 9,
    cacheRead: 2,
    tiers: [{ above: 272_000, input: 8, output: 4 }],
    services: { batch: 50, flex: 60 },
  })
})
