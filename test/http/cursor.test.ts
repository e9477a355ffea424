import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readCursorBody } from '../../src/http/cursor-body.ts'
import { cursor } from '../../src/http/cursor.ts'
import type { Event } from '../../src/message/event.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'
import { startRawUpstream } from '../support/provider/raw.ts'
import type { RawUpstream } from '../support/provider/raw.ts'

/** Cursor asks the path of Chat Completions with a body of the Responses API, and is answered as a chat. */

let upstream: RawUpstream
let gateway: InProcessGateway

beforeAll(async () => {
  upstream = await startRawUpstream(({ head, body }) => {
    const { stream } = JSON.parse(Buffer.from(body).toString()) as { stream?: boolean }
    const answers = head.includes('/v1/messages') ? CLAUDE : CHAT
    return stream === true
      ? respond('text/event-stream', sse(answers.events))
      : respond('application/json', JSON.stringify(answers.whole))
  })
  const at = (path: string) => ({
    keys: [{ name: 'k', value: 'secret' }],
    network_config: { base_url: upstream.url + path },
  })
  gateway = await startInProcess({ openai: at('/v1'), groq: at('/openai/v1'), anthropic: at('') })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.requests.length = 0
  gateway.rows.length = 0
})

const respond = (type: string, body: string) => [
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
]
const sse = (events: object[]) =>
  events
    .map((event) => {
      const { type } = event as { type?: string }
      return `${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(event)}\n\n`
    })
    .join('') + (events[0] !== undefined && 'choices' in events[0] ? 'data: [DONE]\n\n' : '')

const CALL = { name: 'read_file', arguments: '{"path":"a.ts"}' }
const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt-5',
  choices: [{ index: 0, delta, finish_reason }],
})
const CHAT = {
  whole: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5',
    choices: [
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: 'Reading.',
          tool_calls: [{ id: 'call_1', type: 'function', function: CALL }],
        },
      },
    ],
    usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 },
  },
  events: [
    chunk({ role: 'assistant', content: 'Reading.' }),
    chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: CALL }] }),
    chunk({}, 'tool_calls'),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 } },
  ],
}
const CLAUDE_HEAD = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5' }
const CLAUDE_CALL = { type: 'tool_use', id: 'call_1', name: CALL.name }
const CLAUDE = {
  whole: {
    ...CLAUDE_HEAD,
    content: [
      { type: 'text', text: 'Reading.' },
      { ...CLAUDE_CALL, input: JSON.parse(CALL.arguments) as object },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 11, output_tokens: 5 },
  },
  events: [
    {
      type: 'message_start',
      message: {
        ...CLAUDE_HEAD,
        content: [],
        stop_reason: null,
        usage: { input_tokens: 11, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Reading.' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { ...CLAUDE_CALL, input: {} } },
    {
      type: 'content_block_delta',
      index: 1,
      delta: { type: 'input_json_delta', partial_json: CALL.arguments },
    },
    { type: 'content_block_stop', index: 1 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ],
}

const PARAMETERS = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }

/** What Cursor sends for GPT models: Responses' items and tools, with a chat's `stream_options` among them. */
const AS_RESPONSES = {
  user: 'auth0|1',
  input: [
    { role: 'system', content: 'You are a coding agent.' },
    { role: 'user', content: [{ type: 'input_text', text: 'Read a.ts' }] },
    { type: 'function_call', call_id: 'call_0', name: 'list_dir', arguments: '{}' },
    { type: 'function_call_output', call_id: 'call_0', output: 'a.ts' },
  ],
  tools: [
    { type: 'function', name: 'read_file', description: 'Reads.', parameters: PARAMETERS, strict: false },
  ],
  tool_choice: 'auto',
  store: false,
  include: ['reasoning.encrypted_content'],
  stream_options: { include_usage: true },
}

const AS_CHAT = {
  messages: [
    { role: 'system', content: 'You are a coding agent.' },
    { role: 'user', content: [{ type: 'text', text: 'Read a.ts' }] },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_0', type: 'function', function: { name: 'list_dir', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_0', content: 'a.ts' },
  ],
  tools: [
    { type: 'function', function: { name: 'read_file', description: 'Reads.', parameters: PARAMETERS } },
  ],
  tool_choice: 'auto',
  stream_options: { include_usage: true },
}

async function ask(body: unknown, path = '/cursor/chat/completions') {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer of-the-client' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

const sent = () => {
  const request = upstream.requests[0]!
  return {
    line: request.head.slice(0, request.head.indexOf(' HTTP')),
    body: JSON.parse(Buffer.from(request.body).toString()),
  }
}

describe.each([
  ['a body of the Responses API', AS_RESPONSES],
  ['a body of Chat Completions', AS_CHAT],
])('%s', (_shape, body) => {
  describe.each([
    ['gpt-5', 'POST /v1/chat/completions'],
    ['groq/llama-4', 'POST /openai/v1/chat/completions'],
    ['anthropic/claude-sonnet-4-5', 'POST /v1/messages'],
  ])('for %s', (model, line) => {
    it('is answered with a chat', async () => {
      const { status, text } = await ask({ ...body, model })
      expect({ status, text }).toMatchObject({ status: 200 })
      const answer = JSON.parse(text)
      expect(answer).toMatchObject({
        object: 'chat.completion',
        usage: { prompt_tokens: 11, completion_tokens: 5 },
      })
      expect(answer.choices[0]).toMatchObject({
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: 'Reading.',
          tool_calls: [{ id: 'call_1', type: 'function', function: CALL }],
        },
      })
      expect(sent().line).toBe(line)
      expect(gateway.rows).toMatchObject([{ status: 'success' }])
    })

    it('is answered with the chunks of a chat', async () => {
      const { status, type, text } = await ask({ ...body, model, stream: true })
      expect({ status, type }).toEqual({ status: 200, type: expect.stringContaining('text/event-stream') })
      expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
      const chunks = text
        .split('\n\n')
        .filter((event) => event.startsWith('data: {'))
        .map((event) => JSON.parse(event.slice('data: '.length)))
      expect(new Set(chunks.map(({ object }) => object))).toEqual(new Set(['chat.completion.chunk']))
      const deltas = chunks.flatMap(({ choices }) => choices).map(({ delta }) => delta)
      const calls = deltas.flatMap(({ tool_calls }) => tool_calls ?? [])
      expect(deltas.map(({ content }) => content ?? '').join('')).toBe('Reading.')
      expect(calls[0]).toMatchObject({ id: 'call_1', function: { name: CALL.name } })
      expect(calls.map((call) => call.function.arguments ?? '').join('')).toBe(CALL.arguments)
      expect(chunks.at(-1)).toMatchObject({ usage: { prompt_tokens: 11, completion_tokens: 5 } })
      expect(sent().body.stream).toBe(true)
    })
  })

  it('reaches the upstream with its conversation and tools', async () => {
    await ask({ ...body, model: 'groq/llama-4' })
    const { messages, tools } = sent().body
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'tool',
    ])
    expect(messages[2].tool_calls).toMatchObject([
      { id: 'call_0', function: { name: 'list_dir', arguments: '{}' } },
    ])
    expect(messages[3]).toMatchObject({ tool_call_id: 'call_0', content: 'a.ts' })
    expect(tools).toMatchObject([
      { type: 'function', function: { name: 'read_file', parameters: PARAMETERS } },
    ])
  })
})

