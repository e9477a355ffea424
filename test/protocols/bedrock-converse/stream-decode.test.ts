import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { ConverseStreamDecoder } from '../../../src/protocols/bedrock-converse/stream-decode.ts'
import { ConverseStreamEncoder } from '../../../src/protocols/bedrock-converse/stream-encode.ts'
import type { Memo } from '../../../src/protocols/translation.ts'
import type { Frame } from '../../../src/wire/framing.ts'
import { awsEvents } from '../../../src/wire/aws-eventstream.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT, slice, slices } from '../../support/sse.ts'

function decodeFrames(frames: readonly Frame[], memo: Memo = {}): Event[] {
  const events: Event[] = []
  const decoder = new ConverseStreamDecoder(memo)
  const emit = (event: Event) => events.push(event)
  for (const frame of frames) decoder.push(frame, emit)
  decoder.end(emit)
  checkGrammar(events)
  return events
}

const frame = (event: string, data: JsonObject): Frame => ({
  event,
  data: JSON.stringify({ ...data, p: 'abc' }),
})
const START = frame('messageStart', { role: 'assistant' })
const delta = (contentBlockIndex: number, piece: JsonObject) =>
  frame('contentBlockDelta', { contentBlockIndex, delta: piece })
const begin = (contentBlockIndex: number, start: JsonObject) =>
  frame('contentBlockStart', { contentBlockIndex, start })
const close = (contentBlockIndex: number) => frame('contentBlockStop', { contentBlockIndex })
const stop = (stopReason: string, more: JsonObject = {}) => frame('messageStop', { stopReason, ...more })
const METADATA = frame('metadata', {
  usage: { inputTokens: 9, outputTokens: 5, totalTokens: 14 },
  metrics: { latencyMs: 7 },
})
const END = [stop('end_turn'), METADATA]
const bash = { toolUse: { toolUseId: 'tooluse_1', name: 'Bash' } }

/** The events of the blocks, in short. */
function blocks(...frames: Frame[]): unknown[] {
  return decodeFrames([START, ...frames, ...END]).flatMap((event): unknown[] =>
    event.type === 'block-start'
      ? [event.block]
      : event.type === 'delta'
        ? [event.delta]
        : event.type === 'block-end'
          ? ['end']
          : [],
  )
}

