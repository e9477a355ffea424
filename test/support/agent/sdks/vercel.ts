import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { type LanguageModel, type ModelMessage, jsonSchema, streamText, tool } from 'ai'

import { type Ask, type Sdk, type Session, TOOLS } from './sdk.ts'

type ProviderOptions = Parameters<typeof streamText>[0]['providerOptions']

/** One turn at a time: the SDK keeps what providers added to the messages, and gives it back with the next. */
function open(model: LanguageModel, { prompt, thinks }: Ask, thinking: ProviderOptions): Session {
  const messages: ModelMessage[] = [{ role: 'user', content: prompt }]
  const tools = Object.fromEntries(
    TOOLS.map(({ name, description, schema }) => [
      name,
      tool({ description, inputSchema: jsonSchema(schema) }),
    ]),
  )
  return {
    async send() {
      let failure: unknown
      const result = streamText({
        model,
        messages,
        tools,
        maxOutputTokens: 8_000,
        ...(thinks && thinking && { providerOptions: thinking }),
        onError({ error }) {
          failure = error
        },
      })
      let pieces = 0
      for await (const _ of result.textStream) pieces += 1
      if (failure !== undefined) throw failure
      const { messages: said } = await result.response
      messages.push(...said)
      const usage = await result.usage
      const cached = usage.inputTokenDetails.cacheReadTokens ?? 0
      return {
        text: await result.text,
        thoughts: (await result.reasoningText) ?? '',
        calls: (await result.toolCalls).map(({ toolCallId: id, toolName: name, input }) => ({
          id,
          name,
          input,
        })),
        pieces,
        usage: { fresh: (usage.inputTokens ?? 0) - cached, cached, output: usage.outputTokens ?? 0 },
      }
    },
    give(results) {
      const content = results.map(({ call, output }) => ({
        type: 'tool-result' as const,
        toolCallId: call.id,
        toolName: call.name,
        output: { type: 'text' as const, value: output },
      }))
      messages.push({ role: 'tool', content })
    },
  }
}

export const vercelAnthropicSdk: Sdk = {
  name: 'ai with @ai-sdk/anthropic',
  prefix: '/anthropic/v1',
  open: (ask) =>
    open(createAnthropic({ baseURL: ask.url, apiKey: ask.key })(ask.model), ask, {
      anthropic: { thinking: { type: 'adaptive' } },
    }),
}

export const vercelOpenaiSdk: Sdk = {
  name: 'ai with @ai-sdk/openai',
  prefix: '/openai/v1',
  open: (ask) =>
    open(createOpenAI({ baseURL: ask.url, apiKey: ask.key })(ask.model), ask, {
      openai: {
        // It knows models that reason by names of OpenAI's.
        forceReasoning: true,
        store: false,
        reasoningEffort: 'low',
        reasoningSummary: 'auto',
        include: ['reasoning.encrypted_content'],
      },
    }),
}
