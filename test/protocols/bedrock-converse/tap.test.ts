import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { ConverseStreamDecoder } from '../../../src/protocols/bedrock-converse/stream-decode.ts'
import { ConverseStreamEncoder } from '../../../src/protocols/bedrock-converse/stream-encode.ts'
import { ConverseStreamTap } from '../../../src/protocols/bedrock-converse/tap.ts'
import { sseText } from '../../../src/wire/framing.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT, decodeAll, encodeAll, framesOf, slice, slices } from '../../support/sse.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function tap(wire: string, places: readonly number[] = []): ConverseStreamTap {
  const reader = new ConverseStreamTap()
  for (const part of slice(bytes(wire), places)) reader.push(part)
  return reader
}

function ended(wire: string, places: readonly number[] = []): ConverseStreamTap {
  const reader = tap(wire, places)
  reader.end()
  return reader
}

/** What a tap has learned, without its methods. */
function learned({ usage, finish, semantic, complete, error }: ConverseStreamTap) {
  return { usage, finish, semantic, complete, error: error?.kind }
}

const frame = (event: string, data: object) => sseText(event, JSON.stringify(data))
const START = frame('messageStart', { role: 'assistant' })
const TEXT = frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'a' } })
const CALL = frame('contentBlockStart', {
  contentBlockIndex: 1,
  start: { toolUse: { toolUseId: 't', name: 'n' } },
})
const STOP = frame('messageStop', { stopReason: 'end_turn' })
const METADATA = frame('metadata', { usage: { inputTokens: 9, outputTokens: 5 } })
const EXCEPTION = frame('exception/throttlingException', { message: 'slow down' })

const NOTHING = { usage: {}, finish: undefined, semantic: false, complete: false, error: undefined }
const BEGUN = { ...NOTHING, semantic: true }
const STOPPED = { ...BEGUN, finish: { unified: 'end', raw: 'end_turn' } }
const USAGE = {
  inputTokens: 9,
  outputTokens: 5,
  cacheReadTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
}
const ALL = { ...STOPPED, complete: true, usage: USAGE }

describe('what a tap has learned after', () => {
  it.each<[string, string, object]>([
    ['nothing', '', NOTHING],
    ['B8 the start: nothing semantic yet', START, NOTHING],
    ['the first words', START + TEXT, BEGUN],
    ['#43 the end, which is not the whole: usage comes behind it', START + TEXT + STOP, STOPPED],
    ['everything', START + TEXT + STOP + METADATA, ALL],
    [
      '#54 a call',
      START + CALL + STOP + METADATA,
      { ...ALL, finish: { unified: 'tool-calls', raw: 'end_turn' } },
    ],
    ['what comes behind the end', START + TEXT + STOP + METADATA + EXCEPTION, ALL],
    ['B11 an exception first', EXCEPTION, { ...NOTHING, error: 'rate_limited' }],
    ['B11 an exception late', START + TEXT + EXCEPTION, { ...BEGUN, error: 'rate_limited' }],
    [
      'malformed_tool_use',
      START + TEXT + frame('messageStop', { stopReason: 'malformed_tool_use' }),
      { ...BEGUN, error: 'upstream_malformed' },
    ],
    [
      'an end that is no JSON',
      START + 'event: messageStop\ndata: oh no\n\n',
      { ...NOTHING, error: 'upstream_malformed' },
    ],
    ['events that nobody knows', START + frame('odd', {}) + TEXT + STOP + METADATA, ALL],
  ])('%s', (_name, wire, expected) => {
    expect(learned(tap(wire))).toEqual(expected)
  })

  it('B7 an end without its own is a truncated answer; without usage it is whole', () => {
    expect(learned(ended(START + TEXT))).toEqual({ ...BEGUN, error: 'upstream_truncated' })
    expect(learned(ended(START + TEXT + STOP))).toEqual({ ...STOPPED, complete: true })
  })
})

describe('failure', () => {
  it.each(['', START, START + TEXT.slice(0, 30)])('#60 B11 after %j is the last event', (wire) => {
    const text = tap(wire).failure(new GatewayError('upstream_idle', 'silent'))
    expect(framesOf(wire + text).at(-1)).toEqual({
      event: 'exception/modelStreamErrorException',
      data: '{"message":"silent"}',
    })
  })
})

describe('any answer', () => {
  it('#62 teaches the same as its decoder, however the bytes are sliced', () => {
    fc.assert(
      fc.property(answer, slices, (events, places) => {
        const wire = encodeAll(new ConverseStreamEncoder(CONTEXT), events)
        const decoded = decodeAll(new ConverseStreamDecoder({}), wire)
        const finish = decoded.find(
          (event): event is Extract<Event, { type: 'finish' }> => event.type === 'finish',
        )
        const usage = decoded.find(
          (event): event is Extract<Event, { type: 'usage' }> => event.type === 'usage',
        )
        expect(learned(ended(wire, places))).toEqual({
          usage: usage!.usage,
          finish: finish!.reason,
          semantic: true,
          complete: true,
          error: undefined,
        })
      }),
      { numRuns: 500 },
    )
  })
})
