import type { ContextOverflow } from '../../message/error.ts'

/**
 * How providers say that a request is too long, read into numbers. Agents compact or shrink `max_tokens` only on
 * the words of their own API; a text they do not know makes them repeat the same request until somebody stops
 * them (one report: 44 minutes).
 */

/** Numbers as providers write them: 131072, 131,072, 524300.0 */
const N = String.raw`(\d[\d,]*)(?:\.0)?`

type Field = keyof ContextOverflow | 'total'

interface Wording {
  pattern: RegExp
  /** What the pattern's numbers mean, in order. */
  numbers: readonly Field[]
}

/** One row a wording, the telling ones first. */
const WORDINGS: readonly Wording[] = [
  // Anthropic: input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000
  row(`exceed context limit: ${N} \\+ ${N} > ${N}`, 'inputTokens', 'maxTokens', 'limit'),
  // Anthropic, Vertex: prompt is too long: 213462 tokens > 200000 maximum
  row(`prompt is too long: ${N} tokens > ${N}`, 'inputTokens', 'limit'),
  // OpenAI, Azure, older vLLM, DeepSeek: maximum context length is 8192 tokens. However, you requested 10346
  // tokens (8298 in the messages, 2048 in the completion)
  row(
    `maximum context length is ${N} tokens.*?you requested (?:about )?${N} tokens \\(${N} (?:in the messages|in your prompt|of text input).*?${N} (?:in|for) the (?:completion|output)`,
    'limit',
    'total',
    'inputTokens',
    'maxTokens',
  ),
  // vLLM: maximum context length is 4096 tokens. However, you requested 2048 output tokens and your prompt contains 3000 input tokens
  row(
    `maximum context length is ${N} tokens.*?requested ${N} output tokens and your prompt contains (?:at least )?${N} (?:input )?tokens`,
    'limit',
    'maxTokens',
    'inputTokens',
  ),
  // SGLang, newer vLLM: maximum context length of 262144 tokens. You requested a total of 262462 tokens: 230462
  // tokens from the input messages and 32000 tokens for the completion
  row(
    `maximum context length of ${N} tokens.*?total of ${N} tokens: ${N} tokens from the input messages and ${N} tokens for the completion`,
    'limit',
    'total',
    'inputTokens',
    'maxTokens',
  ),
  // OpenAI: maximum context length is 8192 tokens. However, your messages resulted in 9059 tokens
  row(`maximum context length is ${N} tokens.*?messages resulted in ${N} tokens`, 'limit', 'inputTokens'),
  // vLLM: 'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096
  // tokens and your request has 500 input tokens
  row(
    `is too large: ${N}\\. ?This model's maximum context length is ${N} tokens and your request has ${N} input tokens`,
    'maxTokens',
    'limit',
    'inputTokens',
  ),
  // vLLM: maximum context length is 4096 tokens. However, your request has 5000 input tokens
  row(`maximum context length is ${N} tokens.*?your request has ${N} input tokens`, 'limit', 'inputTokens'),
  row(`maximum context length is ${N} tokens.*?you requested (?:about )?${N} tokens`, 'limit', 'total'),
  row(
    `Input length \\(${N}\\) exceeds (?:the )?model's maximum context length \\(${N}\\)`,
    'inputTokens',
    'limit',
  ),
  // SGLang: The input (5000 tokens) is longer than the model's context length (4096 tokens)
  row(
    `input \\(${N} tokens\\) is longer than the model's context length \\(${N} tokens\\)`,
    'inputTokens',
    'limit',
  ),
  // llama.cpp: request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it
  row(
    `request \\(${N} tokens\\) exceeds the available context size \\(${N} tokens\\)`,
    'inputTokens',
    'limit',
  ),
  row(`"n_prompt_tokens" ?: ?${N}.*?"n_ctx" ?: ?${N}`, 'inputTokens', 'limit'),
  // Gemini: The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).
  row(
    `input token count (?:\\(${N}\\) )?exceeds the maximum number of tokens allowed \\(?${N}`,
    'inputTokens',
    'limit',
  ),
  // Mistral: Prompt contains 300000 tokens, too large for model with 131072 maximum context length
  row(`contains ${N} tokens.*?too large for model with ${N} maximum context length`, 'inputTokens', 'limit'),
  // xAI: This model's maximum prompt length is 131072 but the request contains 537812 tokens.
  row(`maximum prompt length is ${N} but the request contains ${N} tokens`, 'limit', 'inputTokens'),
  // Kimi: Your request exceeded model token limit: 262144 (requested: 300000)
  row(`exceeded model token limit: ${N}(?: \\(requested: ${N}\\))?`, 'limit', 'total'),
  // GitHub Copilot: prompt token count of 140000 exceeds the limit of 128000
  row(`prompt token count of ${N} exceeds the limit of ${N}`, 'inputTokens', 'limit'),
  // TGI: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 500 `max_new_tokens`
  row(
    `must be <= ${N}\\. Given: ${N} .{0,3}inputs.{0,3} tokens and ${N}`,
    'limit',
    'inputTokens',
    'maxTokens',
  ),
  // Cohere: too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000
  row(`number of tokens in the prompt cannot exceed ${N} - received ${N}`, 'limit', 'inputTokens'),
  // Cohere: too many tokens: size limit exceeded by 23418 tokens … The limit for this model is 128000 tokens
  row(`too many tokens: size limit exceeded.*?limit for this model is ${N} tokens`, 'limit'),
  // DS4: Prompt has 300,000 tokens, but the configured context size is 131,072 tokens
  row(`prompt has ${N} tokens, but the configured context size is ${N}`, 'inputTokens', 'limit'),
  // Wordings without both numbers.
  row(`maximum context length is ${N}`, 'limit'),
  // Alibaba: Range of input length should be [1, 129024]
  row(`range of input length should be \\[1, ?${N}\\]`, 'limit'),
  row('context_length_exceeded|model_context_window_exceeded|exceed_context_size_error'),
  // OpenAI Responses, Groq, Bedrock, MiniMax, LM Studio, Ollama, Cerebras, OpenRouter
  row('exceeds the context window|prompt is too long|prompt too long; exceeded (?:max )?context length'),
  row('reduce the length of the messages|input is too long for requested model|context window exceeds limit'),
  // Bedrock: of Nova, and of a prompt of some 25 MB whatever the model
  row('number of input tokens exceeds maximum length|too many total text bytes'),
  row('exceeds the available context size|greater than the context length|maximum context length'),
]

