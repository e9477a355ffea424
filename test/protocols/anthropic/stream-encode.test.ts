import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event, FinishReason } from '../../../src/message/event.ts'
import { MessageStreamEncoder } from '../../../src/protocols/anthropic/stream-encode.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import { CONTEXT, dataOf, encodeAll } from '../../support/sse.ts'
import type { Json } from '../../support/provider/json.ts'

function encode(events: readonly Event[]): Json[] {
  return dataOf(encodeAll(new MessageStreamEncoder(CONTEXT), events))
}

const START: Event = { type: 'start' }
const FINISH = finish('end')

function finish(
  unified: FinishReason['unified'],
  raw: string | null = null,
): Extract<Event, { type: 'finish' }> {
  return { type: 'finish', reason: { unified, raw } }
}

function block(
  index: number,
  start: Extract<Event, { type: 'block-start' }>['block'],
  ...deltas: Extract<Event, { type: 'delta' }>['delta'][]
): Event[] {
  return [
    { type: 'block-start', index, block: start },
    ...deltas.map((delta): Event => ({ type: 'delta', index, delta })),
    { type: 'block-end', index },
  ]
}

function text(index: number, ...pieces: string[]): Event[] {
  return block(index, { type: 'text' }, ...pieces.map((piece) => ({ type: 'text' as const, text: piece })))
}

function call(index: number, id: string, ...pieces: string[]): Event[] {
  return block(
    index,
    { type: 'tool-call', id, name: 'Bash' },
    ...pieces.map((json) => ({ type: 'arguments' as const, json })),
  )
}

/** `start:0:text`, `delta:0:text_delta`, `stop:0` and the names of the other events. */
function outline(events: readonly Event[]): string[] {
  return encode(events).map(({ type, index, content_block, delta }) => {
    if (type === 'content_block_start') return `start:${index}:${content_block.type}`
    if (type === 'content_block_delta') return `delta:${index}:${delta.type}`
    return type === 'content_block_stop' ? `stop:${index}` : type
  })
}

const MESSAGE = (blocks: string[]) => ['message_start', ...blocks, 'message_delta', 'message_stop']

const SEQUENCES: [row: string, events: Event[], wire: string[]][] = [
  ['#47 an empty answer', [START, FINISH], MESSAGE([])],
  [
    '#47 text',
    [START, ...text(0, 'a', 'b'), FINISH],
    MESSAGE(['start:0:text', 'delta:0:text_delta', 'delta:0:text_delta', 'stop:0']),
  ],
  [
    '#48 no empty block',
    [START, ...text(0), ...text(1, ''), ...text(2, 'a'), FINISH],
    MESSAGE(['start:0:text', 'delta:0:text_delta', 'stop:0']),
  ],
  [
    '#49 B1 thinking, then text, each delta in its own block',
    [START, ...block(0, { type: 'thinking' }, { type: 'thinking', text: 'a' }), ...text(1, 'b'), FINISH],
    MESSAGE([
      'start:0:thinking',
      'delta:0:thinking_delta',
      'delta:0:signature_delta',
      'stop:0',
      'start:1:text',
      'delta:1:text_delta',
      'stop:1',
    ]),
  ],
  [
    '#50 a call without arguments',
    [START, ...call(0, 'c'), FINISH],
    MESSAGE(['start:0:tool_use', 'delta:0:input_json_delta', 'stop:0']),
  ],
  [
    '#51 B5 two calls, one after the other',
    [START, ...call(0, 'c', '{', '}'), ...call(1, 'd', '{}'), FINISH],
    MESSAGE([
      'start:0:tool_use',
      'delta:0:input_json_delta',
      'delta:0:input_json_delta',
      'delta:0:input_json_delta',
      'stop:0',
      'start:1:tool_use',
      'delta:1:input_json_delta',
      'delta:1:input_json_delta',
      'stop:1',
    ]),
  ],
  [
    '#53 thinking that is not shown still has its signature',
    [START, ...block(0, { type: 'thinking' }, { type: 'signature', signature: 'x' }), FINISH],
    MESSAGE(['start:0:thinking', 'delta:0:signature_delta', 'stop:0']),
  ],
  [
    '#53 thinking without anything is no block',
    [START, ...block(0, { type: 'thinking' }), FINISH],
    MESSAGE([]),
  ],
  [
    'redacted thinking',
    [START, ...block(0, { type: 'redacted-thinking', data: 'x' }), FINISH],
    MESSAGE(['start:0:redacted_thinking', 'stop:0']),
  ],
  [
    '#17 a server tool’s call gives its input in a delta',
    [
      START,
      ...block(0, {
        type: 'opaque',
        protocol: 'anthropic',
        kind: 'server_tool_use',
        raw: { type: 'server_tool_use', input: { query: 'x' } },
      }),
      FINISH,
    ],
    MESSAGE(['start:0:server_tool_use', 'delta:0:input_json_delta', 'stop:0']),
  ],
  [
    'a block of another protocol is left out',
    [START, ...block(0, { type: 'opaque', protocol: 'gemini', kind: 'x', raw: {} }), ...text(1, 'a'), FINISH],
    MESSAGE(['start:0:text', 'delta:0:text_delta', 'stop:0']),
  ],
  [
    '#66 citations in their text, also those that come before its first word',
    [
      START,
      ...block(
        0,
        { type: 'text' },
        { type: 'citation', citation: {} },
        { type: 'text', text: 'a' },
        { type: 'citation', citation: {} },
      ),
      FINISH,
    ],
    MESSAGE([
      'start:0:text',
      'delta:0:text_delta',
      'delta:0:citations_delta',
      'delta:0:citations_delta',
      'stop:0',
    ]),
  ],
  [
    '#59 a ping',
    [START, { type: 'ping' }, FINISH],
    ['message_start', 'ping', 'message_delta', 'message_stop'],
  ],
  ['#60 an error first', [{ type: 'error', error: new GatewayError('overloaded', 'x') }], ['error']],
  [
    '#60 an error inside a block, and nothing after it',
    [
      START,
      ...text(0, 'a').slice(0, 2),
      { type: 'error', error: new GatewayError('overloaded', 'x') },
      ...text(1, 'b'),
      FINISH,
    ],
    ['message_start', 'start:0:text', 'delta:0:text_delta', 'error'],
  ],
]

