import { readFileSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Block, JsonObject, Request } from '../../../src/message/request.ts'
import { decodeRequest } from '../../../src/protocols/anthropic/request-decode.ts'
import { isAttribution } from '../../../src/protocols/shared/attribution.ts'
import { parseJson } from '../../../src/protocols/shared/json.ts'

const DATA = new URL('../../data/claude/', import.meta.url)

function captured(name: string): Request {
  return decodeRequest(parseJson(readFileSync(new URL(`${name}.json`, DATA), 'utf8')) as JsonObject).request
}

const BASE = { model: 'claude-x', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] }

function decode(fields: JsonObject): Request {
  return decodeRequest({ ...BASE, ...fields }).request
}

function block(wire: unknown): Block | undefined {
  return decode({ messages: [{ role: 'user', content: [wire] }] }).messages[0]!.content[0]
}

const EPHEMERAL = { type: 'ephemeral' }

describe('blocks', () => {
  const rows: [row: string, wire: JsonObject, hub: Block][] = [
    ['#1 text', { type: 'text', text: 'a' }, { type: 'text', text: 'a' }],
    [
      'text, marked',
      { type: 'text', text: 'a', cache_control: EPHEMERAL },
      { type: 'text', text: 'a', cache: {} },
    ],
    [
      'text, marked for an hour',
      { type: 'text', text: 'a', cache_control: { ...EPHEMERAL, ttl: '1h' } },
      { type: 'text', text: 'a', cache: { ttl: '1h' } },
    ],
    [
      'text, null fields',
      { type: 'text', text: 'a', cache_control: null, citations: null },
      { type: 'text', text: 'a' },
    ],
    [
      'text with citations',
      { type: 'text', text: 'a', citations: [{ type: 'char_location' }] },
      { type: 'text', text: 'a', citations: [{ type: 'char_location' }] },
    ],
    [
      '#5 image, base64',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } },
    ],
    [
      '#5 image, url',
      { type: 'image', source: { type: 'url', url: 'https://x/' } },
      { type: 'image', source: { kind: 'url', url: 'https://x/' } },
    ],
    [
      '#5 image, file',
      { type: 'image', source: { type: 'file', file_id: 'file_1' } },
      { type: 'image', source: { kind: 'file', id: 'file_1' } },
    ],
    [
      '#6 document, base64',
      {
        type: 'document',
        title: 't',
        context: 'c',
        citations: { enabled: true },
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
      },
      {
        type: 'document',
        title: 't',
        context: 'c',
        citations: true,
        source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' },
      },
    ],
    [
      '#6 document, text',
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'abc' } },
      { type: 'document', source: { kind: 'text', text: 'abc' } },
    ],
    [
      '#6 document, content',
      { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
      { type: 'document', source: { kind: 'blocks', blocks: [{ type: 'text', text: 'a' }] } },
    ],
    [
      '#6 document, content as a string',
      { type: 'document', source: { type: 'content', content: 'a' } },
      { type: 'document', source: { kind: 'blocks', blocks: [{ type: 'text', text: 'a' }] } },
    ],
    [
      '#7 search result',
      {
        type: 'search_result',
        source: 's',
        title: 't',
        content: [{ type: 'text', text: 'a' }],
        citations: { enabled: true },
      },
      { type: 'search-result', source: 's', title: 't', content: [{ type: 'text', text: 'a' }] },
    ],
    [
      '#26 thinking',
      { type: 'thinking', thinking: 'hm', signature: 'EqQB' },
      { type: 'thinking', text: 'hm', signature: 'EqQB' },
    ],
    [
      'D9 thinking with our signature',
      { type: 'thinking', thinking: 'hm', signature: 'signalbox.' },
      { type: 'thinking', text: 'hm' },
    ],
    [
      'D9 thinking with an upstream’s inside ours',
      { type: 'thinking', thinking: '', signature: 'signalbox.abc' },
      { type: 'thinking', text: '', signature: 'abc' },
    ],
    ['redacted thinking', { type: 'redacted_thinking', data: 'x' }, { type: 'redacted-thinking', data: 'x' }],
    [
      'redacted thinking with our mark',
      { type: 'redacted_thinking', data: 'signalbox.x' },
      { type: 'redacted-thinking', data: 'x' },
    ],
    [
      '#8 tool call',
      { type: 'tool_use', id: 't1', name: 'Bash', input: { b: 1, a: [2] } },
      { type: 'tool-call', id: 't1', name: 'Bash', arguments: '{"b":1,"a":[2]}' },
    ],
    [
      '#8 A11 tool call, null',
      { type: 'tool_use', id: 't1', name: 'X', input: null },
      { type: 'tool-call', id: 't1', name: 'X', arguments: '{}' },
    ],
    [
      '#8 A11 tool call, ""',
      { type: 'tool_use', id: 't1', name: 'X', input: '' },
      { type: 'tool-call', id: 't1', name: 'X', arguments: '{}' },
    ],
    [
      '#8 A11 tool call, a list',
      { type: 'tool_use', id: 't1', name: 'X', input: [1] },
      { type: 'tool-call', id: 't1', name: 'X', arguments: '[1]' },
    ],
    [
      '#10 result, absent',
      { type: 'tool_result', tool_use_id: 't1' },
      { type: 'tool-result', callId: 't1', content: [], isError: false },
    ],
    [
      '#10 result, null',
      { type: 'tool_result', tool_use_id: 't1', content: null },
      { type: 'tool-result', callId: 't1', content: [], isError: false },
    ],
    [
      '#10 result, []',
      { type: 'tool_result', tool_use_id: 't1', content: [] },
      { type: 'tool-result', callId: 't1', content: [], isError: false },
    ],
    [
      '#10 result, ""',
      { type: 'tool_result', tool_use_id: 't1', content: '' },
      { type: 'tool-result', callId: 't1', content: [], isError: false },
    ],
    [
      '#10 result, text',
      { type: 'tool_result', tool_use_id: 't1', content: 'ok' },
      { type: 'tool-result', callId: 't1', content: [{ type: 'text', text: 'ok' }], isError: false },
    ],
    [
      '#12 result, failed',
      { type: 'tool_result', tool_use_id: 't1', content: 'no', is_error: true },
      { type: 'tool-result', callId: 't1', content: [{ type: 'text', text: 'no' }], isError: true },
    ],
    [
      'E5 result, marked',
      { type: 'tool_result', tool_use_id: 't1', cache_control: EPHEMERAL },
      { type: 'tool-result', callId: 't1', content: [], isError: false, cache: {} },
    ],
    [
      '#11 result with an image, A6 a reference, and what nobody knows',
      {
        type: 'tool_result',
        tool_use_id: 't1',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } },
          { type: 'tool_reference', tool_name: 'WebFetch' },
          { type: 'browser_state', tabs: [] },
        ],
      },
      {
        type: 'tool-result',
        callId: 't1',
        isError: false,
        content: [
          { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } },
          { type: 'tool-reference', name: 'WebFetch' },
          {
            type: 'opaque',
            protocol: 'anthropic',
            kind: 'browser_state',
            raw: { type: 'browser_state', tabs: [] },
          },
        ],
      },
    ],
    ...[
      'server_tool_use',
      'web_search_tool_result',
      'mcp_tool_use',
      'mcp_tool_listing',
      'container_upload',
      'compaction',
      'advisor_tool_result',
      'fallback',
      'of_the_future',
    ].map((kind): [string, JsonObject, Block] => [
      `#3 ${kind}`,
      { type: kind, id: 'x', anything: [1] },
      { type: 'opaque', protocol: 'anthropic', kind, raw: { type: kind, id: 'x', anything: [1] } },
    ]),
  ]

  it.each(rows)('%s', (_row, wire, hub) => {
    expect(block(wire)).toEqual(hub)
  })

  it('E5 #8 keeps the digits of arguments', () => {
    const body = parseJson(
      '{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"X","input":{"id":9007199254740993,"e":1e400,"one":1.0}}]}]}',
    ) as JsonObject
    expect(decodeRequest(body).request.messages[0]!.content[0]).toMatchObject({
      arguments: '{"id":9007199254740993,"e":1e400,"one":1.0}',
    })
  })

  it('does not look into tool results inside of tool results', () => {
    const inner = {
      type: 'tool_result',
      tool_use_id: 'x',
      content: [{ type: 'tool_result', tool_use_id: 'y' }],
    }
    expect(block({ type: 'tool_result', tool_use_id: 't', content: [inner] })).toMatchObject({
      content: [{ type: 'opaque', raw: inner }],
    })
  })
})

