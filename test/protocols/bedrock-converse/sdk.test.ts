import { Readable } from 'node:stream'
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import type { ContentBlock, ConverseStreamOutput, TokenUsage } from '@aws-sdk/client-bedrock-runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collector } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { ErrorKind } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { bedrockConverse } from '../../../src/protocols/bedrock-converse/index.ts'
import { encodeResponse } from '../../../src/protocols/bedrock-converse/response.ts'
import { ConverseStreamEncoder } from '../../../src/protocols/bedrock-converse/stream-encode.ts'
import { awsEvents } from '../../../src/wire/aws-eventstream.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import { CONTEXT, slice, slices } from '../../support/sse.ts'
import type { Json } from '../../support/provider/json.ts'

interface Answer {
  status: number
  headers: Record<string, string>
  body: readonly Uint8Array[]
}

/** AWS's own client, whose every request gets this answer, and what it asked for. */
function client({ status, headers, body }: Answer): {
  sdk: BedrockRuntimeClient
  asked: { path: string; body: Json }[]
} {
  const asked: { path: string; body: Json }[] = []
  const sdk = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: 'http://gateway.invalid/bedrock',
    credentials: { accessKeyId: 'placeholder', secretAccessKey: 'placeholder' },
    maxAttempts: 1,
    requestHandler: {
      async handle(request: { path: string; body: Uint8Array }) {
        asked.push({ path: request.path, body: JSON.parse(new TextDecoder().decode(request.body)) })
        return {
          response: {
            statusCode: status,
            headers,
            body: Readable.from(body.map((part) => Buffer.from(part))),
          },
        }
      },
    } as never,
  })
  return { sdk, asked }
}

const REQUEST = {
  modelId: 'openai/gpt-5',
  messages: [{ role: 'user' as const, content: [{ text: 'Hi' }] }],
}

function jsonAnswer(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: [bytes] }
}

function streamOf(events: readonly Event[]): Uint8Array {
  const encoder = new ConverseStreamEncoder(CONTEXT)
  const writer = awsEvents.writer()
  const parts: Uint8Array[] = []
  for (const event of events)
    encoder.push(event, (name, data) => parts.push(writer.write(name, data) as Uint8Array))
  return new Uint8Array(Buffer.concat(parts))
}

/** What the SDK makes of a stream, as an agent collects it. */
interface Collected {
  content: ContentBlock[]
  stopReason: string | undefined
  usage: TokenUsage | undefined
}

async function streamed(events: readonly Event[], places: readonly number[] = []): Promise<Collected> {
  const { sdk } = client({
    status: 200,
    headers: { 'content-type': awsEvents.contentType },
    body: slice(streamOf(events), places),
  })
  const { stream } = await sdk.send(new ConverseStreamCommand(REQUEST))
  const collected: Collected = { content: [], stopReason: undefined, usage: undefined }
  let json = ''
  for await (const event of stream!) json = collect(event, json, collected)
  return collected
}

function collect(event: ConverseStreamOutput, json: string, into: Collected): string {
  if (event.contentBlockStart) {
    into.content.push({ toolUse: { ...event.contentBlockStart.start!.toolUse!, input: '' } })
    return ''
  }
  if (event.contentBlockDelta) {
    const { contentBlockIndex: index, delta } = event.contentBlockDelta
    const block = (into.content[index!] ??=
      delta!.text === undefined ? { reasoningContent: { reasoningText: { text: '' } } } : { text: '' })
    if (delta!.text !== undefined) block.text += delta!.text
    const reasoning = delta!.reasoningContent
    if (reasoning?.text !== undefined) block.reasoningContent!.reasoningText!.text += reasoning.text
    if (reasoning?.signature !== undefined)
      block.reasoningContent!.reasoningText!.signature = reasoning.signature
    return json + (delta!.toolUse?.input ?? '')
  }
  if (event.contentBlockStop) {
    const block = into.content[event.contentBlockStop.contentBlockIndex!]
    if (block?.toolUse) block.toolUse.input = JSON.parse(json)
  }
  if (event.messageStop) into.stopReason = event.messageStop.stopReason
  if (event.metadata) into.usage = event.metadata.usage
  return json
}

async function whole(events: readonly Event[]): Promise<Collected> {
  const collector = new Collector()
  for (const event of events) collector.push(event)
  const { sdk } = client(jsonAnswer(encodeResponse(collector.response(), CONTEXT)))
  const { output, stopReason, usage } = await sdk.send(new ConverseCommand(REQUEST))
  return { content: output!.message!.content!, stopReason, usage }
}

const TURN: Event[] = [
  { type: 'start', id: 'msg_9', usage: { inputTokens: 3 } },
  { type: 'block-start', index: 0, block: { type: 'thinking' } },
  { type: 'delta', index: 0, delta: { type: 'thinking', text: 'hm' } },
  { type: 'block-end', index: 0 },
  { type: 'block-start', index: 1, block: { type: 'text' } },
  { type: 'delta', index: 1, delta: { type: 'text', text: 'I ' } },
  { type: 'delta', index: 1, delta: { type: 'text', text: 'look: Größe 🚀' } },
  { type: 'block-end', index: 1 },
  { type: 'block-start', index: 2, block: { type: 'tool-call', id: 'call_1', name: 'Bash' } },
  { type: 'delta', index: 2, delta: { type: 'arguments', json: '{"command":' } },
  { type: 'delta', index: 2, delta: { type: 'arguments', json: '"ls \\"a\\""}' } },
  { type: 'block-end', index: 2 },
  { type: 'block-start', index: 3, block: { type: 'tool-call', id: 'functions.List:1', name: 'List' } },
  { type: 'block-end', index: 3 },
  { type: 'usage', usage: { inputTokens: 30, cacheReadTokens: 5, cacheWrite1hTokens: 7, outputTokens: 12 } },
  { type: 'finish', reason: { unified: 'end', raw: 'stop' } },
]

