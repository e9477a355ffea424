import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseContextOverflow } from '../../../src/protocols/shared/context-overflow.ts'

const WORDINGS: [
  text: string,
  inputTokens: number | undefined,
  maxTokens: number | undefined,
  limit: number | undefined,
][] = [
  [
    'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again',
    188240,
    21333,
    200000,
  ],
  ['prompt is too long: 213462 tokens > 200000 maximum', 213462, undefined, 200000],
  [
    "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion). Please reduce the length of the messages or completion.",
    112946,
    10000,
    16384,
  ],
  [
    "This model's maximum context length is 4097 tokens, however you requested 5360 tokens (1360 in your prompt; 4000 for the completion). Please reduce your prompt; or completion length.",
    1360,
    4000,
    4097,
  ],
  [
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9059 tokens. Please reduce the length of the messages.",
    9059,
    undefined,
    8192,
  ],
  [
    "This model's maximum context length is 4096 tokens. However, you requested 2048 output tokens and your prompt contains 3000 input tokens, for a total of 5048 tokens.",
    3000,
    2048,
    4096,
  ],
  [
    "Requested token count exceeds the model's maximum context length of 262144 tokens. You requested a total of 262462 tokens: 230462 tokens from the input messages and 32000 tokens for the completion.",
    230462,
    32000,
    262144,
  ],
  [
    'maximum context length of 131072 tokens. You requested a total of 524300.0 tokens: 12 tokens from the input messages and 524288.0 tokens for the completion.',
    12,
    524288,
    131072,
  ],
  [
    'This endpoint\'s maximum context length is 131072 tokens. However, you requested about 139521 tokens (138021 of text input, 1500 in the output). Please reduce the length of either one, or use the "middle-out" transform',
    138021,
    1500,
    131072,
  ],
  [
    "This endpoint's maximum context length is 256000 tokens. However, you requested about 424983 tokens (358454 of text input, 56529 of tool input, 10000 in the output).",
    414983,
    10000,
    256000,
  ],
  [
    "This model's maximum context length is 8192 tokens, however you requested 9000 tokens.",
    9000,
    undefined,
    8192,
  ],
  [
    "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens and your request has 500 input tokens (4000 > 4096 - 500).",
    500,
    4000,
    4096,
  ],
  ["Input length (265330) exceeds model's maximum context length (262144).", 265330, undefined, 262144],
  ["The input (5000 tokens) is longer than the model's context length (4096 tokens).", 5000, undefined, 4096],
  [
    'request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it',
    9000,
    undefined,
    8192,
  ],
  [
    '{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}}',
    9000,
    undefined,
    8192,
  ],
  [
    'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
    1196265,
    undefined,
    1048575,
  ],
  [
    'The input token count exceeds the maximum number of tokens allowed (1048576).',
    undefined,
    undefined,
    1048576,
  ],
  [
    'Prompt contains 300000 tokens and 0 draft tokens, too large for model with 131072 maximum context length',
    300000,
    undefined,
    131072,
  ],
  [
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    537812,
    undefined,
    131072,
  ],
  ['Your request exceeded model token limit: 262144 (requested: 300000)', 300000, undefined, 262144],
  ['Prompt has 300,000 tokens, but the configured context size is 131,072 tokens', 300000, undefined, 131072],
  ['Range of input length should be [1, 129024]', undefined, undefined, 129024],
  ['Please reduce the length of the messages or completion.', undefined, undefined, undefined],
  [
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
    undefined,
    undefined,
    undefined,
  ],
  ['{"error":{"code":"context_length_exceeded","message":"too long"}}', undefined, undefined, undefined],
]

const OTHERS = [
  'Rate limit reached for gpt-5 in organization org on tokens per min (TPM): Limit 30000, Requested 40000.',
  'Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size',
  'max_tokens: 200000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5',
  'Invalid API key',
  '',
]

describe('L1 what providers say when a request is too long', () => {
  it.each(WORDINGS)('%s', (text, inputTokens, maxTokens, limit) => {
    const found = parseContextOverflow(text)
    expect(found).toBeDefined()
    expect({ inputTokens: undefined, maxTokens: undefined, limit: undefined, ...found }).toEqual({
      inputTokens,
      maxTokens,
      limit,
    })
  })

  it.each(OTHERS)('is not an overflow: %s', (text) => {
    expect(parseContextOverflow(text)).toBeUndefined()
  })

  it('reads any text without throwing, and only finite numbers', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom(...WORDINGS.map(([text]) => text)),
        fc.nat(),
        (noise, text, at) => {
          const found =
            parseContextOverflow(text.slice(0, at % text.length) + noise + text.slice(at % text.length)) ?? {}
          for (const value of Object.values(found)) expect(Number.isSafeInteger(value)).toBe(true)
        },
      ),
    )
  })
})
