import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TOKEN_COUNT_MAX } from '../../../src/message/usage.ts'
import { UsageReader, writeUsage } from '../../../src/protocols/anthropic/wire.ts'

function read(...pieces: unknown[]) {
  const reader = new UsageReader()
  for (const piece of pieces) reader.read(piece)
  return reader.usage
}

const CACHED = {
  cache_creation_input_tokens: 12,
  cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 7 },
}

const ROWS: [row: string, pieces: unknown[], usage: object][] = [
  ['nothing', [], {}],
  [
    'input, then output',
    [{ input_tokens: 9, output_tokens: 1 }, { output_tokens: 50 }],
    { inputTokens: 9, outputTokens: 50 },
  ],
  [
    'A13 the last word, never a sum',
    [{ input_tokens: 9 }, { input_tokens: 9 }, { input_tokens: 12 }],
    { inputTokens: 12 },
  ],
  ['#58 F4 cache writes by lifetime', [CACHED], { cacheWrite5mTokens: 5, cacheWrite1hTokens: 7 }],
  [
    'F4 cache writes without lifetimes',
    [{ cache_creation_input_tokens: 12 }],
    { cacheWrite5mTokens: 12, cacheWrite1hTokens: 0 },
  ],
  [
    'F4 the parts are less than the sum',
    [{ ...CACHED, cache_creation_input_tokens: 20 }],
    { cacheWrite5mTokens: 13, cacheWrite1hTokens: 7 },
  ],
  [
    'F4 the parts are more than the sum',
    [{ ...CACHED, cache_creation_input_tokens: 3 }],
    { cacheWrite5mTokens: 0, cacheWrite1hTokens: 3 },
  ],
  [
    'F2 the sum repeated without its parts',
    [CACHED, { cache_creation_input_tokens: 12 }],
    { cacheWrite5mTokens: 5, cacheWrite1hTokens: 7 },
  ],
  [
    'F9 thinking is part of the output',
    [{ output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } }],
    { outputTokens: 9, reasoningTokens: 4 },
  ],
  ['searches', [{ server_tool_use: { web_search_requests: 2 } }], { webSearches: 2 }],
  [
    'A12 negative, huge, missing and wrong',
    [{ input_tokens: -1e6, output_tokens: 1e308, cache_read_input_tokens: '12' }],
    { outputTokens: TOKEN_COUNT_MAX },
  ],
  [
    'A12 a wrong word does not erase a right one',
    [{ input_tokens: 9 }, { input_tokens: null }, { input_tokens: Number.NaN }],
    { inputTokens: 9 },
  ],
  ['A12 no object', ['usage', null, 7, []], {}],
  [
    '#58 iterations beside the totals, and those in them',
    [
      {
        input_tokens: 9,
        output_tokens: 5,
        iterations: [
          { type: 'message', input_tokens: 9, output_tokens: 5 },
          { type: 'compaction', input_tokens: 100, output_tokens: 20 },
          { type: 'advisor_message', model: 'claude-y', input_tokens: 30, output_tokens: 2 },
          { type: 'fallback_message', input_tokens: 9, output_tokens: 5 },
          'junk',
        ],
      },
    ],
    {
      inputTokens: 9,
      outputTokens: 5,
      beside: [
        {
          kind: 'compaction',
          usage: {
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 0,
            cacheWrite5mTokens: 0,
            cacheWrite1hTokens: 0,
          },
        },
        {
          kind: 'advisor_message',
          model: 'claude-y',
          usage: {
            inputTokens: 30,
            outputTokens: 2,
            cacheReadTokens: 0,
            cacheWrite5mTokens: 0,
            cacheWrite1hTokens: 0,
          },
        },
      ],
    },
  ],
  [
    '#58 a model that declined, before a fallback answered: in the totals, at its own price',
    [
      {
        iterations: [
          { type: 'message', model: 'claude-a', input_tokens: 9, output_tokens: 1 },
          { type: 'message', model: 'claude-b', input_tokens: 4, output_tokens: 2 },
          { type: 'fallback_message', model: 'claude-b', input_tokens: 9, output_tokens: 5 },
        ],
      },
      { input_tokens: 22, output_tokens: 8 },
    ],
    {
      inputTokens: 22,
      outputTokens: 8,
      within: [
        {
          kind: 'message',
          model: 'claude-a',
          usage: {
            inputTokens: 9,
            outputTokens: 1,
            cacheReadTokens: 0,
            cacheWrite5mTokens: 0,
            cacheWrite1hTokens: 0,
          },
        },
      ],
    },
  ],
  [
    '#58 the same, when the totals hold the answer only',
    [
      {
        input_tokens: 9,
        output_tokens: 5,
        iterations: [
          { type: 'message', model: 'claude-a', input_tokens: 9, output_tokens: 1 },
          { type: 'fallback_message', model: 'claude-b', input_tokens: 9, output_tokens: 5 },
        ],
      },
    ],
    { inputTokens: 9, outputTokens: 5 },
  ],
  [
    '#27 tier, speed and place that have a price of their own',
    [
      { input_tokens: 9, service_tier: 'priority', speed: 'standard', inference_geo: 'us' },
      { output_tokens: 5, speed: 'fast' },
    ],
    { inputTokens: 9, outputTokens: 5, service: { tier: 'priority', geography: 'us', speed: 'fast' } },
  ],
  ['as usual', [{ service_tier: 'standard', inference_geo: 'not_available', speed: 7 }], {}],
]

describe('usage', () => {
  it.each(ROWS)('%s', (_row, pieces, usage) => {
    expect(read(...pieces)).toEqual(usage)
  })

  const count = fc.nat({ max: 1_000_000 })
  const known = fc.record({
    inputTokens: count,
    cacheReadTokens: count,
    cacheWrite5mTokens: count,
    cacheWrite1hTokens: count,
    outputTokens: count,
    reasoningTokens: count,
    webSearches: count,
  })

  it('#57 is read as it was written', () => {
    fc.assert(
      fc.property(known, (usage) => {
        expect(read(writeUsage(usage))).toEqual(usage)
      }),
    )
  })

  it('A13 is the last word of each field in any order and with any repetitions', () => {
    const piece = fc.record(
      { input_tokens: count, output_tokens: count, cache_read_input_tokens: count },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const last = Object.assign({}, ...pieces)
        expect(read(...pieces)).toEqual(read(last))
        expect(read(...pieces, ...pieces)).toEqual(read(last))
      }),
      { numRuns: 200 },
    )
  })

  it('A12 has only counts, whatever the wire says', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.dictionary(
            fc.constantFrom(
              ...Object.keys(CACHED),
              'input_tokens',
              'output_tokens',
              'iterations',
              'server_tool_use',
            ),
            fc.jsonValue(),
          ),
        ),
        (pieces) => {
          const { beside: _beside, within: _within, service: _service, ...counts } = read(...pieces)
          for (const value of Object.values(counts))
            expect(Number.isSafeInteger(value) && value >= 0).toBe(true)
        },
      ),
    )
  })
})
