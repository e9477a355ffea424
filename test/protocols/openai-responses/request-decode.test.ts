import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze } from '../../../src/lib/frozen.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { JsonObject, Request } from '../../../src/message/request.ts'
import { decodeRequest } from '../../../src/protocols/openai-responses/request-decode.ts'
import type { Json } from '../../support/provider/json.ts'

const decode = (body: JsonObject) => decodeRequest({ model: 'm', input: 'Hi', ...body })
const request = (body: JsonObject): Request => decode(body).request
const input = (...items: Json[]) => ({ input: items })
const said = (role: string, ...content: Json[]) => ({ type: 'message', role, content })
const text = (words: string) => ({ type: 'text', text: words })
const inputText = (words: string) => ({ type: 'input_text', text: words })
const user = { role: 'user', content: [text('Hi')] }
const call = (id: string, more: JsonObject = {}) => ({
  type: 'function_call',
  call_id: id,
  name: 'Bash',
  arguments: '{}',
  ...more,
})
const output = (id: string, result: Json = 'A') => ({
  type: 'function_call_output',
  call_id: id,
  output: result,
})

interface Row {
  name: string
  body: JsonObject
  /** A fragment of the hub's request. */
  request: Json
  warns?: string[]
}

function decodes(rows: readonly Row[]): void {
  it.each(rows)('$name', ({ body, request: expected, warns = [] }) => {
    const decoded = decode(body)
    expect(decoded.request).toMatchObject(expected)
    const fields = decoded.warnings.map(({ kind, field }) => `${kind} ${field}`)
    expect(fields).toEqual(warns)
  })
}

describe('input', () => {
  decodes([
    { name: 'a string', body: { input: 'Hi' }, request: { system: [], messages: [user] } },
    {
      name: '#1 instructions come before what stands at the beginning of the conversation',
      body: {
        instructions: 'Be brief.',
        ...input(
          said('developer', inputText('A'), inputText('B')),
          said('system', inputText('C')),
          said('user', inputText('Hi')),
        ),
      },
      request: { system: [text('Be brief.'), text('A'), text('B'), text('C')], messages: [user] },
    },
    {
      name: '#2 system text inside the conversation keeps its place',
      body: input({ role: 'user', content: 'Hi' }, { role: 'developer', content: 'Note' }),
      request: { system: [], messages: [user, { role: 'system', content: [text('Note')] }] },
    },
    {
      name: '#4 text and images keep their order',
      body: input(
        said(
          'user',
          inputText('a'),
          { type: 'input_image', image_url: 'data:image/png;base64,iVBORw==', detail: 'auto' },
          inputText('b'),
          { type: 'input_image', image_url: 'https://a.b/c.png' },
        ),
      ),
      request: {
        messages: [
          {
            content: [
              text('a'),
              { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBORw==' } },
              text('b'),
              { type: 'image', source: { kind: 'url', url: 'https://a.b/c.png' } },
            ],
          },
        ],
      },
    },
    {
      name: '#5 #6 a file by its id',
      body: input(
        said('user', { type: 'input_file', file_id: 'file-1' }, { type: 'input_image', file_id: 'file-2' }),
      ),
      request: {
        messages: [
          {
            content: [
              { type: 'document', source: { kind: 'file', id: 'file-1' } },
              { type: 'image', source: { kind: 'file', id: 'file-2' } },
            ],
          },
        ],
      },
    },
    {
      name: '#6 files: a PDF with and without its type, one by address, text as text, an image as an image',
      body: input(
        said(
          'user',
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'JVBERi0=' },
          { type: 'input_file', file_url: 'https://a.b/c.pdf' },
          { type: 'input_file', filename: 'a.txt', file_data: 'data:text/plain;base64,w6k=' },
          { type: 'input_file', filename: 'a.png', file_data: 'iVBORw==' },
        ),
      ),
      request: {
        messages: [
          {
            content: [
              {
                type: 'document',
                title: 'a.pdf',
                source: { mediaType: 'application/pdf', data: 'JVBERi0=' },
              },
              {
                type: 'document',
                title: 'a.pdf',
                source: { mediaType: 'application/pdf', data: 'JVBERi0=' },
              },
              { type: 'document', source: { kind: 'url', url: 'https://a.b/c.pdf' } },
              { type: 'document', title: 'a.txt', source: { kind: 'text', text: 'é' } },
              { type: 'image', source: { mediaType: 'image/png', data: 'iVBORw==' } },
            ],
          },
        ],
      },
    },
    {
      name: '#75 marks of the prompt cache',
      body: input(
        said(
          'user',
          { ...inputText('a'), prompt_cache_breakpoint: { mode: 'explicit' } },
          { ...inputText('b'), prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } },
        ),
      ),
      request: {
        messages: [
          {
            content: [
              { text: 'a', cache: {} },
              { text: 'b', cache: { ttl: '1h' } },
            ],
          },
        ],
      },
    },
    {
      name: 'parts of the future are kept for whoever knows them',
      body: input(said('user', { type: 'input_audio', input_audio: {} })),
      request: {
        messages: [{ content: [{ type: 'opaque', protocol: 'openai-responses', kind: 'input_audio' }] }],
      },
    },
    {
      name: '#29 what says nothing is no message',
      body: input(said('user'), said('assistant'), { role: 'user', content: 'Hi' }),
      request: { messages: [user] },
    },
  ])
})

