import { describe, expect, it } from 'vitest'
import { capabilities } from '../../src/models/catalogue.ts'
import type { Effort } from '../../src/models/effort.ts'
import { type ChatTraits, chatTraits, nearestEffort } from '../../src/models/reasoning.ts'

const OPENAI = {
  maxTokensField: 'max_completion_tokens',
  systemRole: 'developer',
  outputTokensMin: 16,
} as const
const OTHERS = { maxTokensField: 'max_tokens', systemRole: 'system', outputTokensMin: 1 } as const

describe('#21 #22 #25 what a Chat upstream needs to know', () => {
  const ROWS: [provider: string, model: string, ChatTraits][] = [
    [
      'openai',
      'gpt-5',
      { ...OPENAI, reasoning: true, efforts: ['minimal', 'low', 'medium', 'high'], sampling: 'never' },
    ],
    [
      'openai',
      'gpt-5.1',
      { ...OPENAI, reasoning: true, efforts: ['none', 'low', 'medium', 'high'], sampling: 'effort-none' },
    ],
    [
      'openai',
      'gpt-5.4-nano',
      {
        ...OPENAI,
        reasoning: true,
        efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
        sampling: 'effort-none',
      },
    ],
    [
      'openai',
      'o3-mini',
      { ...OPENAI, reasoning: true, efforts: ['low', 'medium', 'high'], sampling: 'never' },
    ],
    ['openai', 'gpt-4o', { ...OTHERS, reasoning: false, efforts: undefined, sampling: 'always' }],
    ['openai', 'gpt-5-chat-latest', { ...OTHERS, reasoning: false, efforts: undefined, sampling: 'always' }],
    // A10 A name that no pattern knew; the same model wherever it is resold.
    [
      'openai',
      'gpt-6-astra',
      { ...OPENAI, reasoning: true, efforts: ['low', 'medium', 'high', 'xhigh', 'max'], sampling: 'never' },
    ],
    [
      'bedrock',
      'us.openai.gpt-6-astra',
      { ...OPENAI, reasoning: true, efforts: ['low', 'medium', 'high', 'xhigh', 'max'], sampling: 'never' },
    ],
    [
      'azure',
      'gpt-5.2',
      {
        ...OPENAI,
        reasoning: true,
        efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
        sampling: 'effort-none',
      },
    ],
    [
      'my-proxy',
      'gpt-5-mini',
      { ...OPENAI, reasoning: true, efforts: ['minimal', 'low', 'medium', 'high'], sampling: 'never' },
    ],
    // Newer than the catalogue: what every OpenAI model accepts.
    ['openai', 'gpt-9-nova', { ...OPENAI, reasoning: true, efforts: undefined, sampling: 'never' }],
    ['openai', 'gpt-5-codex', { ...OPENAI, reasoning: true, efforts: undefined, sampling: 'never' }],
    ['openai', 'o1-mini', { ...OPENAI, reasoning: true, efforts: undefined, sampling: 'never' }],
    // Other makers follow the older API, reasoning or not.
    [
      'groq',
      'openai/gpt-oss-120b',
      { ...OTHERS, reasoning: true, efforts: ['low', 'medium', 'high'], sampling: 'always' },
    ],
    [
      'groq',
      'llama-3.3-70b-versatile',
      { ...OTHERS, reasoning: false, efforts: undefined, sampling: 'always' },
    ],
    [
      'deepseek',
      'deepseek-v4-pro',
      { ...OTHERS, reasoning: true, efforts: ['high', 'max'], sampling: 'always' },
    ],
    ['moonshot', 'kimi-k2.6', { ...OTHERS, reasoning: true, efforts: [], sampling: 'always' }],
    // #22 Claude without sampling, also behind another API.
    [
      'openrouter',
      'anthropic/claude-opus-5.5',
      { ...OTHERS, reasoning: true, efforts: ['low', 'medium', 'high', 'xhigh', 'max'], sampling: 'never' },
    ],
    [
      'anthropic',
      'claude-fable-5',
      { ...OTHERS, reasoning: true, efforts: ['low', 'medium', 'high', 'xhigh', 'max'], sampling: 'never' },
    ],
    [
      'anthropic',
      'claude-sonnet-4-5',
      { ...OTHERS, reasoning: true, efforts: undefined, sampling: 'always' },
    ],
    // A9 Bedrock's Grok answers 400 to a limit of 1.
    [
      'bedrock',
      'us.xai.grok-4.7',
      {
        ...OTHERS,
        outputTokensMin: 16,
        reasoning: true,
        efforts: ['low', 'medium', 'high', 'xhigh'],
        sampling: 'always',
      },
    ],
    // A20 Nobody knows: no effort and no thinking are sent, so that no default of the client earns a 400.
    ['ollama', 'my-model', { ...OTHERS, reasoning: undefined, efforts: undefined, sampling: 'always' }],
  ]

  it.each(ROWS)('%s: %s', (provider, model, traits) => {
    expect(chatTraits(model, capabilities(provider, model))).toEqual(traits)
  })
})

describe('#25 the nearest effort that a model accepts', () => {
  const GPT_5: Effort[] = ['minimal', 'low', 'medium', 'high']
  const O3: Effort[] = ['low', 'medium', 'high']
  const GPT_5_2: Effort[] = ['none', 'low', 'medium', 'high', 'xhigh']
  const DEEPSEEK: Effort[] = ['high', 'max']
  const QWEN_ON_GROQ: Effort[] = ['none', 'default']

  it.each<[Effort[] | undefined, Effort, Effort | undefined]>([
    [GPT_5, 'high', 'high'],
    [GPT_5, 'max', 'high'],
    [GPT_5_2, 'max', 'xhigh'],
    [GPT_5_2, 'minimal', 'low'],
    [GPT_5_2, 'none', 'none'],
    [GPT_5, 'none', 'minimal'],
    [O3, 'none', 'low'],
    [DEEPSEEK, 'low', 'high'],
    [DEEPSEEK, 'xhigh', 'high'],
    [QWEN_ON_GROQ, 'medium', 'default'],
    [QWEN_ON_GROQ, 'none', 'none'],
    [[], 'high', undefined],
    [undefined, 'high', undefined],
    [['none'], 'high', undefined],
  ])('%j, wanted %s: %s', (accepted, wanted, effort) => {
    expect(nearestEffort(accepted, wanted)).toBe(effort)
  })
})
