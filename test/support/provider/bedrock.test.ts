import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk'
import {
  type Message,
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { decodeMessages, encodeMessage } from './aws-event-stream.ts'
import { type Directive, directiveText } from './directive.ts'
import type { Json } from './json.ts'
import { AWS_KEYS, type Provider, startProvider } from './server.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ keys: ['bedrock-api-key'] })
})
afterAll(() => provider.close())

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'

describe('event streams', () => {
  const message = fc.record({
    headers: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }),
      fc.string({ unit: 'binary' }),
    ),
    payload: fc.uint8Array(),
  })
  it('are read as they were written, and not when a byte has changed', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), fc.nat(), (messages, at) => {
        const bytes = Buffer.concat(messages.map(encodeMessage))
        const plain = decodeMessages(bytes).map((one) => ({ ...one, payload: new Uint8Array(one.payload) }))
        expect(plain).toEqual(messages.map((one) => ({ ...one, headers: { ...one.headers } })))
        bytes[at % bytes.length]! ^= 1
        expect(() => decodeMessages(bytes)).toThrow()
      }),
    )
  })
})

const SCHEMA = { type: 'object' as const, properties: { path: { type: 'string' } }, required: ['path'] }
const STEP: Directive['steps'] = [{ do: 'call', tool: 'Read', input: { path: '/ä "x"' } }]

describe("AWS's own SDK", () => {
  const client = (more: object = {}) =>
    new BedrockRuntimeClient({
      endpoint: provider.url,
      region: 'us-east-1',
      credentials: AWS_KEYS,
      requestHandler: new NodeHttpHandler(),
      maxAttempts: 1,
      ...more,
    })
  const ask = (directive: Directive): Message[] => [
    { role: 'user', content: [{ text: `Please. ${directiveText(directive)}` }] },
  ]

  it('#46 signs what it sends; another secret, service or body is noticed', async () => {
    const command = () => new ConverseCommand({ modelId: MODEL, messages: ask({ say: 'Done' }) })
    const { output } = await client().send(command())
    expect(output?.message?.content).toEqual([{ text: 'Done' }])
    const wrong: [object, string][] = [
      [{ credentials: { ...AWS_KEYS, secretAccessKey: 'x' } }, 'InvalidSignatureException'],
      [{ credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'x' } }, 'UnrecognizedClientException'],
      [
        {
          credentials: {
            ...AWS_KEYS,
            sessionToken: 'x',
          },
        },
        'UnrecognizedClientException',
      ],
      [{ systemClockOffset: -600_000 }, 'InvalidSignatureException'],
    ]
    for (const [more, name] of wrong) {
      await expect(client(more).send(command())).rejects.toMatchObject({ name })
    }
    const signed = provider.requests.find((request) => request.headers.authorization?.startsWith('AWS4'))!
    const { connection: _, 'content-length': _length, ...head } = signed.headers
    const replayed = await fetch(provider.url + signed.url, { method: 'POST', headers: head, body: '{}' })
    expect([replayed.status, replayed.headers.get('x-amzn-errortype')]).toEqual([
      403,
      'InvalidSignatureException:http://internal.amazon.com/coral/com.amazon.bedrock/',
    ])
  })

  it('streams a tool loop with thoughts, and brings them back unchanged', async () => {
    const messages = ask({ nonce: 'n1', think: 'Hm.', pre: 'Let me look.', steps: STEP, say: 'Done' })
    const request = {
      modelId: MODEL,
      inferenceConfig: { maxTokens: 4000 },
      toolConfig: { tools: [{ toolSpec: { name: 'Read', inputSchema: { json: SCHEMA } } }] },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
    }
    const first = await client().send(new ConverseCommand({ ...request, messages }))
    expect(first).toMatchObject({
      stopReason: 'tool_use',
      output: {
        message: {
          content: [
            { reasoningContent: { reasoningText: { text: 'Hm.' } } },
            { text: 'Let me look.' },
            { toolUse: { input: { path: '/ä "x"' } } },
          ],
        },
      },
    })
    const { toolUseId } = first.output!.message!.content![2]!.toolUse!
    messages.push(first.output!.message!, {
      role: 'user',
      content: [{ toolResult: { toolUseId, content: [{ text: 'ok' }] } }],
    })
    const { stream } = await client().send(new ConverseStreamCommand({ ...request, messages }))
    const events: Json[] = []
    for await (const event of stream!) events.push(event)
    const texts = events.flatMap((event) => event.contentBlockDelta?.delta.text ?? [])
    expect(texts.join('')).toBe('Done (n1)')
    expect(events.at(-1).metadata.usage).toMatchObject({ inputTokens: expect.any(Number) })
    expect(provider.requestsOf('n1').flatMap(({ refusal }) => refusal ?? [])).toEqual([])
  })

  it('#43 counts the cache apart from the input, and tells it by how long it is kept', async () => {
    const usage = { in: 7, out: 5, cache_read: 3, cache_write: 9, cache_write_1h: 4 }
    const answer = await client().send(new ConverseCommand({ modelId: MODEL, messages: ask({ usage }) }))
    expect(answer.usage).toEqual({
      inputTokens: 7,
      outputTokens: 5,
      totalTokens: 24,
      cacheReadInputTokens: 3,
      cacheWriteInputTokens: 9,
      cacheDetails: [
        { ttl: '1h', inputTokens: 4 },
        { ttl: '5m', inputTokens: 5 },
      ],
    })
  })

  it('raises errors by name, in a status and in mid-stream', async () => {
    const throttled: Directive = { nonce: 'n2', fault: { kind: 'status', status: 429 } }
    const command = new ConverseCommand({ modelId: MODEL, messages: ask(throttled) })
    await expect(client().send(command)).rejects.toMatchObject({ name: 'ThrottlingException' })
    const fault: Directive['fault'] = { kind: 'error_event', after: 2, type: 'modelStreamErrorException' }
    const messages = ask({ nonce: 'n3', say: 'never the whole of it', fault })
    const { stream } = await client().send(new ConverseStreamCommand({ modelId: MODEL, messages }))
    const reading = async () => {
      for await (const _ of stream!);
    }
    await expect(reading()).rejects.toMatchObject({ name: 'ModelStreamErrorException' })
  })

  it('counts, invokes, and embeds', async () => {
    const messages = ask({ say: 'Done' })
    const counted = await client().send(
      new CountTokensCommand({ modelId: MODEL, input: { converse: { messages } } }),
    )
    expect(counted.inputTokens).toBeGreaterThan(10)
    const claude = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 10,
      messages: [{ role: 'user', content: directiveText({ say: 'one two three', chunk: 4 }) }],
    }
    const body = JSON.stringify(claude)
    const inner = { invokeModel: { body: Buffer.from(body) } }
    const alsoCounted = await client().send(new CountTokensCommand({ modelId: MODEL, input: inner }))
    expect(alsoCounted.inputTokens).toBeGreaterThan(10)
    const streamed = await client().send(new InvokeModelWithResponseStreamCommand({ modelId: MODEL, body }))
    const types: string[] = []
    for await (const { chunk } of streamed.body!)
      types.push(JSON.parse(Buffer.from(chunk!.bytes!).toString()).type)
    expect(types.at(-1)).toBe('message_stop')
    expect(types).not.toContain('ping')
    const titan = new InvokeModelCommand({
      modelId: 'amazon.titan-embed-text-v2:0',
      body: '{"inputText":"Hi"}',
    })
    const embedded = JSON.parse((await client().send(titan)).body.transformToString())
    expect(embedded).toMatchObject({ embedding: expect.any(Array), inputTextTokenCount: 1 })
  })
})

