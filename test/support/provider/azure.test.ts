import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { AzureOpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { directiveText } from './directive.ts'
import { type Provider, startProvider } from './server.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ keys: ['azure-key'] })
})
afterAll(() => provider.close())

const CHAT = '/openai/deployments/my-gpt/chat/completions'
const VERSION = '?api-version=2024-10-21'
const asked = { role: 'user' as const, content: 'Hi' }
const DENIED =
  'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.'

describe("Azure's OpenAI as strict as the real API", () => {
  testStrictness(
    {
      provider: () => provider,
      path: CHAT + VERSION,
      headers: { 'api-key': 'azure-key' },
      body: { messages: [asked] },
      messageOf: (answer) => answer.error.message,
    },
    {
      accepted: [
        ['a plain text', {}],
        ['a bearer token', {}, { headers: { 'api-key': '', authorization: 'Bearer azure-key' } }],
        ['the newer path, without a version', { model: 'gpt-5' }, { path: '/openai/v1/chat/completions' }],
        [
          'an answer of the other API',
          { model: 'gpt-5', input: 'Hi', messages: undefined },
          { path: '/openai/v1/responses' },
        ],
        [
          'an embedding by its deployment',
          { input: 'Hi', messages: undefined },
          { path: `/openai/deployments/my-embedder/embeddings${VERSION}` },
        ],
      ],
      refused: [['an unknown field', { thinking: {} }, "Unknown parameter: 'thinking'."]],
      denied: [
        ['a request without a key', { headers: { 'api-key': '' } }, 401, DENIED],
        ['a key that it does not know', { headers: { 'api-key': 'x' } }, 401, DENIED],
        ['a path without a version', { path: CHAT }, 404, 'Resource not found'],
        [
          'a name that no deployment has',
          { path: `/openai/deployments/${encodeURIComponent('azure/gpt-5')}/chat/completions${VERSION}` },
          404,
          'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.',
        ],
      ],
    },
  )
})

describe("the vendors' own SDKs on Azure", () => {
  const content = directiveText({ say: 'one two three', chunk: 4 })
  const azure = () =>
    new AzureOpenAI({
      endpoint: provider.url,
      apiKey: 'azure-key',
      apiVersion: '2024-10-21',
      deployment: 'my-gpt',
    })

  it('stream from a deployment, whose first chunk has no choice', async () => {
    const request = { model: 'my-gpt', messages: [{ ...asked, content }] }
    const chunks = []
    for await (const chunk of await azure().chat.completions.create({ ...request, stream: true }))
      chunks.push(chunk)
    expect(chunks[0]).toMatchObject({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] })
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('one two three')
    expect(provider.requests.at(-1)).toMatchObject({ protocol: 'azure-openai-chat', path: CHAT })
  })

  it('answer in Responses', async () => {
    const openai = new OpenAI({ baseURL: `${provider.url}/openai/v1`, apiKey: 'azure-key' })
    const { output_text } = await openai.responses.create({ model: 'my-gpt', input: content })
    expect([output_text, provider.requests.at(-1)?.protocol]).toEqual([
      'one two three',
      'azure-openai-responses',
    ])
  })

  it('reach Claude', async () => {
    const defaultHeaders = { 'api-key': 'azure-key', 'x-api-key': null }
    const claude = new Anthropic({ baseURL: `${provider.url}/anthropic`, apiKey: 'unused', defaultHeaders })
    const request = { model: 'claude-opus-5-5', max_tokens: 100, messages: [{ ...asked, content }] }
    expect((await claude.messages.stream(request).finalMessage()).content).toMatchObject([
      { text: 'one two three' },
    ])
    expect(provider.requests.at(-1)?.protocol).toBe('azure-anthropic')
  })
})