describe('messages', () => {
  it('#4 keeps the order of text and images', () => {
    const content = ['a', 'b'].flatMap((text) => [
      { type: 'text', text },
      { type: 'image', source: { type: 'url', url: text } },
    ])
    expect(
      decode({ messages: [{ role: 'user', content }] }).messages[0]!.content.map(({ type }) => type),
    ).toEqual(['text', 'image', 'text', 'image'])
  })

  const systems: [string, JsonObject[], Request['messages']][] = [
    [
      'a string',
      [
        { role: 'user', content: 'a' },
        { role: 'system', content: 's' },
      ],
      [user('a'), { role: 'system', content: [{ type: 'text', text: 's' }] }],
    ],
    [
      'a list',
      [
        { role: 'user', content: 'a' },
        { role: 'system', content: [{ type: 'text', text: 's' }] },
      ],
      [user('a'), { role: 'system', content: [{ type: 'text', text: 's' }] }],
    ],
    [
      '[] with effort',
      [
        { role: 'user', content: 'a' },
        { role: 'system', content: [], output_config: { effort: 'low' } },
      ],
      [user('a')],
    ],
    [
      'no content, with effort',
      [
        { role: 'user', content: 'a' },
        { role: 'system', output_config: { effort: 'low' } },
      ],
      [user('a')],
    ],
    [
      'for one turn, which is over',
      [
        { role: 'user', content: 'a' },
        { role: 'system', content: 's', clear_at: 'next_user_message' },
        { role: 'user', content: 'b' },
      ],
      [user('a'), user('b')],
    ],
    [
      'for one turn, which is now',
      [
        { role: 'user', content: 'a' },
        { role: 'system', content: 's', clear_at: 'next_user_message' },
      ],
      [user('a'), { role: 'system', content: [{ type: 'text', text: 's' }] }],
    ],
  ]

  it.each(systems)('#2 role:system with %s keeps its place', (_what, messages, hub) => {
    expect(decode({ messages }).messages).toEqual(hub)
  })

  it.each([
    ['the top level', { output_config: { effort: 'high' } }, 'high'],
    [
      'the last message that sets one',
      { output_config: { effort: 'high' }, messages: efforts('low', 'max', undefined) },
      'max',
    ],
    ['a message alone', { messages: efforts('medium') }, 'medium'],
    [
      'null in a message: the top level',
      { output_config: { effort: 'high' }, messages: efforts(null) },
      'high',
    ],
  ])('#2 effort is that of %s', (_what, fields, effort) => {
    expect(decode(fields).reasoning?.effort).toBe(effort)
  })

  it('#29 an empty user message has no blocks', () => {
    expect(decode({ messages: [{ role: 'user', content: '' }] }).messages).toEqual([
      { role: 'user', content: [] },
    ])
  })
})

