import { describe, expect, it } from 'vitest'
import type { PriceQuestion } from '../../../src/models/price-book.ts'
import { checkText } from '../../../src/stores/config/check.ts'
import { compileText } from '../../../src/stores/config/load.ts'
import { ConfigurationError } from '../../../src/stores/config/problem.ts'
import { registry } from './registry.ts'

const ORDINARY = { model_pattern: 'm', input_per_million: 1 }

function refusal(entry: unknown): string {
  try {
    checkText(JSON.stringify({ governance: { pricing_overrides: [entry] } }), 'config.json', registry)
  } catch (error) {
    if (error instanceof ConfigurationError)
      return error.message.replaceAll(/config\.json:\d+:\d+ governance\.pricing_overrides\[0\]\.?/g, '')
    throw error
  }
  return ''
}

describe('an entry', () => {
  it.each<[string, object, string]>([
    ['is right', ORDINARY, ''],
    [
      'F8 dollars per million in a field for one token',
      { pattern: 'gpt-5', input_cost_per_token: 8 },
      'input_cost_per_token: found 8, expected dollars for one token, such as 0.000008; dollars per million stand in input_per_million',
    ],
    [
      'F8 the same in a tier',
      { pattern: 'gpt-5', pricing_patch: '{"cache_read_input_token_cost_above_200k_tokens":2}' },
      'pricing_patch.cache_read_input_token_cost_above_200k_tokens: found 2, expected dollars for one token, such as 0.000002; dollars per million stand in cache_read_per_million',
    ],
    [
      'F8 dollars for a token in a field per million',
      { pattern: 'gpt-5', input_per_million: 0.000003 },
      'input_per_million: found 0.000003, expected dollars for a million tokens, not for one',
    ],
    [
      'a mistyped price',
      { pattern: 'gpt-5', patch: { input_per_milion: 3 } },
      'patch.input_per_milion: found "input_per_milion", expected a price, such as input_per_million (did you mean "input_per_million"?)',
    ],
    [
      'a negative price',
      { pattern: 'a', input_per_million: -1 },
      'input_per_million: found -1, expected dollars: a number of at least 0',
    ],
    ['no price', { pattern: 'a' }, 'input_per_million: found nothing, expected at least one price'],
    [
      'prices that are no JSON',
      { pattern: 'a', pricing_patch: '{' },
      'pricing_patch: found "{", expected an object of prices, or its JSON text',
    ],
    [
      'no pattern',
      { input_per_million: 1 },
      'pattern: found nothing, expected a model, or the beginning of its name and *',
    ],
    [
      'a star in the middle',
      { pattern: 'a*b', match_type: 'wildcard', input_per_million: 1 },
      'pattern: found "a*b", expected a name with one * at its end',
    ],
    [
      'no regular expression',
      { model_pattern: '(', match_type: 'regex', input_per_million: 1 },
      'model_pattern: found "(", expected a regular expression',
    ],
    [
      'another way of matching',
      { ...ORDINARY, match_type: 'glob' },
      'match_type: found "glob", expected "exact", "wildcard" or "regex"',
    ],
    [
      'a scope without its id',
      { ...ORDINARY, scope_kind: 'virtual_key' },
      'virtual_key_id: found nothing, expected the id that scope_kind "virtual_key" is about',
    ],
    [
      'a request type that there is not',
      { ...ORDINARY, request_types: ['chat'] },
      'request_types: found "chat", expected some of chat_completion, chat_completion_stream, text_completion, text_completion_stream, responses, responses_stream, embedding, rerank, speech, speech_stream, transcription, transcription_stream, image_generation, image_generation_stream, image_edit, image_edit_stream, image_variation, video_generation, video_remix',
    ],
  ])('%s', (_, entry, message) => {
    expect(refusal(entry)).toBe(message)
  })

  it('a long text is not repeated', () => {
    expect(refusal({ ...ORDINARY, match_type: 'sk-ant-api03-abcdefghijklmnop' })).not.toContain('abcdefgh')
  })
})

async function compiled(providers: object, governance: object[] = []) {
  return compileText(
    JSON.stringify({ providers, governance: { pricing_overrides: governance } }),
    'config.json',
    { registry, environment: {}, appDir: '/app', version: 1 },
  )
}

const ask = (change: Partial<PriceQuestion>): PriceQuestion => {
  return { provider: 'openai', model: 'gpt-5', requestType: 'text', ...change }
}

describe('overrides', () => {
  it('of both generations of the format, and in both units, say the same', async () => {
    const prices = { input: 3_000_000, cacheWrite1h: 6_000_000 }
    const entries = [
      { model_pattern: 'x', input_cost_per_token: 3e-6, cache_creation_input_token_cost_above_1hr: 6e-6 },
      { pattern: 'x', patch: { input_per_million: 3, cache_write_1h_per_million: 6 } },
      { pattern: 'x', pricing_patch: '{"input_cost_per_token":0.000003,"cache_write_1h_per_million":6}' },
    ]
    for (const entry of entries) {
      const { configuration } = await compiled({}, [entry])
      expect(configuration.prices.find(ask({ model: 'x' }))?.prices).toEqual(prices)
    }
  })

  it('stand in a provider, too, and hold there', async () => {
    const { configuration } = await compiled({
      OpenAI: {
        keys: [{ name: 'k', value: 'sk-1' }],
        pricing_overrides: [{ pattern: '*', match_type: 'wildcard', input_per_million: 7 }],
      },
    })
    expect(configuration.prices.find(ask({}))).toMatchObject({
      model: 'openai/gpt-5',
      prices: { input: 7_000_000, output: 10_000_000 },
      source: expect.stringMatching(/^providers\.OpenAI\.pricing_overrides\[0\], catalogue 20/),
    })
    expect(configuration.prices.find(ask({ provider: 'azure' }))?.prices.input).toBe(1_250_000)
  })

  it('say which of their fields are not obeyed', async () => {
    const { notices } = await compiled({}, [
      { name: 'mine', pattern: 'x', input_per_million: 3, off_peak_cost_multiplier: 0.5 },
    ])
    expect(notices.map(({ message }) => message)).toContain(
      'The prices "mine" have fields that this version does not serve: off_peak_cost_multiplier.',
    )
  })
})
