import type { ClaudeTier } from './names.ts'

type Row = Readonly<Record<ClaudeTier, string>>

/**
 * The model of each provider that stands in for a class of Claude. Agents ask for Claude models that nobody
 * configured (Claude Code's default, OpenCode's titles on `claude-haiku-4-5-20251001`); passed on unchanged, they
 * are a 404 at any other provider. Each model calls tools and holds at least 128k tokens, the least that a coding
 * agent's own prompt and a few files need. Providers whose models are the operator's own have no row.
 */
const TIERS: Readonly<Record<string, Row>> = {
  anthropic: { opus: 'claude-opus-5-5', sonnet: 'claude-sonnet-5-5', haiku: 'claude-haiku-5-5' },
  vertex: { opus: 'claude-opus-5-5', sonnet: 'claude-sonnet-5-5', haiku: 'claude-haiku-5-5' },
  bedrock: {
    opus: 'global.anthropic.claude-opus-5-5',
    sonnet: 'global.anthropic.claude-sonnet-5-5',
    haiku: 'global.anthropic.claude-haiku-5-5',
  },
  openrouter: {
    opus: 'anthropic/claude-opus-5.5',
    sonnet: 'anthropic/claude-sonnet-5.5',
    haiku: 'anthropic/claude-haiku-5.5',
  },
  openai: { opus: 'gpt-6.1-sol', sonnet: 'gpt-6.1-terra', haiku: 'gpt-6-luna' },
  azure: { opus: 'gpt-6.1-sol', sonnet: 'gpt-6.1-terra', haiku: 'gpt-6-luna' },
  gemini: { opus: 'gemini-4-argon', sonnet: 'gemini-3.8-flash', haiku: 'gemini-3.5-flash-lite' },
  xai: { opus: 'grok-4.7', sonnet: 'grok-4.7', haiku: 'grok-4.3' },
  mistral: { opus: 'mistral-large-4', sonnet: 'mistral-large-4', haiku: 'mistral-small-latest' },
  deepseek: { opus: 'deepseek-v4-pro', sonnet: 'deepseek-v4-pro', haiku: 'deepseek-flash' },
  moonshot: { opus: 'kimi-k3.1-pro', sonnet: 'kimi-k2.7-code', haiku: 'kimi-k2.6' },
  zai: { opus: 'glm-5.3', sonnet: 'glm-5.3', haiku: 'glm-5.3-flash' },
  minimax: { opus: 'MiniMax-M3', sonnet: 'MiniMax-M3', haiku: 'MiniMax-M3.1-Flash' },
  groq: { opus: 'openai/gpt-oss-120b', sonnet: 'openai/gpt-oss-120b', haiku: 'openai/gpt-oss-20b' },
  cerebras: { opus: 'gpt-oss-120b', sonnet: 'gpt-oss-120b', haiku: 'gpt-oss-120b' },
  fireworks: {
    opus: 'accounts/fireworks/models/kimi-k3p1-pro',
    sonnet: 'accounts/fireworks/models/glm-5p3',
    haiku: 'accounts/fireworks/models/glm-5p3-flash',
  },
  together: { opus: 'moonshotai/Kimi-K3.1-Pro', sonnet: 'zai-org/GLM-5.3', haiku: 'zai-org/GLM-5.3-Flash' },
  huggingface: { opus: 'moonshotai/Kimi-K3', sonnet: 'zai-org/GLM-5.3', haiku: 'zai-org/GLM-5.3-Flash' },
  nvidia: {
    opus: 'nvidia/nemotron-3-ultra-550b-a55b',
    sonnet: 'deepseek-ai/deepseek-v4.1-flash',
    haiku: 'z-ai/glm-5.3-flash',
  },
}

/** The providers that have a model for each class. */
export const TIERED_PROVIDERS: readonly string[] = Object.keys(TIERS)

/** The model that `provider` offers for a class of Claude; undefined when only its operator can know. */
export function tierModel(provider: string, tier: ClaudeTier): string | undefined {
  return Object.hasOwn(TIERS, provider) ? TIERS[provider]?.[tier] : undefined
}