function user(text: string): Request['messages'][number] {
  return { role: 'user', content: [{ type: 'text', text }] }
}

function efforts(...values: (string | null | undefined)[]): JsonObject[] {
  const systems = values.map((effort) => ({
    role: 'system',
    content: 's',
    ...(effort !== undefined && { output_config: { effort } }),
  }))
  return [{ role: 'user', content: 'a' }, ...systems]
}

describe('tools', () => {
  it('#16 keeps what other protocols have to strip', () => {
    const schema = { type: 'object', properties: {}, $schema: 'https://json-schema.org/draft/2020-12/schema' }
    const tool = {
      name: 'Bash',
      description: 'd',
      input_schema: schema,
      strict: true,
      defer_loading: true,
      cache_control: EPHEMERAL,
      input_examples: [{ a: 1 }],
      eager_input_streaming: true,
      allowed_callers: ['direct'],
    }
    expect(decode({ tools: [tool] }).tools).toEqual([
      {
        kind: 'function',
        name: 'Bash',
        description: 'd',
        schema,
        strict: true,
        deferred: true,
        cache: {},
        extra: { input_examples: [{ a: 1 }], eager_input_streaming: true, allowed_callers: ['direct'] },
      },
    ])
  })

  it.each([
    'web_search_20250305',
    'bash_20250124',
    'text_editor_20250728',
    'memory_20250818',
    'computer_20251124',
    'advisor_20260301',
  ])('#17 keeps %s whole', (type) => {
    const raw = { type, name: 'n', max_uses: 8 }
    expect(decode({ tools: [raw] }).tools).toEqual([{ kind: 'server', type, name: 'n', raw }])
  })

  it('a toolset without a name is called by its type', () => {
    expect(decode({ tools: [{ type: 'mcp_toolset', mcp_server_name: 's' }] }).tools).toMatchObject([
      { kind: 'server', name: 'mcp_toolset' },
    ])
  })

  it.each([
    [{ type: 'auto' }, { type: 'auto' }, undefined],
    [{ type: 'any' }, { type: 'required' }, undefined],
    [{ type: 'none' }, { type: 'none' }, undefined],
    [{ type: 'tool', name: 'Bash' }, { type: 'tool', name: 'Bash' }, undefined],
    [{ type: 'auto', disable_parallel_tool_use: true }, { type: 'auto' }, false],
    [{ type: 'any', disable_parallel_tool_use: false }, { type: 'required' }, true],
    [null, undefined, undefined],
  ])('#14 #15 tool_choice %j', (choice, toolChoice, parallelTools) => {
    const { toolChoice: kept, parallelTools: parallel } = decode({ tool_choice: choice })
    expect([kept, parallel]).toEqual([toolChoice, parallelTools])
  })

  it('#3 tool_addition and tool_removal lead to the list that holds now', () => {
    const tool = (name: string, extra = {}) => ({ name, input_schema: {}, ...extra })
    const change = (type: string, changed: JsonObject) => ({
      role: 'system',
      content: [{ type, tool: changed }],
    })
    const { tools, messages } = decode({
      tools: [tool('A'), tool('B'), tool('C', { defer_loading: true })],
      messages: [
        { role: 'user', content: 'a' },
        change('tool_removal', { type: 'tool_reference', name: 'B' }),
        change('tool_addition', { type: 'tool_reference', name: 'C' }),
        change('tool_addition', { type: 'tool_definition', definition: tool('D') }),
      ],
    })
    expect(tools.map((each) => [each.name, each.kind === 'function' && each.deferred === true])).toEqual([
      ['A', false],
      ['C', false],
      ['D', false],
    ])
    expect(messages).toEqual([user('a')])
  })
})

