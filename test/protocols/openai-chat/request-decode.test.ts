import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { openaiChat } from '../../../src/protocols/openai-chat/index.ts'

const base = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }] }
const decode = (body: JsonObject) => openaiChat.request.decode({ ...base, ...body })
const messages = (...list: JsonObject[]) => decode({ messages: list }).request.messages
const text = (value: string) => ({ type: 'text', text: value })

describe('messages', () => {
  it('leading system and developer messages are the system text, later ones keep their place', () => {
    const { request } = decode({
      messages: [
        { role: 'developer', content: 'One.' },
        { role: 'system', content: [text('Two.'), text('Three.')] },
        { role: 'user', content: 'Hi' },
        { role: 'developer', content: 'Four.' },
      ],
    })
    expect(request.system).toEqual([text('One.'), text('Two.'), text('Three.')])
    expect(request.messages).toEqual([
      { role: 'user', content: [text('Hi')] },
      { role: 'system', content: [text('Four.')] },
    ])
  })

  it('the results of a turn become one user message, and later text another', () => {
    const result = (id: string, content: unknown) => ({ role: 'tool', tool_call_id: id, content })
    expect(messages(result('a', 'A'), result('b', [text('B')]), { role: 'user', content: 'Go' })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'tool-result', callId: 'a', content: [text('A')], isError: false },
          { type: 'tool-result', callId: 'b', content: [text('B')], isError: false },
        ],
      },
      { role: 'user', content: [text('Go')] },
    ])
  })

  it.each([
    ['text', [text('a')], [text('a')]],
    [
      'an inline image',
      [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO', detail: 'low' } }],
      [{ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } }],
    ],
    [
      'an image by address',
      [{ type: 'image_url', image_url: { url: 'https://a.b/c.png' } }],
      [{ type: 'image', source: { kind: 'url', url: 'https://a.b/c.png' } }],
    ],
    [
      'a file',
      [{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } }],
      [
        {
          type: 'document',
          title: 'a.pdf',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' },
        },
      ],
    ],
    [
      'an uploaded file',
      [{ type: 'file', file: { file_id: 'file_1' } }],
      [{ type: 'document', source: { kind: 'file', id: 'file_1' } }],
    ],
    [
      'audio',
      [{ type: 'input_audio', input_audio: {} }],
      [
        {
          type: 'opaque',
          protocol: 'openai-chat',
          kind: 'input_audio',
          raw: { type: 'input_audio', input_audio: {} },
        },
      ],
    ],
    [
      'a cache mark',
      [{ ...text('a'), cache_control: { type: 'ephemeral', ttl: '1h' } }],
      [{ ...text('a'), cache: { ttl: '1h' } }],
    ],
    ['nothing', null, []],
  ])('content: %s', (_name, content, blocks) => {
    expect(messages({ role: 'user', content })).toEqual([{ role: 'user', content: blocks }])
  })

  it.each([
    [
      'a call',
      { tool_calls: [{ id: 'a', type: 'function', function: { name: 'Bash', arguments: '{"n":1.0}' } }] },
      { type: 'tool-call', id: 'a', name: 'Bash', arguments: '{"n":1.0}' },
    ],
    [
      'a call without arguments',
      { tool_calls: [{ id: 'a', type: 'function', function: { name: 'Bash', arguments: '' } }] },
      { type: 'tool-call', id: 'a', name: 'Bash', arguments: '{}' },
    ],
    [
      'a call of a free-text tool',
      { tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'patch', input: '*** Begin' } }] },
      { type: 'tool-call', id: 'a', name: 'patch', arguments: '{"input":"*** Begin"}' },
    ],
    [
      'a function call of the time before tools',
      { function_call: { name: 'Bash', arguments: '{}' } },
      { type: 'tool-call', id: 'Bash', name: 'Bash', arguments: '{}' },
    ],
    ['thinking', { reasoning_content: 'Hmm' }, { type: 'thinking', text: 'Hmm' }],
    ['a refusal', { content: [{ type: 'refusal', refusal: 'No.' }] }, text('No.')],
  ])('an assistant with %s', (_name, message, block) => {
    expect(messages({ role: 'assistant', content: null, ...message })).toEqual([
      { role: 'assistant', content: [block] },
    ])
  })
})

describe('settings', () => {
  it.each([
    [{ max_tokens: 5 }, { maxTokens: 5 }],
    [{ max_completion_tokens: 7, max_tokens: 5 }, { maxTokens: 7 }],
    [{ stop: 'END' }, { stopSequences: ['END'] }],
    [{ stop: ['a', 'b'] }, { stopSequences: ['a', 'b'] }],
    [{ reasoning_effort: 'high' }, { reasoning: { mode: 'adaptive', effort: 'high' } }],
    [{ reasoning_effort: 'none' }, { reasoning: { mode: 'off' } }],
    [{ reasoning: { max_tokens: 2000 } }, { reasoning: { mode: 'budget', budgetTokens: 2000 } }],
    [{ reasoning: { enabled: false } }, { reasoning: { mode: 'off' } }],
    [{ response_format: { type: 'json_object' } }, { format: { type: 'json' } }],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {}, strict: true } } },
      { format: { type: 'json', name: 'n', schema: {}, strict: true } },
    ],
    [{ user: 'u' }, { userId: 'u' }],
    [{ parallel_tool_calls: false }, { parallelTools: false }],
    [{ seed: 1, logit_bias: null, n: 2 }, { extra: { seed: 1, n: 2 } }],
    [
      { temperature: 0, top_p: 1, top_k: 4 },
      { temperature: 0, topP: 1, topK: 4 },
    ],
    [{ stream: true }, { stream: true }],
  ] as [JsonObject, JsonObject][])('%j', (body, expected) => {
    expect(decode(body).request).toMatchObject(expected)
  })

  it('usage in the stream only when it is asked for', () => {
    expect(decode({ stream: true, stream_options: { include_usage: true } }).includeUsage).toBe(true)
    expect(decode({ stream: true }).includeUsage).toBeUndefined()
  })
})

