import { openaiChat } from '../protocols/openai-chat/index.ts'
import { openaiResponses } from '../protocols/openai-responses/index.ts'
import type { Quirks } from '../protocols/quirks.ts'
import { bearer } from './auth.ts'
import { OPERATIONS } from './operations.ts'
import type { Provider, Surface } from './provider.ts'

/** One OpenAI-compatible provider: where it is, where its key may be found, and how it differs. */
interface Row {
  id: string
  /** Absent for servers that the operator runs: the configuration must name them. */
  baseUrl?: string
  /** Below the base URL; the API's version is part of it. */
  generate?: string
  models?: string
  /** The Responses API, which then is the better one: it takes tools and thinking together. */
  responses?: string
  keyVariables?: readonly string[]
  keyless?: boolean
  quirks?: Quirks
}

/**
 * Everything that speaks Chat Completions. Adding a provider is adding a row; `docs/adding-a-provider.md` tells
 * how to find out its quirks.
 */
const ROWS: readonly Row[] = [
  {
    id: 'openai',
    baseUrl: 'https://api.openai.com',
    responses: '/v1/responses',
    keyVariables: ['OPENAI_API_KEY', 'OPENAI_KEY'],
    quirks: {
      maxTokensField: 'max_completion_tokens',
      toolsNeedEffortNone: true,
      knownMessageFieldsOnly: true,
      fileParts: true,
      promptCacheKey: true,
    },
  },
  {
    id: 'openrouter',
    baseUrl: 'https://openrouter.ai/api',
    keyVariables: ['OPENROUTER_API_KEY'],
    quirks: {
      maxTokensField: 'max_tokens',
      systemRole: 'system',
      effortStyle: 'reasoning-object',
      reasoningHistoryField: 'reasoning',
      webSearch: 'plugins',
      fileParts: true,
      cacheControl: true,
      userField: 'user',
    },
  },
  {
    id: 'groq',
    baseUrl: 'https://api.groq.com/openai',
    keyVariables: ['GROQ_API_KEY'],
    quirks: {
      systemRole: 'system',
      knownMessageFieldsOnly: true,
      reasoningHistoryField: 'reasoning',
      userField: 'user',
    },
  },
  {
    // Refuses fields that it does not know (422), and ids that are not nine letters and digits.
    id: 'mistral',
    baseUrl: 'https://api.mistral.ai',
    keyVariables: ['MISTRAL_API_KEY', 'MISTRAL_KEY'],
    quirks: {
      maxTokensField: 'max_tokens',
      systemRole: 'system',
      streamOptions: false,
      toolCallIdLength: 9,
      systemAnywhere: false,
      userAfterTool: false,
      knownMessageFieldsOnly: true,
      promptCacheKey: true,
      effortStyle: 'none',
      userField: 'none',
    },
  },
  {
    id: 'deepseek',
    baseUrl: 'https://api.deepseek.com',
    keyVariables: ['DEEPSEEK_API_KEY'],
    quirks: {
      maxTokensField: 'max_tokens',
      systemRole: 'system',
      textParts: false,
      reasoningHistoryField: 'reasoning_content',
      jsonSchema: false,
      parallelToolCalls: false,
      userField: 'none',
    },
  },
  {
    id: 'xai',
    baseUrl: 'https://api.x.ai',
    keyVariables: ['XAI_API_KEY'],
    quirks: { systemRole: 'system', userField: 'user' },
  },
  {
    id: 'cerebras',
    baseUrl: 'https://api.cerebras.ai',
    keyVariables: ['CEREBRAS_API_KEY'],
    quirks: { systemRole: 'system', knownMessageFieldsOnly: true, userField: 'user' },
  },
  {
    id: 'fireworks',
    baseUrl: 'https://api.fireworks.ai/inference',
    keyVariables: ['FIREWORKS_API_KEY'],
    quirks: plain(),
  },
  {
    id: 'together',
    baseUrl: 'https://api.together.xyz',
    keyVariables: ['TOGETHER_API_KEY'],
    quirks: plain(),
  },
  {
    id: 'perplexity',
    baseUrl: 'https://api.perplexity.ai',
    generate: '/chat/completions',
    keyVariables: ['PERPLEXITY_API_KEY'],
    quirks: plain(),
  },
  { id: 'parasail', baseUrl: 'https://api.parasail.io', keyVariables: ['PARASAIL_API_KEY'], quirks: plain() },
  {
    id: 'nebius',
    baseUrl: 'https://api.tokenfactory.nebius.com',
    keyVariables: ['NEBIUS_API_KEY'],
    quirks: plain(),
  },
  {
    id: 'huggingface',
    baseUrl: 'https://router.huggingface.co',
    keyVariables: ['HF_TOKEN'],
    quirks: plain(),
  },
  {
    // Thinks unless it is told not to, and wants its thoughts back inside a loop of tools.
    id: 'moonshot',
    baseUrl: 'https://api.moonshot.ai',
    keyVariables: ['MOONSHOT_API_KEY'],
    quirks: {
      ...plain(),
      reasoningHistoryField: 'reasoning_content',
      effortStyle: 'none',
      jsonSchema: false,
      promptCacheKey: true,
    },
  },
  {
    // https://docs.z.ai/api-reference/llm/chat-completion: one stop word at most.
    id: 'zai',
    baseUrl: 'https://api.z.ai/api/paas/v4',
    generate: '/chat/completions',
    models: '/models',
    keyVariables: ['ZAI_API_KEY'],
    quirks: {
      ...plain(),
      reasoningHistoryField: 'reasoning_content',
      effortStyle: 'none',
      jsonSchema: false,
      parallelToolCalls: false,
      stopSequencesMax: 1,
      userField: 'none',
    },
  },
  {
    id: 'minimax',
    baseUrl: 'https://api.minimax.io',
    keyVariables: ['MINIMAX_API_KEY'],
    quirks: {
      maxTokensField: 'max_completion_tokens',
      systemRole: 'system',
      effortStyle: 'none',
      jsonSchema: false,
      parallelToolCalls: false,
      userField: 'none',
    },
  },
  {
    id: 'deepinfra',
    baseUrl: 'https://api.deepinfra.com',
    generate: '/v1/openai/chat/completions',
    models: '/v1/openai/models',
    keyVariables: ['DEEPINFRA_API_KEY', 'DEEPINFRA_TOKEN'],
    quirks: plain(),
  },
  {
    id: 'sambanova',
    baseUrl: 'https://api.sambanova.ai',
    keyVariables: ['SAMBANOVA_API_KEY'],
    quirks: plain(),
  },
  {
    // Open weights with the chat templates of their makers.
    id: 'nvidia',
    baseUrl: 'https://integrate.api.nvidia.com',
    keyVariables: ['NVIDIA_API_KEY'],
    quirks: selfHosted(),
  },
  {
    // Not GITHUB_TOKEN: half of all machines have one, for other purposes.
    id: 'github-models',
    baseUrl: 'https://models.github.ai',
    generate: '/inference/chat/completions',
    models: '/catalog/models',
    keyVariables: ['GITHUB_MODELS_TOKEN'],
    quirks: plain(),
  },
  {
    // Each workspace has an address of its own.
    id: 'databricks',
    generate: '/serving-endpoints/chat/completions',
    models: '/api/2.0/serving-endpoints',
    quirks: plain(),
  },
  { id: 'ollama', keyless: true, quirks: selfHosted() },
  { id: 'lmstudio', keyless: true, quirks: selfHosted() },
  { id: 'sgl', keyless: true, quirks: selfHosted() },
  { id: 'vllm', keyless: true, quirks: selfHosted() },
]