const READ: Collected = {
  content: [
    { reasoningContent: { reasoningText: { text: 'hm', signature: 'signalbox.' } } },
    { text: 'I look: Größe 🚀' },
    { toolUse: { toolUseId: 'call_1', name: 'Bash', input: { command: 'ls "a"' } } },
    { toolUse: { toolUseId: expect.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/), name: 'List', input: {} } },
  ],
  stopReason: 'tool_use',
  usage: {
    inputTokens: 30,
    outputTokens: 12,
    totalTokens: 54,
    cacheReadInputTokens: 5,
    cacheWriteInputTokens: 7,
    cacheDetails: [{ ttl: '1h', inputTokens: 7 }],
  },
}

/** Where arguments are no JSON object the two differ: each tells the text in its own way. */
function hasObjectArguments(events: readonly Event[]): boolean {
  const texts = new Map<number, string>()
  for (const event of events) {
    if (event.type === 'delta' && event.delta.type === 'arguments')
      texts.set(event.index, (texts.get(event.index) ?? '') + event.delta.json)
  }
  return [...texts.values()].every((text) => text.trim() === '')
}

/** Citations turn a whole text into another kind of block. */
function hasNoCitations(events: readonly Event[]): boolean {
  return !events.some((event) => event.type === 'delta' && event.delta.type === 'citation')
}

describe('AWS’s SDK', () => {
  it('reads a turn with thinking, text and calls from a stream', async () => {
    expect(await streamed(TURN)).toEqual(READ)
  })

  it('… and from a whole answer', async () => {
    expect(await whole(TURN)).toMatchObject(READ)
  })

  it('gets the same from the stream of any answer and from the whole of it', async () => {
    const plain = answer.filter((events) => hasObjectArguments(events) && hasNoCitations(events))
    await fc.assert(
      fc.asyncProperty(plain, slices, async (events, places) => {
        expect(await streamed(events, places)).toEqual(JSON.parse(JSON.stringify(await whole(events))))
      }),
      { numRuns: 60 },
    )
  })

  it('B11 fails on every answer that breaks off', async () => {
    await fc.assert(
      fc.asyncProperty(brokenAnswer, async (events) => {
        await expect(streamed(events)).rejects.toThrow()
      }),
      { numRuns: 40 },
    )
  })

  it.each<[ErrorKind, string]>([
    ['rate_limited', 'ThrottlingException'],
    ['overloaded', 'ServiceUnavailableException'],
    ['invalid_request', 'ValidationException'],
    ['upstream_truncated', 'InternalServerException'],
    ['upstream_idle', 'ModelStreamErrorException'],
  ])('B11 knows what broke off a stream: %s is a %s', async (kind, name) => {
    const events: Event[] = [...TURN.slice(0, 7), { type: 'error', error: new GatewayError(kind, 'Oh no') }]
    await expect(streamed(events)).rejects.toMatchObject({ name, message: 'Oh no' })
  })

  it.each<[ErrorKind, string, number]>([
    ['rate_limited', 'ThrottlingException', 429],
    ['context_overflow', 'ValidationException', 400],
    ['model_not_found', 'ResourceNotFoundException', 404],
    ['forbidden', 'AccessDeniedException', 403],
    ['upstream_timeout', 'ModelTimeoutException', 408],
    ['internal', 'InternalServerException', 500],
  ])('knows an error answer: %s is a %s', async (kind, name, status) => {
    const told = bedrockConverse.error.encode(new GatewayError(kind, 'Oh no'), 'req_1')
    const { sdk } = client(jsonAnswer(told.body, told.status, told.headers))
    await expect(sdk.send(new ConverseCommand(REQUEST))).rejects.toMatchObject({
      name,
      message: expect.stringContaining('Oh no'),
      $metadata: { httpStatusCode: status, requestId: 'req_1' },
    })
  })
})

describe('what AWS’s SDK sends', () => {
  it('is read: paths, bytes and documents', async () => {
    const { sdk, asked } = client(jsonAnswer({ output: {}, stopReason: 'end_turn' }))
    await sdk.send(
      new ConverseCommand({
        ...REQUEST,
        messages: [
          {
            role: 'user',
            content: [
              { text: 'Look' },
              { image: { format: 'png', source: { bytes: Uint8Array.of(1, 2, 3) } } },
              {
                document: {
                  format: 'txt',
                  name: 'notes',
                  source: { bytes: new TextEncoder().encode('Größe') },
                },
              },
            ],
          },
          { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'Bash', input: { n: 1.5 } } }] },
          {
            role: 'user',
            content: [{ toolResult: { toolUseId: 't', content: [{ json: { ok: true } }], status: 'error' } }],
          },
        ],
        inferenceConfig: { maxTokens: 9 },
        additionalModelRequestFields: { top_k: 5 },
      }),
    )
    expect(asked[0]!.path).toBe('/bedrock/model/openai%2Fgpt-5/converse')
    const { request } = bedrockConverse.request.decode(asked[0]!.body)
    expect(request).toMatchObject({ maxTokens: 9, topK: 5 })
    expect(request.messages.map(({ content }) => content)).toEqual([
      [
        { type: 'text', text: 'Look' },
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AQID' } },
        { type: 'document', title: 'notes', source: { kind: 'text', text: 'Größe' } },
      ],
      [{ type: 'tool-call', id: 't', name: 'Bash', arguments: '{"n":1.5}' }],
      [{ type: 'tool-result', callId: 't', isError: true, content: [{ type: 'text', text: '{"ok":true}' }] }],
    ])
  })
})
