import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import type { Block, FunctionTool, Message, Request } from '../../../src/message/request.ts'
import type { ModelFacts } from '../../../src/models/catalogue.ts'
import { decodeRequest } from '../../../src/protocols/anthropic/request-decode.ts'
import { encodeRequest } from '../../../src/protocols/anthropic/request-encode.ts'
import type { Json } from '../../support/provider/json.ts'

const BASE: Request = {
  model: 'asked',
  system: [],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
  tools: [],
  stopSequences: [],
  stream: false,
  extra: {},
}

/** Thinks by budget, takes sampling: Sonnet 4.5. */
const OLD: ModelFacts = { id: 'claude-old', reasoning: true, maxOutputTokens: 64_000, efforts: [] }
/** Thinks as it likes, refuses sampling and budgets: Opus 4.7 and later. */
const NEW: ModelFacts = {
  id: 'claude-new',
  reasoning: true,
  adaptiveThinking: true,
  sampling: false,
  maxOutputTokens: 128_000,
  efforts: ['low', 'medium', 'high', 'max'],
}
const HAIKU_3: ModelFacts = { id: 'claude-3-haiku', reasoning: false, maxOutputTokens: 4096 }

function encode(fields: Partial<Request>, facts: ModelFacts | 'unknown' = OLD) {
  const { body, warnings, memo } = encodeRequest(
    { ...BASE, ...fields },
    { model: 'claude-x', facts: facts === 'unknown' ? undefined : facts, quirks: {} },
  )
  return {
    text: body.join(''),
    body: JSON.parse(body.join('')),
    warned: warnings.map(({ kind, field }) => `${kind} ${field}`),
    memo,
  }
}

function content(...blocks: Block[]): Json[] {
  return encode({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }, ...blocks] }],
  }).body.messages[0].content.slice(1)
}

const text = (words: string): Block => ({ type: 'text', text: words })
const call = (id: string, args = '{}'): Block => ({ type: 'tool-call', id, name: 'Bash', arguments: args })
const result = (callId: string, words = 'ok'): Block => ({
  type: 'tool-result',
  callId,
  content: [text(words)],
  isError: false,
})
const user = (...blocks: Block[]): Message => ({ role: 'user', content: blocks })
const assistant = (...blocks: Block[]): Message => ({ role: 'assistant', content: blocks })
const tool = (name: string, fields: Partial<FunctionTool> = {}): FunctionTool => ({
  kind: 'function',
  name,
  schema: { type: 'object', properties: {} },
  extra: {},
  ...fields,
})

describe('the body', () => {
  it('E1 has its fields in the order that caches need', () => {
    const { text: body } = encode({
      system: [{ type: 'text', text: 's' }],
      tools: [tool('Bash')],
      toolChoice: { type: 'auto' },
      stopSequences: ['END'],
      userId: 'u',
      stream: true,
      maxTokens: 2000,
      temperature: 0.5,
      format: { type: 'json', schema: { type: 'object' } },
    })
    expect(Object.keys(JSON.parse(body))).toEqual([
      'model',
      'max_tokens',
      'stream',
      'temperature',
      'stop_sequences',
      'metadata',
      'output_config',
      'tool_choice',
      'tools',
      'system',
      'messages',
    ])
  })

  it('#24 never tells who the user is', () => {
    const { text: body } = encode({ userId: 'jane@example.com' })
    expect(body).not.toContain('jane')
    expect(JSON.parse(body).metadata.user_id).toMatch(/^[a-zA-Z0-9]{40}$/)
  })

  it('says what it leaves out', () => {
    expect(encode({ extra: { logit_bias: {}, seed: 1 } }).warned).toEqual([
      'dropped logit_bias',
      'dropped seed',
    ])
  })
})