/** The common denominator that servers built on other engines accept. */
function plain(): Quirks {
  return { maxTokensField: 'max_tokens', systemRole: 'system', userField: 'user' }
}

/** Servers of open weights: the chat templates of some (Qwen) refuse a system message that is not the first. */
export function selfHosted(): Quirks {
  return { ...plain(), systemAnywhere: false }
}

function responsesSurface(path: string): Surface {
  return {
    protocol: openaiResponses,
    paths: { generate: path, countTokens: `${path}/input_tokens` },
    quirks: { promptCacheKey: true },
    atHomeOnly: true,
  }
}

export const compatibleProviders: readonly Provider[] = ROWS.map((row) => ({
  id: row.id,
  surfaces: [
    ...(row.responses === undefined ? [] : [responsesSurface(row.responses)]),
    {
      protocol: openaiChat,
      paths: { generate: row.generate ?? '/v1/chat/completions', models: row.models ?? '/v1/models' },
      quirks: row.quirks ?? {},
    },
  ],
  ...(row.baseUrl === undefined ? {} : { baseUrl: row.baseUrl }),
  operations: OPERATIONS[row.id],
  authorize: bearer,
  ...(row.keyVariables === undefined ? {} : { keyVariables: row.keyVariables }),
  ...(row.keyless === undefined ? {} : { keyless: row.keyless }),
}))
