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
import { sign } from './signature.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ keys: ['bedrock-api-key'] })
})
afterAll(() => provider.close())

const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const headers = { authorization: 'Bearer bedrock-api-key' }
const asked = { role: 'user', content: [{ text: 'Hi' }] }
const assistant = (...content: Json[]) => ({ role: 'assistant', content })
const use = (more: Json = {}) => ({ toolUse: { toolUseId: 'tooluse_1', name: 'Read', input: {}, ...more } })
const result = (more: Json = {}) => ({
  toolResult: { toolUseId: 'tooluse_1', content: [{ text: 'ok' }], ...more },
})
const user = (...content: Json[]) => ({ role: 'user', content })
const toolSpec = (more: Json = {}) => ({
  toolSpec: { name: 'Read', inputSchema: { json: { type: 'object' } }, ...more },
})
const toolConfig = { tools: [toolSpec()] }
const thought = (text: string, signature: string) => ({
  reasoningContent: { reasoningText: { text, signature } },
})
const cachePoint = { cachePoint: { type: 'default' } }
const violated = (value: string, at: string, constraint: string) =>
  `1 validation error detected: Value '${value}' at '${at}' failed to satisfy constraint: ${constraint}`
const byModel = (words: string) => `The model returned the following errors: ${words}`

const api = { provider: () => provider, headers, messageOf: (answer: Json) => answer.message }

describe('Converse as strict as the real API', () => {
  const path = `/model/${encodeURIComponent(MODEL)}/converse`
  const loop = (...content: Json[]) => ({
    toolConfig,
    messages: [asked, assistant(...content), user(result())],
  })
  testStrictness(
    { ...api, path, body: { messages: [asked] } },
    {
      accepted: [
        ['a plain text', {}],
        ['a model whose colon is not escaped', {}, { path: `/model/${MODEL}/converse` }],
        [
          'a profile by its ARN',
          {},
          {
            path: `/model/arn:aws:bedrock:us-east-1:123456789012:application-inference-profile%2Fabc/converse`,
          },
        ],
        ['#40 calls and their results', loop(use())],
        [
          'D3 #38 thoughts between calls',
          loop(thought('Hm', sign('Hm')), { text: 'x' }, thought('So', sign('So')), use()),
        ],
        [
          '#39 four cache points',
          { system: [{ text: 'x' }, cachePoint], messages: [user({ text: 'x' }, cachePoint)] },
        ],
        [
          'a failed result',
          { toolConfig, messages: [asked, assistant(use()), user(result({ status: 'error' }))] },
        ],
        [
          'a document',
          {
            messages: [
              user(
                { text: 'x' },
                { document: { format: 'pdf', name: 'My file (1)', source: { bytes: 'AA==' } } },
              ),
            ],
          },
        ],
        [
          '#44 thinking',
          {
            inferenceConfig: { maxTokens: 2000 },
            additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
          },
        ],
      ],
      refused: [
        [
          '#40 C7 calls in the history without tools',
          { messages: [asked, assistant(use()), user(result())] },
          'The toolConfig field must be defined when using toolUse and toolResult content blocks.',
        ],
        [
          '#41 A15 a blank text',
          { messages: [user({ text: ' ' })] },
          'The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.',
        ],
        [
          'no content',
          { messages: [user()] },
          'The content field in the Message object at messages.0 is empty. Add a ContentBlock object to the content field and try again.',
        ],
        [
          'a block that it does not know',
          { messages: [user({ type: 'text', text: 'x' })] },
          'The ContentBlock object at messages.0.content.0 must set one of the following keys: text, image, toolUse, toolResult, document, video, audio, cachePoint, guardContent, reasoningContent, citationsContent, searchResult.',
        ],
        [
          'an assistant first',
          { messages: [assistant({ text: 'x' })] },
          'A conversation must start with a user message. Try again with a conversation that starts with a user message.',
        ],
        [
          'two messages of one role',
          { messages: [asked, asked] },
          'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.',
        ],
        [
          'a call without its result',
          { toolConfig, messages: [asked, assistant(use()), asked] },
          'Expected toolResult blocks at messages.2.content for the following Ids: tooluse_1',
        ],
        [
          'a result without its call',
          { toolConfig, messages: [user(result())] },
          'The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn.',
        ],
        [
          '#40 an input that is no object',
          loop(use({ input: '{}' })),
          'The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object for the field and try again.',
        ],
        [
          'a result that is no object',
          { toolConfig, messages: [asked, assistant(use()), user(result({ content: [{ json: [1] }] }))] },
          'The format of the value at messages.2.content.0.toolResult.content.0.json is invalid. Provide a json object for the field and try again.',
        ],
        [
          'a result without content',
          { toolConfig, messages: [asked, assistant(use()), user(result({ content: [] }))] },
          'The content field in the ToolResultBlock object at messages.2.content.0.toolResult is empty. Add a ToolResultContentBlock object to the content field and try again.',
        ],
        [
          '#40 a tool name with a dot',
          { toolConfig: { tools: [toolSpec({ name: 'a.b' })] } },
          violated(
            'a.b',
            'toolConfig.tools.1.member.toolSpec.name',
            'Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+',
          ),
        ],
        [
          '#40 a tool name of 65 characters',
          { toolConfig: { tools: [toolSpec({ name: 'x'.repeat(65) })] } },
          violated(
            'x'.repeat(65),
            'toolConfig.tools.1.member.toolSpec.name',
            'Member must have length less than or equal to 64',
          ),
        ],
        [
          'a call id of 65 characters',
          loop(use({ toolUseId: 'x'.repeat(65) })),
          violated(
            'x'.repeat(65),
            'messages.2.member.content.1.member.toolUse.toolUseId',
            'Member must have length less than or equal to 64',
          ),
        ],
        [
          'an empty list of tools',
          { toolConfig: { tools: [] } },
          violated('[]', 'toolConfig.tools', 'Member must have length greater than or equal to 1'),
        ],
        [
          'an empty description, and a temperature too high',
          { toolConfig: { tools: [toolSpec({ description: '' })] }, inferenceConfig: { temperature: 2 } },
          "2 validation errors detected: Value '2' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1; Value '' at 'toolConfig.tools.1.member.toolSpec.description' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ],
        [
          'a media type for a format',
          { messages: [user({ image: { format: 'image/png', source: { bytes: 'AA==' } } })] },
          violated(
            'image/png',
            'messages.1.member.content.1.member.image.format',
            'Member must satisfy enum value set: [gif, jpeg, png, webp]',
          ),
        ],
        [
          'an empty system text',
          { system: [{ text: '' }] },
          violated('', 'system.1.member.text', 'Member must have length greater than or equal to 1'),
        ],
        [
          'a schema without a type',
          { toolConfig: { tools: [toolSpec({ inputSchema: { json: {} } })] } },
          'The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.',
        ],
        [
          '#41 a document name with a dot',
          {
            messages: [
              user({ text: 'x' }, { document: { format: 'pdf', name: 'a.pdf', source: { bytes: 'AA==' } } }),
            ],
          },
          "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace character.",
        ],
        [
          '#39 five cache points',
          { messages: [user({ text: 'x' }, ...Array.from({ length: 5 }, () => cachePoint))] },
          byModel('A maximum of 4 blocks with cache_control may be provided. Found 5.'),
        ],
        [
          'D2 a forged signature',
          { messages: [asked, assistant(thought('Hm', 'x'), { text: 'x' }), asked] },
          byModel('messages.1.content.0: Invalid `signature` in `thinking` block'),
        ],
        [
          'A14 D6 thoughts behind a call',
          {
            ...loop(use(), thought('Hm', sign('Hm'))),
            inferenceConfig: { maxTokens: 2000 },
            additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } },
          },
          byModel(
            'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking',
          ),
        ],
        [
          'A8 a budget too small',
          {
            inferenceConfig: { maxTokens: 2000 },
            additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 500 } },
          },
          byModel('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024'),
        ],
        [
          'A1 context management among further fields',
          { additionalModelRequestFields: { mcp_servers: [] } },
          byModel('mcp_servers: Extra inputs are not permitted'),
        ],
      ],
      denied: [
        [
          'a request without credentials',
          { headers: { authorization: '' } },
          403,
          'Missing Authentication Token',
        ],
        [
          'an API key that it does not know',
          { headers: { authorization: 'Bearer x' } },
          403,
          'Authentication failed: Please make sure your API Key is valid.',
        ],
        [
          'a model that it does not have',
          { path: '/model/openai%2Fgpt-5/converse' },
          400,
          'The provided model identifier is invalid.',
        ],
        [
          '#39 cache points for a model without a cache',
          {
            path: '/model/moonshot.kimi-k2-thinking/converse',
            body: { messages: [user({ text: 'x' }, cachePoint)] },
          },
          403,
          'You invoked an unsupported model or your request did not allow prompt caching. See the documentation for more information.',
        ],
        [
          "A9 an answer of one token of OpenAI's",
          { path: '/model/us.openai.gpt-6-astra/converse', body: { inferenceConfig: { maxTokens: 1 } } },
          400,
          byModel(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
          ),
        ],
        [
          "A10 Claude's thinking for a model of OpenAI's",
          {
            path: '/model/us.openai.gpt-6-astra/converse',
            body: { additionalModelRequestFields: { thinking: {} } },
          },
          400,
          byModel("Unknown parameter: 'thinking'."),
        ],
      ],
    },
  )
})