describe("Anthropic's SDK for Bedrock", () => {
  const content = directiveText({ nonce: 'n4', think: 'Hm.', steps: STEP, say: 'Done' })
  const request = {
    model: MODEL,
    max_tokens: 4000,
    thinking: { type: 'enabled' as const, budget_tokens: 1024 },
    tools: [{ name: 'Read', input_schema: SCHEMA }],
    messages: [{ role: 'user' as const, content }],
  }
  const signing = () =>
    new AnthropicBedrock({
      baseURL: provider.url,
      awsRegion: 'us-east-1',
      awsAccessKey: AWS_KEYS.accessKeyId,
      awsSecretKey: AWS_KEYS.secretAccessKey,
    })

  it('streams a tool loop with thoughts', async () => {
    const first = await signing().messages.stream(request).finalMessage()
    expect(first).toMatchObject({
      id: expect.stringMatching(/^msg_bdrk_/),
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Hm.' },
        { type: 'tool_use', input: { path: '/ä "x"' } },
      ],
    })
    const { id } = first.content[1] as { id: string }
    const answer = { type: 'tool_result' as const, tool_use_id: id, content: 'ok' }
    const messages = [
      ...request.messages,
      { role: 'assistant' as const, content: first.content },
      { role: 'user' as const, content: [answer] },
    ]
    const last = await signing().messages.create({ ...request, messages })
    expect(last.content.at(-1)).toMatchObject({ text: 'Done (n4)' })
    expect(provider.requestsOf('n4').flatMap(({ refusal }) => refusal ?? [])).toEqual([])
  })
})
