import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import { isSemantic } from '../../../src/message/event.ts'
import type { Event } from '../../../src/message/event.ts'
import { checked } from '../../../src/message/grammar.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { TOKEN_COUNT_MAX } from '../../../src/message/usage.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'
import { readUsage } from '../../../src/protocols/gemini/wire.ts'
import { jsonArray } from '../../../src/wire/json-array.ts'
import { sse } from '../../../src/wire/framing.ts'
import { slice, slices } from '../../support/sse.ts'
import { USAGE, call, chunk, end, events, say, stop, think, told } from './chunks.ts'

/** The letters in the names of these tests are those of the reliability catalogue, the numbers the checklist's. */
const ID = expect.stringMatching(/^toolu_[a-zA-Z0-9]{24}$/)

describe('an answer', () => {
  it.each<[string, JsonObject[], string[]]>([
    ['text in pieces', [say('Hel'), say('lo'), stop], ['text Hello', 'finish end STOP']],
    [
      'the end with the last text',
      [say('Hel'), end('STOP', [{ text: 'lo' }])],
      ['text Hello', 'finish end STOP'],
    ],
    ['#36 empty texts are nothing', [say(''), say('Hi'), say(''), stop], ['text Hi', 'finish end STOP']],
    ['nothing at all', [stop], ['finish end STOP']],
    ['no content', [{ ...stop, candidates: [{ finishReason: 'STOP' }] }], ['finish end STOP']],
    [
      'thoughts, then text',
      [think('h'), think('m'), say('Hi'), stop],
      ['thinking hm', 'text Hi', 'finish end STOP'],
    ],
    [
      'text, thoughts, text',
      [say('a'), think('h'), say('b'), stop],
      ['text a', 'thinking h', 'text b', 'finish end STOP'],
    ],
    [
      'code that Google ran',
      [
        chunk([{ executableCode: { language: 'PYTHON', code: 'print(1)' } }]),
        chunk([{ codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } }]),
        stop,
      ],
      ['text \n```python\nprint(1)\n```\n\n[code execution result]\n1\n', 'finish end STOP'],
    ],
    [
      'a picture, which no other API’s answer can hold',
      [chunk([{ inlineData: { mimeType: 'image/png', data: 'iVBO' } }]), stop],
      [
        'text [The answer has content of type image/png here, which this API cannot carry.]',
        'finish end STOP',
      ],
    ],
    [
      'Code Assist’s wrapping',
      [say('Hi'), stop].map((response) => ({ response, traceId: 't' })),
      ['text Hi', 'finish end STOP'],
    ],
    ['a list with one chunk', [[say('Hi')] as unknown as JsonObject, stop], ['text Hi', 'finish end STOP']],
  ])('%s', (_name, chunks, lines) => {
    expect(told(events(chunks))).toEqual(lines)
  })
})

describe('calls', () => {
  it.each<[string, JsonObject[], unknown[]]>([
    ['one', [chunk([call('Bash', { a: 1 })]), stop], [['Bash', '{"a":1}']]],
    [
      '#36 several in a chunk',
      [chunk([call('A', { a: 1 }), call('B', { b: 2 })]), stop],
      [
        ['A', '{"a":1}'],
        ['B', '{"b":2}'],
      ],
    ],
    [
      '#36 several in several',
      [chunk([call('A')]), chunk([call('A')]), stop],
      [
        ['A', '{}'],
        ['A', '{}'],
      ],
    ],
    ['no arguments', [chunk([{ functionCall: { name: 'A' } }]), stop], [['A', '{}']]],
    ['with the end', [end('STOP', [call('A')])], [['A', '{}']]],
  ])('%s', (_name, chunks, calls) => {
    const { content, finish } = collect((emit) => events(chunks).forEach(emit))
    expect(content.map((block) => block.type === 'tool-call' && [block.name, block.arguments])).toEqual(calls)
    expect(finish.unified).toBe('tool-calls')
  })

  it('#36 the whole arguments in one piece', () => {
    const deltas = events([chunk([call('A', { a: 1 })]), stop]).filter((event) => event.type === 'delta')
    expect(deltas).toEqual([{ type: 'delta', index: 0, delta: { type: 'arguments', json: '{"a":1}' } }])
  })

  it('E12 arguments keep their digits', () => {
    const data =
      '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"A","args":{"id":9007199254740993,"f":1.0}}}]}}]}'
    expect(told(events([data, stop]))[0]).toMatch(/A \{"id":9007199254740993,"f":1\.0\}$/)
  })

  const idsOf = (chunks: JsonObject[], callIds: string[] = []) =>
    events(chunks, { callIds: new Set(callIds) }).flatMap((event) =>
      event.type === 'block-start' && event.block.type === 'tool-call' ? [event.block.id] : [],
    )
  const withId = (id: string) => chunk([{ functionCall: { id, name: 'A', args: {} } }])

  it.each<[string, JsonObject[], string[], unknown[]]>([
    ['the upstream’s own', [withId('x1'), stop], [], ['x1']],
    ['C5 none: made, each another', [chunk([call('A'), call('A')]), stop], [], [ID, ID]],
    ['one that the conversation has', [withId('x1'), stop], ['x1'], [ID]],
  ])('#31 ids: %s', (_name, chunks, taken, ids) => {
    const given = idsOf(chunks, taken)
    expect(given).toEqual(ids)
    expect(new Set(given).size).toBe(ids.length)
    expect(idsOf(chunks, taken)).toEqual(given)
  })

  it('#31 two calls of one id stay two', () => {
    const { content } = collect((emit) => events([withId('x'), withId('x'), stop]).forEach(emit))
    expect(content).toHaveLength(2)
  })

  it('names that were shortened come back', () => {
    expect(
      told(events([chunk([call('short')]), stop], { toolNames: new Map([['short', 'a long one']]) }))[0],
    ).toContain(' a long one {}')
  })
})