describe('the model’s turns', () => {
  decodes([
    {
      name: '#9 thinking, text and calls of a turn are one message, and so are the results',
      body: input(
        { role: 'user', content: 'Hi' },
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'hm' }],
          encrypted_content: 'gAAA',
        },
        said('assistant', { type: 'output_text', text: 'I look.', annotations: [] }),
        call('a'),
        call('b'),
        output('a'),
        output('b'),
        said('assistant', { type: 'output_text', text: 'Done.' }),
      ),
      request: {
        messages: [
          user,
          {
            role: 'assistant',
            content: [
              { type: 'thinking', text: 'hm', signature: 'sbx-responses-rs_1.gAAA' },
              text('I look.'),
              { type: 'tool-call', id: 'a', name: 'Bash' },
              { type: 'tool-call', id: 'b', name: 'Bash' },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'tool-result', callId: 'a', content: [text('A')], isError: false },
              { type: 'tool-result', callId: 'b' },
            ],
          },
          { role: 'assistant', content: [text('Done.')] },
        ],
      },
    },
    {
      name: 'two messages of the model stay two texts',
      body: input(
        said('assistant', { type: 'output_text', text: 'a' }),
        said('assistant', { type: 'output_text', text: 'b' }),
      ),
      request: {
        messages: [
          { role: 'assistant', content: [text('a')] },
          { role: 'assistant', content: [text('b')] },
        ],
      },
    },
    {
      name: '#8 #50 arguments as they came, or none',
      body: input(
        call('a', { arguments: '{"n": 1.0}' }),
        call('b', { arguments: '' }),
        call('c', { arguments: ' ' }),
      ),
      request: {
        messages: [{ content: [{ arguments: '{"n": 1.0}' }, { arguments: '{}' }, { arguments: '{}' }] }],
      },
    },
    {
      name: '#10 #11 results: none, parts, images',
      body: input(
        call('a'),
        output('a', ''),
        output('b', []),
        output('c', [inputText('x'), { type: 'input_image', image_url: 'https://a.b/c.png' }]),
      ),
      request: {
        messages: [
          {},
          { content: [{ content: [] }, { content: [] }, { content: [text('x'), { type: 'image' }] }] },
        ],
      },
    },
    {
      name: '#70 the signatures of others come out as they were made, and their hidden thinking',
      body: input(
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: 'hm' }],
          encrypted_content: 'signalbox.EqQB',
        },
        { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'signalbox-redacted.x' },
        {
          type: 'reasoning',
          id: 'rs_3',
          summary: [
            { type: 'summary_text', text: 'a' },
            { type: 'summary_text', text: 'b' },
          ],
          encrypted_content: null,
          content: null,
        },
        { type: 'reasoning', id: 'rs_4', summary: [], content: [{ type: 'reasoning_text', text: 'raw' }] },
        { type: 'reasoning', id: 'rs_5', summary: [], content: null, encrypted_content: null },
      ),
      request: {
        messages: [
          {
            content: [
              { type: 'thinking', text: 'hm', signature: 'EqQB' },
              { type: 'redacted-thinking', data: 'x' },
              { type: 'thinking', text: 'a\n\nb' },
              { type: 'thinking', text: 'raw' },
            ],
          },
        ],
      },
    },
    {
      name: '#69 calls of tools with free text, of shells and of patches',
      body: input(
        { type: 'custom_tool_call', call_id: 'a', name: 'apply_patch', input: '*** Begin\n' },
        {
          type: 'local_shell_call',
          call_id: 'b',
          id: 'lsh_1',
          status: 'completed',
          action: { type: 'exec', command: ['ls'], env: {}, timeout_ms: null },
        },
        { type: 'shell_call', call_id: 'c', action: { commands: ['ls'], timeout_ms: 5 } },
        { type: 'apply_patch_call', call_id: 'd', operation: { type: 'delete_file', path: 'a' } },
        { type: 'tool_search_call', call_id: 'e', execution: 'client', arguments: { query: 'mail' } },
      ),
      request: {
        messages: [
          {
            content: [
              { id: 'a', name: 'apply_patch', arguments: '{"input":"*** Begin\\n"}' },
              { id: 'b', name: 'local_shell', arguments: '{"command":["ls"],"env":{}}' },
              { id: 'c', name: 'shell', arguments: '{"commands":["ls"],"timeout_ms":5}' },
              { id: 'd', name: 'apply_patch', arguments: '{"type":"delete_file","path":"a"}' },
              { id: 'e', name: 'tool_search', arguments: '{"query":"mail"}' },
            ],
          },
        ],
      },
    },
    {
      name: '#69 … and their results',
      body: input(
        call('a'),
        { type: 'custom_tool_call_output', call_id: 'a', output: [inputText('x'), inputText('y')] },
        { type: 'local_shell_call_output', id: 'b', output: '{"output":"x"}' },
        {
          type: 'shell_call_output',
          call_id: 'c',
          output: [{ stdout: 'x', stderr: '', outcome: { type: 'exit', exit_code: 0 } }],
        },
        { type: 'apply_patch_call_output', call_id: 'd', status: 'failed', output: 'no such file' },
        { type: 'tool_search_output', call_id: 'e', execution: 'client', tools: [] },
      ),
      request: {
        messages: [
          {},
          {
            content: [
              { callId: 'a', content: [text('x'), text('y')] },
              { callId: 'b', content: [text('{"output":"x"}')] },
              {
                callId: 'c',
                content: [text('[{"stdout":"x","stderr":"","outcome":{"type":"exit","exit_code":0}}]')],
              },
              { callId: 'd', isError: true, content: [text('no such file')] },
              { callId: 'e', content: [text('No tools were found.')] },
            ],
          },
        ],
      },
    },
    {
      name: 'what OpenAI’s own tools did is kept for OpenAI',
      body: input(
        { role: 'user', content: 'Hi' },
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'x' } },
        { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'iVBORw==' },
      ),
      request: {
        messages: [
          user,
          {
            role: 'assistant',
            content: [{ type: 'opaque', kind: 'web_search_call' }, { kind: 'image_generation_call' }],
          },
        ],
      },
    },
    {
      name: '#71 what only OpenAI keeps: the model is told that it was there',
      body: input({ role: 'user', content: 'Hi' }, { type: 'item_reference', id: 'msg_1' }, { id: 'rs_1' }),
      request: {
        messages: [
          user,
          { role: 'assistant', content: [{ text: expect.stringContaining('An earlier answer') }] },
        ],
      },
      warns: ['dropped input[].item_reference'],
    },
    {
      name: '#71 a conversation that OpenAI compacted',
      body: input({ type: 'compaction', encrypted_content: 'x' }, { role: 'user', content: 'Hi' }),
      request: {
        messages: [{ role: 'user', content: [{ text: expect.stringContaining('compacted') }] }, user],
      },
      warns: ['dropped input[].compaction'],
    },
  ])
})