describe('the sequence of events', () => {
  it.each(SEQUENCES)('%s', (_row, events, wire) => {
    expect(outline(events)).toEqual(wire)
  })

  it('names each event twice, as Claude does', () => {
    const wire = encodeAll(new MessageStreamEncoder(CONTEXT), [START, ...text(0, 'a'), FINISH])
    for (const frame of wire.split('\n\n').filter((each) => each !== '')) {
      const [name, data] = frame.split('\n')
      expect(name).toBe(`event: ${JSON.parse(data!.slice('data: '.length)).type}`)
    }
  })
})

describe('message_start', () => {
  it('#47 #56 #65 is empty, has an estimate, and names the model that was asked for', () => {
    expect(encode([{ type: 'start', id: 'chatcmpl-1', model: 'gpt-5-2026' }])[0].message).toEqual({
      id: 'chatcmpl-1',
      type: 'message',
      role: 'assistant',
      model: 'openai/gpt-5',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: usage({ input_tokens: 100 }),
    })
  })

  it('has the gateway’s id where the upstream gives none, and the truth where it is known', () => {
    const [{ message }] = encode([{ type: 'start', usage: { inputTokens: 7, cacheReadTokens: 5 } }])
    expect(message).toMatchObject({ id: 'msg_0001', usage: { input_tokens: 7, cache_read_input_tokens: 5 } })
  })

  it('#67 passes what only Claude tells', () => {
    const [{ message }] = encode([
      {
        type: 'start',
        extra: { container: { id: 'c' }, input_transformations: [], system_fingerprint: 'x' },
      },
    ])
    expect(message).toMatchObject({ container: { id: 'c' }, input_transformations: [] })
    expect(message).not.toHaveProperty('system_fingerprint')
  })
})