describe('limits and sampling', () => {
  it.each<[string, Partial<Request>, ModelFacts | 'unknown', object]>([
    ['#21 a default where nobody says', {}, OLD, { max_tokens: 32_000 }],
    ['#21 a default that the model can', {}, HAIKU_3, { max_tokens: 4096 }],
    ['#21 a default for an unknown model', {}, 'unknown', { max_tokens: 8192 }],
    ['#21 what was asked', { maxTokens: 100 }, OLD, { max_tokens: 100 }],
    ['#21 no more than the model can', { maxTokens: 1_000_000 }, OLD, { max_tokens: 64_000 }],
    [
      '#22 sampling',
      { temperature: 0.5, topP: 0.9, topK: 5 },
      OLD,
      { temperature: 0.5, top_p: 0.9, top_k: 5 },
    ],
    ['#22 a temperature above Claude’s highest', { temperature: 1.8 }, OLD, { temperature: 1 }],
    [
      '#23 stop sequences of more than white space',
      { stopSequences: ['a', '\n'] },
      OLD,
      { stop_sequences: ['a'] },
    ],
  ])('%s', (_row, fields, facts, expected) => {
    expect(encode(fields, facts).body).toMatchObject(expected)
  })

  it.each<[string, Partial<Request>, ModelFacts]>([
    ['to a model that refuses it', { temperature: 0.5, topP: 0.9, topK: 5 }, NEW],
    [
      'beside thinking',
      {
        temperature: 0.5,
        topP: 0.9,
        topK: 5,
        maxTokens: 9000,
        reasoning: { mode: 'budget', budgetTokens: 2000 },
      },
      OLD,
    ],
  ])('#22 no sampling %s', (_row, fields, facts) => {
    const { body, warned } = encode(fields, facts)
    expect(Object.keys(body)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(temperature|top_p|top_k)$/)]),
    )
    expect(warned).toEqual(['dropped temperature', 'dropped top_p', 'dropped top_k'])
  })
})

describe('#25 thinking', () => {
  const loop = [user(text('a')), assistant(call('t')), user(result('t'))]

  it.each<[string, Partial<Request>, ModelFacts | 'unknown', object | undefined, object | undefined]>([
    ['nothing said', {}, NEW, undefined, undefined],
    ['off', { reasoning: { mode: 'off' } }, OLD, { type: 'disabled' }, undefined],
    [
      'effort none',
      { reasoning: { mode: 'adaptive', effort: 'none' } },
      OLD,
      { type: 'disabled' },
      undefined,
    ],
    [
      'adaptive',
      { reasoning: { mode: 'adaptive', effort: 'high', display: 'omitted' } },
      NEW,
      { type: 'adaptive', display: 'omitted' },
      { effort: 'high' },
    ],
    [
      'an effort that the model lacks',
      { reasoning: { mode: 'adaptive', effort: 'xhigh' } },
      NEW,
      { type: 'adaptive' },
      { effort: 'high' },
    ],
    [
      'adaptive, to a model that is not known',
      { reasoning: { mode: 'adaptive', effort: 'high' } },
      'unknown',
      { type: 'adaptive' },
      { effort: 'high' },
    ],
    [
      'adaptive, to a model that knows budgets',
      { reasoning: { mode: 'adaptive', effort: 'low' } },
      OLD,
      { type: 'enabled', budget_tokens: 4096 },
      undefined,
    ],
    [
      'a budget',
      { reasoning: { mode: 'budget', budgetTokens: 2000 } },
      OLD,
      { type: 'enabled', budget_tokens: 2000 },
      undefined,
    ],
    [
      'a budget, to a model that knows none',
      { reasoning: { mode: 'budget', budgetTokens: 2000 } },
      NEW,
      { type: 'adaptive' },
      undefined,
    ],
    [
      'A8 a budget below the least',
      { reasoning: { mode: 'budget', budgetTokens: 500 } },
      OLD,
      { type: 'enabled', budget_tokens: 1024 },
      undefined,
    ],
    [
      'A8 a budget above max_tokens',
      { maxTokens: 5000, reasoning: { mode: 'budget', budgetTokens: 31_999 } },
      OLD,
      { type: 'enabled', budget_tokens: 4999 },
      undefined,
    ],
    [
      'A8 no room for the least',
      { maxTokens: 1024, reasoning: { mode: 'budget', budgetTokens: 2000 } },
      OLD,
      undefined,
      undefined,
    ],
    [
      'a model that does not think',
      { reasoning: { mode: 'budget', budgetTokens: 2000 } },
      HAIKU_3,
      undefined,
      undefined,
    ],
    [
      'C8 a tool that must be called',
      {
        tools: [tool('a')],
        toolChoice: { type: 'required' },
        reasoning: { mode: 'budget', budgetTokens: 2000 },
      },
      OLD,
      undefined,
      undefined,
    ],
    [
      'D6 tool calls that came without thinking',
      { messages: loop, reasoning: { mode: 'budget', budgetTokens: 2000 } },
      OLD,
      undefined,
      undefined,
    ],
  ])('%s', (_row, fields, facts, thinking, outputConfig) => {
    const { body } = encode(fields, facts)
    expect([body.thinking, body.output_config]).toEqual([thinking, outputConfig])
  })

  it('A8 a budget is at least 1024 and below max_tokens, whatever is asked', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), fc.nat({ max: 200_000 }), (maxTokens, budgetTokens) => {
        const { body } = encode({ maxTokens, reasoning: { mode: 'budget', budgetTokens } })
        if (body.thinking === undefined) expect(maxTokens).toBeLessThanOrEqual(1024)
        else
          expect(body.thinking.budget_tokens >= 1024 && body.thinking.budget_tokens < body.max_tokens).toBe(
            true,
          )
      }),
    )
  })
})

