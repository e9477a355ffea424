import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { BlockStart, Delta, Event, FinishReason } from '../../../src/message/event.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'
import { readSignature } from '../../../src/protocols/gemini/signature.ts'
import { sealSignature } from '../../../src/protocols/shared/gemini-signature.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT, dataOf, encodeAll } from '../../support/sse.ts'
import type { Json } from '../../support/provider/json.ts'

type Blocks = readonly [start: BlockStart, ...deltas: Delta[]][]

const text = (...said: string[]): Blocks[number] => [
  { type: 'text' },
  ...said.map((one): Delta => ({ type: 'text', text: one })),
]
const thinking = (said: string, signature?: string): Blocks[number] => [
  { type: 'thinking' },
  { type: 'thinking', text: said },
  ...(signature === undefined ? [] : [{ type: 'signature' as const, signature }]),
]
const call = (name: string, ...json: string[]): Blocks[number] => [
  { type: 'tool-call', id: `id-${name}`, name },
  ...json.map((one): Delta => ({ type: 'arguments', json: one })),
]

function answerOf(blocks: Blocks, unified: FinishReason['unified'] = 'end'): Event[] {
  return [
    { type: 'start', id: 'msg_1', model: 'claude-opus-5-5', usage: { inputTokens: 10, cacheReadTokens: 5 } },
    ...blocks.flatMap(([block, ...deltas], index): Event[] => [
      { type: 'block-start', index, block },
      ...deltas.map((delta): Event => ({ type: 'delta', index, delta })),
      { type: 'block-end', index },
    ]),
    { type: 'usage', usage: { outputTokens: 20, reasoningTokens: 8 } },
    { type: 'finish', reason: { unified, raw: null } },
  ]
}

const stream = (list: readonly Event[]): Json[] => dataOf(encodeAll(gemini.stream.encoder(CONTEXT), list))
const whole = (list: readonly Event[]): Json =>
  gemini.response.encode(
    collect((emit) => list.forEach(emit)),
    CONTEXT,
  ) as Json

/** The parts of all chunks; the last chunk's own says nothing. */
const partsOf = (chunks: Json[]): Json[] =>
  chunks.slice(0, -1).flatMap((chunk) => chunk.candidates[0].content.parts as Json[])

describe('a stream', () => {
  it('has a chunk for each piece, and the reason and the usage in the last', () => {
    const envelope = { modelVersion: 'openai/gpt-5', responseId: 'msg_1' }
    expect(
      stream(answerOf([thinking('hm'), text('Hel', 'lo'), call('Bash', '{"a"', ':1}')], 'tool-calls')),
    ).toEqual([
      {
        candidates: [{ content: { parts: [{ text: 'hm', thought: true }], role: 'model' }, index: 0 }],
        ...envelope,
      },
      {
        candidates: [
          {
            content: { parts: [{ text: 'Hel', thoughtSignature: expect.any(String) }], role: 'model' },
            index: 0,
          },
        ],
        ...envelope,
      },
      { candidates: [{ content: { parts: [{ text: 'lo' }], role: 'model' }, index: 0 }], ...envelope },
      {
        candidates: [
          {
            content: {
              parts: [
                {
                  functionCall: { id: 'id-Bash', name: 'Bash', args: { a: 1 } },
                  thoughtSignature: 'skip_thought_signature_validator',
                },
              ],
              role: 'model',
            },
            index: 0,
          },
        ],
        ...envelope,
      },
      {
        candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
        usageMetadata: {
          promptTokenCount: 15,
          cachedContentTokenCount: 5,
          candidatesTokenCount: 12,
          thoughtsTokenCount: 8,
          totalTokenCount: 35,
        },
        ...envelope,
      },
    ])
  })

  it.each<[FinishReason['unified'], string]>([
    ['end', 'STOP'],
    ['tool-calls', 'STOP'],
    ['stop-sequence', 'STOP'],
    ['pause', 'STOP'],
    ['other', 'STOP'],
    ['max-tokens', 'MAX_TOKENS'],
    ['context-window', 'MAX_TOKENS'],
    ['refusal', 'SAFETY'],
  ])('#33 ends with a reason that clients know: %s', (unified, word) => {
    const list = answerOf([text('a')], unified)
    expect(stream(list).at(-1).candidates[0].finishReason).toBe(word)
    expect(whole(list).candidates[0].finishReason).toBe(word)
  })

  it('#60 tells an error as Google does', () => {
    const error = new GatewayError('overloaded', 'Busy.', { retryAfterSeconds: 5 })
    expect(stream([{ type: 'start' }, { type: 'error', error }])).toEqual([
      {
        error: {
          code: 503,
          message: 'Busy.',
          status: 'UNAVAILABLE',
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '5s' }],
        },
      },
    ])
  })
})

