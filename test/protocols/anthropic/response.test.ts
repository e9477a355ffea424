import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collector, collect } from '../../../src/message/collect.ts'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import type { Block, JsonObject } from '../../../src/message/request.ts'
import { decodeResponse, encodeResponse, readAnswer } from '../../../src/protocols/anthropic/response.ts'
import { parseJson } from '../../../src/protocols/shared/json.ts'
import type { Response } from '../../../src/message/collect.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT } from '../../support/sse.ts'
import type { Json } from '../../support/provider/json.ts'

const RESPONSE: Response = {
  id: 'chatcmpl-1',
  model: 'gpt-5-2026',
  content: [],
  finish: { unified: 'end', raw: 'stop' },
  usage: { inputTokens: 5, outputTokens: 2 },
  extra: {},
}

function encode(fields: Partial<Response>): Json {
  return JSON.parse(JSON.stringify(encodeResponse({ ...RESPONSE, ...fields }, CONTEXT)))
}

describe('encode', () => {
  it('#65 is a message under the model that was asked for', () => {
    expect(encode({ content: [{ type: 'text', text: 'Hi' }] })).toEqual({
      id: 'chatcmpl-1',
      type: 'message',
      role: 'assistant',
      model: 'openai/gpt-5',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: 5,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        output_tokens: 2,
      },
    })
  })

  it.each<[row: string, block: Block, wire: JsonObject[]]>([
    ['#48 empty text', { type: 'text', text: '' }, []],
    [
      '#66 cited text',
      { type: 'text', text: 'a', citations: [{ type: 'x' }] },
      [{ type: 'text', text: 'a', citations: [{ type: 'x' }] }],
    ],
    [
      'D9 #53 thinking',
      { type: 'thinking', text: 'h' },
      [{ type: 'thinking', thinking: 'h', signature: 'signalbox.' }],
    ],
    [
      '#53 thinking that is not shown',
      { type: 'thinking', text: '', signature: 'x' },
      [{ type: 'thinking', thinking: '', signature: 'signalbox.x' }],
    ],
    ['#53 no thinking at all', { type: 'thinking', text: '' }, []],
    [
      'redacted thinking',
      { type: 'redacted-thinking', data: 'x' },
      [{ type: 'redacted_thinking', data: 'signalbox.x' }],
    ],
    [
      'a call',
      { type: 'tool-call', id: 'c', name: 'Bash', arguments: '{"a":1}' },
      [{ type: 'tool_use', id: 'c', name: 'Bash', input: { a: 1 } }],
    ],
    [
      'C1 a call with broken arguments',
      { type: 'tool-call', id: 'c', name: 'Bash', arguments: '{"a":"x' },
      [
        {
          type: 'tool_use',
          id: 'c',
          name: 'Bash',
          input: { __unparsedToolInput: { raw: '{"a":"x', len: 7 } },
        },
      ],
    ],
    [
      'an own block',
      { type: 'opaque', protocol: 'anthropic', kind: 'x', raw: { type: 'x' } },
      [{ type: 'x' }],
    ],
    ['another protocol’s block', { type: 'opaque', protocol: 'gemini', kind: 'x', raw: {} }, []],
  ])('%s', (_row, block, wire) => {
    expect(encode({ content: [block] }).content).toEqual(wire)
  })

  it('E5 E12 keeps the digits of arguments', () => {
    const content: Block[] = [
      { type: 'tool-call', id: 'c', name: 'X', arguments: '{"id":9007199254740993,"one":1.0}' },
    ]
    expect(JSON.stringify(encodeResponse({ ...RESPONSE, content }, CONTEXT))).toContain(
      '"input":{"id":9007199254740993,"one":1.0}',
    )
  })

  it('#54 a call is tool_use, and #67 extras stand where Claude has them', () => {
    const extra = {
      safeguard_results: [],
      container: null,
      service_tier: 'standard',
      system_fingerprint: 'x',
    }
    const message = encode({ content: [{ type: 'tool-call', id: 'c', name: 'X', arguments: '{}' }], extra })
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      safeguard_results: [],
      container: null,
      usage: { service_tier: 'standard' },
    })
    expect(message).not.toHaveProperty('system_fingerprint')
  })
})

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [
    { type: 'thinking', thinking: 'h', signature: 'EqQB' },
    { type: 'text', text: 'a', citations: [{ type: 'x' }] },
    { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
    { type: 'tool_use', id: 't', name: 'Bash', input: { a: 1 } },
    { type: 'tool_use', id: 'u', name: 'List', input: {} },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  stop_details: null,
  container: { id: 'c' },
  usage: { input_tokens: 9, cache_read_input_tokens: 3, output_tokens: 5, service_tier: 'standard' },
}

function decode(body: unknown): Event[] {
  const events: Event[] = []
  decodeResponse(body as JsonObject, {}, (event) => events.push(event))
  checkGrammar(events)
  return events
}

describe('decode', () => {
  it('gives the events that a stream would give', () => {
    expect(collect((emit) => decode(MESSAGE).forEach(emit))).toEqual({
      id: 'msg_1',
      model: 'claude-x',
      content: [
        { type: 'thinking', text: 'h', signature: 'EqQB' },
        { type: 'text', text: 'a', citations: [{ type: 'x' }] },
        {
          type: 'opaque',
          protocol: 'anthropic',
          kind: 'server_tool_use',
          raw: { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
        },
        { type: 'tool-call', id: 't', name: 'Bash', arguments: '{"a":1}' },
        { type: 'tool-call', id: 'u', name: 'List', arguments: '{}' },
      ],
      finish: { unified: 'tool-calls', raw: 'tool_use' },
      usage: { inputTokens: 9, cacheReadTokens: 3, outputTokens: 5 },
      extra: { service_tier: 'standard', container: { id: 'c' } },
    })
  })

  it('E5 keeps the digits of inputs', () => {
    const text =
      '{"content":[{"type":"tool_use","id":"t","name":"X","input":{"id":9007199254740993}}],"stop_reason":"tool_use"}'
    expect(decode(parseJson(text))).toContainEqual({
      type: 'delta',
      index: 0,
      delta: { type: 'arguments', json: '{"id":9007199254740993}' },
    })
  })

  it.each([
    [
      '#61 an error with status 200',
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      'overloaded',
    ],
    ['#61 an error of a proxy', { error: { message: 'no route' } }, 'upstream_error'],
    ['no content', { id: 'x' }, 'upstream_malformed'],
    ['content that is no list of blocks', { content: [1] }, 'upstream_malformed'],
  ])('%s is one error', (_row, body, kind) => {
    expect(decode(body)).toMatchObject([{ type: 'error', error: { kind } }])
  })

  it('never throws', () => {
    const content = fc.array(
      fc.oneof(
        fc.jsonValue(),
        fc.record(
          {
            type: fc.constantFrom('text', 'tool_use', 'thinking', 'x'),
            text: fc.jsonValue(),
            id: fc.string(),
            name: fc.string(),
            input: fc.jsonValue(),
          },
          { requiredKeys: ['type'] },
        ),
      ),
    )
    const body = fc.record(
      {
        content: fc.oneof(content, fc.jsonValue()),
        usage: fc.jsonValue(),
        stop_reason: fc.jsonValue(),
        error: fc.jsonValue(),
        type: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(body, (wire) => {
        decode(wire)
      }),
      { numRuns: 500 },
    )
  })
})

describe('readAnswer', () => {
  it('reads beside an answer that is forwarded untouched', () => {
    expect(readAnswer(MESSAGE)).toEqual({
      usage: { inputTokens: 9, cacheReadTokens: 3, outputTokens: 5 },
      finish: { unified: 'tool-calls', raw: 'tool_use' },
      responseId: 'msg_1',
      model: 'claude-x',
    })
  })

  it('makes nothing up', () => {
    expect(readAnswer({ usage: [], id: 1 })).toEqual({
      usage: {},
      finish: undefined,
      responseId: undefined,
      model: undefined,
    })
  })
})

describe('any answer', () => {
  it('is the same collected as it is after encoding and decoding', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const collector = new Collector()
        for (const event of events) collector.push(event)
        const once = encodeResponse(collector.response(), CONTEXT)
        const again = collect((emit) =>
          decodeResponse(parseJson(JSON.stringify(once)) as JsonObject, {}, emit),
        )
        const unmarked = JSON.parse(JSON.stringify(again).replaceAll('"signalbox.', '"'))
        expect(JSON.parse(JSON.stringify(encodeResponse(unmarked, CONTEXT)))).toEqual(
          JSON.parse(JSON.stringify(once)),
        )
      }),
      { numRuns: 300 },
    )
  })
})
