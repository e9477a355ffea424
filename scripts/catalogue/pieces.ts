import type { CatalogueEntry, Entries } from '../../src/models/catalogue-file.ts'

/** $ → pico-dollars. */
const dollars = (amount: number): number => Math.round(amount * 1e12)
const perMillion = (amount: number): number => Math.round(amount * 1e6)

/**
 * What the tables of models do not have: models that are billed by the piece, and a provider that they have not yet.
 * As read in September 2026 from the makers' price lists, through promptfoo 0.123.1 (MIT), Portkey's
 * table of models (MIT) and models.dev (MIT).
 */
const PIECES: Readonly<Record<string, CatalogueEntry>> = {
  // https://developers.openai.com/api/docs/pricing
  'openai/tts-1': { kind: 'speech', price: { character: dollars(15e-6) } },
  'openai/tts-1-hd': { kind: 'speech', price: { character: dollars(30e-6) } },
  'openai/dall-e-2': {
    kind: 'image',
    images: { '256x256': dollars(0.016), '512x512': dollars(0.018), '1024x1024': dollars(0.02) },
  },
  'openai/dall-e-3': {
    kind: 'image',
    images: {
      '1024x1024/standard': dollars(0.04),
      '1024x1792/standard': dollars(0.08),
      '1792x1024/standard': dollars(0.08),
      '1024x1024/hd': dollars(0.08),
      '1024x1792/hd': dollars(0.12),
      '1792x1024/hd': dollars(0.12),
    },
  },
  'openai/sora-2': { kind: 'video', price: { video_second: dollars(0.1) } },

  // https://ai.google.dev/gemini-api/docs/pricing
  'gemini/imagen-4.0-ultra-generate-001': { kind: 'image', price: { image: dollars(0.06) } },
  'gemini/imagen-4.0-generate-001': { kind: 'image', price: { image: dollars(0.04) } },
  'gemini/imagen-4.0-fast-generate-001': { kind: 'image', price: { image: dollars(0.02) } },

  // https://docs.x.ai/docs/models
  'xai/grok-imagine-image-2.0': {
    kind: 'image',
    images: {
      '1k/low': dollars(0.04),
      '2k/low': dollars(0.06),
      '1k/medium': dollars(0.06),
      '2k/medium': dollars(0.08),
    },
  },

  // https://cohere.com/pricing
  'cohere/rerank-v4.0-fast': { kind: 'rerank', price: { rerank_search: dollars(0.002) } },
  'cohere/rerank-v3.5': { kind: 'rerank', price: { rerank_search: dollars(0.002) } },
  'cohere/rerank-english-v3.0': { kind: 'rerank', price: { rerank_search: dollars(0.002) } },
  'cohere/rerank-multilingual-v3.0': { kind: 'rerank', price: { rerank_search: dollars(0.002) } },
  'cohere/embed-english-v3.0': { kind: 'embedding', price: { input: perMillion(0.1) } },
  'cohere/embed-multilingual-v3.0': { kind: 'embedding', price: { input: perMillion(0.1) } },
  'cohere/embed-english-light-v3.0': { kind: 'embedding', price: { input: perMillion(0.1) } },
  'cohere/embed-multilingual-light-v3.0': { kind: 'embedding', price: { input: perMillion(0.1) } },

  // https://elevenlabs.io/pricing/api, without a plan's included credits
  'elevenlabs/eleven_v3': { kind: 'speech', price: { character: dollars(1e-4) } },
  'elevenlabs/eleven_multilingual_v2': { kind: 'speech', price: { character: dollars(1e-4) } },
  'elevenlabs/eleven_flash_v2_5': { kind: 'speech', price: { character: dollars(5e-5) } },
  'elevenlabs/eleven_turbo_v2_5': { kind: 'speech', price: { character: dollars(5e-5) } },
  // $0.22 an hour.
  'elevenlabs/scribe_v1': { kind: 'transcription', price: { audio_second: Math.round(0.22e12 / 3600) } },

  // https://cloud.sambanova.ai/plans/pricing
  'sambanova/DeepSeek-V3.1': chat('DeepSeek V3.1', 131_072, 7_168, 3, 4.5),
  'sambanova/DeepSeek-V3.2': chat('DeepSeek V3.2', 32_768, 7_168, 3, 4.5),
  'sambanova/Meta-Llama-3.3-70B-Instruct': {
    ...chat('Llama 3.3 70B Instruct', 128_000, 128_000, 0.6, 1.2),
    reasoning: false,
  },
  'sambanova/MiniMax-M2.7': chat('MiniMax M2.7', 192_000, 192_000, 0.6, 2.4, 0.06),
  'sambanova/MiniMax-M3': chat('MiniMax M3', undefined, undefined, 0.6, 2.4, 0.06),
  'sambanova/gemma-4-31B-it': chat('Gemma 4 31B', 131_072, 131_072, 0.38, 1.15),
  'sambanova/gpt-oss-120b': {
    ...chat('gpt-oss 120B', 128_000, 128_000, 0.22, 0.59),
    efforts: ['low', 'medium', 'high'],
  },
}

function chat(
  name: string,
  context: number | undefined,
  maxOutput: number | undefined,
  input: number,
  output: number,
  cacheRead?: number,
): CatalogueEntry {
  return {
    name,
    ...(context === undefined ? {} : { context }),
    ...(maxOutput === undefined ? {} : { max_output: maxOutput }),
    input: ['text'],
    tools: true,
    reasoning: true,
    price: {
      input: perMillion(input),
      output: perMillion(output),
      ...(cacheRead === undefined ? {} : { cache_read: perMillion(cacheRead) }),
    },
  }
}

export function readPieces(): Entries {
  return new Map(Object.entries(PIECES))
}
