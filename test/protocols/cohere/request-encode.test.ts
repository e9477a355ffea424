import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Block, FunctionTool, JsonObject, Message, Request } from '../../../src/message/request.ts'
import type { ModelFacts } from '../../../src/models/facts.ts'
import { anthropic } from '../../../src/protocols/anthropic/index.ts'
import { cohere } from '../../../src/protocols/cohere/index.ts'
import { anyClaudeRequest } from '../../matrix/any-claude-request.ts'
import { checkCohere } from '../../support/provider/cohere-check.ts'

const THINKS: ModelFacts = { id: 'command-a-reasoning-08-2025', reasoning: true, maxOutputTokens: 4_096 }
const PLAIN: ModelFacts = { id: 'command-a-03-2025', reasoning: false, inputKinds: ['text'] }

function encode(request: Partial<Request>, facts: ModelFacts | undefined = PLAIN) {
  const whole = { model: 'm', system: [], messages: [user('Hi')], tools: [], stopSequences: [], stream: false, extra: {}, ...request } // prettier-ignore
  const { body, warnings, memo } = cohere.request.encode(whole, { model: 'command-x', facts, quirks: {} })
  const parsed = JSON.parse(body.join('')) as JsonObject
  expect(checkCohere(parsed)).toBeUndefined()
  return { body: parsed, memo, warnings: warnings.map(({ kind, field }) => `${kind} ${field}`) }
}

const user = (text: string): Message => ({ role: 'user', content: [{ type: 'text', text }] })
const tool = (name: string, more: Partial<FunctionTool> = {}): FunctionTool => ({
  kind: 'function',
  name,
  schema: { type: 'object', properties: {} },
  extra: {},
  ...more,
})

const SEVEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

describe('settings', () => {
  it.each<[string, Partial<Request>, JsonObject, string[]]>([
    ['nothing but the model', {}, { model: 'command-x' }, []],
    ['a stream', { stream: true }, { stream: true }, []],
    ['limits and sampling', { maxTokens: 9, temperature: 0.5, topP: 0.9, topK: 5 }, { max_tokens: 9, temperature: 0.5, p: 0.9, k: 5 }, []],
    ['sampling that lies outside', { temperature: 1.5, topP: 1, topK: 900 }, { temperature: 1, p: 0.99, k: 500 }, ['changed temperature', 'changed top_p', 'changed top_k']],
    ['#27 stop sequences', { stopSequences: ['a', 'b'] }, { stop_sequences: ['a', 'b'] }, []],
    ['#27 too many stop sequences', { stopSequences: SEVEN }, { stop_sequences: SEVEN.slice(0, 5) }, ['emulated stop_sequences']],
    ['JSON', { format: { type: 'json' } }, { response_format: { type: 'json_object' } }, []],
    ['JSON of a form', { format: { type: 'json', schema: { type: 'object' } } }, { response_format: { type: 'json_object', json_schema: { type: 'object' } } }, []],
    ['what has no place', { userId: 'u', parallelTools: false, extra: { seed: 1 } }, {}, ['dropped tool_choice.disable_parallel_tool_use', 'dropped metadata.user_id', 'dropped seed']],
    ['thinking that the model cannot', { reasoning: { mode: 'adaptive' } }, {}, ['dropped thinking']],
    ['no thinking, of a model that cannot', { reasoning: { mode: 'off' } }, {}, []],
  ])('%s', (_name, request, fields, warned) => {
    const { body, warnings } = encode(request)
    const { messages, ...rest } = body
    expect(rest).toEqual({ model: 'command-x', ...fields })
    expect(messages).toEqual([{ role: 'user', content: 'Hi' }])
    expect(warnings).toEqual(warned)
  }) // prettier-ignore

  it.each<[string, Request['reasoning'], JsonObject | undefined, string[]]>([
    ['as it likes', { mode: 'adaptive' }, { type: 'enabled' }, []],
    ['a budget', { mode: 'budget', budgetTokens: 99 }, { type: 'enabled', token_budget: 99 }, []],
    ['an effort', { mode: 'adaptive', effort: 'high' }, { type: 'enabled' }, ['dropped effort']],
    ['none', { mode: 'off' }, { type: 'disabled' }, []],
    ['nothing said', undefined, undefined, []],
  ])('of a model that thinks: %s', (_name, reasoning, thinking, warned) => {
    const { body, warnings } = encode(reasoning === undefined ? {} : { reasoning }, THINKS)
    expect(body['thinking']).toEqual(thinking)
    expect(warnings).toEqual(warned)
  })

  it('#27 remembers which sequences the gateway has to obey itself', () => {
    expect(encode({ stopSequences: SEVEN }).memo).toEqual({
      stopSequences: SEVEN.slice(0, 5),
      enforceStop: ['f', 'g'],
    })
  })
})