describe('blocks', () => {
  it('#50 E12 passes arguments byte for byte, also broken ones', () => {
    const pieces = ['{"command":"echo \\"a\\\\b\\" && ', 'ls -la \u{1f600}', '"', '} trailing {']
    const deltas = encode([START, ...call(0, 'c', ...pieces), FINISH]).filter(
      ({ type }) => type === 'content_block_delta',
    )
    expect(deltas.map(({ delta }) => delta.partial_json)).toEqual(['', ...pieces])
  })

  it('D9 #53 gives thinking one signature, ours around the upstream’s', () => {
    const signature = (...deltas: Extract<Event, { type: 'delta' }>['delta'][]) =>
      encode([
        START,
        ...block(0, { type: 'thinking' }, { type: 'thinking', text: 'a' }, ...deltas),
        FINISH,
      ]).filter(({ delta }) => delta?.type === 'signature_delta')
    expect(signature().map(({ delta }) => delta.signature)).toEqual(['signalbox.'])
    expect(
      signature({ type: 'signature', signature: 'ab' }, { type: 'signature', signature: 'c' }).map(
        ({ delta }) => delta.signature,
      ),
    ).toEqual(['signalbox.abc'])
  })

  it.each([
    ['call_1', 'call_1'],
    ['', 'toolu_msg_0001_0'],
  ])('#52 the id %j becomes %s', (id, sent) => {
    expect(encode([START, ...call(0, id), FINISH])[1].content_block.id).toBe(sent)
  })

  it('#52 ids are usable, apart from each other, and the same in each replay', () => {
    const ids = () => {
      const events = ['a', 'a', '', '', 'functions.Bash:0', 'ü'].flatMap((id, index) => call(index, id))
      return encode([START, ...events, FINISH]).flatMap(({ content_block: started }) => started?.id ?? [])
    }
    expect(new Set(ids()).size).toBe(6)
    for (const id of ids()) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(ids()).toEqual(ids())
  })
})

describe('message_delta', () => {
  const last = (events: Event[]) => encode(events).at(-2)

  it.each<[row: string, Event[], FinishReason['unified'], string]>([
    ['#54', text(0, 'a'), 'end', 'end_turn'],
    ['#54', text(0, 'a'), 'max-tokens', 'max_tokens'],
    ['#54', text(0, 'a'), 'stop-sequence', 'stop_sequence'],
    ['#54', text(0, 'a'), 'refusal', 'refusal'],
    ['#54', text(0, 'a'), 'pause', 'pause_turn'],
    ['#54', text(0, 'a'), 'context-window', 'model_context_window_exceeded'],
    ['#54', text(0, 'a'), 'other', 'end_turn'],
    ['#54 a call', call(0, 'c', '{}'), 'tool-calls', 'tool_use'],
    ['#54 a call, although the upstream says stop', call(0, 'c', '{}'), 'end', 'tool_use'],
    ['#54 no call, although the upstream says so', text(0, 'a'), 'tool-calls', 'end_turn'],
    ['#55 a call that was cut off', call(0, 'c', '{"a":'), 'max-tokens', 'max_tokens'],
    ['#68 a refusal without words', [], 'refusal', 'refusal'],
  ])('%s %#: %j', (_row, said, unified, stop) => {
    expect(last([START, ...said, finish(unified)])).toMatchObject({
      delta: { stop_reason: stop, stop_sequence: null },
    })
  })

  it('#54 passes a word that only Claude knows', () => {
    expect(last([START, finish('other', 'compaction')])).toMatchObject({
      delta: { stop_reason: 'compaction' },
    })
  })

  it('#23 tells the stop sequence', () => {
    expect(last([START, { ...finish('stop-sequence'), stopSequence: 'END' }])).toMatchObject({
      delta: { stop_sequence: 'END' },
    })
  })

  it('#56 #57 #58 B14 has the whole usage, each token once, the last word on each kind', () => {
    const events: Event[] = [
      { type: 'start', usage: { inputTokens: 1 } },
      { type: 'usage', usage: { inputTokens: 40, outputTokens: 3 } },
      {
        type: 'usage',
        usage: {
          inputTokens: 50,
          cacheReadTokens: 30,
          cacheWrite5mTokens: 5,
          cacheWrite1hTokens: 7,
          outputTokens: 20,
          reasoningTokens: 8,
          webSearches: 2,
        },
        extra: { service_tier: 'standard', system_fingerprint: 'x' },
      },
      FINISH,
    ]
    expect(last(events).usage).toEqual({
      input_tokens: 50,
      cache_creation_input_tokens: 12,
      cache_read_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 7 },
      output_tokens: 20,
      output_tokens_details: { thinking_tokens: 8 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
      service_tier: 'standard',
    })
  })

  it('#56 keeps the estimate where the upstream tells nothing', () => {
    expect(last([START, FINISH]).usage).toEqual(usage({ input_tokens: 100 }))
  })

  it('#67 passes what only Claude tells, where it belongs', () => {
    const extra = {
      safeguard_results: [{ type: 'dangerous_tool_use' }],
      stop_details: null,
      container: { id: 'c' },
      context_management: { applied_edits: [] },
      logprobs: 1,
    }
    expect(last([START, { ...FINISH, extra }])).toEqual({
      type: 'message_delta',
      delta: {
        stop_reason: 'end_turn',
        stop_sequence: null,
        safeguard_results: [{ type: 'dangerous_tool_use' }],
        stop_details: null,
        container: { id: 'c' },
      },
      usage: usage({ input_tokens: 100 }),
      context_management: { applied_edits: [] },
    })
  })
})