describe('what is asked of the answer', () => {
  it.each([
    [{}, undefined],
    [{ thinking: { type: 'disabled' } }, { mode: 'off' }],
    [{ thinking: { type: 'adaptive', display: 'omitted' } }, { mode: 'adaptive', display: 'omitted' }],
    [{ thinking: { type: 'enabled', budget_tokens: 31_999 } }, { mode: 'budget', budgetTokens: 31_999 }],
    [{ thinking: { type: 'between_tools' } }, { mode: 'adaptive' }],
    [{ output_config: { effort: 'medium' } }, { mode: 'adaptive', effort: 'medium' }],
    [
      { thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } },
      { mode: 'adaptive', effort: 'xhigh' },
    ],
    [{ output_config: { effort: 'of-the-future' } }, undefined],
  ])('#25 reasoning of %j', (fields, reasoning) => {
    expect(decode(fields).reasoning).toEqual(reasoning)
  })

  it.each([
    [{ output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } }],
    [{ output_format: { type: 'json_schema', schema: { type: 'object' } } }],
  ])('structured output of %j', (fields) => {
    expect(decode(fields).format).toEqual({ type: 'json', schema: { type: 'object' }, strict: true })
  })

  it('#21 #22 #23 #24 limits, sampling, stop sequences and the user', () => {
    const fields = {
      max_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      stop_sequences: ['a', 'b'],
      metadata: { user_id: 'u' },
      stream: true,
    }
    expect(decode(fields)).toMatchObject({
      maxTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      stopSequences: ['a', 'b'],
      userId: 'u',
      stream: true,
      extra: {},
    })
  })

  it('#27 keeps every other field', () => {
    const extra = {
      safeguards: [{ type: 'dangerous_tool_use' }],
      context_management: { edits: [] },
      mcp_servers: [],
      container: 'c',
      service_tier: 'auto',
      speed: 'fast',
      inference_geo: 'eu',
      fallbacks: 'default',
      betas: ['x'],
      of_the_future: 1,
    }
    expect(
      decode({ ...extra, output_config: { task_budget: { total: 1 } }, metadata: { user_id: 'u', other: 1 } })
        .extra,
    ).toEqual({
      ...extra,
      output_config: { task_budget: { total: 1 } },
      metadata: { other: 1 },
    })
  })

  it('says what it cannot carry', () => {
    const content = [
      { type: 'image', source: { type: 'url', url: 'u' }, transformations: { crop: 1 } },
      { type: 'tool_use', id: 't', name: 'n', input: {}, caller: { type: 'direct' } },
    ]
    const { warnings } = decodeRequest({
      ...BASE,
      messages: [{ role: 'user', content }],
      thinking: { type: 'between_tools' },
    })
    expect(warnings.map(({ kind, field }) => `${kind} ${field}`)).toEqual([
      'dropped messages[].content[].image.transformations',
      'dropped messages[].content[].tool_use.caller',
      'changed thinking.type',
    ])
  })
})