describe('a stream', () => {
  it('whole', () => {
    expect(
      decodeFrames([START, delta(0, { text: 'Hel' }), delta(0, { text: 'lo' }), close(0), ...END]),
    ).toEqual([
      { type: 'start' },
      { type: 'block-start', index: 0, block: { type: 'text' } },
      { type: 'delta', index: 0, delta: { type: 'text', text: 'Hel' } },
      { type: 'delta', index: 0, delta: { type: 'text', text: 'lo' } },
      { type: 'block-end', index: 0 },
      {
        type: 'usage',
        usage: {
          inputTokens: 9,
          cacheReadTokens: 0,
          cacheWrite5mTokens: 0,
          cacheWrite1hTokens: 0,
          outputTokens: 5,
        },
      },
      { type: 'finish', reason: { unified: 'end', raw: 'end_turn' } },
    ])
  })

  it.each<[string, Frame[], unknown[]]>([
    [
      '#38 reasoning, text and a call',
      [
        delta(0, { reasoningContent: { text: 'hm' } }),
        delta(0, { reasoningContent: { signature: 'Eq' } }),
        delta(0, { reasoningContent: { signature: 'QB' } }),
        close(0),
        delta(1, { text: 'a' }),
        close(1),
        begin(2, bash),
        delta(2, { toolUse: { input: '{"a"' } }),
        delta(2, { toolUse: { input: ':1}' } }),
        close(2),
      ],
      [
        { type: 'thinking' },
        { type: 'thinking', text: 'hm' },
        { type: 'signature', signature: 'EqQB' },
        'end',
        { type: 'text' },
        { type: 'text', text: 'a' },
        'end',
        { type: 'tool-call', id: 'tooluse_1', name: 'Bash' },
        { type: 'arguments', json: '{"a"' },
        { type: 'arguments', json: ':1}' },
        'end',
      ],
    ],
    [
      '#53 reasoning that is not shown',
      [delta(0, { reasoningContent: { signature: 'EqQB' } }), close(0)],
      [{ type: 'thinking' }, { type: 'signature', signature: 'EqQB' }, 'end'],
    ],
    [
      '#38 redacted reasoning',
      [delta(0, { reasoningContent: { redactedContent: 'AQID' } }), close(0)],
      [{ type: 'redacted-thinking', data: 'AQID' }, 'end'],
    ],
    [
      'B2 #48 no empty block',
      [delta(0, { text: '' }), close(0), delta(1, { text: 'a' }), close(1)],
      [{ type: 'text' }, { type: 'text', text: 'a' }, 'end'],
    ],
    [
      'two texts stay two',
      [delta(0, { text: 'a' }), close(0), delta(1, { text: 'b' }), close(1)],
      [
        { type: 'text' },
        { type: 'text', text: 'a' },
        'end',
        { type: 'text' },
        { type: 'text', text: 'b' },
        'end',
      ],
    ],
    [
      '#50 a call without arguments',
      [begin(0, bash), delta(0, { toolUse: { input: '' } }), close(0)],
      [{ type: 'tool-call', id: 'tooluse_1', name: 'Bash' }, 'end'],
    ],
    [
      'B5 #51 calls whose pieces come interleaved',
      [
        begin(0, bash),
        begin(1, { toolUse: { toolUseId: 'tooluse_2', name: 'Edit' } }),
        delta(1, { toolUse: { input: '{"b":2}' } }),
        delta(0, { toolUse: { input: '{"a":1}' } }),
        close(0),
        close(1),
      ],
      [
        { type: 'tool-call', id: 'tooluse_1', name: 'Bash' },
        { type: 'arguments', json: '{"a":1}' },
        'end',
        { type: 'tool-call', id: 'tooluse_2', name: 'Edit' },
        { type: 'arguments', json: '{"b":2}' },
        'end',
      ],
    ],
    [
      '#66 citations stand in the text',
      [
        delta(0, { text: 'a' }),
        delta(0, {
          citation: {
            title: 'Doc',
            sourceContent: [{ text: 'x' }],
            location: { documentPage: { documentIndex: 0, start: 1, end: 2 } },
          },
        }),
        delta(0, { citation: { title: 'nowhere' } }),
        close(0),
      ],
      [
        { type: 'text' },
        { type: 'text', text: 'a' },
        {
          type: 'citation',
          citation: {
            type: 'page_location',
            cited_text: 'x',
            document_index: 0,
            document_title: 'Doc',
            start_page_number: 1,
            end_page_number: 2,
          },
        },
        'end',
      ],
    ],
    [
      'what only Converse knows',
      [begin(0, { image: { format: 'png' } }), close(0)],
      [
        {
          type: 'opaque',
          protocol: 'bedrock-converse',
          kind: 'image',
          raw: { image: { format: 'png' } },
        },
        'end',
      ],
    ],
    ['events that nobody knows', [frame('somethingNew', { a: 1 }), delta(0, { odd: 1 })], []],
  ])('%s', (_name, frames, expected) => {
    expect(blocks(...frames)).toEqual(expected)
  })

  it('#40 a shortened name is told as the client knows it', () => {
    const memo: Memo = { toolNames: new Map([['Bash', 'mcp__server__Bash']]) }
    const events = decodeFrames([START, begin(0, bash), close(0), ...END], memo)
    expect(events[1]).toMatchObject({ block: { name: 'mcp__server__Bash' } })
  })

  it('an id that the conversation has already is another', () => {
    const events = decodeFrames([START, begin(0, bash), close(0), ...END], {
      callIds: new Set(['tooluse_1']),
    })
    expect(events[1]).toMatchObject({ block: { id: expect.stringMatching(/^toolu_/) } })
  })

  it('#17 says that there was no search', () => {
    const events = decodeFrames([START, delta(0, { text: 'a' }), ...END], { webSearchUnavailable: true })
    expect(events.flatMap((event) => (event.type === 'block-start' ? [event.block.type] : []))).toEqual([
      'opaque',
      'opaque',
      'text',
    ])
  })
})

describe('the end', () => {
  it.each<[string, Frame[], object]>([
    ['#42 end_turn', [stop('end_turn')], { unified: 'end', raw: 'end_turn' }],
    ['#42 max_tokens', [stop('max_tokens')], { unified: 'max-tokens', raw: 'max_tokens' }],
    ['#42 stop_sequence', [stop('stop_sequence')], { unified: 'stop-sequence', raw: 'stop_sequence' }],
    ['#42 content_filtered', [stop('content_filtered')], { unified: 'refusal', raw: 'content_filtered' }],
    [
      '#42 guardrail_intervened',
      [stop('guardrail_intervened')],
      { unified: 'refusal', raw: 'guardrail_intervened' },
    ],
    [
      '#42 model_context_window_exceeded',
      [stop('model_context_window_exceeded')],
      { unified: 'context-window', raw: 'model_context_window_exceeded' },
    ],
    [
      '#54 tool_use',
      [begin(0, bash), close(0), stop('tool_use')],
      { unified: 'tool-calls', raw: 'tool_use' },
    ],
    [
      '#54 a call that ends like a text',
      [begin(0, bash), close(0), stop('end_turn')],
      { unified: 'tool-calls', raw: 'end_turn' },
    ],
    [
      '#55 a call that was cut',
      [begin(0, bash), close(0), stop('max_tokens')],
      { unified: 'max-tokens', raw: 'max_tokens' },
    ],
    ['a word that nobody knows', [stop('odd')], { unified: 'other', raw: 'odd' }],
  ])('%s', (_name, frames, reason) => {
    expect(decodeFrames([START, ...frames, METADATA]).at(-1)).toEqual({ type: 'finish', reason })
  })

  it('#23 tells the sequence, where Claude was asked for it', () => {
    for (const fields of [{ stop_sequence: 'x' }, { delta: { stop_sequence: 'x' } }]) {
      const end = stop('stop_sequence', { additionalModelResponseFields: fields })
      expect(decodeFrames([START, end, METADATA]).at(-1)).toMatchObject({ stopSequence: 'x' })
    }
  })

  it('#43 awaits the usage, which comes behind it; without, the answer is whole, too', () => {
    expect(decodeFrames([START, stop('end_turn')]).map(({ type }) => type)).toEqual(['start', 'finish'])
  })

  it('nothing comes behind it', () => {
    expect(decodeFrames([START, ...END, delta(0, { text: 'late' }), ...END])).toHaveLength(3)
  })

  it.each(['malformed_model_output', 'malformed_tool_use'])('%s is a failure', (reason) => {
    expect(decodeFrames([START, delta(0, { text: 'a' }), stop(reason), METADATA]).at(-1)).toMatchObject({
      type: 'error',
      error: { kind: 'upstream_malformed', message: expect.stringContaining(reason) },
    })
  })
})