describe('calls', () => {
  const argsOf = (...json: string[]) => {
    const list = answerOf([call('A', ...json)], 'tool-calls')
    const [streamed] = partsOf(stream(list))
    expect(whole(list).candidates[0].content.parts[0]).toEqual(streamed ?? { text: '' })
    return streamed?.functionCall.args
  }

  it.each<[string, string[], unknown]>([
    ['in pieces', ['{"a":', '[1,', '2]}'], { a: [1, 2] }],
    ['#50 without arguments', [], {}],
    ['#50 white space alone', [' \n'], {}],
    ['null', ['null'], {}],
  ])('%s', (_name, json, args) => {
    expect(argsOf(...json)).toEqual(args)
  })

  it('E12 keep their digits', () => {
    const wire = encodeAll(
      gemini.stream.encoder(CONTEXT),
      answerOf([call('A', '{"id":9007199254740993,"f":1.0}')]),
    )
    expect(wire).toContain('"args":{"id":9007199254740993,"f":1.0}')
    expect(JSON.stringify(whole(answerOf([call('A', '{"id":9007199254740993}')])))).toContain(
      '9007199254740993',
    )
  })

  it.each<[string, FinishReason['unified'], string[], string]>([
    ['C1 broken ones are told, in Gemini’s own word', 'tool-calls', ['{"a":'], 'MALFORMED_FUNCTION_CALL'],
    ['C1 no object', 'tool-calls', ['"rm -rf"'], 'MALFORMED_FUNCTION_CALL'],
    ['#55 B18 one that the limit cut is not there', 'max-tokens', ['{"a":'], 'MAX_TOKENS'],
  ])('%s', (_name, unified, json, reason) => {
    const list = answerOf([text('x'), call('A', ...json)], unified)
    const chunks = stream(list)
    expect(partsOf(chunks)).toEqual([{ text: 'x' }])
    const last = chunks.at(-1).candidates[0]
    expect(last.finishReason).toBe(reason)
    expect(whole(list).candidates[0]).toMatchObject({
      content: { parts: [{ text: 'x' }] },
      finishReason: reason,
    })
    if (reason === 'MALFORMED_FUNCTION_CALL')
      expect(last.finishMessage).toBe(`Malformed function call: ${json[0]}`)
  })
})

describe('#30 D1 D2 thinking, for a client that leaves thoughts out', () => {
  const signatures = (blocks: Blocks) => {
    const list = answerOf(blocks)
    const parts = partsOf(stream(list)).filter((part) => part.thought !== true)
    const all = (whole(list).candidates[0].content.parts as Json[]).filter((part) => part.thought !== true)
    expect(all.map((part) => part.thoughtSignature)).toEqual(parts.map((part) => part.thoughtSignature))
    return parts.map((part): unknown => {
      const signature = part.thoughtSignature as string | undefined
      return signature === undefined || signature.startsWith('skip') ? signature : readSignature(signature)
    })
  }

  it.each<[string, Blocks, unknown[]]>([
    [
      'Claude’s goes with its call',
      [thinking('hm', 'EqQB'), call('A')],
      [[{ type: 'thinking', text: 'hm', signature: 'EqQB' }]],
    ],
    [
      '… also where it is hidden',
      [[{ type: 'redacted-thinking', data: 'x' }], call('A')],
      [[{ type: 'redacted-thinking', data: 'x' }]],
    ],
    [
      '… all that came before',
      [
        thinking('a', 'S1'),
        [{ type: 'redacted-thinking', data: 'x' }],
        thinking('b'),
        call('A'),
        thinking('c', 'S2'),
        call('B'),
      ],
      [
        [
          { type: 'thinking', text: 'a', signature: 'S1' },
          { type: 'redacted-thinking', data: 'x' },
          { type: 'thinking', text: 'b' },
        ],
        [{ type: 'thinking', text: 'c', signature: 'S2' }],
      ],
    ],
    [
      'of parallel calls the first',
      [thinking('a', 'S1'), call('A'), call('B')],
      [[{ type: 'thinking', text: 'a', signature: 'S1' }], undefined],
    ],
    ['with text', [thinking('a', 'S1'), text('x')], [[{ type: 'thinking', text: 'a', signature: 'S1' }]]],
    [
      'no thinking: the first call says that it needs no signature',
      [text('x'), call('A'), call('B')],
      [undefined, 'skip_thought_signature_validator', undefined],
    ],
    [
      'Gemini’s own, through another surface, is itself',
      [thinking('', sealSignature('QUI=')), call('A')],
      ['own'],
    ],
  ])('%s', (_name, blocks, expected) => {
    expect(signatures(blocks)).toEqual(expected)
  })

  it('and comes back as it was, whatever it is', () => {
    const any = fc.string({ unit: 'grapheme' })
    const block = fc.oneof(
      fc.tuple(any, fc.option(any, { nil: undefined })).map(([said, signature]) => thinking(said, signature)),
      any.map((data): Blocks[number] => [{ type: 'redacted-thinking', data }]),
    )
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), (blocks) => {
        const list = answerOf([...blocks, call('A')], 'tool-calls')
        const { content } = collect((emit) => list.forEach(emit))
        const given = content.filter(
          (one) => one.type !== 'thinking' || one.text !== '' || one.signature !== undefined,
        )
        const body = { contents: [{ role: 'model', parts: partsOf(stream(list)) }] }
        const [message] = gemini.request.decode(body).request.messages
        expect(message!.content.map(withoutId)).toEqual(given.map(withoutId))
      }),
      { numRuns: 1000 },
    )
  })
})

