import { type Cohere, CohereClientV2 } from 'cohere-ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Directive, directiveText } from './directive.ts'
import type { Json } from './json.ts'
import { type Provider, startProvider } from './server.ts'
import { testStrictness } from './strictness.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const MODEL = 'command-a-03-2025'
const SCHEMA = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }
const tool = { type: 'function' as const, function: { name: 'Read', parameters: SCHEMA } }

describe('Cohere as strict as the real API', () => {
  const asked = { role: 'user', content: 'Hi' }
  const call = { id: 'call_1', type: 'function', function: { name: 'Read', arguments: '{}' } }
  const calling = { role: 'assistant', tool_calls: [call] }
  const result = { role: 'tool', tool_call_id: 'call_1', content: 'ok' }
  testStrictness(
    {
      provider: () => provider,
      path: '/v2/chat',
      headers: { authorization: 'Bearer k' },
      body: { model: MODEL, messages: [asked] },
      messageOf: (answer) => answer.message,
    },
    {
      accepted: [
        ['a plain text', {}],
        ['calls and their results', { messages: [asked, calling, result], tools: [tool] }],
        ['settings', { temperature: 1, k: 10, p: 0.5, max_tokens: 10, stop_sequences: ['x'] }],
      ],
      refused: [
        ['no messages', { messages: [] }, 'invalid request: messages must have at least one message'],
        [
          'a temperature too high',
          { temperature: 1.5 },
          'invalid request: temperature must be between 0 and 1 inclusive',
        ],
        [
          'a choice of OpenAI’s',
          { tools: [tool], tool_choice: 'auto' },
          'invalid request: tool_choice must be one of REQUIRED, NONE',
        ],
        [
          'an empty message',
          { messages: [{ role: 'user', content: '' }] },
          'invalid request: message at index 0 must have non-empty content or tool calls',
        ],
        [
          'a developer',
          { messages: [{ role: 'developer', content: 'x' }] },
          'invalid request: message at index 0 has an invalid role: developer',
        ],
        [
          'a result without its call',
          { messages: [asked, result] },
          'invalid request: tool call id not found in previous tool calls: call_1',
        ],
        [
          'a call without its result',
          { messages: [asked, calling, asked] },
          'invalid request: missing tool results before message at index 2: call_1',
        ],
        [
          'a tool without a schema',
          { tools: [{ type: 'function', function: { name: 'Read' } }] },
          'invalid request: tools[0].function.parameters is required',
        ],
      ],
      denied: [
        [
          'an unknown field',
          { body: { top_p: 1 } },
          422,
          "unknown field: parameter 'top_p' is not a valid field",
        ],
        ['a request without a key', { headers: { authorization: '' } }, 401, 'no api key supplied'],
        [
          'a model that it does not have',
          { body: { model: 'gpt-5' } },
          404,
          "model 'gpt-5' not found, make sure the correct model ID was used and that you have access to the model.",
        ],
      ],
    },
  )
})

describe("Cohere's own SDK", () => {
  const client = () => new CohereClientV2({ token: 'k', environment: provider.url })
  const ask = (directive: Directive): Cohere.ChatMessageV2[] => [
    { role: 'user', content: `Please. ${directiveText(directive)}` },
  ]

  it('streams a tool loop', async () => {
    const step = { do: 'call' as const, tool: 'Read', input: { path: '/ä "x"' } }
    const steps: Directive['steps'] = [{ do: 'parallel', steps: [step, step] }]
    const messages = ask({ nonce: 'n1', think: 'Hm.', pre: 'Let me look.', steps, say: 'Done' })
    const first = await client().chat({ model: MODEL, messages, tools: [tool] })
    expect([first.finishReason, first.message.toolPlan]).toEqual(['TOOL_CALL', 'Let me look.'])
    const calls = first.message.toolCalls ?? []
    expect(calls.map((call) => JSON.parse(call.function?.arguments ?? ''))).toEqual([step.input, step.input])
    messages.push({ role: 'assistant', toolCalls: calls })
    for (const { id } of calls) messages.push({ role: 'tool', toolCallId: id, content: 'ok' })
    const events: Json[] = []
    for await (const event of await client().chatStream({ model: MODEL, messages, tools: [tool] }))
      events.push(event)
    const texts = events.flatMap((event) => event.delta?.message?.content?.text ?? [])
    expect(texts.join('')).toBe('Done (n1)')
    expect(events.at(-1)).toMatchObject({ type: 'message-end', delta: { finishReason: 'COMPLETE' } })
    expect(provider.requestsOf('n1').flatMap(({ refusal }) => refusal ?? [])).toEqual([])
  })

  it('embeds, ranks, and tells structured answers', async () => {
    const embedded = await client().embed({
      model: 'embed-v4.0',
      inputType: 'search_query',
      texts: ['a', 'b'],
      embeddingTypes: ['float'],
    })
    expect(embedded.embeddings.float?.map((vector) => vector.length)).toEqual([4, 4])
    const ranked = await client().rerank({
      model: 'rerank-v3.5',
      query: 'q',
      documents: ['a', 'b', 'c'],
      topN: 2,
    })
    expect(ranked.results.map(({ index }) => index)).toEqual([2, 1])
    const responseFormat = { type: 'json_object' as const, jsonSchema: SCHEMA }
    const answer = await client().chat({
      model: MODEL,
      messages: [{ role: 'user', content: 'Hi' }],
      responseFormat,
    })
    expect(answer.message.content).toEqual([{ type: 'text', text: '{"path":"scripted"}' }])
  })
})
