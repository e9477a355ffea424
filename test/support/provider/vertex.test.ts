import { AnthropicVertex } from '@anthropic-ai/vertex-sdk'
import { GoogleGenAI } from '@google/genai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { directiveText } from './directive.ts'
import type { Json } from './json.ts'
import { type Provider, startProvider } from './server.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ keys: ['ya29.token'] })
})
afterAll(() => provider.close())

const PLACE = '/v1/projects/p/locations/us-east5/publishers'
const headers = { authorization: 'Bearer ya29.token' }
const EXPECTED =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.'

const notFound = (publisher: string, model: string) =>
  `Publisher Model \`projects/p/locations/us-east5/publishers/${publisher}/models/${model}\` was not found or your project does not have access to it. Please ensure you are using a valid model version. For more information, see: https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions`

describe("Vertex's Claude as strict as the real API", () => {
  const CLAUDE = `${PLACE}/anthropic/models/claude-sonnet-4-5@20250929:rawPredict`
  const asked = { role: 'user', content: 'Hi' }
  const editing = { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] }
  const thinking = { type: 'enabled', budget_tokens: 1024 }
  const beta = 'context-management-2025-06-27'
  const marked = { type: 'text', text: 'x', cache_control: { type: 'ephemeral', scope: 'global' } }
  testStrictness(
    {
      provider: () => provider,
      path: CLAUDE,
      headers,
      body: { anthropic_version: 'vertex-2023-10-16', max_tokens: 2000, messages: [asked] },
      messageOf: (answer) => answer.error.message,
    },
    {
      accepted: [
        ['a plain text', {}],
        ['a stream', { stream: true }, { path: CLAUDE.replace('rawPredict', 'streamRawPredict') }],
        ['a search', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
        [
          'A1 context management with its beta',
          { context_management: editing, thinking },
          { headers: { 'anthropic-beta': `${beta},claude-code-20250219` } },
        ],
        ['betas in the body', { anthropic_beta: ['interleaved-thinking-2025-05-14'] }],
        [
          'the effort of a model that has it',
          { output_config: { effort: 'low' } },
          { path: CLAUDE.replace('sonnet-4-5@20250929', 'opus-5-5') },
        ],
      ],
      refused: [
        ['#37 no version', { anthropic_version: undefined }, 'anthropic_version: Field required'],
        [
          "#37 Bedrock's version",
          { anthropic_version: 'bedrock-2023-05-31' },
          "anthropic_version: Input should be 'vertex-2023-10-16'",
        ],
        ['#37 a model in the body', { model: 'claude-opus-5-5' }, 'model: Extra inputs are not permitted'],
        [
          'A1 context management without its beta',
          { context_management: editing, thinking },
          'context_management: Extra inputs are not permitted',
        ],
        [
          'A2 clearing thoughts where none are thought',
          { context_management: editing, anthropic_beta: [beta] },
          '`clear_thinking_20251015` strategy requires `thinking` to be enabled or adaptive',
        ],
        [
          'A3 an unknown beta',
          { anthropic_beta: ['mcp-client-2025-11-20', 'advanced-tool-use-2025-11-20'] },
          'Unexpected value(s) `mcp-client-2025-11-20`, `advanced-tool-use-2025-11-20` for the `anthropic-beta` header. Please consult our documentation at platform.claude.com/docs or try again without the header.',
        ],
        ...['mcp_servers', 'container', 'service_tier', 'safeguards', 'speed', 'fallbacks'].map(
          (name): [string, Json, string] => [
            `A4 ${name}`,
            { [name]: {} },
            `${name}: Extra inputs are not permitted`,
          ],
        ),
        [
          'A4 a format of the answer',
          { output_config: { format: { type: 'json_schema', schema: {} } } },
          'output_config.format: Extra inputs are not permitted',
        ],
        [
          'a scope of the cache',
          { system: [marked] },
          'system.0.cache_control.ephemeral.scope: Extra inputs are not permitted',
        ],
        [
          'A20 adaptive thinking of an older model',
          { thinking: { type: 'adaptive' } },
          'adaptive thinking is not supported on this model',
        ],
        [
          'an effort of an older model',
          { output_config: { effort: 'low' } },
          'This model does not support the effort parameter.',
        ],
        [
          'a tool that it does not run',
          { tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] },
          "tools.0: Input tag 'web_fetch_20250910' found using 'type' does not match any of the expected tags: 'bash_20250124', 'custom', 'memory_20250818', 'text_editor_20250728'",
        ],
      ],
      denied: [
        [
          'a request without a token',
          { headers: { authorization: '' } },
          401,
          `Request is missing required authentication credential. ${EXPECTED}`,
        ],
        [
          'a token that it does not know',
          { headers: { authorization: 'Bearer x' } },
          401,
          `Request had invalid authentication credentials. ${EXPECTED}`,
        ],
        [
          'a model that it does not have',
          { path: CLAUDE.replace('claude-sonnet-4-5@20250929', 'openai/gpt-5') },
          404,
          notFound('anthropic', 'openai/gpt-5'),
        ],
      ],
    },
  )
})