describe('tools', () => {
  const tools = [
    {
      type: 'function',
      function: { name: 'Bash', description: 'Runs', parameters: { type: 'object' }, strict: false },
    },
    { type: 'function', function: { name: 'Edit' } },
  ]

  it('functions, in both spellings', () => {
    const { request } = decode({ tools, functions: [{ name: 'Old' }] })
    expect(request.tools).toEqual([
      {
        kind: 'function',
        name: 'Bash',
        description: 'Runs',
        schema: { type: 'object' },
        strict: false,
        extra: {},
      },
      { kind: 'function', name: 'Edit', extra: {} },
      { kind: 'function', name: 'Old', extra: {} },
    ])
  })

  it('a web search', () => {
    const { request } = decode({
      web_search_options: { user_location: { type: 'approximate', approximate: { city: 'Ulm' } } },
    })
    expect(request.tools).toMatchObject([
      {
        kind: 'server',
        type: 'web_search_20250305',
        raw: { user_location: { type: 'approximate', city: 'Ulm' } },
      },
    ])
  })

  it.each([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'required' }],
    [
      { type: 'function', function: { name: 'Edit' } },
      { type: 'tool', name: 'Edit' },
    ],
  ] as [unknown, JsonObject][])('the choice %j', (tool_choice, expected) => {
    expect(decode({ tools, tool_choice }).request.toolChoice).toEqual(expected)
  })

  it('allowed tools leave the others out', () => {
    const tool_choice = {
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'Edit' } }] },
    }
    const { request, warnings } = decode({ tools, tool_choice })
    expect(request.tools.map((tool) => tool.name)).toEqual(['Edit'])
    expect(request.toolChoice).toEqual({ type: 'required' })
    expect(warnings).toHaveLength(1)
  })
})

describe('wrong requests', () => {
  it.each([
    [{ model: undefined }, 'model', "Missing required parameter: 'model'."],
    [{ messages: undefined }, 'messages', "Missing required parameter: 'messages'."],
    [
      { messages: {} },
      'messages',
      "Invalid type for 'messages': expected an array, but got a value of type object instead.",
    ],
    [
      { messages: ['x'] },
      'messages[0]',
      "Invalid type for 'messages[0]': expected an object, but got a value of type string instead.",
    ],
    [{ messages: [{ role: 'robot' }] }, 'messages[0].role', /^Invalid value: "robot"\. Supported values/],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content', /expected a string or an array/],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id', /^Missing/],
    [{ temperature: 'hot' }, 'temperature', /expected a number/],
    [{ tools: [{ type: 'function' }] }, 'tools[0].function', /^Missing/],
    [{ tool_choice: 'maybe' }, 'tool_choice', /^Invalid value/],
    [{ reasoning_effort: 'lots' }, 'reasoning_effort', /^Invalid value/],
    [{ response_format: { type: 'xml' } }, 'response_format.type', /^Invalid value/],
    [{ stop: [1] }, 'stop[0]', /^Invalid value/],
  ] as [JsonObject, string, string | RegExp][])('%j names %s', (body, field, message) => {
    let thrown: unknown
    try {
      decode(body)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(GatewayError)
    const error = thrown as GatewayError
    expect(error.kind).toBe('invalid_request')
    expect(error.details.field).toBe(field)
    expect(error.message).toMatch(message)
  })

  it('whatever JSON: a request, or an error that names the field', () => {
    const field = fc.constantFrom(
      'messages',
      'tools',
      'tool_choice',
      'stop',
      'reasoning',
      'response_format',
      'web_search_options',
      'stream_options',
      'user',
    )
    fc.assert(
      fc.property(field, fc.jsonValue({ maxDepth: 5 }), (name, value) => {
        try {
          decode({ [name]: value })
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect((error as GatewayError).details.field).toMatch(new RegExp(`^${name}`))
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('there and back', () => {
  const target = { model: 'gpt-4o', facts: undefined, quirks: { fileParts: true } }
  const again = (body: JsonObject) =>
    JSON.parse(openaiChat.request.encode(decode(body).request, target).body.join('')) as JsonObject

  it.each([
    {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
    },
    {
      messages: [
        {
          role: 'user',
          content: [text('a'), { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBO' } }],
        },
        {
          role: 'assistant',
          content: 'b',
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'Bash', arguments: '{"a": 1}' } }],
        },
        { role: 'tool', tool_call_id: 'a', content: 'A' },
        { role: 'user', content: 'c' },
      ],
    },
    {
      ...base,
      tools: [
        {
          type: 'function',
          function: { name: 'Bash', description: 'Runs', parameters: { type: 'object', properties: {} } },
        },
      ],
      tool_choice: 'required',
      parallel_tool_calls: false,
    },
    { ...base, temperature: 0.5, top_p: 0.9, stop: ['END'], max_tokens: 100 },
    { ...base, response_format: { type: 'json_object' } },
  ] as JsonObject[])('%j', (body) => {
    expect(again(body)).toEqual({ ...base, ...body })
  })
})
