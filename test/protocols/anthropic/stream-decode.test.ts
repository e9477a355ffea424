import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import { MessageStreamDecoder } from '../../../src/protocols/anthropic/stream-decode.ts'
import { MessageStreamEncoder } from '../../../src/protocols/anthropic/stream-encode.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT, decodeAll, encodeAll, slices, sse } from '../../support/sse.ts'

function decode(...wire: string[]): Event[] {
  const events = decodeAll(new MessageStreamDecoder({}), wire.join(''))
  checkGrammar(events)
  return events
}

const start = (message: Record<string, unknown> = {}) =>
  sse({
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-x',
      content: [],
      usage: { input_tokens: 9, output_tokens: 1 },
      ...message,
    },
  })
const begin = (index: number, content_block: Record<string, unknown>) =>
  sse({ type: 'content_block_start', index, content_block })
const delta = (index: number, piece: Record<string, unknown>) =>
  sse({ type: 'content_block_delta', index, delta: piece })
const close = (index: number) => sse({ type: 'content_block_stop', index })
const finish = (fields: Record<string, unknown> = {}, usage: unknown = { output_tokens: 5 }, beside = {}) =>
  sse({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null, ...fields },
    usage,
    ...beside,
  })
const STOP = sse({ type: 'message_stop' })
const TEXT = begin(0, { type: 'text', text: '' }) + delta(0, { type: 'text_delta', text: 'a' }) + close(0)
const WHOLE = start() + TEXT + finish() + STOP

