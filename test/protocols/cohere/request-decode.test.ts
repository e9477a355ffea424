import { describe, expect, it } from 'vitest'
import type { Block, JsonObject, Message, Request } from '../../../src/message/request.ts'
import { cohere } from '../../../src/protocols/cohere/index.ts'

const decode = (more: JsonObject, messages: JsonObject[] = [{ role: 'user', content: 'Hi' }]): Request =>
  cohere.request.decode({ model: 'command-a-03-2025', messages, ...more }).request
const user = (...content: Message['content']): Message => ({ role: 'user', content })

describe('settings', () => {
  it.each<[string, JsonObject, Partial<Request>]>([
    ['nothing', {}, { model: 'command-a-03-2025', stream: false, tools: [], stopSequences: [], extra: {} }],
    ['limits and sampling', { max_tokens: 9, temperature: 0.5, p: 0.9, k: 40 }, { maxTokens: 9, temperature: 0.5, topP: 0.9, topK: 40 }],
    ['a k that switches it off', { k: 0 }, { extra: {} }],
    ['a stream', { stream: true }, { stream: true }],
    ['stop sequences', { stop_sequences: ['a', 'b'] }, { stopSequences: ['a', 'b'] }],
    ['thinking', { thinking: { type: 'enabled' } }, { reasoning: { mode: 'adaptive' } }],
    ['thinking with a budget', { thinking: { type: 'enabled', token_budget: 99 } }, { reasoning: { mode: 'budget', budgetTokens: 99 } }],
    ['no thinking', { thinking: { type: 'disabled' } }, { reasoning: { mode: 'off' } }],
    ['JSON', { response_format: { type: 'json_object' } }, { format: { type: 'json' } }],
    ['JSON of a form', { response_format: { type: 'json_object', json_schema: { type: 'object' } } }, { format: { type: 'json', schema: { type: 'object' } } }],
    ['plain text', { response_format: { type: 'text' } }, { extra: {} }],
    ['a tool that must be called', { tool_choice: 'REQUIRED' }, { toolChoice: { type: 'required' } }],
    ['no tool', { tool_choice: 'NONE' }, { toolChoice: { type: 'none' } }],
    ['what only Cohere has', { safety_mode: 'STRICT', seed: 1, logprobs: null }, { extra: { safety_mode: 'STRICT', seed: 1 } }],
  ])('%s', (_name, body, request) => expect(decode(body)).toMatchObject(request)) // prettier-ignore

  it('tools', () => {
    const parameters = { type: 'object', properties: { path: { type: 'string' } } }
    const tools = [
      { type: 'function', function: { name: 'Read', description: 'reads', parameters } },
      { type: 'function', function: { name: 'Now' } },
    ]
    expect(decode({ tools }).tools).toEqual([
      { kind: 'function', name: 'Read', description: 'reads', schema: parameters, extra: {} },
      { kind: 'function', name: 'Now', extra: {} },
    ])
    expect(decode({ tools, strict_tools: true }).tools).toMatchObject([{ strict: true }, { strict: true }])
  })
})

describe('messages', () => {
  const called = (id: string) => ({ id, type: 'function', function: { name: 'Read', arguments: '{"a":1}' } })
  const block = (id: string) => ({ type: 'tool-call', id, name: 'Read', arguments: '{"a":1}' }) as const
  const result = (callId: string, text: string): Block => ({
    type: 'tool-result',
    callId,
    isError: false,
    content: [{ type: 'text', text }],
  })

  it.each<[string, JsonObject[], Pick<Request, 'system' | 'messages'>]>([
    [
      'system text before and inside of the conversation',
      [{ role: 'system', content: 'a' }, { role: 'user', content: 'b' }, { role: 'system', content: 'c' }],
      {
        system: [{ type: 'text', text: 'a' }],
        messages: [user({ type: 'text', text: 'b' }), { role: 'system', content: [{ type: 'text', text: 'c' }] }],
      },
    ],
    [
      'an image, by its bytes and by its address',
      [{ role: 'user', content: [
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        { type: 'image_url', image_url: { url: 'https://x.test/a.png', detail: 'low' } },
      ] }],
      {
        system: [],
        messages: [user(
          { type: 'text', text: 'a' },
          { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
          { type: 'image', source: { kind: 'url', url: 'https://x.test/a.png' } },
        )],
      },
    ],
    [
      'thinking, a plan, calls and their results',
      [
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'h' }], tool_plan: 'p', tool_calls: [called('1'), called('2')] },
        { role: 'tool', tool_call_id: '1', content: 'x' },
        { role: 'tool', tool_call_id: '2', content: [{ type: 'text', text: 'y' }] },
        { role: 'user', content: 'go on' },
      ],
      {
        system: [],
        messages: [
          { role: 'assistant', content: [{ type: 'thinking', text: 'h' }, { type: 'text', text: 'p' }, block('1'), block('2')] },
          user(result('1', 'x'), result('2', 'y')),
          user({ type: 'text', text: 'go on' }),
        ],
      },
    ],
    [
      'a result as documents',
      [{ role: 'tool', tool_call_id: '1', content: [{ type: 'document', document: { id: 'd', data: { a: 1 } } }, { type: 'document', document: { data: 'b' } }] }],
      {
        system: [],
        messages: [user({ type: 'tool-result', callId: '1', isError: false, content: [
          { type: 'text', text: '{"a":1}' },
          { type: 'text', text: 'b' },
        ] })],
      },
    ],
    [
      'an answer in parts',
      [{ role: 'assistant', content: [{ type: 'text', text: 'a' }, { type: 'thinking', thinking: 'h' }] }],
      { system: [], messages: [{ role: 'assistant', content: [{ type: 'thinking', text: 'h' }, { type: 'text', text: 'a' }] }] },
    ],
  ])('%s', (_name, messages, request) => expect(decode({}, messages)).toMatchObject(request)) // prettier-ignore

  it('documents stand before what is asked of them', () => {
    const { messages } = decode({ documents: ['a', { id: 'd', data: { title: 'b' } }] })
    expect(messages).toEqual([
      user(
        { type: 'document', source: { kind: 'text', text: 'a' } },
        { type: 'document', source: { kind: 'text', text: '{"title":"b"}' }, title: 'd' },
        { type: 'text', text: 'Hi' },
      ),
    ])
  })
})

describe('what is wrong names its field', () => {
  it.each<[string, JsonObject, string]>([
    ['no messages', { messages: undefined }, 'messages'],
    ['a role of another API', { messages: [{ role: 'developer', content: 'x' }] }, 'messages[0].role'],
    ['content that is a number', { messages: [{ role: 'user', content: 1 }] }, 'messages[0].content'],
    ['a result without its call', { messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    ['a choice of another API', { tool_choice: 'auto' }, 'tool_choice'],
    ['a stop sequence that is none', { stop_sequences: ['a', 1] }, 'stop_sequences[1]'],
    ['thinking of another kind', { thinking: { type: 'adaptive' } }, 'thinking.type'],
    ['a form of another kind', { response_format: { type: 'json_schema' } }, 'response_format.type'],
    ['a tool without a function', { tools: [{ type: 'function' }] }, 'tools[0].function'],
    ['a temperature in words', { temperature: 'hot' }, 'temperature'],
  ])('%s', (_name, body, field) => {
    expect(() => decode(body)).toThrow(
      expect.objectContaining({ kind: 'invalid_request', details: { field } }) as Error,
    )
  })
})
