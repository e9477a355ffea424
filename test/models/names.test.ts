import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  claudeTier,
  familyName,
  looksLikeClaude,
  profileOf,
  stripContextSuffix,
  spellerOf,
  vendorOf,
} from '../../src/models/names.ts'

describe('A22 the long-context mark never leaves the gateway', () => {
  it.each([
    ['claude-opus-4-8[1m]', 'claude-opus-4-8'],
    ['claude-opus-4-8[1M]', 'claude-opus-4-8'],
    ['claude-opus-4-8[1m][1m]', 'claude-opus-4-8'],
    ['claude-opus-4-8[1m][1M]', 'claude-opus-4-8'],
    ['claude-opus-4-8-1m', 'claude-opus-4-8'],
    ['us.anthropic.claude-opus-5-5-1M', 'us.anthropic.claude-opus-5-5'],
    ['openrouter/anthropic/claude-opus-5.5[1m]', 'openrouter/anthropic/claude-opus-5.5'],
    ['openai/gpt-5[1m]', 'openai/gpt-5'],
    // Part of the name of a model that is no Claude.
    ['qwen2.5-7b-instruct-1m', 'qwen2.5-7b-instruct-1m'],
    ['claude-opus-5-5[2m]', 'claude-opus-5-5[2m]'],
    ['claude-opus-5-5', 'claude-opus-5-5'],
    ['', ''],
  ])('%s → %s', (id, bare) => {
    expect(stripContextSuffix(id)).toBe(bare)
  })

  it('any id, marked any number of times, is the id', () => {
    const marks = fc.array(fc.constantFrom('[1m]', '[1M]'), { maxLength: 5 })
    fc.assert(
      fc.property(fc.string(), marks, (id, suffixes) => {
        expect(stripContextSuffix(id + suffixes.join(''))).toBe(stripContextSuffix(id))
      }),
    )
  })
})

it('ids of a megabyte are answered in linear time', () => {
  const marks = '[1m]'.repeat(250_000)
  expect(stripContextSuffix(`${marks}x`)).toBe(`${marks}x`)
  expect(stripContextSuffix(`claude-opus-5-5${marks}`)).toBe('claude-opus-5-5')
  expect(familyName('-v1'.repeat(300_000))).toBe('-v1'.repeat(300_000 - 4))
  expect(vendorOf('a.'.repeat(500_000))).toBeUndefined()
})

describe('A21 the class of a Claude model', () => {
  it.each([
    ['claude-opus-5-5', 'opus'],
    ['claude-opus-4-8[1m]', 'opus'],
    ['claude-3-opus-20240229', 'opus'],
    ['claude-fable-5-1', 'opus'],
    ['claude-mythos-5-1', 'opus'],
    ['claude-sonnet-5', 'sonnet'],
    ['claude-3-5-sonnet-20241022', 'sonnet'],
    ['anthropic/claude-sonnet-5.5', 'sonnet'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'sonnet'],
    ['claude-sonnet-4-5@20250929', 'sonnet'],
    ['publishers/anthropic/models/claude-sonnet-5', 'sonnet'],
    ['arn:aws:bedrock:us-east-1:1234:inference-profile/us.anthropic.claude-sonnet-5', 'sonnet'],
    ['claude-haiku-4-5-20251001', 'haiku'],
    ['~anthropic/claude-haiku-latest', 'haiku'],
    ['claude-instant-1.2', 'haiku'],
    ['sonnet', 'sonnet'],
    ['Opus', 'opus'],
    ['claude-2', undefined],
    ['claude-via-gemini', undefined],
    ['gpt-5.4-nano', undefined],
    ['magnum-opus-7b', undefined],
    ['', undefined],
  ])('%s → %s', (id, tier) => {
    expect(claudeTier(id)).toBe(tier)
  })
})

describe('Claude by name, in every spelling', () => {
  it.each([
    ['claude-opus-5-5', true],
    ['Claude-Opus-5-5', true],
    ['anthropic/claude-opus-5.5', true],
    ['global.anthropic.claude-opus-5-5', true],
    ['us-gov.anthropic.claude-opus-4-5-20251101-v1:0', true],
    ['bedrock/eu.anthropic.claude-opus-5-5', true],
    ['claude-via-gemini', true],
    ['gpt-5', false],
    ['anthropic/openai/gpt-5', false],
    ['not-claude-7b', false],
    ['', false],
  ])('%s: %s', (id, expected) => {
    expect(looksLikeClaude(id)).toBe(expected)
  })
})