/** The events of the blocks, in short. */
function blocks(...wire: string[]): unknown[] {
  return decode(start(), ...wire, finish(), STOP).flatMap((event): unknown[] =>
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
    expect(decode(WHOLE)).toEqual([
      {
        type: 'start',
        id: 'msg_1',
        model: 'claude-x',
        usage: { inputTokens: 9, outputTokens: 1 },
        extra: {},
      },
      { type: 'block-start', index: 0, block: { type: 'text' } },
      { type: 'delta', index: 0, delta: { type: 'text', text: 'a' } },
      { type: 'block-end', index: 0 },
      { type: 'usage', usage: { inputTokens: 9, outputTokens: 5 }, extra: {} },
      { type: 'finish', reason: { unified: 'end', raw: 'end_turn' }, extra: {} },
    ])
  })

  it.each<[string, string[], unknown[]]>([
    [
      'text with a citation',
      [
        begin(0, { type: 'text', text: 'x' }),
        delta(0, { type: 'citations_delta', citation: { a: 1 } }),
        close(0),
      ],
      [{ type: 'text' }, { type: 'text', text: 'x' }, { type: 'citation', citation: { a: 1 } }, 'end'],
    ],
    [
      'thinking',
      [
        begin(0, { type: 'thinking', thinking: '', signature: '' }),
        delta(0, { type: 'thinking_delta', thinking: 'h', estimated_tokens: 50 }),
        delta(0, { type: 'signature_delta', signature: 'EqQ' }),
        close(0),
      ],
      [{ type: 'thinking' }, { type: 'thinking', text: 'h' }, { type: 'signature', signature: 'EqQ' }, 'end'],
    ],
    [
      'redacted thinking',
      [begin(0, { type: 'redacted_thinking', data: 'x' }), close(0)],
      [{ type: 'redacted-thinking', data: 'x' }, 'end'],
    ],
    [
      '#50 a call',
      [
        begin(0, { type: 'tool_use', id: 't', name: 'Bash', input: {} }),
        delta(0, { type: 'input_json_delta', partial_json: '' }),
        delta(0, { type: 'input_json_delta', partial_json: '{"a' }),
        delta(0, { type: 'input_json_delta', partial_json: '":1}' }),
        close(0),
      ],
      [
        { type: 'tool-call', id: 't', name: 'Bash' },
        { type: 'arguments', json: '' },
        { type: 'arguments', json: '{"a' },
        { type: 'arguments', json: '":1}' },
        'end',
      ],
    ],
    [
      '#50 B3 a call whose input stands in its beginning',
      [begin(0, { type: 'tool_use', id: 't', name: 'Bash', input: { a: 1 } }), close(0)],
      [{ type: 'tool-call', id: 't', name: 'Bash' }, { type: 'arguments', json: '{"a":1}' }, 'end'],
    ],
    [
      '#50 a call without arguments',
      [begin(0, { type: 'tool_use', id: 't', name: 'Bash', input: {} }), close(0)],
      [{ type: 'tool-call', id: 't', name: 'Bash' }, 'end'],
    ],
    [
      'a server tool’s call, whole',
      [
        begin(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
        delta(0, { type: 'input_json_delta', partial_json: '{"query":' }),
        delta(0, { type: 'input_json_delta', partial_json: '"x"}' }),
        close(0),
      ],
      [
        {
          type: 'opaque',
          protocol: 'anthropic',
          kind: 'server_tool_use',
          raw: { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
        },
        'end',
      ],
    ],
    [
      'a server tool’s call, cut',
      [
        begin(0, { type: 'server_tool_use', input: {} }),
        delta(0, { type: 'input_json_delta', partial_json: '{"q' }),
        close(0),
      ],
      [
        {
          type: 'opaque',
          protocol: 'anthropic',
          kind: 'server_tool_use',
          raw: { type: 'server_tool_use', input: {} },
        },
        { type: 'opaque', raw: { type: 'input_json_delta', partial_json: '{"q' } },
        'end',
      ],
    ],
    [
      '#3 an unknown block',
      [begin(0, { type: 'of_the_future', a: 1 }), close(0)],
      [
        {
          type: 'opaque',
          protocol: 'anthropic',
          kind: 'of_the_future',
          raw: { type: 'of_the_future', a: 1 },
        },
        'end',
      ],
    ],
    [
      '#3 an unknown delta',
      [begin(0, { type: 'text', text: '' }), delta(0, { type: 'of_the_future', a: 1 }), close(0)],
      [{ type: 'text' }, { type: 'opaque', raw: { type: 'of_the_future', a: 1 } }, 'end'],
    ],
    [
      'a delta that its block cannot have',
      [begin(0, { type: 'text', text: '' }), delta(0, { type: 'thinking_delta', thinking: 'x' }), close(0)],
      [{ type: 'text' }, { type: 'opaque', raw: { type: 'thinking_delta', thinking: 'x' } }, 'end'],
    ],
    [
      'a block that is not closed',
      [begin(0, { type: 'text', text: 'a' })],
      [{ type: 'text' }, { type: 'text', text: 'a' }, 'end'],
    ],
    [
      'two of them',
      [begin(0, { type: 'text', text: 'a' }), begin(1, { type: 'text', text: 'b' })],
      [
        { type: 'text' },
        { type: 'text', text: 'a' },
        'end',
        { type: 'text' },
        { type: 'text', text: 'b' },
        'end',
      ],
    ],
  ])('%s', (_what, wire, events) => {
    expect(blocks(...wire)).toEqual(events)
  })

  it('E5 keeps the digits of an input that stands in the beginning of its call', () => {
    const wire =
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"X","input":{"id":9007199254740993}}}\n\n'
    expect(blocks(wire, close(0))).toContainEqual({ type: 'arguments', json: '{"id":9007199254740993}' })
  })

  it('gives tools back the names that the client knows', () => {
    const wire = [
      start(),
      begin(0, { type: 'tool_use', id: 't', name: 'short', input: {} }),
      close(0),
      finish(),
      STOP,
    ].join('')
    const events = decodeAll(
      new MessageStreamDecoder({ toolNames: new Map([['short', 'the long name']]) }),
      wire,
    )
    expect(events[1]).toMatchObject({ block: { name: 'the long name' } })
  })

  it('#62 B8 lets comments, pings, unknown events and what comes after the end pass', () => {
    const noise =
      ': comment\n\n' + sse({ type: 'ping' }) + sse({ type: 'vertex_event' }) + 'event: x\ndata:\n\n'
    const events = decode(noise, start(), noise, TEXT, finish(), STOP, noise, TEXT, 'data: [DONE]\n\n')
    expect(events.filter(({ type }) => type !== 'ping')).toEqual(decode(WHOLE))
    expect(events.filter(({ type }) => type === 'ping')).toHaveLength(1)
  })

  it('#54 #67 tells the stop with all that belongs to it', () => {
    const wire = finish(
      { stop_reason: 'refusal', stop_details: { category: null }, safeguard_results: [] },
      { output_tokens: 1, service_tier: 'standard' },
      { context_management: { applied_edits: [] } },
    )
    expect(decode(start({ container: { id: 'c' } }), wire, STOP)).toMatchObject([
      { type: 'start', extra: { container: { id: 'c' } } },
      { type: 'usage', extra: { service_tier: 'standard' } },
      {
        type: 'finish',
        reason: { unified: 'refusal', raw: 'refusal' },
        extra: {
          stop_details: { category: null },
          safeguard_results: [],
          context_management: { applied_edits: [] },
        },
      },
    ])
  })

  it.each([
    ['end_turn', 'end'],
    ['max_tokens', 'max-tokens'],
    ['tool_use', 'tool-calls'],
    ['pause_turn', 'pause'],
    ['model_context_window_exceeded', 'context-window'],
    ['compaction', 'other'],
    ['toString', 'other'],
  ])('#54 %s is %s', (raw, unified) => {
    expect(decode(start(), finish({ stop_reason: raw }), STOP).at(-1)).toMatchObject({
      reason: { unified, raw },
    })
  })
})

