import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { ConverseStreamEncoder } from '../../../src/protocols/bedrock-converse/stream-encode.ts'
import type { EncodeContext } from '../../../src/protocols/translation.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import { CONTEXT } from '../../support/sse.ts'
import type { Json } from '../../support/provider/json.ts'

function encode(events: readonly Event[], context: EncodeContext = CONTEXT): { event: string; data: Json }[] {
  const encoder = new ConverseStreamEncoder(context)
  const frames: { event: string; data: Json }[] = []
  for (const event of events)
    encoder.push(event, (name, data) => frames.push({ event: name, data: JSON.parse(data) }))
  return frames
}

type Block = Extract<Event, { type: 'block-start' }>['block']
type Delta = Extract<Event, { type: 'delta' }>['delta']

const START: Event = { type: 'start' }
const FINISH: Event = { type: 'finish', reason: { unified: 'end', raw: null } }

function block(index: number, start: Block, ...deltas: Delta[]): Event[] {
  return [
    { type: 'block-start', index, block: start },
    ...deltas.map((delta): Event => ({ type: 'delta', index, delta })),
    { type: 'block-end', index },
  ]
}

const text = (index: number, ...pieces: string[]) =>
  block(index, { type: 'text' }, ...pieces.map((piece): Delta => ({ type: 'text', text: piece })))
const call = (index: number, id: string, ...pieces: string[]) =>
  block(
    index,
    { type: 'tool-call', id, name: 'Bash' },
    ...pieces.map((json): Delta => ({ type: 'arguments', json })),
  )

/** `start:0`, `delta:0:text`, `stop:0` and the names of the other events. */
function outline(events: readonly Event[]): string[] {
  return encode(events).map(({ event, data }) => {
    if (event === 'contentBlockStart') return `start:${data.contentBlockIndex}`
    if (event === 'contentBlockDelta') return `delta:${data.contentBlockIndex}:${Object.keys(data.delta)[0]}`
    return event === 'contentBlockStop' ? `stop:${data.contentBlockIndex}` : event
  })
}

const MESSAGE = (...blocks: string[]) => ['messageStart', ...blocks, 'messageStop', 'metadata']

describe('the sequence of events', () => {
  it.each<[string, Event[], string[]]>([
    ['an empty answer', [START, FINISH], MESSAGE()],
    [
      'text has no beginning of its own',
      [START, ...text(0, 'a', 'b'), FINISH],
      MESSAGE('delta:0:text', 'delta:0:text', 'stop:0'),
    ],
    [
      '#48 no empty block',
      [START, ...text(0), ...text(1, ''), ...text(2, 'a'), FINISH],
      MESSAGE('delta:0:text', 'stop:0'),
    ],
    [
      '#50 a call without arguments has empty ones',
      [START, ...call(0, 'c', ' '), FINISH],
      MESSAGE('start:0', 'delta:0:toolUse', 'stop:0'),
    ],
    [
      '#51 two calls',
      [START, ...call(0, 'c', '{', '}'), ...call(1, 'd', '{}'), FINISH],
      MESSAGE(
        'start:0',
        'delta:0:toolUse',
        'delta:0:toolUse',
        'stop:0',
        'start:1',
        'delta:1:toolUse',
        'stop:1',
      ),
    ],
    [
      '#53 thinking, with its signature at the end',
      [START, ...block(0, { type: 'thinking' }, { type: 'thinking', text: 'hm' }), ...text(1, 'a'), FINISH],
      MESSAGE('delta:0:reasoningContent', 'delta:0:reasoningContent', 'stop:0', 'delta:1:text', 'stop:1'),
    ],
    [
      '#53 thinking that is not shown still has its signature',
      [START, ...block(0, { type: 'thinking' }, { type: 'signature', signature: 'x' }), FINISH],
      MESSAGE('delta:0:reasoningContent', 'stop:0'),
    ],
    [
      '#53 thinking without anything is no block',
      [START, ...block(0, { type: 'thinking' }), FINISH],
      MESSAGE(),
    ],
    [
      'a block of another protocol is left out',
      [
        START,
        ...block(0, { type: 'opaque', protocol: 'gemini', kind: 'x', raw: {} }),
        ...text(1, 'a'),
        FINISH,
      ],
      MESSAGE('delta:0:text', 'stop:0'),
    ],
    [
      '#66 a citation, if it has a place',
      [
        START,
        ...block(
          0,
          { type: 'text' },
          { type: 'text', text: 'a' },
          { type: 'citation', citation: { type: 'web_search_result_location', url: 'https://a.b' } },
          { type: 'citation', citation: { type: 'odd' } },
        ),
        FINISH,
      ],
      MESSAGE('delta:0:text', 'delta:0:citation', 'stop:0'),
    ],
    ['#59 a ping is nothing', [START, { type: 'ping' }, FINISH], MESSAGE()],
    [
      '#60 B11 an error first',
      [{ type: 'error', error: new GatewayError('overloaded', 'x') }],
      ['exception/serviceUnavailableException'],
    ],
    [
      '#60 B11 an error inside a block, and nothing after it',
      [
        START,
        ...text(0, 'a').slice(0, 2),
        { type: 'error', error: new GatewayError('rate_limited', 'x') },
        FINISH,
      ],
      ['messageStart', 'delta:0:text', 'exception/throttlingException'],
    ],
  ])('%s', (_name, events, expected) => {
    expect(outline(events)).toEqual(expected)
  })
})