describe('B7 B11 #61 a broken stream is an error', () => {
  it.each<[string, Frame[], string]>([
    ['no event', [], 'upstream_truncated'],
    ['no end', [START, delta(0, { text: 'a' }), close(0)], 'upstream_truncated'],
    ['an exception first', [frame('exception/throttlingException', { message: 'x' })], 'rate_limited'],
    [
      'an exception late',
      [START, delta(0, { text: 'a' }), frame('exception/modelStreamErrorException', { message: 'x' })],
      'upstream_error',
    ],
    [
      'an exception between the end and the usage',
      [START, stop('end_turn'), frame('exception/internalServerException', { message: 'x' })],
      'upstream_error',
    ],
    [
      'an event that is no JSON',
      [START, { event: 'contentBlockDelta', data: 'oh no' }],
      'upstream_malformed',
    ],
    ['an event that is no object', [START, { event: 'contentBlockDelta', data: '[]' }], 'upstream_malformed'],
  ])('%s', (_name, frames, kind) => {
    expect(decodeFrames(frames).at(-1)).toMatchObject({ type: 'error', error: { kind } })
  })
})

function decodeBytes(bytes: Uint8Array, places: readonly number[] = []): Event[] {
  const frames: Frame[] = []
  const reader = awsEvents.reader((one) => frames.push(one))
  for (const part of slice(bytes, places)) reader.push(part)
  reader.end()
  return decodeFrames(frames)
}

function encodeBytes(events: readonly Event[]): Uint8Array {
  const encoder = new ConverseStreamEncoder(CONTEXT)
  const writer = awsEvents.writer()
  const parts: Uint8Array[] = []
  for (const event of events)
    encoder.push(event, (name, data) => parts.push(writer.write(name, data) as Uint8Array))
  return new Uint8Array(Buffer.concat(parts))
}

/** Each time that an answer passes, its signatures get our mark, and ids that look like ours another escape. */
function comparable(events: readonly Event[]): Event[] {
  return events.map((event) => {
    if (event.type === 'delta' && event.delta.type === 'signature')
      return { ...event, delta: { type: 'signature', signature: '' } }
    if (event.type === 'block-start' && event.block.type === 'tool-call')
      return { ...event, block: { ...event.block, id: '' } }
    return event
  })
}

describe('any answer', () => {
  it('#62 gives the same events however its bytes are sliced', () => {
    fc.assert(
      fc.property(answer, slices, (events, places) => {
        const bytes = encodeBytes(events)
        expect(decodeBytes(bytes, places)).toEqual(decodeBytes(bytes))
      }),
      { numRuns: 10_000 },
    )
  }, 60_000)

  it('survives encoding and decoding', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const once = decodeBytes(encodeBytes(events))
        expect(comparable(decodeBytes(encodeBytes(once)))).toEqual(comparable(once))
      }),
      { numRuns: 300 },
    )
  })

  it('any frames give events that obey the grammar', () => {
    const names = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata', 'odd'] // prettier-ignore
    const piece = fc.constantFrom<JsonObject>(
      { text: 'a' },
      { toolUse: { input: '{' } },
      { toolUse: 1 },
      { reasoningContent: { text: 'b', signature: 'c' } },
      { reasoningContent: null },
      { citation: {} },
    )
    const data = fc.record(
      {
        contentBlockIndex: fc.oneof(fc.nat({ max: 3 }), fc.constant('x')),
        delta: piece,
        start: fc.constantFrom<unknown>(bash, {}, null, { toolUse: { type: 'server_tool_use' } }),
        stopReason: fc.constantFrom<unknown>('end_turn', 'malformed_tool_use', 1),
        usage: fc.constantFrom<unknown>({ inputTokens: -1, outputTokens: '2' }, null, { outputTokens: 3 }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...names), data), { maxLength: 20 }), (list) => {
        decodeFrames(list.map(([event, body]) => ({ event, data: JSON.stringify(body) })))
      }),
      { numRuns: 2_000 },
    )
  })
})
