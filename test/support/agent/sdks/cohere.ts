import { type Cohere, CohereClientV2 } from 'cohere-ai'

import type { Json } from '../../provider/json.ts'
import { type Call, type Sdk, TOOLS } from './sdk.ts'

export const cohereSdk: Sdk = {
  name: 'cohere-ai',
  prefix: '/cohere',
  open({ url, key, model, prompt, thinks }) {
    const client = new CohereClientV2({ token: key, environment: url })
    const messages: Cohere.ChatMessageV2[] = [{ role: 'user', content: prompt }]
    const tools = TOOLS.map(({ name, description, schema }) => ({
      type: 'function' as const,
      function: { name, description, parameters: schema },
    }))
    return {
      async send() {
        const thinking = { type: thinks ? ('enabled' as const) : ('disabled' as const) }
        const events: Json[] = []
        for await (const event of await client.chatStream({ model, messages, tools, thinking }))
          events.push(event)
        const deltas: Json[] = events.flatMap((event) => event.delta?.message ?? [])
        const texts = deltas.flatMap((delta) => delta.content?.text || delta.toolPlan || [])
        const calls = callsOf(events)
        const toolCalls = calls.map(({ id, name, input }) => ({
          id,
          type: 'function' as const,
          function: { name, arguments: JSON.stringify(input) },
        }))
        messages.push(
          calls.length > 0
            ? { role: 'assistant', toolCalls, toolPlan: texts.join('') }
            : { role: 'assistant', content: texts.join('') },
        )
        return {
          text: texts.join(''),
          thoughts: deltas.flatMap((delta) => delta.content?.thinking ?? []).join(''),
          calls,
          pieces: texts.length,
        }
      },
      give(results) {
        for (const { call, output } of results) {
          messages.push({ role: 'tool', toolCallId: call.id, content: output })
        }
      },
    }
  },
}

function callsOf(events: Json[]): Call[] {
  const calls: { id: string; name: string; text: string }[] = []
  for (const { type, index, delta } of events) {
    const call = delta?.message?.toolCalls
    if (type === 'tool-call-start') calls[index] = { id: call.id, name: call.function.name, text: '' }
    if (type === 'tool-call-delta') calls[index]!.text += call.function.arguments
  }
  return calls.map(({ id, name, text }) => ({ id, name, input: JSON.parse(text || '{}') }))
}