const fn = (name: string, more: JsonObject = {}) => ({
  type: 'function',
  name,
  parameters: { type: 'object', properties: {} },
  ...more,
})
const patch = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Edits files.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}

describe('tools', () => {
  decodes([
    {
      name: 'functions',
      body: {
        tools: [
          fn('Bash', { description: 'Runs.', strict: true, output_schema: {} }),
          { type: 'function', name: 'List', parameters: null },
        ],
      },
      request: {
        tools: [
          {
            kind: 'function',
            name: 'Bash',
            description: 'Runs.',
            schema: { type: 'object' },
            strict: true,
            extra: { output_schema: {} },
          },
          { kind: 'function', name: 'List', extra: {} },
        ],
      },
    },
    {
      name: '#69 a tool with free text is a function with one string, and is told its grammar',
      body: { tools: [patch] },
      request: {
        tools: [
          {
            name: 'apply_patch',
            description: 'Edits files.\n\ninput must follow this lark grammar:\nstart: "x"',
            schema: {
              properties: { input: { type: 'string' } },
              required: ['input'],
              additionalProperties: false,
            },
          },
        ],
      },
    },
    {
      name: '#69 namespaces: their name before the tools’, except that of plain functions; what they are is said once',
      body: {
        tools: [
          {
            type: 'namespace',
            name: 'functions',
            description: '',
            tools: [{ ...patch, name: 'exec' }, fn('wait')],
          },
          {
            type: 'namespace',
            name: 'agents',
            description: 'Helpers.',
            tools: [fn('spawn', { description: 'Starts one.' }), fn('list')],
          },
        ],
      },
      request: {
        tools: [
          { name: 'exec' },
          { name: 'wait' },
          { name: 'agents__spawn', description: '[Tools of agents] Helpers.\n\nStarts one.' },
          { name: 'agents__list' },
        ],
      },
    },
    {
      name: '#69 additional tools stand in the input; what is defined anew takes the old place',
      body: {
        tools: [fn('A', { description: 'old' }), fn('B')],
        ...input({
          type: 'additional_tools',
          role: 'developer',
          tools: [fn('C'), fn('A', { description: 'new' })],
        }),
      },
      request: { messages: [], tools: [{ name: 'A', description: 'new' }, { name: 'B' }, { name: 'C' }] },
    },
    {
      name: '#69 two tools of one name stay two',
      body: {
        tools: [
          fn('a'),
          { type: 'namespace', name: 'functions', description: '', tools: [fn('a')] },
          { type: 'namespace', name: 'x', description: '', tools: [fn('y')] },
          fn('x__y'),
        ],
      },
      request: {
        tools: [{ name: 'a' }, { name: 'functions__a' }, { name: 'x__y' }, { name: 'function__x__y' }],
      },
    },
    {
      name: '#75 the mark of what agents hide from OpenAI is no schema; a property may be called so',
      body: {
        tools: [
          fn('send', {
            parameters: {
              type: 'object',
              properties: { message: { type: 'string', encrypted: true }, encrypted: { type: 'boolean' } },
            },
          }),
        ],
      },
      request: {
        tools: [
          {
            schema: {
              type: 'object',
              properties: { message: { type: 'string' }, encrypted: { type: 'boolean' } },
            },
          },
        ],
      },
    },
    {
      name: '#69 shells and patches that the client runs',
      body: {
        tools: [
          { type: 'local_shell' },
          { type: 'shell', environment: { type: 'local' } },
          { type: 'apply_patch' },
        ],
      },
      request: {
        tools: [
          { name: 'local_shell', schema: { required: ['command'] } },
          { name: 'shell', schema: { required: ['commands'] } },
          { name: 'apply_patch', schema: { required: ['type', 'path'] } },
        ],
      },
    },
    {
      name: '#17 a web search in the hub’s form',
      body: {
        tools: [
          {
            type: 'web_search',
            external_web_access: true,
            filters: { allowed_domains: ['a.b'] },
            user_location: { country: 'DE' },
          },
        ],
      },
      request: {
        tools: [
          {
            kind: 'server',
            type: 'web_search_20250305',
            name: 'web_search',
            raw: { allowed_domains: ['a.b'], user_location: { type: 'approximate', country: 'DE' } },
          },
        ],
      },
    },
    {
      name: '#17 tools that only OpenAI runs',
      body: {
        tools: [{ type: 'image_generation' }, { type: 'shell', environment: { type: 'container_auto' } }],
      },
      request: {
        tools: [
          { kind: 'server', type: 'image_generation', name: 'image_generation' },
          { kind: 'server', type: 'shell' },
        ],
      },
    },
    {
      name: '#69 a search of the client: what it has not found is not offered, what it has is',
      body: {
        tools: [
          { type: 'tool_search', execution: 'client', description: 'Finds.' },
          fn('A', { defer_loading: true }),
          fn('B', { defer_loading: true }),
        ],
        ...input(
          { type: 'tool_search_call', call_id: 'a', execution: 'client', arguments: {} },
          {
            type: 'tool_search_output',
            call_id: 'a',
            execution: 'client',
            tools: [
              fn('B', { defer_loading: true }),
              { type: 'namespace', name: 'mcp', description: '', tools: [fn('C')] },
            ],
          },
        ),
      },
      request: {
        tools: [{ name: 'tool_search', description: 'Finds.' }, { name: 'B' }, { name: 'mcp__C' }],
        messages: [{}, { content: [{ content: [text('Tools found: B, mcp__C')] }] }],
      },
    },
    {
      name: '#16 without a search of the client all are offered',
      body: { tools: [{ type: 'tool_search' }, fn('A', { defer_loading: true })] },
      request: { tools: [{ name: 'A' }] },
    },
  ])

  it('tools that are shared between requests are read once', () => {
    const tools = deepFreeze([fn('Bash', { description: 'Runs.' })])
    expect(request({ tools }).tools[0]).toBe(request({ tools }).tools[0])
  })

  it('#69 how the client knows its tools is remembered for the answer', () => {
    const { answerMemo } = decode({
      tools: [
        fn('Bash'),
        patch,
        { type: 'namespace', name: 'agents', description: '', tools: [fn('list')] },
        { type: 'local_shell' },
      ],
    })
    expect(Object.fromEntries(answerMemo!.callForms!)).toEqual({
      Bash: { type: 'function', name: 'Bash' },
      apply_patch: { type: 'custom', name: 'apply_patch' },
      agents__list: { type: 'function', name: 'list', namespace: 'agents' },
      local_shell: { type: 'local_shell', name: 'local_shell' },
    })
  })

  it('#69 calls of the conversation have the names of the tools that are offered', () => {
    const { messages } = request({
      tools: [fn('a'), { type: 'namespace', name: 'functions', description: '', tools: [fn('a')] }],
      ...input(
        call('1', { name: 'a' }),
        call('2', { name: 'a', namespace: 'functions' }),
        call('3', { name: 'b', namespace: 'gone' }),
      ),
    })
    expect(messages[0]!.content.map((block) => (block as Json).name)).toEqual([
      'a',
      'functions__a',
      'gone__b',
    ])
  })
})