const SIGNATURE = `${'EqQBCkYIARgC'.repeat(8)}==`

describe('blocks', () => {
  it.each<[string, Block, object[]]>([
    [
      'text, marked',
      { type: 'text', text: 'a', cache: { ttl: '1h' } },
      [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    ],
    ['A15 #29 empty text', text(''), []],
    ['A15 #29 blank text', text(' \n'), []],
    [
      '#5 an image',
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBO' } },
      [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } }],
    ],
    [
      '#5 an image by URL',
      { type: 'image', source: { kind: 'url', url: 'https://x/' } },
      [{ type: 'image', source: { type: 'url', url: 'https://x/' } }],
    ],
    [
      '#6 a document',
      { type: 'document', title: 't', citations: true, source: { kind: 'text', text: 'a' } },
      [
        {
          type: 'document',
          title: 't',
          citations: { enabled: true },
          source: { type: 'text', media_type: 'text/plain', data: 'a' },
        },
      ],
    ],
    [
      '#6 a document of blocks',
      { type: 'document', source: { kind: 'blocks', blocks: [text('a')] } },
      [{ type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] } }],
    ],
    [
      '#7 a search result',
      { type: 'search-result', source: 's', title: 't', content: [{ type: 'text', text: 'a' }] },
      [{ type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'a' }] }],
    ],
    [
      'an own block',
      { type: 'opaque', protocol: 'anthropic', kind: 'x', raw: { type: 'x' } },
      [{ type: 'x' }],
    ],
    ['a foreign block', { type: 'opaque', protocol: 'gemini', kind: 'x', raw: {} }, []],
  ])('%s', (_row, block, wire) => {
    expect(content(block)).toEqual(wire)
  })

  it('#5 refuses a file that lies at another provider', () => {
    expect(() => content({ type: 'image', source: { kind: 'file', id: 'file-abc' } })).toThrow(
      expect.objectContaining({ kind: 'unsupported' }),
    )
  })

  it.each<[string, Block, object[]]>([
    [
      'Claude’s own',
      { type: 'thinking', text: 'h', signature: SIGNATURE },
      [{ type: 'thinking', thinking: 'h', signature: SIGNATURE }],
    ],
    ['unsigned', { type: 'thinking', text: 'h' }, []],
    ['another model’s', { type: 'thinking', text: 'h', signature: 'sbx-gemini-abc' }, []],
  ])('D2 thinking, %s', (_row, block, wire) => {
    expect(
      encode({
        messages: [user(text('a')), assistant(block, text('b')), user(text('c'))],
      }).body.messages[1].content.slice(0, -1),
    ).toEqual(wire)
  })

  it.each([
    ['{"a":1}', { a: 1 }],
    ['', {}],
    ['null', {}],
    ['[1]', { value: [1] }],
    ['{"a', { invalid_json: '{"a' }],
  ])('A11 the arguments %j', (args, input) => {
    expect(
      encode({ messages: [user(text('a')), assistant(call('t', args)), user(result('t'))] }).body.messages[1]
        .content[0].input,
    ).toEqual(input)
  })

  it('E5 #8 keeps the digits of arguments', () => {
    const { text: body } = encode({
      messages: [user(text('a')), assistant(call('t', '{"id":9007199254740993}')), user(result('t'))],
    })
    expect(body).toContain('"input":{"id":9007199254740993}')
  })
})

