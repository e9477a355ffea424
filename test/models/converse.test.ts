import { describe, expect, it } from 'vitest'
import { list } from '../../src/models/catalogue.ts'
import { converseTraits } from '../../src/models/converse.ts'
import type { ConverseTraits } from '../../src/models/converse.ts'

const ROWS: [id: string, traits: Partial<ConverseTraits>][] = [
  [
    'us.anthropic.claude-opus-5-5',
    { isClaude: true, reasoning: 'thinking', topK: 'top_k', cachePoints: 'everywhere', cacheHour: true },
  ],
  ['global.anthropic.claude-haiku-4-5-20251001-v1:0', { isClaude: true, cacheHour: true, jsonSchema: true }],
  ['anthropic.claude-fable-5-1', { isClaude: true, cacheHour: true, jsonSchema: true }],
  ['anthropic.claude-opus-4-6-v1', { cacheHour: true, jsonSchema: true }],
  [
    'us.anthropic.claude-opus-4-1-20250805-v1:0',
    { cachePoints: 'everywhere', cacheHour: false, jsonSchema: false },
  ],
  [
    'us.anthropic.claude-sonnet-4-20250514-v1:0',
    { cachePoints: 'everywhere', cacheHour: false, jsonSchema: false },
  ],
  ['us.anthropic.claude-3-7-sonnet-20250219-v1:0', { cachePoints: 'everywhere', cacheHour: false }],
  ['us.anthropic.claude-3-haiku-20240307-v1:0', { isClaude: true, cachePoints: 'none', jsonSchema: false }],
  [
    'us.amazon.nova-pro-v1:0',
    { topK: 'inferenceConfig.topK', reasoning: 'none', cachePoints: 'outside-tools', cacheHour: false },
  ],
  [
    'global.amazon.nova-2-lite-v1:0',
    { reasoning: 'reasoningConfig', toolChoice: 'tool', stopSequencesMax: 4 },
  ],
  ['meta.llama4-scout-17b-instruct-v1:0', { reasoning: 'none', toolChoice: 'none', stopSequencesMax: 4 }],
  ['mistral.mistral-large-3-675b-instruct', { toolChoice: 'any', stopSequencesMax: 4 }],
  ['mistral.ministral-3-8b-instruct', { toolChoice: 'any' }],
  ['deepseek.v3.2', { stopSequencesMax: 4, cachePoints: 'none' }],
  [
    'openai.gpt-oss-120b-1:0',
    { reasoning: 'reasoning_effort', efforts: ['low', 'medium', 'high'], stopSequencesMax: 0 },
  ],
  ['qwen.qwen3-coder-next', { stopSequencesMax: 0, cachePoints: 'none' }],
  ['global.xai.grok-4.7', { outputTokensMin: 16, stopSequencesMax: 0 }],
  ['global.openai.gpt-6-luna', { outputTokensMin: 16, reasoning: 'reasoning_effort' }],
  ['global.moonshotai.kimi-k3', { reasoning: 'reasoning_effort', stopSequencesMax: 0 }],
]

describe('traits', () => {
  it.each(ROWS)('%s', (id, traits) => {
    expect(converseTraits(id, undefined)).toMatchObject(traits)
  })

  it('of an application’s inference profile are those of the model behind it', () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123'
    expect(converseTraits(arn, undefined)).toMatchObject({ isClaude: false })
    expect(converseTraits(arn, { id: 'anthropic.claude-sonnet-5-5' })).toMatchObject({ isClaude: true })
  })

  it('of an inference profile by its ARN', () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-5-5'
    expect(converseTraits(arn, undefined)).toMatchObject({ isClaude: true, cacheHour: true })
  })

  it('know every Claude of the catalogue', () => {
    const claudes = list('bedrock').filter((id) => id.includes('claude'))
    expect(claudes.length).toBeGreaterThan(50)
    for (const id of claudes) expect(converseTraits(id, undefined).isClaude).toBe(true)
  })
})