function withoutId(block: object): object {
  return { ...block, id: undefined }
}

describe('the rest', () => {
  it('#66 pages that were cited, and what was searched for', () => {
    const page = { url: 'https://a.example/', title: 'A' }
    const list = answerOf([
      [{ type: 'opaque', protocol: 'anthropic', kind: 'server_tool_use', raw: { input: { query: 'q' } } }],
      [
        {
          type: 'opaque',
          protocol: 'anthropic',
          kind: 'web_search_tool_result',
          raw: { content: [page, { url: 'https://b.example/' }] },
        },
      ],
      [
        { type: 'text' },
        { type: 'text', text: 'Hot' },
        { type: 'citation', citation: { type: 'web_search_result_location', ...page } },
      ],
    ])
    const groundingMetadata = {
      webSearchQueries: ['q'],
      groundingChunks: [
        { web: { uri: 'https://a.example/', title: 'A' } },
        { web: { uri: 'https://b.example/', title: 'https://b.example/' } },
      ],
      groundingSupports: [],
    }
    expect(stream(list).at(-1).candidates[0]).toMatchObject({ groundingMetadata })
    expect(whole(list).candidates[0]).toMatchObject({
      groundingMetadata,
      content: { parts: [{ text: 'Hot' }] },
    })
  })

  it('a whole answer', () => {
    expect(whole(answerOf([thinking('hm'), text('Hi')]))).toEqual({
      candidates: [
        {
          content: {
            parts: [
              { text: 'hm', thought: true },
              { text: 'Hi', thoughtSignature: expect.any(String) },
            ],
            role: 'model',
          },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: {
        promptTokenCount: 15,
        cachedContentTokenCount: 5,
        candidatesTokenCount: 12,
        thoughtsTokenCount: 8,
        totalTokenCount: 35,
      },
      modelVersion: 'openai/gpt-5',
      responseId: 'msg_1',
    })
  })

  it('#68 nothing said has an empty text, and estimated input until the truth is known', () => {
    const list: Event[] = [{ type: 'start' }, { type: 'finish', reason: { unified: 'end', raw: null } }]
    expect(whole(list)).toMatchObject({
      candidates: [{ content: { parts: [{ text: '' }], role: 'model' } }],
      usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 0, totalTokenCount: 100 },
      responseId: 'msg_0001',
    })
  })

  it('every answer, streamed and whole, holds the same', () => {
    fc.assert(
      fc.property(answer, (list) => {
        const chunks = stream(list)
        const joined = (parts: Json[], thought: boolean) =>
          parts.map((part) => ((part.thought === true) === thought ? (part.text ?? '') : '')).join('')
        const all = whole(list).candidates[0]
        const parts = partsOf(chunks)
        for (const thought of [true, false])
          expect(joined(parts, thought)).toBe(joined(all.content.parts, thought))
        expect(parts.filter((part) => 'functionCall' in part)).toEqual(
          all.content.parts.filter((part: Json) => 'functionCall' in part),
        )
        expect(chunks.at(-1).usageMetadata).toEqual(whole(list).usageMetadata)
        expect(chunks.at(-1).candidates[0].finishReason).toBe(all.finishReason)
      }),
      { numRuns: 1000 },
    )
  })
})