describe('what the events say', () => {
  it('#47 the words, byte for byte', () => {
    expect(encode([START, ...text(0, 'Größe 🚀'), FINISH])).toEqual([
      { event: 'messageStart', data: { role: 'assistant' } },
      { event: 'contentBlockDelta', data: { contentBlockIndex: 0, delta: { text: 'Größe 🚀' } } },
      { event: 'contentBlockStop', data: { contentBlockIndex: 0 } },
      { event: 'messageStop', data: { stopReason: 'end_turn' } },
      {
        event: 'metadata',
        data: {
          usage: {
            inputTokens: 100,
            outputTokens: 0,
            totalTokens: 100,
            cacheReadInputTokens: 0,
            cacheWriteInputTokens: 0,
          },
          metrics: { latencyMs: 0 },
        },
      },
    ])
  })

  it('#52 a call has an id, whatever the upstream gave, and none comes twice', () => {
    const events = [
      START,
      ...call(0, ''),
      ...call(1, 'x'),
      ...call(2, 'x'),
      ...call(3, 'functions.Bash:0'),
      FINISH,
    ]
    const ids = encode(events)
      .filter(({ event }) => event === 'contentBlockStart')
      .map(({ data }) => data.start.toolUse.toolUseId as string)
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(ids[1]).toBe('x')
  })

  it('C1 arguments are the model’s own bytes', () => {
    const frames = encode([START, ...call(0, 'x', '{"path":"C:\\x', '"'), FINISH])
    const json = frames.flatMap(({ data }) => data.delta?.toolUse?.input ?? []).join('')
    expect(json).toBe('{"path":"C:\\x"')
  })

  it('D9 another’s signature has our mark, Claude’s is its own', () => {
    const signed = (signature: string) =>
      encode([START, ...block(0, { type: 'thinking' }, { type: 'signature', signature }), FINISH])[1]!.data
        .delta.reasoningContent.signature
    expect(signed('sbx-gemini-x')).toBe('signalbox.sbx-gemini-x')
    expect(signed('EqQB'.repeat(20))).toBe('EqQB'.repeat(20))
  })

  it.each<[Extract<Event, { type: 'finish' }>['reason']['unified'], boolean, string]>([
    ['end', false, 'end_turn'],
    ['end', true, 'tool_use'],
    ['tool-calls', true, 'tool_use'],
    ['tool-calls', false, 'end_turn'],
    ['max-tokens', true, 'max_tokens'],
    ['stop-sequence', false, 'stop_sequence'],
    ['refusal', false, 'content_filtered'],
    ['context-window', false, 'model_context_window_exceeded'],
    ['pause', false, 'end_turn'],
    ['other', false, 'end_turn'],
  ])('#42 %s, called %s, is %s', (unified, called, expected) => {
    const events: Event[] = [
      START,
      ...(called ? call(0, 'c') : []),
      { type: 'finish', reason: { unified, raw: null } },
    ]
    expect(encode(events).at(-2)!.data.stopReason).toBe(expected)
  })

  it('#23 the sequence at which it stopped, to a client that asked for it', () => {
    const finish: Event = { ...FINISH, stopSequence: 'x' }
    const asked = (...paths: string[]): EncodeContext => ({
      ...CONTEXT,
      memo: { echo: { additionalModelResponseFieldPaths: paths } },
    })
    const fields = (context: EncodeContext) =>
      encode([START, finish], context).at(-2)!.data.additionalModelResponseFields
    expect(fields(CONTEXT)).toBeUndefined()
    expect(fields(asked('/odd'))).toBeUndefined()
    expect(fields(asked('/stop_sequence'))).toEqual({ stop_sequence: 'x' })
    expect(fields(asked('/delta/stop_sequence'))).toEqual({ delta: { stop_sequence: 'x' } })
  })

  it('#43 #57 usage, each token once, the input without the cache', () => {
    const usage = {
      inputTokens: 10,
      cacheReadTokens: 5,
      cacheWrite5mTokens: 3,
      cacheWrite1hTokens: 2,
      outputTokens: 7,
    }
    expect(encode([START, { type: 'usage', usage }, FINISH]).at(-1)!.data.usage).toEqual({
      inputTokens: 10,
      outputTokens: 7,
      totalTokens: 27,
      cacheReadInputTokens: 5,
      cacheWriteInputTokens: 5,
      cacheDetails: [
        { ttl: '1h', inputTokens: 2 },
        { ttl: '5m', inputTokens: 3 },
      ],
    })
  })
})

describe('any answer', () => {
  it('#47 B5 has one beginning, blocks in order, one end', () => {
    fc.assert(
      fc.property(fc.oneof(answer, brokenAnswer), (events) => {
        const frames = encode(events)
        const names = frames.map(({ event }) => event)
        expect(names.filter((name) => name === 'messageStart').length).toBeLessThanOrEqual(1)
        const ends = names.filter((name) => name === 'metadata' || name.startsWith('exception/'))
        expect(ends).toEqual([names.at(-1)])
        let next = 0
        for (const { event, data } of frames) {
          if (data.contentBlockIndex === undefined) continue
          expect(data.contentBlockIndex).toBe(next)
          if (event === 'contentBlockStop') next++
        }
      }),
    )
  })
})