describe('tool_choice', () => {
  const tools = [
    fn('A'),
    patch,
    { type: 'namespace', name: 'n', description: '', tools: [fn('B')] },
    { type: 'web_search' },
  ]

  decodes([
    { name: '#14 auto', body: { tools, tool_choice: 'auto' }, request: { toolChoice: { type: 'auto' } } },
    { name: '#14 none', body: { tools, tool_choice: 'none' }, request: { toolChoice: { type: 'none' } } },
    {
      name: '#14 required',
      body: { tools, tool_choice: 'required' },
      request: { toolChoice: { type: 'required' } },
    },
    {
      name: '#14 a function',
      body: { tools, tool_choice: { type: 'function', name: 'A' } },
      request: { toolChoice: { type: 'tool', name: 'A' } },
    },
    {
      name: '#69 a function in a namespace',
      body: { tools, tool_choice: { type: 'function', name: 'B', namespace: 'n' } },
      request: { toolChoice: { type: 'tool', name: 'n__B' } },
    },
    {
      name: '#69 a custom tool',
      body: { tools, tool_choice: { type: 'custom', name: 'apply_patch' } },
      request: { toolChoice: { type: 'tool', name: 'apply_patch' } },
    },
    {
      name: '#17 the web search',
      body: { tools, tool_choice: { type: 'web_search_preview' } },
      request: { toolChoice: { type: 'tool', name: 'web_search' } },
    },
    {
      name: '#73 allowed tools',
      body: {
        tools,
        tool_choice: {
          type: 'allowed_tools',
          mode: 'required',
          tools: [{ type: 'function', name: 'A' }, { type: 'web_search' }],
        },
      },
      request: { toolChoice: { type: 'required' }, tools: [{ name: 'A' }, { name: 'web_search' }] },
      warns: ['changed tool_choice.allowed_tools'],
    },
    {
      name: '#17 a hosted tool that nobody offers',
      body: { tools, tool_choice: { type: 'file_search' } },
      request: { tools: [{}, {}, {}, {}] },
      warns: ['dropped tool_choice'],
    },
    {
      name: '#15 #73 parallel calls',
      body: { tools, parallel_tool_calls: false },
      request: { parallelTools: false },
    },
  ])
})