describe("Vertex's Gemini as strict as the real API", () => {
  const GEMINI = `${PLACE}/google/models/gemini-3.5-pro:generateContent`
  const asked = { role: 'user', parts: [{ text: 'Hi' }] }
  const calling = {
    role: 'model',
    parts: [{ functionCall: { name: 'Read' }, thoughtSignature: 'Zm9yZWlnbg==' }],
  }
  const answered = { role: 'user', parts: [{ functionResponse: { name: 'Read', response: {} } }] }
  testStrictness(
    {
      provider: () => provider,
      path: GEMINI,
      headers,
      body: { contents: [asked] },
      messageOf: (answer) => answer.error.message,
    },
    {
      accepted: [
        ['a plain text', {}],
        [
          'an API key without a project',
          {},
          {
            path: '/v1/publishers/google/models/gemini-3.5-pro:generateContent',
            headers: { authorization: '', 'x-goog-api-key': 'ya29.token' },
          },
        ],
        [
          'a request for predictions',
          { contents: undefined, instances: [{ content: 'Hi' }] },
          { path: `${PLACE}/google/models/text-embedding-005:predict` },
        ],
      ],
      refused: [
        [
          'a content without a role',
          { contents: [{ parts: [{ text: 'Hi' }] }] },
          'Please use a valid role: user, model.',
        ],
        [
          '#30 a signature of another',
          { contents: [asked, calling, answered] },
          'Unable to submit request because Thought signature is not valid.',
        ],
        [
          '#35 a level and a budget',
          { generationConfig: { thinkingConfig: { thinkingLevel: 'low', thinkingBudget: 1 } } },
          'Unable to submit request because thinking_budget and thinking_level are not supported together.',
        ],
        [
          'an empty text',
          { contents: [{ role: 'user', parts: [{ text: '' }] }] },
          'Unable to submit request because it must have a text parameter. Add a text parameter and try again.',
        ],
      ],
      denied: [
        [
          'a model that it does not have',
          { path: GEMINI.replace('gemini-3.5-pro', 'gpt-5') },
          404,
          notFound('google', 'gpt-5'),
        ],
      ],
    },
  )
})

describe("the vendors' own SDKs", () => {
  const schema = { type: 'object' as const, properties: { path: { type: 'string' } }, required: ['path'] }
  const directive = {
    think: 'Hm.',
    steps: [{ do: 'call' as const, tool: 'Read', input: { path: '/x' } }],
    say: 'Done',
    usage: { in: 7, out: 5, cache_read: 3, cache_write: 9, cache_write_1h: 4 },
  }
  const content = directiveText({ ...directive, nonce: 'n1' })

  it("Anthropic's streams a tool loop with thoughts", async () => {
    const client = new AnthropicVertex({
      baseURL: `${provider.url}/v1`,
      region: 'us-east5',
      projectId: 'p',
      authClient: { getRequestHeaders: async () => new Headers(headers), projectId: 'p' } as never,
    })
    const request = {
      model: 'claude-sonnet-4-5@20250929',
      max_tokens: 4000,
      thinking: { type: 'enabled' as const, budget_tokens: 1024 },
      tools: [{ name: 'Read', input_schema: schema }],
      messages: [{ role: 'user' as const, content }],
    }
    const first = await client.messages.stream(request).finalMessage()
    expect(first).toMatchObject({
      id: expect.stringMatching(/^msg_vrtx_/),
      stop_reason: 'tool_use',
      content: [{ type: 'thinking' }, { type: 'tool_use', input: { path: '/x' } }],
      usage: { cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 4 } },
    })
    const { id } = first.content[1] as { id: string }
    const result = { type: 'tool_result' as const, tool_use_id: id, content: 'ok' }
    const messages = [
      ...request.messages,
      { role: 'assistant' as const, content: first.content },
      { role: 'user' as const, content: [result] },
    ]
    const last = await client.messages.create({ ...request, messages })
    expect(last.content.at(-1)).toMatchObject({ text: 'Done (n1)' })
    const counted = await client.messages.countTokens({ model: request.model, messages })
    expect(counted.input_tokens).toBeGreaterThan(10)
  })

  it("Google's streams from a project", async () => {
    const client = new GoogleGenAI({
      vertexai: true,
      project: 'p',
      location: 'us-east5',
      httpOptions: { baseUrl: provider.url },
      googleAuthOptions: { authClient: { getRequestHeaders: async () => new Headers(headers) } as never },
    })
    const texts: (string | undefined)[] = []
    const request = { model: 'gemini-2.5-flash', contents: directiveText({ say: 'one two', chunk: 4 }) }
    for await (const chunk of await client.models.generateContentStream(request)) texts.push(chunk.text)
    expect(texts.join('')).toBe('one two')
    expect((await client.models.countTokens(request)).totalTokens).toBeGreaterThan(5)
    const embedded = await client.models.embedContent({ model: 'text-embedding-005', contents: 'Hi' })
    expect(embedded.embeddings?.[0]?.values).toHaveLength(4)
  })
})