it.each([
  ['neither shape', { model: 'gpt-5' }],
  ['messages that are none', { model: 'gpt-5', messages: 'Hi' }],
  ['items that are none', { model: 'gpt-5', input: [{ type: 'function_call' }] }],
  ['no model', { input: 'Hi' }],
  ['no JSON', '{"model":'],
])('%s is refused as Chat Completions refuses', async (_case, body) => {
  const { status, text } = await ask(body)
  expect({ status, body: JSON.parse(text) }).toMatchObject({
    status: 400,
    body: { error: { message: expect.any(String), type: 'invalid_request_error' } },
  })
  expect(upstream.requests).toEqual([])
})

it('takes a lone text for its input', async () => {
  const { status } = await ask(
    { model: 'gpt-5', input: 'Hi', instructions: 'Be brief.' },
    '/cursor/v1/chat/completions',
  )
  expect(status).toBe(200)
  expect(sent().body.messages).toMatchObject([{ content: 'Be brief.' }, { role: 'user' }])
})

// ==== Tools with free text

const PATCH = '*** Begin Patch\n*** Update File: a.ts\n@@\n-"1"\n+"2"\n*** End Patch\n'
const GRAMMAR = { syntax: 'lark', definition: 'start: begin_patch hunk end_patch' }
const USER = { role: 'user', content: 'Write 2' }
const CALLED = { id: 'call_0', type: 'function', function: { name: 'ApplyPatch', arguments: PATCH } }
const FREE_TEXT: [string, JsonObject][] = [
  [
    'beside messages, as the Responses API has it',
    {
      messages: [
        USER,
        { role: 'assistant', content: null, tool_calls: [CALLED] },
        { role: 'tool', tool_call_id: 'call_0', content: 'Done.' },
      ],
      tools: [
        {
          type: 'custom',
          name: 'ApplyPatch',
          description: 'Edits.',
          format: { type: 'grammar', ...GRAMMAR },
        },
      ],
    },
  ],
  [
    'as Chat Completions has it',
    {
      messages: [
        USER,
        {
          role: 'assistant',
          tool_calls: [{ id: 'call_0', type: 'custom', custom: { name: 'ApplyPatch', input: PATCH } }],
        },
        { role: 'tool', tool_call_id: 'call_0', content: 'Done.' },
      ],
      tools: [
        {
          type: 'custom',
          custom: {
            name: 'ApplyPatch',
            description: 'Edits.',
            format: { type: 'grammar', grammar: GRAMMAR },
          },
        },
      ],
    },
  ],
  [
    'among items',
    {
      input: [
        USER,
        { type: 'function_call', call_id: 'call_0', name: 'ApplyPatch', arguments: PATCH },
        { type: 'function_call_output', call_id: 'call_0', output: 'Done.' },
      ],
      tools: [
        {
          type: 'custom',
          name: 'ApplyPatch',
          description: 'Edits.',
          format: { type: 'grammar', ...GRAMMAR },
        },
      ],
    },
  ],
]