describe('what Claude Code sends', () => {
  it.each(readdirSync(DATA).filter((name) => name.endsWith('.json')))('%s', (name) => {
    const body = JSON.parse(readFileSync(new URL(name, DATA), 'utf8'))
    const { request, warnings } = decodeRequest(body, 'max_tokens' in body ? 'generate' : 'count-tokens')
    expect(warnings).toEqual([])
    const wired = body.messages.filter(
      ({ content }: { content: unknown }) => !Array.isArray(content) || content.length > 0,
    )
    expect(request.messages.map(({ role }) => role)).toEqual(wired.map(({ role }: { role: string }) => role))
    expect(request.tools).toHaveLength(body.tools?.length ?? 0)
    expect(
      request.messages.flatMap(({ content }) => content).filter(({ type }) => type === 'opaque'),
    ).toEqual([])
  })

  it('E12 the attribution block stays first and alone, and can be told', () => {
    const { system } = captured('default-second-turn')
    expect(system.map(isAttribution)).toEqual([true, false, false])
    expect(system.map(({ cache }) => cache !== undefined)).toEqual([false, true, true])
  })

  it('A6 deferred tools and the references to them', () => {
    const { tools, messages } = captured('tool-search-unknown-model')
    expect(
      tools.filter((tool) => tool.kind === 'function' && tool.deferred === true).map(({ name }) => name),
    ).toEqual(['CronList', 'WebFetch', 'DeferredToolPlaceholder'])
    const results = messages
      .flatMap(({ content }) => content)
      .flatMap((each) => (each.type === 'tool-result' ? each.content : []))
    expect(results.filter(({ type }) => type === 'tool-reference')).toEqual([
      { type: 'tool-reference', name: 'WebFetch' },
      { type: 'tool-reference', name: 'CronList' },
    ])
  })

  it('#11 images and PDFs in tool results', () => {
    const kinds = captured('image-and-pdf-results')
      .messages.flatMap(({ content }) => content)
      .flatMap((each) => (each.type === 'tool-result' ? each.content : []))
    expect(kinds.map(({ type }) => type)).toEqual(['image', 'text', 'document', 'text'])
  })
})

