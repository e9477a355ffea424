import {
  type ContentBlock,
  type Message,
  BedrockRuntimeClient,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'

import { type Json, parseJson } from '../../provider/json.ts'
import { type Ask, type Sdk, TOOLS } from './sdk.ts'

/** As it comes, without a handler of our choice: it speaks HTTP/2 with prior knowledge, to `http://`, too. */
const client = ({ url, key }: Ask) =>
  new BedrockRuntimeClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIACLIENT', secretAccessKey: key },
  })

export const converseSdk: Sdk = {
  name: '@aws-sdk/client-bedrock-runtime converse',
  prefix: '/bedrock',
  open(ask) {
    const { model: modelId, prompt, thinks } = ask
    const messages: Message[] = [{ role: 'user', content: [{ text: prompt }] }]
    const tools = TOOLS.map(({ name, description, schema }) => ({
      toolSpec: { name, description, inputSchema: { json: schema } },
    }))
    const additionalModelRequestFields = { thinking: { type: 'adaptive' } }
    return {
      async send() {
        const command = new ConverseStreamCommand({
          modelId,
          messages,
          toolConfig: { tools },
          inferenceConfig: { maxTokens: 8_000 },
          ...(thinks && { additionalModelRequestFields }),
        })
        const events: Json[] = []
        for await (const event of (await client(ask).send(command)).stream!) events.push(event)
        const content = contentOf(events)
        messages.push({ role: 'assistant', content })
        const usage = events.findLast((event) => event.metadata)?.metadata.usage
        return {
          text: content.map((block) => block.text ?? '').join(''),
          thoughts: content.map((block) => block.reasoningContent?.reasoningText?.text ?? '').join(''),
          calls: content.flatMap(({ toolUse: call }) =>
            call ? [{ id: call.toolUseId!, name: call.name!, input: call.input }] : [],
          ),
          pieces: events.filter((event) => event.contentBlockDelta?.delta.text).length,
          ...(usage && {
            usage: {
              fresh: usage.inputTokens,
              cached: usage.cacheReadInputTokens ?? 0,
              output: usage.outputTokens,
            },
          }),
        }
      },
      give(results) {
        const content = results.map(({ call, output }) => ({
          toolResult: { toolUseId: call.id, content: [{ text: output }] },
        }))
        messages.push({ role: 'user', content })
      },
    }
  },
}

/** The blocks of a stream, as the documentation says to put them together. */
function contentOf(events: Json[]): ContentBlock[] {
  const blocks = new Map<number, { start: Json; deltas: Json[] }>()
  const at = (index: number) => {
    const block = blocks.get(index) ?? { start: {}, deltas: [] }
    blocks.set(index, block)
    return block
  }
  for (const { contentBlockStart: begun, contentBlockDelta: more } of events) {
    if (begun) at(begun.contentBlockIndex).start = begun.start
    if (more) at(more.contentBlockIndex).deltas.push(more.delta)
  }
  return [...blocks.values()].map(({ start, deltas }): ContentBlock => {
    const joined = (read: (delta: Json) => string | undefined) =>
      deltas.map((one) => read(one) ?? '').join('')
    if (start.toolUse) {
      const input = parseJson(joined((delta) => delta.toolUse?.input)) ?? {}
      return { toolUse: { ...start.toolUse, input } }
    }
    if (!deltas[0]?.reasoningContent) return { text: joined((delta) => delta.text) }
    const redacted = deltas[0].reasoningContent.redactedContent
    if (redacted) return { reasoningContent: { redactedContent: redacted } }
    const text = joined((delta) => delta.reasoningContent?.text)
    const signature = joined((delta) => delta.reasoningContent?.signature)
    return { reasoningContent: { reasoningText: { text, ...(signature && { signature }) } } }
  })
}

/** Claude's own body: what the SDK takes and gives are bytes. */
export const invokeSdk: Sdk = {
  name: '@aws-sdk/client-bedrock-runtime invoke',
  prefix: '/bedrock',
  open(ask) {
    const { model: modelId, prompt, thinks } = ask
    const messages: Json[] = [{ role: 'user', content: prompt }]
    const tools = TOOLS.map(({ name, description, schema }) => ({ name, description, input_schema: schema }))
    return {
      async send() {
        const body = JSON.stringify({
          anthropic_version: 'bedrock-2023-05-31',
          max_tokens: 8_000,
          tools,
          messages,
          ...(thinks && { thinking: { type: 'adaptive' } }),
        })
        const command = new InvokeModelWithResponseStreamCommand({ modelId, body })
        const events: Json[] = []
        for await (const { chunk } of (await client(ask).send(command)).body!) {
          events.push(JSON.parse(Buffer.from(chunk!.bytes!).toString()))
        }
        const content = claudeContentOf(events)
        messages.push({ role: 'assistant', content })
        const told = (name: string) => events.find((event) => event.type === name)
        const usage = { ...told('message_start')?.message.usage, ...told('message_delta')?.usage }
        return {
          text: content.map((block) => block.text ?? '').join(''),
          thoughts: content.map((block) => block.thinking ?? '').join(''),
          calls: content.filter((block) => block.type === 'tool_use'),
          pieces: events.filter((event) => event.delta?.text).length,
          usage: {
            fresh: usage.input_tokens,
            cached: usage.cache_read_input_tokens ?? 0,
            output: usage.output_tokens,
          },
        }
      },
      give(results) {
        const content = results.map(({ call, output }) => ({
          type: 'tool_result',
          tool_use_id: call.id,
          content: output,
        }))
        messages.push({ role: 'user', content })
      },
    }
  },
}

function claudeContentOf(events: Json[]): Json[] {
  const content: Json[] = []
  const inputs: string[] = []
  for (const { type, index, content_block, delta } of events) {
    if (type === 'content_block_start') content[index] = { ...content_block }
    if (type !== 'content_block_delta') continue
    const block = content[index]
    if (delta.type === 'text_delta') block.text += delta.text
    if (delta.type === 'thinking_delta') block.thinking += delta.thinking
    if (delta.type === 'signature_delta') block.signature = delta.signature
    if (delta.type === 'input_json_delta') inputs[index] = (inputs[index] ?? '') + delta.partial_json
  }
  return content.map((block, index) =>
    block.type === 'tool_use' ? { ...block, input: parseJson(inputs[index] ?? '') ?? {} } : block,
  )
}
