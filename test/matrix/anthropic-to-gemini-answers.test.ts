import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { gemini } from '../../src/protocols/gemini/index.ts'
import type { Json } from '../support/provider/json.ts'
import { USAGE, call, chunk, end, say, stop, think } from '../protocols/gemini/chunks.ts'
import { forClaude, streams, toGemini, wholeForClaude } from './gemini.ts'
import { gist, user } from './translate.ts'

/** Gemini's chunks (left) and the events that a Claude client gets for them (right, one line an event). */
describe('streams', () => {
  streams([
    {
      name: '#47 #48 text',
      chunks: [say(''), say('Hel'), say('lo'), stop],
      events: 'start 0 text | text_delta 0 Hel | text_delta 0 lo | stop 0 | message_delta end_turn',
    },
    { name: '#48 #68 nothing said', chunks: [stop], events: 'message_delta end_turn' },
    {
      name: '#49 #53 B1 thoughts, then text: one block after the other, each with its signature',
      chunks: [think('h'), think('m'), say('Hi'), stop],
      events: `start 0 thinking | thinking_delta 0 h | thinking_delta 0 m | signature_delta 0 | stop 0
        start 1 text | text_delta 1 Hi | stop 1 | message_delta end_turn`,
    },
    {
      name: '#36 #50 a call, whole, as one delta',
      chunks: [chunk([call('Bash', { command: 'ls' })]), stop],
      events: `start 0 tool_use toolu Bash | input_json_delta 0 | input_json_delta 0 {"command":"ls"} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#36 B5 several calls in one chunk',
      chunks: [chunk([call('A', { a: 1 }), call('B', { b: 2 })]), stop],
      events: `start 0 tool_use toolu A | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
        start 1 tool_use toolu B | input_json_delta 1 | input_json_delta 1 {"b":2} | stop 1 | message_delta tool_use`,
    },
    {
      name: '#50 B3 a call without arguments',
      chunks: [chunk([{ functionCall: { name: 'Now' } }]), stop],
      events:
        'start 0 tool_use toolu Now | input_json_delta 0 | input_json_delta 0 {} | stop 0 | message_delta tool_use',
    },
    {
      name: '#30 a signed call is carried by a thinking block before it',
      chunks: [chunk([call('A', {}, { thoughtSignature: 'QUI=' })]), stop],
      events: `start 0 thinking | signature_delta 0 | stop 0
        start 1 tool_use toolu A | input_json_delta 1 | input_json_delta 1 {} | stop 1 | message_delta tool_use`,
    },
    {
      name: '#30 a signature that comes behind the last text is not the answer’s last block',
      chunks: [say('Hi'), end('STOP', [{ text: '', thoughtSignature: 'QUI=' }])],
      events: 'start 0 text | text_delta 0 Hi | stop 0 | message_delta end_turn',
    },
    {
      name: '#33 #54 B18 the limit',
      chunks: [say('Hel'), end('MAX_TOKENS')],
      events: 'start 0 text | text_delta 0 Hel | stop 0 | message_delta max_tokens',
    },
    {
      name: '#55 a call that the limit ended is not to be run',
      chunks: [chunk([call('A')]), end('MAX_TOKENS')],
      events:
        'start 0 tool_use toolu A | input_json_delta 0 | input_json_delta 0 {} | stop 0 | message_delta max_tokens',
    },
    {
      name: '#33 a refusal in the middle',
      chunks: [say('I'), end('PROHIBITED_CONTENT', [])],
      events: 'start 0 text | text_delta 0 I | stop 0 | message_delta refusal',
    },
    {
      name: '#33 #68 a prompt that was blocked',
      chunks: [{ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4 } }],
      events: 'message_delta refusal',
    },
    {
      name: '#33 B15 a call that the model broke is no end of a turn',
      chunks: [say('So'), end('MALFORMED_FUNCTION_CALL')],
      events: 'start 0 text | text_delta 0 So | error api_error',
    },
    {
      name: '#23 the gateway cuts where the upstream does not',
      memo: { enforceStop: ['END'] },
      chunks: [say('Hel'), say('loEN'), say('D more'), stop],
      events: 'start 0 text | text_delta 0 Hel | text_delta 0 lo | stop 0 | message_delta stop_sequence',
    },
    {
      name: '#17 #66 a search, in the blocks that Claude Code reads',
      memo: { webSearch: true },
      chunks: [
        say('Hot'),
        end('STOP', [{ text: '' }], {
          groundingMetadata: { groundingChunks: [{ web: { uri: 'https://a.example/', title: 'A' } }] },
        }),
      ],
      events: `start 0 text | text_delta 0 Hot | citations_delta 0 | stop 0
        start 1 server_tool_use srvtoolu web_search | stop 1
        start 2 web_search_tool_result | stop 2 | message_delta end_turn`,
    },
    {
      name: '#62 B11 OpenAI’s mark and empty events',
      chunks: ['', say('Hi'), stop, '[DONE]', 'junk'],
      events: 'start 0 text | text_delta 0 Hi | stop 0 | message_delta end_turn',
    },
    {
      name: '#60 an error object in the stream',
      chunks: [say('Hi'), { error: { code: 503, message: 'Busy', status: 'UNAVAILABLE' } }],
      events: 'start 0 text | text_delta 0 Hi | error api_error',
    },
    {
      name: 'B7 a stream that just ends',
      chunks: [say('Hi')],
      events: 'start 0 text | text_delta 0 Hi | error api_error',
    },
  ])

  it.each([
    [
      '#61 an error first',
      { error: { code: 429, message: 'Slow', status: 'RESOURCE_EXHAUSTED' } },
      'rate_limit_error',
    ],
    ['#61 a page', '<html>', 'api_error'],
  ])('%s: nothing has been said yet', (_name, first, type) => {
    expect(gist(forClaude([first as Json]))).toEqual([`error ${type}`])
  })

  it('#36 C5 made ids are the same for the same answer', () => {
    const chunks = [chunk([call('A'), call('A')]), stop]
    expect(forClaude(chunks)).toEqual(forClaude(chunks))
  })

  it('#65 the model is the one that was asked for', () => {
    expect(forClaude([say('Hi'), stop])[0]).toMatchObject({ message: { model: 'claude-opus-5-5', id: 'r1' } })
  })
})

describe('usage', () => {
  const cached = {
    promptTokenCount: 100,
    cachedContentTokenCount: 80,
    candidatesTokenCount: 5,
    thoughtsTokenCount: 7,
    totalTokenCount: 112,
  }

  it('#34 #57 F5 cached tokens are counted once, thoughts are output', () => {
    const events = forClaude([say('Hi'), { ...stop, usageMetadata: cached }])
    const usage = { input_tokens: 20, cache_read_input_tokens: 80, output_tokens: 12 }
    expect(events.find((event) => event.type === 'message_delta')).toMatchObject({
      usage: { ...usage, output_tokens_details: { thinking_tokens: 7 } },
    })
    expect(wholeForClaude({ ...end('STOP', [{ text: 'Hi' }]), usageMetadata: cached })).toMatchObject({
      usage,
    })
  })

  it('#56 B14 the input is known from the first chunk', () => {
    const first = chunk(
      [{ text: 'Hi' }],
      {},
      { usageMetadata: { promptTokenCount: 12, totalTokenCount: 12 } },
    )
    expect(forClaude([first, stop])[0]).toMatchObject({ message: { usage: { input_tokens: 12 } } })
  })
})

describe('whole answers', () => {
  it('text, thoughts, calls', () => {
    const body = end('STOP', [
      { text: 'hm', thought: true },
      { text: 'So.' },
      call('Bash', { command: 'ls' }, { thoughtSignature: 'QUI=' }),
    ])
    expect(wholeForClaude(body)).toMatchObject({
      id: 'r1',
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5-5',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'signalbox.' },
        { type: 'text', text: 'So.' },
        { type: 'thinking', thinking: '', signature: 'signalbox.sbx-gemini-QUI=' },
        { type: 'tool_use', id: expect.stringMatching(/^toolu_/), name: 'Bash', input: { command: 'ls' } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 12, output_tokens: 5 },
    })
  })

  it.each<[string, Json, string]>([
    ['#33 the limit', end('MAX_TOKENS', [{ text: 'a' }]), 'max_tokens'],
    ['#33 refused', end('SAFETY', []), 'refusal'],
    ['#33 blocked', { promptFeedback: { blockReason: 'OTHER' }, usageMetadata: USAGE }, 'refusal'],
    ['in Code Assist’s wrapping', { response: end('STOP', [{ text: 'a' }]) }, 'end_turn'],
  ])('%s', (_name, body, reason) => {
    expect(wholeForClaude(body).stop_reason).toBe(reason)
  })

  it.each<[string, Json, string]>([
    ['#33 a call that the model broke', end('MALFORMED_FUNCTION_CALL'), 'upstream_malformed'],
    ['#61 an error with status 200', { error: { code: 503, message: 'x' } }, 'upstream_unavailable'],
    ['#61 something else', { choices: [] }, 'upstream_malformed'],
  ])('%s', (_name, body, kind) => {
    expect(() => wholeForClaude(body)).toThrow(GatewayError)
    expect(() => wholeForClaude(body)).toThrow(expect.objectContaining({ kind }))
  })
})

describe('errors', () => {
  const body = (code: number, message: string, status: string) =>
    JSON.stringify({ error: { code, message, status } })

  it.each<[string, number, string, number, JsonObject]>([
    [
      'L1 too long, in the words on which Claude Code acts',
      400,
      body(
        400,
        'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
        'INVALID_ARGUMENT',
      ),
      400,
      { type: 'invalid_request_error', message: 'prompt is too long: 1196265 tokens > 1048575 maximum' },
    ],
    [
      'a wrong key',
      400,
      body(400, 'API key not valid.', 'INVALID_ARGUMENT'),
      401,
      { type: 'authentication_error' },
    ],
    ['a quota', 429, body(429, 'Quota.', 'RESOURCE_EXHAUSTED'), 429, { type: 'rate_limit_error' }],
    [
      'overloaded',
      503,
      body(503, 'The model is overloaded.', 'UNAVAILABLE'),
      529,
      { type: 'overloaded_error' },
    ],
    ['no such model', 404, body(404, 'models/x is not found', 'NOT_FOUND'), 404, { type: 'not_found_error' }],
  ])('%s', (_name, upstream, text, status, error) => {
    const failure = gemini.error.decode(upstream, () => undefined, text)
    const told = anthropic.error.encode(failure, 'req_1')
    expect(told.status).toBe(status)
    expect(told.body).toMatchObject({ error })
  })
})

describe('#30 D1 there and back', () => {
  /** A turn of Gemini's, through a Claude client, to Gemini again. */
  function back(parts: JsonObject[]): JsonObject[] {
    const answer = wholeForClaude(end('STOP', parts)) as { content: { type: string; id: string }[] }
    const results = answer.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ type: 'tool_result', tool_use_id: block.id, content: 'ok' }] : [],
    )
    const messages = [
      user('Hi'),
      { role: 'assistant', content: answer.content },
      user(...results, { type: 'text', text: 'Go' }),
    ]
    return (toGemini({ messages }).body.contents as { parts: JsonObject[] }[])[1]!.parts
  }

  it('each part has its signature where Gemini put it, whatever it said', () => {
    const args = fc
      .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 })
      .map((one) => JSON.parse(JSON.stringify(one)) as JsonObject)
    const signature = fc.option(fc.uint8Array({ minLength: 3, maxLength: 9 }), { nil: undefined })
    const signed = (part: JsonObject, bytes: Uint8Array | undefined) =>
      bytes === undefined ? part : { ...part, thoughtSignature: Buffer.from(bytes).toString('base64') }
    const text = fc.tuple(
      fc.string({ minLength: 1 }).filter((one) => one.trim() !== ''),
      signature,
    )
    const answer = fc.record({
      text: fc.option(text, { nil: undefined }),
      // Of parallel calls Gemini signs the first.
      first: fc.tuple(args, fc.uint8Array({ minLength: 3, maxLength: 9 })),
      more: fc.array(args, { maxLength: 2 }),
    })
    fc.assert(
      fc.property(answer, ({ text: said, first, more }) => {
        const parts = [
          ...(said === undefined ? [] : [signed({ text: said[0] }, said[1])]),
          signed(call('A', first[0]), first[1]),
          ...more.map((one) => call('B', one)),
        ]
        expect(back(parts)).toEqual(parts)
      }),
      { numRuns: 500 },
    )
  })
})