describe('settings', () => {
  decodes([
    { name: '#21 the limit', body: { max_output_tokens: 5 }, request: { maxTokens: 5 } },
    {
      name: '#22 sampling',
      body: { temperature: 0.5, top_p: 0.9 },
      request: { temperature: 0.5, topP: 0.9 },
    },
    {
      name: '#25 effort',
      body: { reasoning: { effort: 'high' } },
      request: { reasoning: { mode: 'adaptive', effort: 'high' } },
    },
    {
      name: '#25 a summary: the thinking is shown',
      body: { reasoning: { summary: 'auto' } },
      request: { reasoning: { mode: 'adaptive', display: 'summarized' } },
    },
    {
      name: '#25 none',
      body: { reasoning: { effort: 'none', summary: 'auto' } },
      request: { reasoning: { mode: 'off' } },
    },
    {
      name: '#72 a schema',
      body: {
        text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true } },
      },
      request: { format: { type: 'json', name: 'a', schema: { type: 'object' }, strict: true } },
    },
    {
      name: '#72 JSON',
      body: { text: { format: { type: 'json_object' } } },
      request: { format: { type: 'json' } },
    },
    { name: '#24 the user', body: { safety_identifier: 'a', user: 'b' }, request: { userId: 'a' } },
    {
      name: 'E10 the session, where the client names no user',
      body: { prompt_cache_key: 's' },
      request: { userId: 's' },
    },
    {
      name: 'E10 both',
      body: { user: 'u', prompt_cache_key: 's' },
      request: { userId: '{"user":"u","session_id":"s"}' },
    },
    {
      name: '#71 #75 what changes nothing here is no loss',
      body: {
        store: false,
        include: ['reasoning.encrypted_content'],
        truncation: 'disabled',
        service_tier: 'auto',
        metadata: {},
        stream_options: { include_obfuscation: false },
        previous_response_id: null,
        background: false,
        text: { format: { type: 'text' } },
      },
      request: { extra: {} },
    },
    {
      name: '#27 #73 #75 what changes the answer is kept, for encoders to tell of',
      body: {
        store: true,
        include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
        truncation: 'auto',
        service_tier: 'priority',
        top_logprobs: 2,
        max_tool_calls: 3,
        prompt_cache_retention: '24h',
        client_metadata: { a: 'b' },
        text: { verbosity: 'low' },
        reasoning: { effort: 'low', context: 'all_turns' },
      },
      request: {
        extra: {
          store: true,
          include: ['message.output_text.logprobs'],
          truncation: 'auto',
          service_tier: 'priority',
          top_logprobs: 2,
          max_tool_calls: 3,
          prompt_cache_retention: '24h',
          client_metadata: { a: 'b' },
          'text.verbosity': 'low',
          'reasoning.context': 'all_turns',
        },
      },
    },
  ])

  it('no reasoning is asked for by who says nothing of it', () => {
    expect(request({})).not.toHaveProperty('reasoning')
    expect(request({ reasoning: {} })).not.toHaveProperty('reasoning')
  })

  it('an answer says back what was set, but neither instructions nor tools', () => {
    const body = { metadata: { a: 'b' }, temperature: 1, instructions: 'x', tools: [fn('A')], top_p: null }
    expect(decode(body).answerMemo!.echo).toEqual({ metadata: { a: 'b' }, temperature: 1 })
  })
})

