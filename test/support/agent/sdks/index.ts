import { anthropicBedrockSdk, anthropicSdk, anthropicVertexSdk } from './anthropic.ts'
import { converseSdk, invokeSdk } from './aws.ts'
import { cohereSdk } from './cohere.ts'
import { genaiSdk } from './google.ts'
import { openaiChatSdk, openaiResponsesSdk } from './openai.ts'
import type { Sdk } from './sdk.ts'
import { vercelAnthropicSdk, vercelOpenaiSdk } from './vercel.ts'

/** Every SDK that must lead a tool loop through the gateway. */
export const SDKS: Sdk[] = [
  anthropicSdk,
  anthropicBedrockSdk,
  anthropicVertexSdk,
  openaiChatSdk,
  openaiResponsesSdk,
  genaiSdk,
  converseSdk,
  invokeSdk,
  cohereSdk,
  vercelAnthropicSdk,
  vercelOpenaiSdk,
]