describe.each(FREE_TEXT)('a tool with free text, %s', (_shape, body) => {
  const decode = () => cursor.request.decode({ model: 'gpt-5', ...body })
  const context = () => {
    const { answerMemo } = decode()
    return {
      requestedModel: 'gpt-5',
      responseId: 'r',
      inputTokensEstimate: 0,
      created_s: 1,
      ...(answerMemo !== undefined && { memo: answerMemo }),
    }
  }
  const json = JSON.stringify({ input: PATCH })

  it('is a function for the model, and so are its calls', () => {
    const { tools, messages } = decode().request
    expect(tools).toMatchObject([{ kind: 'function', name: 'ApplyPatch', schema: { required: ['input'] } }])
    expect(tools[0]).toMatchObject({ description: expect.stringContaining(GRAMMAR.definition) })
    expect(messages[1]!.content).toEqual([
      { type: 'tool-call', id: 'call_0', name: 'ApplyPatch', arguments: json },
    ])
  })

  it('is called with its text', () => {
    const answer = cursor.response.encode(
      {
        content: [{ type: 'tool-call', id: 'call_1', name: 'ApplyPatch', arguments: json }],
        finish: { unified: 'tool-calls', raw: null },
        usage: {},
        extra: {},
      },
      context(),
    )
    expect(answer).toMatchObject({
      choices: [{ message: { tool_calls: [{ ...CALLED, id: 'call_1' }] } }],
    })
  })

  it.each([1, 7, 1000])('is called with its text in pieces of %i letters', (length) => {
    const encoder = cursor.stream.encoder(context())
    const pieces: string[] = []
    const events: Event[] = [
      { type: 'start' },
      { type: 'block-start', index: 0, block: { type: 'tool-call', id: 'call_1', name: 'ApplyPatch' } },
      ...slices(json, length).map((piece): Event => ({
        type: 'delta',
        index: 0,
        delta: { type: 'arguments', json: piece },
      })),
      { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, block: { type: 'tool-call', id: 'call_2', name: 'read_file' } },
      { type: 'delta', index: 1, delta: { type: 'arguments', json: CALL.arguments } },
      { type: 'block-end', index: 1 },
      { type: 'finish', reason: { unified: 'tool-calls', raw: null } },
    ]
    for (const event of events) encoder.push(event, (_name, data) => void pieces.push(data))
    const calls = pieces
      .filter((data) => data.startsWith('{'))
      .flatMap((data) => JSON.parse(data).choices[0].delta.tool_calls ?? [])
    const said = (index: number) =>
      calls
        .filter((call) => call.index === index)
        .map((call) => call.function.arguments)
        .join('')
    expect(calls[0]).toMatchObject({ id: 'call_1', type: 'function', function: { name: 'ApplyPatch' } })
    expect([said(0), said(1)]).toEqual([PATCH, CALL.arguments])
  })
})

function slices(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, at) =>
    text.slice(at * length, (at + 1) * length),
  )
}

// ==== Mixed shapes

const FLAT = { type: 'function', name: 'f', description: 'F.', parameters: PARAMETERS }
const { type: _type, ...UNWRAPPED } = FLAT