describe('#30 D1 signatures', () => {
  const S = 'QUI='
  it.each<[string, JsonObject[], string[]]>([
    [
      'of a call',
      [chunk([call('A', {}, { thoughtSignature: S })]), stop],
      ['thinking  (sbx-gemini-QUI=)', 'call A'],
    ],
    [
      'of a call behind thoughts',
      [think('hm'), chunk([call('A', {}, { thoughtSignature: S }), call('B')]), stop],
      ['thinking hm (sbx-gemini-QUI=)', 'call A', 'call B'],
    ],
    [
      'of a thought',
      [think('hm', { thoughtSignature: S }), say('Hi'), stop],
      ['thinking hm (sbx-gemini.QUI=)', 'text Hi'],
    ],
    [
      'of a text in one piece',
      [end('STOP', [{ text: 'Hi', thoughtSignature: S }])],
      ['thinking  (sbx-gemini-QUI=)', 'text Hi'],
    ],
    [
      'of a text that has begun, at the end',
      [say('Hi'), end('STOP', [{ text: '', thoughtSignature: S }])],
      ['text Hi'],
    ],
    [
      'of a text that has begun, before more',
      [say('Hi', { thoughtSignature: '' }), say('!', { thoughtSignature: S }), chunk([call('A')]), stop],
      ['text Hi!', 'thinking  (sbx-gemini~QUI=)', 'call A'],
    ],
    [
      'of text and call',
      [
        say('Hi'),
        say('', { thoughtSignature: S }),
        chunk([call('A', {}, { thoughtSignature: 'Q0Q=' })]),
        stop,
      ],
      ['text Hi', 'thinking  (sbx-gemini~QUI=)', 'thinking  (sbx-gemini-Q0Q=)', 'call A'],
    ],
  ])('%s', (_name, chunks, lines) => {
    const blocks = told(events(chunks)).slice(0, -1)
    expect(blocks.map((line) => line.replace(/^call \S+ (\S+) .*/, 'call $1'))).toEqual(lines)
  })
})

