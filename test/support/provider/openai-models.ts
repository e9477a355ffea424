/** What the Chat Completions API lets a family of models do. First match wins. */
export interface OpenAiModel {
  pattern: RegExp
  /** Reasoning models take `max_completion_tokens` and no sampling settings. */
  reasoning: boolean
  /** `max_completion_tokens` above this is refused. */
  outputMax: number
  efforts: string[]
}

const FAMILIES: OpenAiModel[] = [
  { pattern: /^gpt-5.*-chat/, reasoning: false, outputMax: 16_384, efforts: [] },
  {
    pattern: /^gpt-5(-mini|-nano|-codex)?(-\d{4}-\d{2}-\d{2})?$/,
    reasoning: true,
    outputMax: 128_000,
    efforts: ['minimal', 'low', 'medium', 'high'],
  },
  {
    pattern: /^gpt-5\.[1-5]/,
    reasoning: true,
    outputMax: 128_000,
    efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
  },
  {
    pattern: /^gpt-[5-9]/,
    reasoning: true,
    outputMax: 128_000,
    efforts: ['none', 'low', 'medium', 'high', 'xhigh', 'max'],
  },
  { pattern: /^o\d/, reasoning: true, outputMax: 100_000, efforts: ['low', 'medium', 'high'] },
  { pattern: /^gpt-4\.1/, reasoning: false, outputMax: 32_768, efforts: [] },
  { pattern: /^(gpt-4o|chatgpt-)/, reasoning: false, outputMax: 16_384, efforts: [] },
]

/** Models of OpenAI-compatible servers, with no limits of their own here. They show their reasoning, and want it back. */
const FOREIGN: OpenAiModel = {
  pattern: /^(deepseek|glm|grok|kimi|llama|minimax|mistral|mixtral|qwen)/i,
  reasoning: false,
  outputMax: Infinity,
  efforts: [],
}

export const openAiModel = (id: string): OpenAiModel =>
  FAMILIES.find((family) => family.pattern.test(id)) ?? FOREIGN

export const catalogued = (id: string): boolean =>
  [...FAMILIES, FOREIGN].some((family) => family.pattern.test(id))

/** OpenAI itself never shows what its models thought, and takes no such field. */
export const showsReasoning = (id: string): boolean => openAiModel(id) === FOREIGN

/** Thinks whether it is asked to or not, and wants what it thought back with its calls. */
export const alwaysThinks = (id: string): boolean => /^deepseek-(reasoner|r)/.test(id)