function usage(counts: Record<string, number>) {
  return {
    input_tokens: 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: 0,
    ...counts,
  }
}

describe('#60 errors', () => {
  it.each<[ConstructorParameters<typeof GatewayError>[0], string]>([
    ['rate_limited', 'rate_limit_error'],
    ['overloaded', 'overloaded_error'],
    ['upstream_error', 'api_error'],
    ['upstream_truncated', 'api_error'],
    ['upstream_timeout', 'timeout_error'],
    ['request_too_large', 'request_too_large'],
    ['invalid_request', 'invalid_request_error'],
  ])('%s is %s', (kind, type) => {
    expect(encode([START, { type: 'error', error: new GatewayError(kind, 'words') }]).at(-1)).toEqual({
      type: 'error',
      error: { type, message: 'words' },
      request_id: 'msg_0001',
    })
  })
})

/** Anthropic's own grammar of a stream. */
function checkWire(events: Json[]): void {
  const kinds = events.filter(({ type }) => type !== 'ping').map(({ type }) => type)
  const failed = kinds.at(-1) === 'error'
  const wire = kinds.join(' ')
  const one = '( content_block_start( content_block_delta)* content_block_stop)*'
  const whole = new RegExp(`^message_start${one} message_delta message_stop$`)
  const broken = new RegExp(`^(message_start${one}( content_block_start( content_block_delta)*)? )?error$`)
  expect(wire).toMatch(failed ? broken : whole)
  let open = -1
  for (const { type, index, content_block: started, delta } of events) {
    if (type === 'content_block_start') {
      expect(index).toBe(open + 1)
      open = index
      if (started.type === 'tool_use')
        expect(started).toMatchObject({ input: {}, id: expect.stringMatching(/^[a-zA-Z0-9_-]+$/) })
    }
    if (type === 'content_block_delta' || type === 'content_block_stop') expect(index).toBe(open)
    if (delta?.type === 'text_delta') expect(delta.text).not.toBe('')
  }
}

describe('any answer', () => {
  it('#47 is a stream as Claude’s', () => {
    fc.assert(
      fc.property(fc.oneof(answer, brokenAnswer), (events) => checkWire(encode(events))),
      { numRuns: 500 },
    )
  })

  it('loses no text, no thinking and no argument', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const said = (type: string, field: string) => (list: Json[]) =>
          list.map(({ delta }) => (delta?.type === type ? delta[field] : '')).join('')
        const wire = encode(events)
        expect(said('text_delta', 'text')(wire)).toBe(said('text', 'text')(events))
        expect(said('thinking_delta', 'thinking')(wire)).toBe(said('thinking', 'text')(events))
        const calls = said(
          'input_json_delta',
          'partial_json',
        )(wire.filter(({ index }) => isCall(wire, index)))
        expect(calls).toBe(
          argumentsOf(events)
            .filter((json) => json.trim() !== '')
            .join(''),
        )
      }),
    )
  })
})

function isCall(wire: Json[], index: number): boolean {
  return wire.some(({ index: at, content_block: started }) => at === index && started?.type === 'tool_use')
}

/** The arguments of each call. */
function argumentsOf(events: readonly Event[]): string[] {
  const texts: string[] = []
  for (const event of events) {
    if (event.type === 'block-start' && event.block.type === 'tool-call') texts.push('')
    if (event.type === 'delta' && event.delta.type === 'arguments') texts.push(texts.pop() + event.delta.json)
  }
  return texts
}
