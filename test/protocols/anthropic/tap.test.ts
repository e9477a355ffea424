import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import { MessageStreamEncoder } from '../../../src/protocols/anthropic/stream-encode.ts'
import { MessageStreamTap } from '../../../src/protocols/anthropic/tap.ts'
import { MAX_FRAME_BYTES } from '../../../src/wire/sse.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT, encodeAll, framesOf, slice, slices, sse } from '../../support/sse.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function tap(wire: string | Uint8Array, places: readonly number[] = []): MessageStreamTap {
  const reader = new MessageStreamTap()
  for (const part of slice(typeof wire === 'string' ? bytes(wire) : wire, places)) reader.push(part)
  return reader
}

function ended(wire: string | Uint8Array, places: readonly number[] = []): MessageStreamTap {
  const reader = tap(wire, places)
  reader.end()
  return reader
}

/** What a tap has learned, without its methods. */
function learned({ usage, finish, responseId, model, semantic, complete, error }: MessageStreamTap) {
  return { usage, finish, responseId, model, semantic, complete, error: error?.kind }
}

const START = sse({
  type: 'message_start',
  message: {
    id: 'msg_1',
    model: 'claude-x',
    usage: { input_tokens: 9, cache_read_input_tokens: 4, output_tokens: 1 },
  },
})
const BLOCK =
  sse({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
  sse({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'héllo 🚀' } }) +
  sse({ type: 'content_block_stop', index: 0 })
const DELTA = sse({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } })
const STOP = sse({ type: 'message_stop' })
const PING = sse({ type: 'ping' })
const OVERLOADED = sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
const WHOLE = START + PING + BLOCK + DELTA + STOP

const NOTHING = {
  usage: {},
  finish: undefined,
  responseId: undefined,
  model: undefined,
  semantic: false,
  complete: false,
  error: undefined,
}
const BEGUN = {
  ...NOTHING,
  responseId: 'msg_1',
  model: 'claude-x',
  usage: { inputTokens: 9, cacheReadTokens: 4, outputTokens: 1 },
}
const ALL = {
  ...BEGUN,
  semantic: true,
  complete: true,
  finish: { unified: 'end', raw: 'end_turn' },
  usage: { inputTokens: 9, cacheReadTokens: 4, outputTokens: 20 },
}

describe('what a tap has learned after', () => {
  it.each<[string, string, object]>([
    ['nothing', '', NOTHING],
    ['B8 the start: nothing semantic yet', START + PING, BEGUN],
    ['the first block', START + BLOCK, { ...BEGUN, semantic: true }],
    ['everything', WHOLE, ALL],
    ['B13 unknown events', sse({ type: 'vertex_event' }) + ': comment\n\n' + WHOLE, ALL],
    ['A13 usage in every order and twice', START + BLOCK + DELTA + DELTA + STOP, ALL],
    [
      'A12 usage that cannot be',
      START +
        BLOCK +
        DELTA +
        sse({ type: 'message_delta', delta: {}, usage: { output_tokens: -5, input_tokens: '7' } }) +
        STOP,
      ALL,
    ],
    ['B8 something after the end', WHOLE + OVERLOADED + START, ALL],
    ['events without names', WHOLE.replaceAll(/event: .*\n/g, ''), ALL],
    ['an error first', OVERLOADED, { ...NOTHING, error: 'overloaded' }],
    ['B11 an error late', START + BLOCK + OVERLOADED, { ...BEGUN, semantic: true, error: 'overloaded' }],
    [
      'B11 an exception of Bedrock',
      START + 'event: exception/throttlingException\ndata: {"message":"slow down"}\n\n',
      { ...BEGUN, error: 'rate_limited' },
    ],
    [
      'an error that is no JSON',
      START + 'event: error\ndata: oh no\n\n',
      { ...BEGUN, error: 'upstream_malformed' },
    ],
    ['#61 a page of HTML', '<html><title>502</title></html>', { ...NOTHING, error: 'upstream_malformed' }],
    ['#61 a JSON answer', '\n {"id":"msg_1"}', { ...NOTHING, error: 'upstream_malformed' }],
    [
      '#61 a JSON error',
      '{"type":"error","error":{"type":"rate_limit_error","message":"x"}}',
      { ...NOTHING, error: 'rate_limited' },
    ],
  ])('%s', (_what, wire, expected) => {
    expect(learned(tap(wire))).toEqual(expected)
  })

  it.each<[string, string, string | undefined]>([
    ['whole', WHOLE, undefined],
    ['whole but for the last blank line', WHOLE.slice(0, -1), undefined],
    ['empty', '', 'upstream_truncated'],
    ['no message_stop', START + BLOCK + DELTA, 'upstream_truncated'],
    ['no stream at all', 'hello', 'upstream_truncated'],
    ['failed already', START + OVERLOADED, 'overloaded'],
  ])('B8 B11 the end of a stream that is %s', (_what, wire, kind) => {
    expect(ended(wire).error?.kind).toBe(kind)
  })

  it('D4 an event longer than any', () => {
    const reader = tap('data: ')
    const piece = new Uint8Array(MAX_FRAME_BYTES / 4).fill(0x61)
    for (let at = 0; at < 6; at++) reader.push(piece)
    expect(reader.error?.kind).toBe('upstream_malformed')
  })
})

describe('failure', () => {
  const CUT = 'event: content_block_delta\ndata: {"type":"content_block_delta","ind'

  it.each<[string, string, number]>([
    ['at the beginning', '', 1],
    ['between events', START, 2],
    ['between events, CRLF', START.replaceAll('\n', '\r\n'), 2],
    ['inside a line', START + CUT, 2],
    ['between two lines', START + CUT.split('\n')[0] + '\n', 2],
  ])('#60 B11 %s is read as an error', (_what, wire, frames) => {
    const text = tap(wire).failure(new GatewayError('upstream_idle', 'silent'), 'req_1')
    const seen = framesOf(wire + text)
    expect(seen).toHaveLength(frames)
    expect(seen.at(-1)!.event).toBe('error')
    expect(seen.at(-1)!.data.split('\n').at(-1)).toBe(
      '{"type":"error","error":{"type":"timeout_error","message":"silent"},"request_id":"req_1"}',
    )
  })

  it('wherever the stream is cut', () => {
    const all = bytes(WHOLE)
    for (let length = 0; length < all.length; length++) {
      const cut = all.subarray(0, length)
      const text = bytes(tap(cut).failure(new GatewayError('upstream_truncated', 'cut'), 'req_1'))
      expect(framesOf(new Uint8Array([...cut, ...text])).at(-1)?.event).toBe('error')
    }
  })
})

describe('any answer', () => {
  it('B7 learns the same however the bytes are sliced', () => {
    fc.assert(
      fc.property(
        answer,
        slices,
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        (events, places, newline, bom) => {
          const wire =
            (bom ? '\ufeff' : '') +
            encodeAll(new MessageStreamEncoder(CONTEXT), events).replaceAll('\n', newline)
          const whole = ended(wire)
          expect(whole).toMatchObject({ complete: true, error: undefined })
          expect(learned(ended(wire, places))).toEqual(learned(whole))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('B7 byte by byte', () => {
    const places = Array.from(bytes(WHOLE), (_, at) => at)
    expect(learned(ended(WHOLE, places))).toEqual(ALL)
  })

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (parts) => {
        const reader = new MessageStreamTap()
        for (const part of parts) reader.push(part)
        reader.end()
        expect(reader.complete || reader.error !== undefined).toBe(true)
      }),
    )
  })
})