describe('the maker of a well-known name', () => {
  it.each([
    ['claude-opus-5-5', 'anthropic'],
    ['us.anthropic.claude-opus-5-5', 'anthropic'],
    ['gpt-5', 'openai'],
    ['sora-2', 'openai'],
    ['omni-moderation-latest', 'openai'],
    ['eleven_multilingual_v2', 'elevenlabs'],
    ['scribe_v1', 'elevenlabs'],
    ['gpt-6.1-sol', 'openai'],
    ['us.openai.gpt-6-astra', 'openai'],
    ['o1', 'openai'],
    ['o3-mini', 'openai'],
    ['chatgpt-4o-latest', 'openai'],
    ['codex-mini-latest', 'openai'],
    ['ft:gpt-4o-mini-2024-07-18:org::id', 'openai'],
    ['gemini-3.8-flash', 'gemini'],
    ['gemma-4-31b-it', 'gemini'],
    ['mistral-large-latest', 'mistral'],
    ['open-mistral-nemo', 'mistral'],
    ['codestral-2508', 'mistral'],
    ['devstral-latest', 'mistral'],
    ['magistral-medium-latest', 'mistral'],
    ['ministral-3b-latest', 'mistral'],
    ['pixtral-12b', 'mistral'],
    ['grok-4.7', 'xai'],
    ['deepseek-v4-pro', 'deepseek'],
    ['command-a-03-2025', 'cohere'],
    ['kimi-k3.1-pro', 'moonshot'],
    ['glm-5.3', 'zai'],
    ['MiniMax-M3', 'minimax'],
    ['sonar-pro', 'perplexity'],
    // Open weights: served by many, and not by their maker.
    ['gpt-oss-120b', undefined],
    ['llama-3.3-70b-versatile', undefined],
    ['qwen3-coder', undefined],
    ['o-nama', undefined],
    ['my-model', undefined],
    ['', undefined],
  ])('%s: %s', (id, vendor) => {
    expect(vendorOf(id)).toBe(vendor)
  })
})

describe('one name for all spellings of a model', () => {
  it.each([
    ['claude-opus-5.5', 'claude-opus-5-5'],
    ['anthropic/claude-opus-5.5:thinking', 'claude-opus-5-5'],
    ['claude-opus-5-5@20260901', 'claude-opus-5-5'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'],
    ['claude-3-5-sonnet-latest', 'claude-3-5-sonnet'],
    ['gpt-5-2025-08-07', 'gpt-5'],
    ['gemini-2.0-flash-001', 'gemini-2-0-flash'],
    ['MiniMax-M3', 'minimax-m3'],
    // Versions that are models of their own.
    ['deepseek-v3', 'deepseek-v3'],
    ['mistral-large-2411', 'mistral-large-2411'],
    ['gemma-4-31b-it:free', 'gemma-4-31b-it:free'],
    ['gpt-4.1', 'gpt-4-1'],
  ])('%s → %s', (id, family) => {
    expect(familyName(id)).toBe(family)
  })
})

describe('Bedrock inference profiles', () => {
  it.each([
    ['us.anthropic.claude-opus-5-5', 'geographic'],
    ['us-gov.openai.gpt-oss-20b-1:0', 'geographic'],
    ['jp.amazon.nova-2-lite-v1:0', 'geographic'],
    ['arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-5', 'geographic'],
    ['global.anthropic.claude-opus-5-5', 'global'],
    ['anthropic.claude-opus-5-5', undefined],
    ['claude-opus-5.5', undefined],
    ['in.house-model', undefined],
  ])('%s: %s', (id, profile) => {
    expect(profileOf(id)).toBe(profile)
  })
})

describe('who alone writes a name like this', () => {
  it.each([
    ['arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0', 'bedrock'],
    ['arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/x', 'bedrock'],
    ['cohere.embed-multilingual-v3', 'bedrock'],
    ['us.anthropic.claude-opus-5-5-v1:0', 'bedrock'],
    ['gpt-4.1', undefined],
    ['llama3.1-8b', undefined],
    ['gemini-2.5-flash', undefined],
    ['claude-sonnet-4.5', undefined],
  ])('%s: %s', (id, provider) => {
    expect(spellerOf(id)).toBe(provider)
  })
})