describe('#33 the end', () => {
  it.each<[string, (JsonObject | string)[], string]>([
    ['MAX_TOKENS', [say('a'), end('MAX_TOKENS')], 'finish max-tokens MAX_TOKENS'],
    [
      'B18 a call that the limit cut',
      [chunk([call('A')]), end('MAX_TOKENS')],
      'finish max-tokens MAX_TOKENS',
    ],
    ...['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'IMAGE_SAFETY', 'MODEL_ARMOR'].map(
      (reason): [string, JsonObject[], string] => [reason, [end(reason)], `finish refusal ${reason}`],
    ),
    ['a reason that nobody knows', [say('a'), end('NEW')], 'finish other NEW'],
    ['… beside a call', [chunk([call('A')]), end('OTHER')], 'finish tool-calls OTHER'],
    ['MALFORMED_FUNCTION_CALL', [end('MALFORMED_FUNCTION_CALL')], 'error upstream_malformed'],
    ['UNEXPECTED_TOOL_CALL', [say('a'), end('UNEXPECTED_TOOL_CALL')], 'error upstream_malformed'],
    [
      'the prompt was blocked',
      [{ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4 } }],
      'finish refusal PROHIBITED_CONTENT',
    ],
    ['a reason, no usage', [say('a'), chunk([], { finishReason: 'STOP' })], 'finish end STOP'],
    [
      'usage behind the reason',
      [say('a'), chunk([], { finishReason: 'STOP' }), { usageMetadata: USAGE }],
      'finish end STOP',
    ],
    ['B7 no reason', [say('a')], 'error upstream_truncated'],
    ['B7 nothing', [], 'error upstream_truncated'],
    ['B8 invalid JSON', [say('a'), '{"candidates":['], 'error upstream_malformed'],
    ['B8 no object', [say('a'), '7'], 'error upstream_malformed'],
    ['B8 events after the end', [say('a'), stop, '{"error":{"code":500}}'], 'finish end STOP'],
    ['B8 OpenAI’s mark behind', [say('a'), stop, '[DONE]'], 'finish end STOP'],
    [
      'B11 an error object',
      [say('a'), { error: { code: 503, message: 'Busy', status: 'UNAVAILABLE' } }],
      'error upstream_unavailable',
    ],
    [
      'B11 an error in Code Assist’s wrapping',
      [{ response: { error: { code: 429, message: 'x', status: 'RESOURCE_EXHAUSTED' } } }],
      'error rate_limited',
    ],
  ])('%s', (_name, chunks, last) => {
    expect(told(events(chunks)).at(-1)).toBe(last)
  })

  it('B7 an error in bare JSON, as Google sheds load', () => {
    const emitted: Event[] = []
    const decoder = gemini.stream.decoder({})
    const reader = sse.reader((frame) => decoder.push(frame, (event) => emitted.push(event)))
    const wire = `data: ${JSON.stringify(say('a'))}\r\n\r\n{\n  "error": {\n    "code": 503,\n    "message": "The model is overloaded.",\n    "status": "UNAVAILABLE"\n  }\n}\n`
    reader.push(new TextEncoder().encode(wire))
    reader.end()
    expect(emitted.at(-1)).toMatchObject({ type: 'error', error: { kind: 'overloaded' } })
  })

  it('B10 a call that the model broke, before any part of the answer, can be asked for again', () => {
    const emitted = events([
      end('MALFORMED_FUNCTION_CALL', [], { finishMessage: 'Malformed function call: print(' }),
    ])
    expect(emitted.some(isSemantic)).toBe(false)
    const last = emitted.at(-1)
    expect(last).toMatchObject({ error: { verdict: 'retry' } })
    expect(last?.type === 'error' && last.error.message).toBe(
      'The model broke off its answer (MALFORMED_FUNCTION_CALL): Malformed function call: print(',
    )
  })
})

describe('#34 usage', () => {
  const base = {
    inputTokens: 12,
    cacheReadTokens: 0,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: 0,
    outputTokens: 5,
  }
  it.each<[string, JsonObject, JsonObject | undefined]>([
    ['plain', USAGE, base],
    [
      'what the cache held is part of the prompt',
      { ...USAGE, cachedContentTokenCount: 10 },
      { ...base, inputTokens: 2, cacheReadTokens: 10 },
    ],
    [
      'thoughts are output beside the candidates',
      { ...USAGE, thoughtsTokenCount: 100, totalTokenCount: 117 },
      { ...base, outputTokens: 105, reasoningTokens: 100 },
    ],
    [
      '… or among them',
      { promptTokenCount: 12, candidatesTokenCount: 105, thoughtsTokenCount: 100, totalTokenCount: 117 },
      { ...base, outputTokens: 105, reasoningTokens: 100 },
    ],
    [
      'only thoughts',
      { promptTokenCount: 12, thoughtsTokenCount: 100, totalTokenCount: 112 },
      { ...base, outputTokens: 100, reasoningTokens: 100 },
    ],
    [
      'what Google’s own tools read is input',
      { ...USAGE, toolUsePromptTokenCount: 50, totalTokenCount: 67 },
      { ...base, inputTokens: 62 },
    ],
    [
      'sound has its own price',
      {
        ...USAGE,
        cachedContentTokenCount: 4,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 2 },
          { modality: 'AUDIO', tokenCount: 10 },
        ],
        cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 4 }],
      },
      { ...base, inputTokens: 8, cacheReadTokens: 4, inputAudioTokens: 6, cacheReadAudioTokens: 4 },
    ],
    [
      'served with priority',
      { ...USAGE, trafficType: 'ON_DEMAND_PRIORITY' },
      { ...base, service: { tier: 'priority' } },
    ],
    ['served as usual', { ...USAGE, trafficType: 'ON_DEMAND', serviceTier: 'standard' }, base],
    [
      'A12 negative and huge',
      { promptTokenCount: -5, candidatesTokenCount: 1e300 },
      { ...base, inputTokens: 0, outputTokens: TOKEN_COUNT_MAX },
    ],
    [
      'A12 more cached than asked',
      { ...USAGE, cachedContentTokenCount: 99 },
      { ...base, inputTokens: 0, cacheReadTokens: 99 },
    ],
    ['A12 texts', { promptTokenCount: '12' }, undefined],
  ])('%s', (_name, usageMetadata, expected) => {
    expect(readUsage({ usageMetadata })).toEqual(expected)
  })

  it('A13 the last word counts, and the first is told at the start', () => {
    const first = chunk([{ text: 'a' }], {}, { usageMetadata: { promptTokenCount: 12, totalTokenCount: 12 } })
    const list = events([first, stop])
    expect(list[0]).toMatchObject({
      type: 'start',
      id: 'r1',
      model: 'gemini-3.8-flash',
      usage: { inputTokens: 12 },
    })
    expect(collect((emit) => list.forEach(emit)).usage).toMatchObject({ inputTokens: 12, outputTokens: 5 })
  })

  it.each<[string, JsonObject[]]>([
    ['inside of a text', [say('a'), chunk([{ text: 'b' }], {}, { usageMetadata: USAGE })]],
    ['behind a call', [chunk([call('A')], {}, { usageMetadata: USAGE })]],
  ])('what was used before a failure is told: %s', (_name, chunks) => {
    const list = events([...chunks, { error: { code: 500, message: 'x' } }])
    expect(list.slice(-2)).toMatchObject([{ type: 'usage', usage: { outputTokens: 5 } }, { type: 'error' }])
  })
})

