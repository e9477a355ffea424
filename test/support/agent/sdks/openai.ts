import OpenAI from 'openai'

import { type Ask, type Call, type Sdk, TOOLS } from './sdk.ts'

const client = ({ url, key }: Ask) => new OpenAI({ baseURL: url, apiKey: key })

export const openaiChatSdk: Sdk = {
  name: 'openai chat',
  prefix: '/openai/v1',
  open(ask) {
    const { model, prompt, thinks } = ask
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: prompt }]
    const tools = TOOLS.map(({ name, description, schema }) => ({
      type: 'function' as const,
      function: { name, description, parameters: schema },
    }))
    return {
      async send() {
        const stream = client(ask).chat.completions.stream({
          model,
          messages,
          tools,
          stream_options: { include_usage: true },
          ...(thinks && { reasoning_effort: 'low' as const }),
        })
        let pieces = 0
        stream.on('content', () => (pieces += 1))
        const { choices, usage } = await stream.finalChatCompletion()
        const { message } = choices[0]!
        const { parsed: _, ...said } = message
        messages.push(said)
        const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0
        return {
          text: message.content ?? '',
          thoughts: (message as { reasoning_content?: string }).reasoning_content ?? '',
          calls: (message.tool_calls ?? []).flatMap((call): Call[] =>
            call.type === 'function'
              ? [{ id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) }]
              : [],
          ),
          pieces,
          ...(usage && {
            usage: { fresh: usage.prompt_tokens - cached, cached, output: usage.completion_tokens },
          }),
        }
      },
      give(results) {
        for (const { call, output } of results) {
          messages.push({ role: 'tool', tool_call_id: call.id, content: output })
        }
      },
    }
  },
}

export const openaiResponsesSdk: Sdk = {
  name: 'openai responses',
  prefix: '/openai/v1',
  open(ask) {
    const { model, prompt, thinks } = ask
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: prompt }]
    const tools = TOOLS.map(({ name, description, schema }) => ({
      type: 'function' as const,
      name,
      description,
      parameters: schema,
      strict: false,
    }))
    const reasoning = { effort: 'low' as const, summary: 'auto' as const }
    const include = ['reasoning.encrypted_content' as const]
    return {
      async send() {
        const stream = await client(ask).responses.create({
          model,
          input,
          tools,
          store: false,
          stream: true,
          ...(thinks && { reasoning, include }),
        })
        let [pieces, thoughts] = [0, '']
        let response: OpenAI.Responses.Response | undefined
        for await (const event of stream) {
          if (event.type === 'response.output_text.delta') pieces += 1
          if (event.type === 'response.reasoning_summary_text.delta') thoughts += event.delta
          if (event.type === 'response.completed') response = event.response
        }
        const { output, usage } = response!
        input.push(...(output as OpenAI.Responses.ResponseInputItem[]))
        const cached = usage?.input_tokens_details.cached_tokens ?? 0
        const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []))
        return {
          text: parts.map((part) => (part.type === 'output_text' ? part.text : '')).join(''),
          thoughts,
          calls: output.flatMap((item): Call[] =>
            item.type === 'function_call'
              ? [{ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) }]
              : [],
          ),
          pieces,
          ...(usage && {
            usage: { fresh: usage.input_tokens - cached, cached, output: usage.output_tokens },
          }),
        }
      },
      give(results) {
        for (const { call, output } of results) {
          input.push({ type: 'function_call_output', call_id: call.id, output })
        }
      },
    }
  },
}