const MISTAKES: [fields: JsonObject, message: string][] = [
  [{ messages: undefined }, 'messages: Field required'],
  [{ messages: [] }, 'messages: at least one message is required'],
  [{ messages: 'x' }, 'messages: Input should be a valid list'],
  [{ messages: [1] }, 'messages.0: Input should be a valid dictionary'],
  [{ messages: [{ content: 'a' }] }, 'messages.0.role: Field required'],
  [
    { messages: [{ role: 'tool', content: 'a' }] },
    "messages.0.role: Input should be 'user', 'assistant' or 'system'",
  ],
  [{ messages: [{ role: 'user' }] }, 'messages.0.content: Field required'],
  [{ messages: [{ role: 'user', content: 1 }] }, 'messages.0.content: Input should be a valid list'],
  [
    { messages: [{ role: 'user', content: ['a'] }] },
    'messages.0.content.0: Input should be a valid dictionary',
  ],
  [{ messages: [{ role: 'user', content: [{}] }] }, 'messages.0.content.0.type: Field required'],
  [
    { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
    'messages.0.content.0.text.text: Field required',
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'text', text: 1 }] }] },
    'messages.0.content.0.text.text: Input should be a valid string',
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] },
    'messages.0.content.0.tool_result.tool_use_id: Field required',
  ],
  [
    { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'b' }] }] },
    'messages.0.content.0.tool_use.input: Field required',
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'gs', url: 'gs://x' } }] }] },
    "messages.0.content.0.image.source: Input tag 'gs' found using 'type' does not match any of the expected tags: 'base64', 'url', 'file'",
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64' } }] }] },
    'messages.0.content.0.image.source.base64.media_type: Field required',
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', cache_control: { ttl: '2h' } }] }] },
    "messages.0.content.0.text.cache_control.ttl: Input should be '5m' or '1h'",
  ],
  [{ max_tokens: undefined }, 'max_tokens: Field required'],
  [{ max_tokens: '9' }, 'max_tokens: Input should be a valid integer'],
  [{ max_tokens: 1.5 }, 'max_tokens: Input should be a valid integer'],
  [{ max_tokens: -1 }, 'max_tokens: Input should be greater than or equal to 0'],
  [{ max_tokens: Number.POSITIVE_INFINITY }, 'max_tokens: Input should be a valid integer'],
  [{ model: 1 }, 'model: Input should be a valid string'],
  [{ temperature: 'hot' }, 'temperature: Input should be a valid number'],
  [{ temperature: Number.POSITIVE_INFINITY }, 'temperature: Input should be a valid number'],
  [{ stop_sequences: 'a' }, 'stop_sequences: Input should be a valid list'],
  [{ stop_sequences: [1] }, 'stop_sequences.0: Input should be a valid string'],
  [{ stream: 'yes' }, 'stream: Input should be a valid boolean'],
  [{ system: 1 }, 'system: Input should be a valid list'],
  [{ system: [{ type: 'image' }] }, "system.0.type: Input should be 'text'"],
  [{ tools: {} }, 'tools: Input should be a valid list'],
  [{ tools: [{ name: 'a' }] }, 'tools.0.custom.input_schema: Field required'],
  [{ tools: [{ input_schema: {} }] }, 'tools.0.custom.name: Field required'],
  [
    { tool_choice: { type: 'maybe' } },
    "tool_choice: Input tag 'maybe' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'",
  ],
  [{ tool_choice: { type: 'tool' } }, 'tool_choice.tool.name: Field required'],
  [{ thinking: true }, 'thinking: Input should be a valid dictionary'],
  [{ thinking: { type: 'enabled' } }, 'thinking.enabled.budget_tokens: Field required'],
  [
    { output_config: { format: { type: 'xml' } } },
    "output_config.format.type: Input should be 'json_schema'",
  ],
  [{ metadata: { user_id: 1 } }, 'metadata.user_id: Input should be a valid string'],
]