describe('#17 #66 a search', () => {
  const grounding = {
    groundingMetadata: {
      webSearchQueries: ['weather', 'weather today'],
      groundingChunks: [
        { web: { uri: 'https://a.example/', title: 'A' } },
        { web: { uri: 'https://b.example/' } },
        { retrievedContext: {} },
      ],
      groundingSupports: [{ segment: { endIndex: 3, text: 'Hot' }, groundingChunkIndices: [0] }],
    },
  }
  const cited = [say('Hot'), end('STOP', [{ text: '' }], grounding)]

  it('is told in Anthropic’s blocks, when it was asked for', () => {
    expect(told(events(cited, { webSearch: true }))).toEqual([
      'text Hot',
      'server_tool_use {"query":"weather"}',
      expect.stringMatching(/^web_search_tool_result \[.*a\.example.*"title":"A".*b\.example/),
      'finish end STOP',
    ])
  })

  it('is cited and counted', () => {
    const { content, usage } = collect((emit) => events(cited).forEach(emit))
    expect(content).toMatchObject([
      {
        type: 'text',
        citations: [
          { type: 'web_search_result_location', url: 'https://a.example/', title: 'A' },
          { url: 'https://b.example/', title: null },
        ],
      },
    ])
    expect(usage.webSearches).toBe(2)
  })

  it('cannot be run', () => {
    expect(told(events([say('Hot'), stop], { webSearchUnavailable: true }))).toEqual([
      'server_tool_use {}',
      expect.stringContaining('"error_code":"unavailable"'),
      'text Hot',
      'finish end STOP',
    ])
  })
})

describe('any stream', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 8 })
  const signature = fc.option(fc.constantFrom('QUI=', 'Q0Q='), { nil: undefined })
  const part = fc.oneof(
    fc.record({ text, thoughtSignature: signature }),
    fc.record({ text, thought: fc.constant(true), thoughtSignature: signature }),
    fc.record({
      functionCall: fc.record({
        name: fc.constantFrom('A', 'B'),
        args: fc.dictionary(text, fc.jsonValue(), { maxKeys: 2 }),
      }),
      thoughtSignature: signature,
    }),
    fc.object({ key: fc.constantFrom('text', 'functionCall', 'name', 'thought', 'inlineData'), maxDepth: 2 }),
  )
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.array(part, { maxLength: 3 }).map((parts) => chunk(parts)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<JsonObject>(
        stop,
        end('SAFETY'),
        end('MALFORMED_FUNCTION_CALL'),
        { usageMetadata: USAGE },
        { error: { code: 500 } },
        {},
      ),
    },
  )

  it('B7 gives the same events however its bytes are cut, in either framing, and they obey the grammar', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        slices,
        fc.constantFrom(sse, jsonArray),
        (chunks, cuts, framing) => {
          const data = chunks.map((one) => JSON.stringify(one))
          const writer = framing.writer()
          const wire = data.map((one) => writer.write('', one) as string).join('') + writer.end()
          const decode = (places: readonly number[]) => {
            const emitted: Event[] = []
            const decoder = gemini.stream.decoder({})
            const emit = checked((event) => emitted.push(event))
            const reader = framing.reader((frame) => decoder.push(frame, emit))
            for (const bytes of slice(new TextEncoder().encode(wire), places)) reader.push(bytes)
            reader.end()
            decoder.end(emit)
            return emitted
          }
          const whole = decode([])
          expect(decode(cuts)).toEqual(whole)
          expect(['finish', 'error']).toContain(whole.at(-1)?.type)
        },
      ),
      { numRuns: 3_000 },
    )
  }, 120_000)
})