/** Roles and blocks of the messages, in short. */
function outline(messages: Message[], facts = OLD): string[] {
  return encode({ messages }, facts).body.messages.map(({ role, content: blocks }: Json) => {
    return `${role}: ${blocks.map((block: Json) => (block.type === 'text' ? block.text : `${block.type} ${block.tool_use_id ?? block.id ?? ''}`.trim())).join(', ')}`
  })
}

describe('messages', () => {
  it.each<[string, Message[], string[]]>([
    [
      '#29 neighbours of one role',
      [user(text('a')), user(text('b')), assistant(text('c')), assistant(text('d')), user(text('e'))],
      ['user: a, b', 'assistant: c, d', 'user: e'],
    ],
    ['#29 nothing said', [user(text('a')), assistant(text('')), user(text('b'))], ['user: a, b']],
    [
      'A13 #9 results first, in call order, text after',
      [user(text('a')), assistant(call('t'), call('u')), user(text('b'), result('u'), result('t'))],
      ['user: a', 'assistant: tool_use t, tool_use u', 'user: tool_result t, tool_result u, b'],
    ],
    [
      'A12 #13 two results of a call: the last counts',
      [user(text('a')), assistant(call('t')), user(result('t', 'old'), result('t', 'new'))],
      ['user: a', 'assistant: tool_use t', 'user: tool_result t'],
    ],
    [
      '#13 a missing result',
      [user(text('a')), assistant(call('t'), call('u')), user(result('u'))],
      ['user: a', 'assistant: tool_use t, tool_use u', 'user: tool_result t, tool_result u'],
    ],
    [
      '#13 no results at all',
      [user(text('a')), assistant(call('t'))],
      ['user: a', 'assistant: tool_use t', 'user: tool_result t'],
    ],
    [
      '#13 a result without a call',
      [user(text('a'), result('x', 'r'))],
      ['user: a, [Result of an earlier tool call], r'],
    ],
    [
      '#2 system text inside the conversation',
      [user(text('a')), { role: 'system', content: [text('s')] }],
      ['user: a, <system-reminder>\ns\n</system-reminder>'],
    ],
    [
      'an assistant first',
      [assistant(text('a')), user(text('b'))],
      ['user: (The conversation so far.)', 'assistant: a', 'user: b'],
    ],
    [
      '#29 white space at the end of a prefill',
      [user(text('a')), assistant(text('b \n'))],
      ['user: a', 'assistant: b'],
    ],
  ])('%s', (_row, messages, turns) => {
    expect(outline(messages)).toEqual(turns)
  })

  it('A12 #13 tells the last result of a call, and that a missing one failed', () => {
    const { messages } = encode({
      messages: [
        user(text('a')),
        assistant(call('t'), call('u')),
        user(result('t', 'old'), result('t', 'new')),
      ],
    }).body
    expect(messages[2].content).toMatchObject([
      { content: [{ text: 'new' }] },
      { tool_use_id: 'u', is_error: true },
    ])
  })

  it('#28 asks a model that takes no prefill to go on', () => {
    expect(outline([user(text('a')), assistant(text('b'))], NEW)).toEqual([
      'user: a',
      'assistant: b',
      'user: Continue exactly where you stopped.',
    ])
  })

  it('#52 ids in letters that the API takes, the same for call and result', () => {
    const { messages } = encode({
      messages: [user(text('a')), assistant(call('functions.Bash:0')), user(result('functions.Bash:0'))],
    }).body
    expect(messages[1].content[0].id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(messages[2].content[0].tool_use_id).toBe(messages[1].content[0].id)
  })

  it('any conversation is one that the API takes', () => {
    const id = fc.constantFrom('t', 'u', 'v')
    const block = fc.oneof(
      fc.constantFrom('a', '', ' ').map(text),
      id.map((each) => result(each)),
      id.map((each) => call(each)),
    )
    const message = fc
      .record({
        role: fc.constantFrom('user' as const, 'assistant' as const, 'system' as const),
        content: fc.array(block, { maxLength: 4 }),
      })
      .map((each) => ({
        ...each,
        content: each.content.filter(({ type }) =>
          each.role === 'assistant'
            ? type !== 'tool-result'
            : each.role === 'user'
              ? type !== 'tool-call'
              : type === 'text',
        ),
      }))
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const turns: { role: string; content: Json[] }[] = encode({ messages }).body.messages
        turns.forEach(({ role, content: blocks }, at) => {
          expect(role).toBe(at % 2 === 0 ? 'user' : 'assistant')
          expect(blocks).not.toEqual([])
          const calls =
            turns[at - 1]?.content.filter(({ type }) => type === 'tool_use').map(({ id: each }) => each) ?? []
          expect(blocks.slice(0, calls.length).map(({ tool_use_id: each }) => each)).toEqual(calls)
          expect(blocks.slice(calls.length).some(({ type }) => type === 'tool_result')).toBe(false)
        })
        const last = turns.at(-1)
        expect(last?.role === 'assistant' && last.content.some(({ type }) => type === 'tool_use')).toBe(false)
      }),
      { numRuns: 500 },
    )
  })
})

