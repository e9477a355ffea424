import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collector } from '../../../src/message/collect.ts'
import type { Response } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { bedrockConverse } from '../../../src/protocols/bedrock-converse/index.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT } from '../../support/sse.ts'

const { response, foreignBlocks } = bedrockConverse
const readUsage = (body: JsonObject) => bedrockConverse.readUsage(body)

function decode(body: JsonObject): Event[] {
  const events: Event[] = []
  response.decode(body, {}, (event) => events.push(event))
  checkGrammar(events)
  return events
}

function collected(events: readonly Event[]): Response {
  const collector = new Collector()
  for (const event of events) collector.push(event)
  return collector.response()
}

const whole = (content: JsonObject[], more: JsonObject = {}) => ({
  output: { message: { role: 'assistant', content } },
  stopReason: 'end_turn',
  usage: { inputTokens: 9, outputTokens: 5, totalTokens: 14 },
  metrics: { latencyMs: 7 },
  ...more,
})

describe('a whole answer of an upstream', () => {
  it.each<[string, JsonObject, unknown]>([
    ['text', { text: 'a' }, { type: 'text', text: 'a' }],
    [
      '#38 reasoning',
      { reasoningContent: { reasoningText: { text: 'hm', signature: 'EqQB' } } },
      { type: 'thinking', text: 'hm', signature: 'EqQB' },
    ],
    [
      '#38 redacted reasoning',
      { reasoningContent: { redactedContent: 'AQID' } },
      { type: 'redacted-thinking', data: 'AQID' },
    ],
    [
      '#8 a call',
      { toolUse: { toolUseId: 't', name: 'Bash', input: { a: 1 } } },
      { type: 'tool-call', id: 't', name: 'Bash', arguments: '{"a":1}' },
    ],
    [
      'A11 a call without arguments',
      { toolUse: { toolUseId: 't', name: 'Bash' } },
      { type: 'tool-call', id: 't', name: 'Bash', arguments: '{}' },
    ],
    [
      '#66 a text with citations',
      {
        citationsContent: {
          content: [{ text: 'a' }, { text: 'b' }],
          citations: [
            {
              title: 'A',
              sourceContent: [{ text: 'x' }],
              location: { web: { url: 'https://a.b', domain: 'a.b' } },
            },
          ],
        },
      },
      {
        type: 'text',
        text: 'ab',
        citations: [
          {
            type: 'web_search_result_location',
            url: 'https://a.b',
            title: 'A',
            cited_text: 'x',
            encrypted_index: '',
          },
        ],
      },
    ],
    [
      'a tool that the service ran',
      { toolUse: { toolUseId: 't', name: 'nova_grounding', input: {}, type: 'server_tool_use' } },
      expect.objectContaining({ type: 'opaque', protocol: 'bedrock-converse', kind: 'toolUse' }),
    ],
  ])('%s', (_name, block, expected) => {
    expect(collected(decode(whole([block]))).content).toEqual([expected])
  })

  it('keeps two texts apart, and empty ones out', () => {
    const blocks = [{ text: 'a' }, { text: '' }, { text: 'b' }]
    expect(collected(decode(whole(blocks))).content).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
  })

  it.each<[string, JsonObject, object]>([
    ['plain', { inputTokens: 9, outputTokens: 5 }, { inputTokens: 9, outputTokens: 5 }],
    [
      '#43 #57 F3 the input is without what the cache held and took',
      {
        inputTokens: 9,
        outputTokens: 5,
        totalTokens: 64,
        cacheReadInputTokens: 20,
        cacheWriteInputTokens: 30,
      },
      { inputTokens: 9, cacheReadTokens: 20, cacheWrite5mTokens: 30, cacheWrite1hTokens: 0, outputTokens: 5 },
    ],
    [
      'F4 writes for an hour are told apart',
      {
        inputTokens: 9,
        outputTokens: 5,
        cacheWriteInputTokens: 30,
        cacheDetails: [
          { ttl: '1h', inputTokens: 20 },
          { ttl: '5m', inputTokens: 10 },
        ],
      },
      { cacheWrite5mTokens: 10, cacheWrite1hTokens: 20 },
    ],
    [
      'F4 … and never more than all of them',
      {
        inputTokens: 9,
        outputTokens: 5,
        cacheWriteInputTokens: 3,
        cacheDetails: [{ ttl: '1h', inputTokens: 20 }],
      },
      { cacheWrite5mTokens: 0, cacheWrite1hTokens: 3 },
    ],
    [
      'counts that cannot be',
      { inputTokens: '9', outputTokens: 5, cacheReadInputTokens: -1 },
      { inputTokens: 0, cacheReadTokens: 0, outputTokens: 5 },
    ],
  ])('usage: %s', (_name, usage, expected) => {
    expect(collected(decode(whole([{ text: 'a' }], { usage }))).usage).toMatchObject(expected)
    expect(readUsage(whole([], { usage })).usage).toMatchObject(expected)
  })

  it('usage: the tier that served it', () => {
    expect(readUsage(whole([], { serviceTier: { type: 'flex' } })).usage).toMatchObject({
      service: { tier: 'flex' },
    })
  })

  it.each<[string, JsonObject]>([
    ['nothing', {}],
    ['no message', { output: {} }],
    ['content that is no list', { output: { message: { content: 'a' } } }],
    ['a block that is no object', { output: { message: { content: ['a'] } } }],
    ['malformed_model_output', whole([{ text: 'a' }], { stopReason: 'malformed_model_output' })],
    ['malformed_tool_use', whole([], { stopReason: 'malformed_tool_use' })],
  ])('#61 %s is a failure', (_name, body) => {
    expect(decode(body).at(-1)).toMatchObject({ type: 'error', error: { kind: 'upstream_malformed' } })
  })

  it('reads the end of one that is forwarded, and fails on one that the model spoilt', () => {
    expect(readUsage(whole([{ text: 'a' }]))).toMatchObject({ finish: { unified: 'end', raw: 'end_turn' } })
    expect(() => readUsage(whole([], { stopReason: 'malformed_tool_use' }))).toThrow(GatewayError)
  })
})