describe('mistakes are named in the words of the API', () => {
  it.each(MISTAKES)('%j', (fields, message) => {
    const { [message.split(':')[0]!.split('.')[0]!]: _removed, ...rest } = BASE as JsonObject
    const body = Object.values(fields)[0] === undefined ? rest : { ...BASE, ...fields }
    expect(() => decodeRequest(body)).toThrow(
      expect.objectContaining({
        kind: 'invalid_request',
        message,
        details: { field: message.split(':')[0] },
      }),
    )
  })

  it('counting tokens needs no max_tokens', () => {
    const { max_tokens: _limit, ...body } = BASE
    expect(decodeRequest(body, 'count-tokens').request.maxTokens).toBeUndefined()
  })
})

describe('any JSON', () => {
  /** A body of which any part may be replaced by any JSON. */
  const body = fc.record(
    {
      model: odd('m'),
      max_tokens: odd(9),
      messages: odd([{ role: 'user', content: 'Hi' }]).chain((value) =>
        fc.oneof(
          fc.constant(value),
          fc.array(
            fc.record(
              {
                role: odd('user'),
                content: fc.oneof(fc.jsonValue(), blocks()),
                output_config: fc.jsonValue(),
              },
              { requiredKeys: [] },
            ),
          ),
        ),
      ),
      system: fc.oneof(fc.jsonValue(), blocks()),
      tools: fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.record(
            { type: odd('custom'), name: odd('n'), input_schema: odd({}), cache_control: fc.jsonValue() },
            { requiredKeys: [] },
          ),
        ),
      ),
      tool_choice: odd({ type: 'any' }),
      thinking: odd({ type: 'adaptive' }),
      output_config: odd({ effort: 'low' }),
      metadata: odd({ user_id: 'u' }),
      ['__proto__']: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )

  it('E4 C20 is decoded or refused, never a crash', () => {
    fc.assert(
      fc.property(fc.oneof(body, fc.dictionary(fc.string(), fc.jsonValue())), (wire) => {
        try {
          decodeRequest(JSON.parse(JSON.stringify(wire)))
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError)
          expect(error).toMatchObject({ kind: 'invalid_request' })
        }
        expect(({} as JsonObject)['polluted']).toBeUndefined()
      }),
      { numRuns: 1000 },
    )
  })
})

function odd(good: unknown): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.jsonValue() })
}

function blocks(): fc.Arbitrary<unknown> {
  const type = fc.constantFrom(
    'text',
    'image',
    'document',
    'search_result',
    'thinking',
    'redacted_thinking',
    'tool_use',
    'tool_result',
    'tool_reference',
    'toString',
    '__proto__',
  )
  const source = fc.record(
    {
      type: fc.constantFrom('base64', 'url', 'file', 'text', 'content', 'toString'),
      data: odd('x'),
      url: odd('u'),
      content: fc.jsonValue(),
      media_type: odd('m'),
    },
    { requiredKeys: [] },
  )
  const fields = {
    type,
    text: odd('a'),
    source: fc.oneof(source, fc.jsonValue()),
    id: odd('i'),
    name: odd('n'),
    input: fc.jsonValue(),
    tool_use_id: odd('t'),
    content: fc.jsonValue(),
    thinking: odd('h'),
    signature: odd('s'),
    cache_control: odd({ type: 'ephemeral' }),
    citations: fc.jsonValue(),
  }
  return fc.array(fc.record(fields, { requiredKeys: [] }))
}