describe('#52 a call', () => {
  const called = (block: Record<string, unknown>) =>
    blocks(begin(0, { type: 'tool_use', input: {}, ...block }), close(0))[0]

  it.each<[row: string, id: unknown]>([
    ['without an id', undefined],
    ['with an empty id', ''],
    ['with an id that is no string', 7],
  ])('%s gets one, the same each time', (_row, id) => {
    const block = { ...(id === undefined ? {} : { id }), name: 'Bash' }
    expect(called(block)).toEqual({
      type: 'tool-call',
      id: expect.stringMatching(/^toolu_\w{24}$/),
      name: 'Bash',
    })
    expect(called(block)).toEqual(called(block))
  })

  it('without an id is another than the next', () => {
    const noId = { type: 'tool_use', name: 'Bash', input: {} }
    const events = decode(start(), begin(0, noId), close(0), begin(1, noId), close(1), finish(), STOP)
    const ids = events.flatMap((event) =>
      event.type === 'block-start' && 'id' in event.block ? event.block.id : [],
    )
    expect(new Set(ids).size).toBe(2)
  })

  it.each([undefined, '', null])('without a name (%s) is one of no known tool', (name) => {
    expect(called({ id: 'toolu_1', name })).toEqual({
      type: 'tool-call',
      id: 'toolu_1',
      name: 'unnamed_tool',
    })
  })
})

/** Every one must fail: a stream that is not whole never ends cleanly. */
const BROKEN: [row: string, wire: string[], kind: string, message: RegExp][] = [
  ['nothing', [], 'upstream_truncated', /before message_stop/],
  ['no message_stop', [start(), TEXT, finish()], 'upstream_truncated', /before message_stop/],
  [
    'cut inside a block',
    [start(), begin(0, { type: 'text', text: 'a' })],
    'upstream_truncated',
    /before message_stop/,
  ],
  [
    'an event that is no JSON',
    [start(), 'event: content_block_delta\ndata: {"type\n\n', TEXT, finish(), STOP],
    'upstream_malformed',
    /no JSON object/,
  ],
  [
    'an event that is no object',
    [start(), 'data: [1]\n\n', finish(), STOP],
    'upstream_malformed',
    /no JSON object/,
  ],
  [
    'two message_starts',
    [start(), TEXT, start(), TEXT, finish(), STOP],
    'upstream_malformed',
    /second message_start/,
  ],
  ['an index twice', [start(), TEXT, TEXT, finish(), STOP], 'upstream_malformed', /out of order/],
  [
    'a delta without a block',
    [start(), delta(0, { type: 'text_delta', text: 'a' }), finish(), STOP],
    'upstream_malformed',
    /no open block/,
  ],
  [
    'a delta of another block',
    [
      start(),
      begin(0, { type: 'text', text: '' }),
      delta(1, { type: 'text_delta', text: 'a' }),
      finish(),
      STOP,
    ],
    'upstream_malformed',
    /no open block/,
  ],
  ['a block without a type', [start(), begin(0, {}), finish(), STOP], 'upstream_malformed', /without a type/],
  [
    'an error first',
    [sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })],
    'overloaded',
    /^Overloaded$/,
  ],
  [
    'an error inside',
    [
      start(),
      TEXT,
      sse({ type: 'error', error: { type: 'api_error', message: 'Internal server error' } }),
      finish(),
      STOP,
    ],
    'upstream_error',
    /^Internal server error$/,
  ],
]