describe('refusals', () => {
  it.each<[name: string, body: JsonObject, field: string, words: RegExp]>([
    ['no model', { model: null }, 'model', /Missing required parameter: 'model'/],
    ['no input', { input: null }, 'input', /Missing required parameter: 'input'/],
    [
      '#71 an earlier answer',
      { previous_response_id: 'resp_1' },
      'previous_response_id',
      /earlier answers are not kept; send the whole conversation/,
    ],
    ['#71 a conversation', { conversation: 'conv_1' }, 'conversation', /conversations are not kept/],
    ['#71 a template', { prompt: { id: 'pmpt_1' } }, 'prompt', /kept at OpenAI/],
    ['#71 an answer for later', { background: true }, 'background', /not kept for later/],
    [
      'a compaction by OpenAI',
      input({ type: 'compaction_trigger' }),
      'input[0].type',
      /only OpenAI’s models compact/,
    ],
    ['input of another type', { input: 5 }, 'input', /expected a string or an array/],
    ['an item that is none', { input: ['Hi'] }, 'input[0]', /expected an object/],
    ['a role of the future', input(said('tool')), 'input[0].role', /Supported values/],
    [
      'a call without its id',
      input({ type: 'function_call', name: 'a', arguments: '{}' }),
      'input[0].call_id',
      /Missing/,
    ],
    ['a call without a name', input({ type: 'function_call', call_id: 'a' }), 'input[0].name', /Missing/],
    ['text without text', input(said('user', { type: 'input_text' })), 'input[0].content[0].text', /Missing/],
    ['a tool without a type', { tools: [{ name: 'a' }] }, 'tools[0].type', /Missing/],
    ['a tool without a name', { tools: [{ type: 'custom' }] }, 'tools[0].name', /Missing/],
    ['a choice that is none', { tool_choice: 'any' }, 'tool_choice', /Supported values/],
    [
      'a choice of what is not offered',
      { tool_choice: { type: 'function', name: 'x' } },
      'tool_choice.name',
      /"x"/,
    ],
    ['an effort that is none', { reasoning: { effort: 'huge' } }, 'reasoning.effort', /Supported values/],
    ['a format that is none', { text: { format: { type: 'xml' } } }, 'text.format.type', /Supported values/],
    [
      'a format without its schema',
      { text: { format: { type: 'json_schema' } } },
      'text.format.schema',
      /Missing/,
    ],
    ['a limit that is no number', { max_output_tokens: '5' }, 'max_output_tokens', /expected a number/],
  ])('%s', (_name, body, field, words) => {
    let thrown: unknown
    try {
      decode(body)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(GatewayError)
    const { status, message, details } = thrown as GatewayError
    expect(status).toBe(400)
    expect(message).toMatch(words)
    expect(details.field).toBe(field)
  })
})

describe('what Codex and OpenCode really sent', () => {
  const captured = (file: string) =>
    decodeRequest(JSON.parse(readFileSync(`test/data/${file}.json`, 'utf8')) as JsonObject)
  const names = (file: string) => captured(file).request.tools.map(({ name }) => name)
  const roles = (file: string) =>
    captured(file).request.messages.map(
      ({ role, content }) => `${role} ${content.map(({ type }) => type).join('+')}`,
    )

  it('#69 an unknown model: functions, a namespace, a web search', () => {
    expect(names('codex/unknown-model-second-turn')).toEqual([
      'exec_command',
      'write_stdin',
      'request_user_input',
      'view_image',
      'multi_agent_v1__close_agent',
      'multi_agent_v1__resume_agent',
      'multi_agent_v1__send_input',
      'multi_agent_v1__spawn_agent',
      'multi_agent_v1__wait_agent',
      'get_goal',
      'create_goal',
      'update_goal',
      'web_search',
    ])
    const { request: decoded, warnings } = captured('codex/unknown-model-second-turn')
    expect(decoded).toMatchObject({
      model: 'gpt-5',
      stream: true,
      parallelTools: true,
      toolChoice: { type: 'auto' },
      reasoning: { mode: 'adaptive', display: 'summarized' },
      userId: '00000000-0000-4000-8000-000000000001',
    })
    expect(decoded.system).toHaveLength(3)
    expect(roles('codex/unknown-model-second-turn')).toEqual([
      'user text',
      'user text',
      'assistant tool-call',
      'user tool-result',
    ])
    expect(Object.keys(decoded.extra)).toEqual(['client_metadata'])
    expect(warnings).toEqual([])
  })

  it('#69 a known model: a patch tool with free text, a search for tools', () => {
    expect(names('codex/apply-patch-second-turn')).toContain('apply_patch')
    expect(names('codex/apply-patch-second-turn')).toContain('tool_search')
    const turn = captured('codex/apply-patch-second-turn').request.messages.at(-2)!
    expect(turn.content).toMatchObject([
      {
        type: 'tool-call',
        name: 'apply_patch',
        arguments: JSON.stringify({
          input: '*** Begin Patch\n*** Add File: hello.txt\n+hi codex\n*** End Patch',
        }),
      },
    ])
  })

  it('#70 reasoning that was given back without a proof', () => {
    expect(roles('codex/reasoning-round-trip')).toEqual([
      'user text',
      'user text',
      'assistant thinking+tool-call',
      'user tool-result',
    ])
  })

  it('#72 an output schema', () => {
    expect(captured('codex/output-schema').request.format).toMatchObject({
      type: 'json',
      name: 'codex_output_schema',
      strict: true,
      schema: { required: ['a'] },
    })
  })

  it('#69 code mode: tools in the input, in namespaces', () => {
    expect(names('codex/code-mode-second-turn')).toEqual([
      'exec',
      'wait',
      'request_user_input',
      'request_user_input_async',
      'clock__sleep',
      'collaboration__followup_task',
      'collaboration__interrupt_agent',
      'collaboration__list_agents',
      'collaboration__send_message',
      'collaboration__spawn_agent',
      'collaboration__wait_agent',
    ])
    const decoded = captured('codex/code-mode-second-turn')
    expect(decoded.answerMemo!.callForms!.get('exec')).toEqual({
      type: 'custom',
      name: 'exec',
      namespace: 'functions',
    })
    expect(JSON.stringify(decoded.request.tools)).not.toContain('encrypted')
    expect(decoded.request.messages.at(-1)).toMatchObject({
      role: 'user',
      content: [{ type: 'tool-result', content: [{ type: 'text' }, { type: 'text' }] }],
    })
  })

  it('#69 a call into a namespace keeps its name', () => {
    const { messages } = captured('codex/namespaced-call').request
    const calls = messages.flatMap(({ content }) => content).filter(({ type }) => type === 'tool-call')
    expect(calls.map((block) => (block as Json).name)).toEqual(['collaboration__list_agents', 'exec'])
  })

  it('OpenCode: plain items', () => {
    expect(roles('opencode/responses-second-turn')).toEqual([
      'user text',
      'assistant tool-call',
      'user tool-result',
    ])
    expect(captured('opencode/responses-title').request.reasoning).toEqual({ mode: 'off' })
  })
})

describe('any body', () => {
  const field = fc.constantFrom(
    'input',
    'tools',
    'tool_choice',
    'reasoning',
    'text',
    'instructions',
    'include',
    'user',
    'x',
  )
  const item = fc.record(
    {
      type: fc.constantFrom(
        'message',
        'reasoning',
        'function_call',
        'function_call_output',
        'custom_tool_call',
        'local_shell_call',
        'tool_search_output',
        'additional_tools',
        'item_reference',
        'x',
      ),
      role: fc.constantFrom('user', 'assistant', 'developer', 'x'),
      content: fc.jsonValue({ maxDepth: 3 }),
      call_id: fc.constantFrom('a', 'b'),
      name: fc.constant('Bash'),
      summary: fc.jsonValue({ maxDepth: 2 }),
      output: fc.jsonValue({ maxDepth: 2 }),
      action: fc.jsonValue({ maxDepth: 2 }),
      tools: fc.jsonValue({ maxDepth: 2 }),
      id: fc.constantFrom('msg_1', 'rs_1'),
    },
    { requiredKeys: [] },
  )

  it('decodes, or is refused with the field that is wrong', () => {
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 5 }),
        field,
        fc.jsonValue({ maxDepth: 4 }),
        (items, broken, value) => {
          try {
            decode({ input: items, [broken]: value })
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError)
            expect((error as GatewayError).status).toBe(400)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('of many small items is read in linear time', () => {
    const many = Array.from({ length: 50_000 }, (_, at) => [call(`c${at}`), output(`c${at}`)])
    expect(request(input(...many.flat())).messages).toHaveLength(100_000)
    const calls = Array.from({ length: 50_000 }, (_, at) => call(`c${at}`))
    const results = Array.from({ length: 50_000 }, (_, at) => output(`c${at}`))
    expect(request(input(...calls, ...results)).messages).toHaveLength(2)
  })
})
