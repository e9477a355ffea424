import Anthropic from '@anthropic-ai/sdk'
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk'
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk'

import { type Ask, type Sdk, type Session, TOOLS } from './sdk.ts'

/** The Messages API, by whichever client reaches it. */
function open(
  client: { messages: Pick<Anthropic['messages'], 'stream'> },
  { model, prompt, thinks }: Ask,
): Session {
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: prompt }]
  const tools = TOOLS.map(({ name, description, schema }) => ({ name, description, input_schema: schema }))
  return {
    async send() {
      const stream = client.messages.stream({
        model,
        max_tokens: 8_000,
        tools,
        messages,
        ...(thinks && { thinking: { type: 'adaptive' as const } }),
      })
      let pieces = 0
      stream.on('text', () => (pieces += 1))
      const { content, usage } = await stream.finalMessage()
      messages.push({ role: 'assistant', content })
      return {
        text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
        thoughts: content.flatMap((block) => (block.type === 'thinking' ? [block.thinking] : [])).join(''),
        calls: content.flatMap((block) => (block.type === 'tool_use' ? [block] : [])),
        pieces,
        usage: {
          fresh: usage.input_tokens,
          cached: usage.cache_read_input_tokens ?? 0,
          output: usage.output_tokens,
        },
      }
    },
    give(results) {
      const content = results.map(({ call, output }) => ({
        type: 'tool_result' as const,
        tool_use_id: call.id,
        content: output,
      }))
      messages.push({ role: 'user', content })
    },
  }
}

export const anthropicSdk: Sdk = {
  name: '@anthropic-ai/sdk',
  prefix: '/anthropic',
  open: (ask) => open(new Anthropic({ baseURL: ask.url, apiKey: ask.key }), ask),
}

/** Signs with keys that only it knows: the gateway does not ask for signatures. */
export const anthropicBedrockSdk: Sdk = {
  name: '@anthropic-ai/bedrock-sdk',
  prefix: '/bedrock',
  open: (ask) =>
    open(
      new AnthropicBedrock({
        baseURL: ask.url,
        awsRegion: 'us-east-1',
        awsAccessKey: 'AKIACLIENT',
        awsSecretKey: ask.key,
      }),
      ask,
    ),
}

export const anthropicVertexSdk: Sdk = {
  name: '@anthropic-ai/vertex-sdk',
  prefix: '/genai/v1',
  open: (ask) =>
    open(
      new AnthropicVertex({
        baseURL: ask.url,
        region: 'us-east5',
        projectId: 'clients-project',
        authClient: {
          getRequestHeaders: async () => new Headers({ authorization: `Bearer ${ask.key}` }),
          projectId: 'clients-project',
        } as never,
      }),
      ask,
    ),
}