describe('B8 B11 #61 a broken stream is an error', () => {
  it.each(BROKEN)('%s', (_row, wire, kind, message) => {
    const last = decode(...wire).at(-1)
    expect(last).toMatchObject({ type: 'error', error: { kind, message: expect.stringMatching(message) } })
  })

  it('an exception of Bedrock', () => {
    const exception = 'event: exception/modelStreamErrorException\ndata: {"message":"Oh no"}\n\n'
    expect(decode(start(), begin(0, { type: 'text', text: '' }), exception, STOP).at(-1)).toMatchObject({
      type: 'error',
      error: { kind: 'upstream_error', message: 'Oh no' },
    })
  })

  it('at whatever byte it is cut', () => {
    const bytes = new TextEncoder().encode(WHOLE)
    const lastFrame = new TextEncoder().encode(STOP).length
    for (let length = 0; length <= bytes.length - lastFrame; length++) {
      const events = decodeAll(new MessageStreamDecoder({}), bytes.subarray(0, length))
      checkGrammar(events)
      expect(events.at(-1)?.type).toBe('error')
    }
  })
})

describe('any answer', () => {
  it('B7 gives the same events however its bytes are sliced', () => {
    fc.assert(
      fc.property(answer, slices, fc.constantFrom('\n', '\r\n', '\r'), (events, places, newline) => {
        const wire = encodeAll(new MessageStreamEncoder(CONTEXT), events)
        const whole = decodeAll(new MessageStreamDecoder({}), wire)
        checkGrammar(whole)
        expect(decodeAll(new MessageStreamDecoder({}), wire.replaceAll('\n', newline), places)).toEqual(whole)
      }),
      { numRuns: 300 },
    )
  })

  it('survives encoding and decoding', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const once = decodeAll(
          new MessageStreamDecoder({}),
          encodeAll(new MessageStreamEncoder(CONTEXT), events),
        )
        const twice = decodeAll(
          new MessageStreamDecoder({}),
          encodeAll(new MessageStreamEncoder(CONTEXT), once),
        )
        expect(meaning(twice)).toEqual(meaning(once))
      }),
      { numRuns: 300 },
    )
  })

  it('never throws, and obeys the grammar, whatever the events hold', () => {
    const type = fc.constantFrom(
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
      'error',
      'ping',
      'x',
    )
    const piece = fc.record(
      {
        type: fc.constantFrom('text', 'thinking', 'tool_use', 'text_delta', 'input_json_delta', 'x'),
        text: fc.jsonValue(),
        id: fc.jsonValue(),
        name: fc.string(),
        input: fc.jsonValue(),
        partial_json: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const event = fc.record(
      {
        type,
        index: fc.oneof(fc.nat({ max: 3 }), fc.jsonValue()),
        content_block: fc.oneof(piece, fc.jsonValue()),
        delta: fc.oneof(piece, fc.jsonValue()),
        usage: fc.jsonValue(),
        message: fc.jsonValue(),
        error: fc.jsonValue(),
      },
      { requiredKeys: ['type'] },
    )
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            event.map(sse),
            fc.string().map((data) => `data: ${data}\n\n`),
          ),
        ),
        fc.boolean(),
        (wire, started) => {
          checkGrammar(decodeAll(new MessageStreamDecoder({}), (started ? start() : '') + wire.join('')))
        },
      ),
      { numRuns: 1000 },
    )
  })
})

/** The events without what the wire marks as ours, and without empty pieces. */
function meaning(events: readonly Event[]): unknown[] {
  return events.flatMap((event): unknown[] => {
    if (event.type === 'block-start' && event.block.type === 'redacted-thinking') return ['redacted']
    if (event.type === 'delta' && event.delta.type === 'signature') return ['signature']
    if (event.type === 'delta' && event.delta.type === 'arguments' && event.delta.json === '') return []
    if (event.type === 'start') return [{ ...event, model: undefined }]
    return [event]
  })
}