describe('tools', () => {
  it.each<[string, Partial<Request>, JsonObject, string[]]>([
    ['are functions, and cite nothing', {}, { tool_choice: undefined, citation_options: { mode: 'OFF' } }, []],
    ['one of them must be called', { toolChoice: { type: 'required' } }, { tool_choice: 'REQUIRED' }, []],
    ['none may be called', { toolChoice: { type: 'none' } }, { tool_choice: 'NONE' }, []],
    ['a certain one must be called', { toolChoice: { type: 'tool', name: 'B' } }, { tool_choice: 'REQUIRED' }, ['changed tool_choice']],
    ['one that there is not must be called', { toolChoice: { type: 'tool', name: 'C' } }, { tool_choice: undefined }, ['dropped tool_choice']],
    ['all of them strict', { tools: [tool('A', { strict: true })] }, { strict_tools: true }, []],
    ['one of them strict', { tools: [tool('A', { strict: true }), tool('B')] }, { strict_tools: undefined }, []],
    ['with fields of another API', { tools: [tool('A', { extra: { input_examples: [] } })] }, {}, ['dropped tools[].input_examples']],
    ['beside a form for the answer', { format: { type: 'json', schema: {} } }, { response_format: undefined }, ['emulated output_config.format']],
  ])('%s', (_name, request, fields, warned) => {
    const { body, warnings } = encode({ tools: [tool('A'), tool('B')], ...request })
    for (const [name, value] of Object.entries(fields)) expect(body[name]).toEqual(value)
    expect(warnings).toEqual(warned)
  }) // prettier-ignore

  it('a certain one is the only one', () => {
    const { body } = encode({ tools: [tool('A'), tool('B')], toolChoice: { type: 'tool', name: 'B' } })
    expect(body['tools']).toMatchObject([{ type: 'function', function: { name: 'B' } }])
  })

  it('names that it does not take are sent under others', () => {
    const name = `mcp__${'x'.repeat(80)}`
    const { body, memo } = encode({ tools: [tool(name)] })
    const sent = (body['tools'] as { function: { name: string } }[])[0]!.function.name
    expect(memo.toolNames?.get(sent)).toBe(name)
  })
})

describe('messages', () => {
  const call = (id: string) => ({ type: 'tool-call', id, name: 'A', arguments: '{}' }) as const
  const result = (callId: string, said: string, isError = false): Block => ({
    type: 'tool-result',
    callId,
    isError,
    content: said === '' ? [] : [{ type: 'text', text: said }],
  })
  const called = (id: string) => ({ id, type: 'function', function: { name: 'A', arguments: '{}' } })
  const text = (said: string) => ({ type: 'text', text: said }) as const
  const thinking = { type: 'thinking', text: 'hm' } as const

  it.each<[string, ModelFacts, Message[], JsonObject[]]>([
    [
      'text before calls is a plan',
      PLAIN,
      [user('a'), { role: 'assistant', content: [text('b'), call('1')] }, { role: 'user', content: [result('1', 'c')] }],
      [{ role: 'user', content: 'a' }, { role: 'assistant', tool_plan: 'b', tool_calls: [called('1')] }, { role: 'tool', tool_call_id: '1', content: 'c' }],
    ],
    [
      'a result without content says so',
      PLAIN,
      [user('a'), { role: 'assistant', content: [call('1')] }, { role: 'user', content: [result('1', '')] }],
      [{ role: 'user', content: 'a' }, { role: 'assistant', tool_calls: [called('1')] }, { role: 'tool', tool_call_id: '1', content: '[no output]' }],
    ],
    [
      'thinking goes back to a model that thinks',
      THINKS,
      [user('a'), { role: 'assistant', content: [thinking, text('p'), call('1')] }, { role: 'user', content: [result('1', 'c')] }],
      [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm' }], tool_plan: 'p', tool_calls: [called('1')] },
        { role: 'tool', tool_call_id: '1', content: 'c' },
      ],
    ],
    [
      'and to no other',
      PLAIN,
      [user('a'), { role: 'assistant', content: [thinking, text('b')] }, user('c')],
      [{ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }, { role: 'user', content: 'c' }],
    ],
    [
      'a failed tool, and a call without a result',
      PLAIN,
      [user('a'), { role: 'assistant', content: [call('1'), call('2')] }, { role: 'user', content: [result('1', 'no', true)] }],
      [
        { role: 'user', content: 'a' },
        { role: 'assistant', tool_calls: [called('1'), called('2')] },
        { role: 'tool', tool_call_id: '1', content: '[tool error] no' },
        { role: 'tool', tool_call_id: '2', content: expect.stringContaining('interrupted') },
      ],
    ],
  ])('%s', (_name, facts, messages, expected) => {
    expect(encode({ messages }, facts).body['messages']).toEqual(expected)
  }) // prettier-ignore

  it('images as they stand, where the model sees', () => {
    const image = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } } as const
    const messages: Message[] = [{ role: 'user', content: [text('a'), image] }]
    const part = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
    const seen = encode({ messages }, { id: 'command-a-vision', inputKinds: ['text', 'image'] })
    expect(seen.body['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: 'a' }, part] }])
    expect(encode({ messages }).warnings).toEqual(['dropped messages[].content[].image'])
  })
})

describe('any request', () => {
  const toCohere = (from: JsonObject, facts: ModelFacts) =>
    cohere.request.encode(anthropic.request.decode(from).request, { model: 'command-x', facts, quirks: {} })

  it('that decodes encodes, and Cohere would accept it', () => {
    fc.assert(
      fc.property(anyClaudeRequest, fc.constantFrom(THINKS, PLAIN), (from, facts) => {
        try {
          const { body } = toCohere(from, facts)
          expect(checkCohere(JSON.parse(body.join('')))).toBeUndefined()
          expect(toCohere(from, facts).body.join('')).toBe(body.join(''))
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error
          expect(['invalid_request', 'unsupported']).toContain(error.kind)
        }
      }),
      { numRuns: 500 },
    )
  })

  const files = readdirSync('test/data/claude').filter((name) => name !== 'count-tokens.json')
  it.each(files)('of Claude Code: %s', (file) => {
    const from = JSON.parse(readFileSync(`test/data/claude/${file}`, 'utf8')) as JsonObject
    expect(checkCohere(JSON.parse(toCohere(from, PLAIN).body.join('')))).toBeUndefined()
  })
})