describe('a whole answer for a client', () => {
  const encode = (content: Response['content'], more: Partial<Response> = {}) =>
    response.encode(
      { content, finish: { unified: 'end', raw: null }, usage: {}, extra: {}, ...more },
      CONTEXT,
    )

  it('has its blocks in order', () => {
    const body = encode([
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: '' },
      {
        type: 'text',
        text: 'a',
        citations: [
          {
            type: 'char_location',
            document_index: 0,
            document_title: 'D',
            start_char_index: 1,
            end_char_index: 2,
            cited_text: 'x',
          },
        ],
      },
      { type: 'tool-call', id: 't', name: 'Bash', arguments: '{"n":12345678901234567890}' },
      { type: 'tool-call', id: 'u', name: 'Bash', arguments: '{"x' },
      { type: 'redacted-thinking', data: 'abc' },
    ])
    expect(JSON.stringify(body.output)).toBe(
      JSON.stringify({
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 'signalbox.' } } },
            {
              citationsContent: {
                content: [{ text: 'a' }],
                citations: [
                  {
                    location: { documentChar: { documentIndex: 0, start: 1, end: 2 } },
                    title: 'D',
                    sourceContent: [{ text: 'x' }],
                  },
                ],
              },
            },
            { toolUse: { toolUseId: 't', name: 'Bash', input: { n: 0 } } },
            { toolUse: { toolUseId: 'u', name: 'Bash', input: '{"x' } },
            { reasoningContent: { reasoningText: { text: '', signature: 'signalbox-redacted.abc' } } },
          ],
        },
      }).replace('"n":0', '"n":12345678901234567890'),
    )
    expect(body.stopReason).toBe('tool_use')
  })

  it('has an estimate where the upstream told no usage', () => {
    expect(encode([]).usage).toMatchObject({ inputTokens: 100, outputTokens: 0 })
    expect(encode([]).metrics).toEqual({ latencyMs: 0 })
  })

  it('any answer is read again as it was', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const body = JSON.parse(JSON.stringify(response.encode(collected(events), CONTEXT))) as JsonObject
        expect(decode(body).at(-1)?.type).toBe('finish')
      }),
    )
  })
})

describe('what an upstream refuses', () => {
  const said = (signature: string) => ({ reasoningContent: { reasoningText: { text: 'x', signature } } })

  const CLAUDE = 'us.anthropic.claude-opus-5-5'
  const OTHER = 'openai.gpt-oss-120b-1:0'
  const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2'
  const ofClaude = said('EqQB'.repeat(20))

  it.each<[string, JsonObject, string, boolean]>([
    ['Claude’s, on another model', ofClaude, OTHER, true],
    ['Claude’s, on a profile of nobody knows which model', ofClaude, PROFILE, false],
    ['another’s, on Claude', said('opaque'), CLAUDE, true],
    ['another’s, on another', said('opaque'), OTHER, false],
  ])('D2 %s', (_name, block, model, expected) => {
    expect(foreignBlocks!.isForeign(block, model)).toBe(expected)
  })

  it.each<[string, JsonObject, boolean]>([
    ['reasoning with our mark', said('signalbox.'), true],
    ['redacted reasoning with our mark', said('signalbox-redacted.x'), true],
    ['Claude’s own', ofClaude, false],
    ['reasoning without a signature', { reasoningContent: { reasoningText: { text: 'x' } } }, false],
    ['Bedrock’s own redacted', { reasoningContent: { redactedContent: 'AQID' } }, false],
    ['text', { text: '"signalbox.' }, false],
    ['nonsense', { reasoningContent: 1 }, false],
  ])('D2 %s', (_name, block, expected) => {
    expect(foreignBlocks!.isForeign(block, CLAUDE)).toBe(expected)
    if (expected) expect(JSON.stringify(block)).toContain(foreignBlocks!.needle)
  })
})