it.each<[string, JsonObject, unknown]>([
  ['tools of a chat', { tools: [{ type: 'function', function: UNWRAPPED }] }, { tools: [FLAT] }],
  ['tools of the Responses API', { tools: [FLAT] }, { tools: [FLAT] }],
  [
    'Anthropic’s tools',
    { tools: [{ name: 'f', description: 'F.', input_schema: PARAMETERS }] },
    { tools: [FLAT] },
  ],
  ['tools that have no type', { tools: [UNWRAPPED] }, { tools: [FLAT] }],
  ['tools of a service', { tools: [{ type: 'web_search' }] }, { tools: [{ type: 'web_search' }] }],
  ['what is no tool', { tools: [1, null] }, { tools: [1, null] }],
  ['no list of tools', { tools: 'f' }, { tools: 'f' }],
  [
    'a choice of a chat',
    { tool_choice: { type: 'function', function: { name: 'f' } } },
    { tool_choice: { type: 'function', name: 'f' } },
  ],
  [
    'Anthropic’s choice of a tool',
    { tool_choice: { type: 'tool', name: 'f' } },
    { tool_choice: { type: 'function', name: 'f' } },
  ],
  ['Anthropic’s choice of any', { tool_choice: { type: 'any' } }, { tool_choice: 'required' }],
  ['Anthropic’s choice of none', { tool_choice: { type: 'none' } }, { tool_choice: 'none' }],
  ['Anthropic’s free choice', { tool_choice: { type: 'auto' } }, { tool_choice: 'auto' }],
  ['a choice in a word', { tool_choice: 'required' }, { tool_choice: 'required' }],
  [
    'a choice of some, as a chat has it',
    {
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
    },
    { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] } },
  ],
])('%s', (_case, given, offered) => {
  const messages = [USER]
  expect(readCursorBody({ model: 'm', messages, ...given })).toEqual({
    api: 'chat',
    body: { model: 'm', messages },
    offered,
  })
  expect(readCursorBody({ model: 'm', input: 'Hi', messages: [], ...given })).toEqual({
    api: 'responses',
    body: { model: 'm', input: 'Hi', ...(offered as JsonObject) },
  })
})

const TEXT = { type: 'text', text: 'Hi' }
const RESULT = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'a.ts' }
const PIXEL = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } }

it.each<[string, JsonObject, JsonObject[]]>([
  ['a text', { role: 'user', content: 'Hi' }, [{ role: 'user', content: 'Hi' }]],
  ['parts of a chat', { role: 'user', content: [TEXT] }, [{ role: 'user', content: [TEXT] }]],
  [
    'Anthropic’s result of a tool',
    { role: 'user', content: [RESULT] },
    [{ role: 'tool', tool_call_id: 'toolu_1', content: 'a.ts' }],
  ],
  [
    'results with parts, and text behind them',
    { role: 'user', content: [{ ...RESULT, content: [TEXT, PIXEL] }, RESULT, TEXT] },
    [
      {
        role: 'tool',
        tool_call_id: 'toolu_1',
        content: [TEXT, { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: 'a.ts' },
      { role: 'user', content: [TEXT] },
    ],
  ],
  [
    'Anthropic’s call of a tool',
    { role: 'assistant', content: [TEXT, { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } }] },
    [
      {
        role: 'assistant',
        content: [TEXT],
        tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'f', arguments: { a: 1 } } }],
      },
    ],
  ],
  [
    'an image at an address',
    { role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }] },
    [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }] }],
  ],
])('a message with %s', (_case, message, told) => {
  expect(readCursorBody({ model: 'm', messages: [message] })).toMatchObject({ body: { messages: told } })
})

it('a conversation in Anthropic’s blocks reaches Claude as it was', async () => {
  const messages = [
    { role: 'user', content: 'Read a.ts' },
    {
      role: 'assistant',
      content: [TEXT, { type: 'tool_use', id: 'toolu_1', name: 'read_file', input: { path: 'a.ts' } }],
    },
    { role: 'user', content: [{ ...RESULT, content: [TEXT] }] },
  ]
  const tools = [{ name: 'read_file', description: 'Reads.', input_schema: PARAMETERS }]
  const { status } = await ask({
    model: 'anthropic/claude-sonnet-4-5',
    messages,
    tools,
    tool_choice: { type: 'any' },
  })
  expect(status).toBe(200)
  const { body } = sent()
  expect(body.tools).toMatchObject(tools)
  expect(body.tool_choice).toMatchObject({ type: 'any' })
  expect(body.messages[1]).toMatchObject(messages[1]!)
  expect(body.messages[2]).toMatchObject({
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: 'toolu_1' }],
  })
})
