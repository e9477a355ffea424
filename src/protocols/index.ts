import { anthropic } from './anthropic/index.ts'
import { bedrockConverse } from './bedrock-converse/index.ts'
import { cohere } from './cohere/index.ts'
import { gemini } from './gemini/index.ts'
import { openaiChat } from './openai-chat/index.ts'
import { openaiResponses } from './openai-responses/index.ts'
import type { Protocol } from './protocol.ts'

/** Every wire API that the gateway speaks. */
export const PROTOCOLS: readonly Protocol[] = [
  anthropic,
  openaiChat,
  openaiResponses,
  gemini,
  bedrockConverse,
  cohere,
]