describe("Bedrock's Claude as strict as the real API", () => {
  testStrictness(
    {
      ...api,
      path: `/model/${MODEL}/invoke`,
      body: {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 2000,
        messages: [{ role: 'user', content: 'Hi' }],
      },
    },
    {
      accepted: [
        ['a plain text', {}],
        [
          '#37 betas in the body',
          { anthropic_beta: ['interleaved-thinking-2025-05-14', 'tool-search-tool-2025-10-19'] },
        ],
        [
          'betas in a header, which mean nothing',
          {},
          { headers: { 'anthropic-beta': 'claude-code-20250219' } },
        ],
      ],
      refused: [
        ['#37 no version', { anthropic_version: undefined }, 'anthropic_version: Field required'],
        [
          "#37 Vertex's version",
          { anthropic_version: 'vertex-2023-10-16' },
          "anthropic_version: Input should be 'bedrock-2023-05-31'",
        ],
        ['#37 a model in the body', { model: MODEL }, 'model: Extra inputs are not permitted'],
        ['#37 a stream in the body', { stream: true }, 'stream: Extra inputs are not permitted'],
        [
          'A1 context management',
          { context_management: { edits: [] } },
          'context_management: Extra inputs are not permitted',
        ],
        ['A3 an unknown beta', { anthropic_beta: ['mcp-servers-2025-12-04'] }, 'invalid beta flag'],
        [
          'a search that it does not run',
          { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
          "tools.0: Input tag 'web_search_20250305' found using 'type' does not match any of the expected tags: 'bash_20250124', 'custom', 'memory_20250818', 'text_editor_20250728'",
        ],
      ],
      denied: [],
    },
  )
})

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