function row(pattern: string, ...numbers: Field[]): Wording {
  return { pattern: new RegExp(pattern, 'is'), numbers }
}

/** Providers' texts are short; beyond this a page is no error message, and patterns should not crawl through it. */
const TEXT_MAX_LENGTH = 8192

/**
 * The overflow that an error text or body tells of; undefined when it is about something else. Rate limits that
 * count tokens ("tokens per minute") are not overflows: waiting helps there, compacting does not.
 */
export function parseContextOverflow(text: string): ContextOverflow | undefined {
  const head = text.slice(0, TEXT_MAX_LENGTH)
  if (/tokens per (?:min|day)|rate.?limit/i.test(head)) return undefined
  for (const { pattern, numbers } of WORDINGS) {
    const match = pattern.exec(head)
    if (match !== null) return readNumbers(match, numbers)
  }
  return undefined
}

function readNumbers(match: RegExpExecArray, fields: readonly Field[]): ContextOverflow {
  const found: Partial<Record<Field, number>> = {}
  fields.forEach((field, at) => {
    const value = Number(match[at + 1]?.replaceAll(',', ''))
    if (Number.isSafeInteger(value)) found[field] = value
  })
  const { total, ...overflow } = found
  // OpenRouter counts tools apart from text: what is not output was input.
  if (total !== undefined && overflow.maxTokens !== undefined)
    overflow.inputTokens = Math.max(0, total - overflow.maxTokens)
  else if (total !== undefined) overflow.inputTokens ??= total
  return overflow
}