describe('tools', () => {
  it('keeps what Claude knows', () => {
    const fields = { description: 'd', strict: true, cache: {}, extra: { input_examples: [{}], other: 1 } }
    const { body, warned } = encode({
      tools: [tool('Bash', fields), tool('Later', { deferred: true, cache: {} })],
    })
    expect(body.tools).toEqual([
      {
        name: 'Bash',
        description: 'd',
        input_schema: { type: 'object', properties: {} },
        strict: true,
        input_examples: [{}],
        cache_control: { type: 'ephemeral' },
      },
      { name: 'Later', input_schema: { type: 'object', properties: {} }, defer_loading: true },
    ])
    expect(warned).toEqual(['dropped tools[].other'])
  })

  it('C4 a tool without a schema gets one', () => {
    expect(
      encode({ tools: [{ kind: 'function', name: 'a', extra: {} }] }).body.tools[0].input_schema,
    ).toMatchObject({ type: 'object' })
  })

  it('#17 its own server tools as they are, a foreign web search as its own', () => {
    const server = (type: string) => ({
      kind: 'server' as const,
      type,
      name: type,
      raw: { type, name: type },
    })
    expect(
      encode({
        tools: ['web_search_20250305', 'mcp_toolset', 'web_search_preview', 'file_search'].map(server),
      }),
    ).toMatchObject({
      body: {
        tools: [
          { type: 'web_search_20250305' },
          { type: 'mcp_toolset' },
          { type: 'web_search_20250305', name: 'web_search' },
        ],
      },
      warned: ['changed tools[].web_search_preview', 'dropped tools[].file_search'],
    })
  })

  it('remembers the names that it had to change', () => {
    const { body, memo } = encode({ tools: [tool('mcp.server/tool')] })
    expect(body.tools[0].name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(memo.toolNames?.get(body.tools[0].name)).toBe('mcp.server/tool')
  })

  it.each<[Partial<Request>, object | undefined]>([
    [{ toolChoice: { type: 'auto' } }, { type: 'auto' }],
    [{ toolChoice: { type: 'none' } }, { type: 'none' }],
    [{ toolChoice: { type: 'required' } }, { type: 'any' }],
    [{ toolChoice: { type: 'tool', name: 'Bash' } }, { type: 'tool', name: 'Bash' }],
    [{ parallelTools: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [
      { toolChoice: { type: 'required' }, parallelTools: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [{}, undefined],
  ])('#14 #15 A18 %j', (fields, choice) => {
    expect(encode({ tools: [tool('Bash')], ...fields }).body.tool_choice).toEqual(choice)
    expect(encode(fields).body.tool_choice).toBeUndefined()
  })
})

describe('structured output', () => {
  it('A4 #72 in words, for a host that takes no schema', () => {
    const { body } = encodeRequest(
      { ...BASE, format: { type: 'json', schema: { type: 'object' } } },
      { model: 'claude-x', facts: OLD, quirks: { jsonSchema: false } },
    )
    const sent = JSON.parse(body.join(''))
    expect(sent).not.toHaveProperty('output_config')
    expect(sent.system.at(-1).text).toContain('{"type":"object"}')
  })

  it('#72 by schema', () => {
    expect(encode({ format: { type: 'json', schema: { type: 'object' } } }).body.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: { type: 'object', properties: {}, additionalProperties: false },
      },
    })
  })

  it('#72 without one, in words', () => {
    const { body, warned } = encode({ format: { type: 'json' } })
    expect(body.system).toMatchObject([{ text: expect.stringContaining('JSON') }])
    expect(warned).toEqual(['emulated response_format'])
  })
})

describe('cache marks', () => {
  const marked = (words: string, ttl?: '5m' | '1h'): Extract<Block, { type: 'text' }> => ({
    type: 'text',
    text: words,
    cache: ttl === undefined ? {} : { ttl },
  })
  const marks = (fields: Partial<Request>) => {
    const { body } = encode(fields)
    return [
      ...(body.tools ?? []),
      ...(body.system ?? []),
      ...body.messages.flatMap(({ content: blocks }: Json) => blocks),
    ]
      .map((block: Json) => (block.cache_control === undefined ? '-' : (block.cache_control.ttl ?? 'x')))
      .join('')
  }

  it('E5 stay at most four, the latest', () => {
    expect(
      marks({
        tools: [tool('a', { cache: {} })],
        system: [marked('s'), marked('t')],
        messages: [user(marked('a'), text('b'), marked('c'), marked('d'))],
      }),
    ).toBe('--xx-xx')
  })

  it('E7 have no hour behind five minutes', () => {
    expect(marks({ system: [marked('s', '1h')], messages: [user(marked('a'), marked('b', '1h'))] })).toBe(
      '1hx5m',
    )
  })
})

describe('there and back', () => {
  it('keeps a Claude Code conversation', () => {
    const wire = JSON.parse(
      readFileSync(new URL('../../data/claude/parallel-tools.json', import.meta.url), 'utf8'),
    )
    const { request } = decodeRequest(wire)
    const { body } = encodeRequest(request, { model: wire.model, facts: NEW, quirks: {} })
    const sent = JSON.parse(body.join(''))
    expect(sent.tools).toEqual(wire.tools)
    expect(sent.system).toEqual(wire.system)
    expect(sent.thinking).toEqual(wire.thinking)
    expect(sent.messages.filter(({ role }: Json) => role === 'assistant')).toEqual(
      wire.messages.filter(({ role }: Json) => role === 'assistant'),
    )
  })
})
