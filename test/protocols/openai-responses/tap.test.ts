import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { ResponseStreamDecoder } from '../../../src/protocols/openai-responses/stream-decode.ts'
import { ResponseStreamEncoder } from '../../../src/protocols/openai-responses/stream-encode.ts'
import { ResponseStreamTap } from '../../../src/protocols/openai-responses/tap.ts'
import { MAX_FRAME_BYTES } from '../../../src/wire/sse.ts'
import { answer } from '../../support/events.ts'
import { CONTEXT, decodeAll, encodeAll, framesOf, slice, slices, sse } from '../../support/sse.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function tap(wire: string | Uint8Array, places: readonly number[] = []): ResponseStreamTap {
  const reader = new ResponseStreamTap()
  for (const part of slice(typeof wire === 'string' ? bytes(wire) : wire, places)) reader.push(part)
  return reader
}

function ended(wire: string | Uint8Array, places: readonly number[] = []): ResponseStreamTap {
  const reader = tap(wire, places)
  reader.end()
  return reader
}

/** What a tap has learned, without its methods. */
function learned({ usage, finish, responseId, model, semantic, complete, error }: ResponseStreamTap) {
  return { usage, finish, responseId, model, semantic, complete, error: error?.kind }
}

const response = (fields: object) => ({ id: 'resp_1', model: 'gpt-x', output: [], ...fields })
const USAGE = { input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 4 } }
const CREATED = sse({ type: 'response.created', response: response({ status: 'in_progress' }) })
const IN_PROGRESS = sse({ type: 'response.in_progress', response: response({ status: 'in_progress' }) })
const KEEPALIVE = sse({ type: 'keepalive', sequence_number: 1 })
const REASONING = sse({
  type: 'response.output_item.added',
  output_index: 0,
  item: { type: 'reasoning', id: 'rs_1' },
})
const MESSAGE = sse({
  type: 'response.output_item.added',
  output_index: 1,
  item: { type: 'message', id: 'msg_1' },
})
const PART = sse({
  type: 'response.content_part.added',
  item_id: 'msg_1',
  part: { type: 'output_text', text: '' },
})
const SUMMARY = sse({ type: 'response.reasoning_summary_part.added', item_id: 'rs_1' })
const TEXT = sse({ type: 'response.output_text.delta', item_id: 'msg_1', delta: 'héllo 🚀' })
const CALL = sse({
  type: 'response.output_item.added',
  output_index: 2,
  item: { type: 'function_call', id: 'fc_1' },
})
const COMPLETED = sse({
  type: 'response.completed',
  response: response({ status: 'completed', usage: USAGE }),
})
const INCOMPLETE = sse({
  type: 'response.incomplete',
  response: response({
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    usage: USAGE,
  }),
})
const FAILED = sse({
  type: 'response.failed',
  response: response({
    status: 'failed',
    error: { code: 'rate_limit_exceeded', message: 'slow' },
    usage: USAGE,
  }),
})
const ERROR = sse({
  type: 'error',
  error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'no' },
})
const WHOLE = CREATED + IN_PROGRESS + REASONING + MESSAGE + PART + TEXT + TEXT + COMPLETED

const NOTHING = {
  usage: {},
  finish: undefined,
  responseId: undefined,
  model: undefined,
  semantic: false,
  complete: false,
  error: undefined,
}
const BEGUN = { ...NOTHING, responseId: 'resp_1', model: 'gpt-x' }
const COUNTS = {
  inputTokens: 6,
  cacheReadTokens: 4,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  outputTokens: 5,
}
const ALL = {
  ...BEGUN,
  usage: COUNTS,
  finish: { unified: 'end', raw: 'completed' },
  semantic: true,
  complete: true,
}

describe('what a tap has learned after', () => {
  it.each<[string, string, object]>([
    ['nothing', '', NOTHING],
    [
      'B8 the opening: nothing is said yet',
      CREATED + IN_PROGRESS + KEEPALIVE + REASONING + SUMMARY + MESSAGE + PART,
      BEGUN,
    ],
    ['the first words', CREATED + TEXT, { ...BEGUN, semantic: true }],
    ['a call', CREATED + CALL, { ...BEGUN, semantic: true }],
    ['everything', WHOLE, ALL],
    [
      '#54 a call at the end',
      CREATED + CALL + COMPLETED,
      { ...ALL, finish: { unified: 'tool-calls', raw: 'completed' } },
    ],
    [
      '#54 B18 the limit',
      CREATED + TEXT + INCOMPLETE,
      { ...ALL, finish: { unified: 'max-tokens', raw: 'max_output_tokens' } },
    ],
    ['what comes after the end', WHOLE + ERROR + CREATED, ALL],
    ['events without names', WHOLE.replaceAll(/event: .*\n/g, ''), ALL],
    ['#62 comments and the end of another API', `: comment\n\n${WHOLE}data: [DONE]\n\n`, ALL],
    ['#61 B8 an error behind the opening', CREATED + ERROR, { ...BEGUN, error: 'upstream_billing' }],
    ['#61 an error first', ERROR, { ...NOTHING, error: 'upstream_billing' }],
    [
      '#60 a failure, and what it cost',
      CREATED + TEXT + FAILED,
      { ...BEGUN, usage: COUNTS, semantic: true, error: 'rate_limited' },
    ],
    ['an event that is no JSON', `${CREATED}data: oh no\n\n`, { ...BEGUN, error: 'upstream_malformed' }],
    ['#61 a page of HTML', '<html><title>502</title></html>', { ...NOTHING, error: 'upstream_malformed' }],
    ['#61 a JSON answer', '\n {"id":"resp_1"}', { ...NOTHING, error: 'upstream_malformed' }],
    [
      '#61 a JSON error',
      '{"error":{"type":"rate_limit_error","message":"x"}}',
      { ...NOTHING, error: 'rate_limited' },
    ],
  ])('%s', (_what, wire, expected) => {
    expect(learned(tap(wire))).toEqual(expected)
  })

  it.each<[string, string, string | undefined]>([
    ['whole', WHOLE, undefined],
    ['whole but for the last blank line', WHOLE.slice(0, -1), undefined],
    ['empty', '', 'upstream_truncated'],
    ['B7 without response.completed', CREATED + TEXT, 'upstream_truncated'],
    ['B7 cut inside an event', WHOLE.slice(0, -20), 'upstream_malformed'],
    ['B7 cut inside a delta', CREATED + TEXT + TEXT.slice(0, -10), 'upstream_malformed'],
    ['no stream at all', 'hello', 'upstream_truncated'],
    ['failed already', CREATED + FAILED, 'rate_limited'],
  ])('the end of a stream that is %s', (_what, wire, kind) => {
    expect(ended(wire).error?.kind).toBe(kind)
  })

  it('a frame without an end is refused', () => {
    const reader = tap(`data: "${'x'.repeat(MAX_FRAME_BYTES + 1)}`)
    expect(reader.error?.kind).toBe('upstream_malformed')
  })
})

describe('a failure in the middle', () => {
  const error = new GatewayError('upstream_idle', 'silent')

  it.each<[string, string, number]>([
    ['between events', CREATED + TEXT, 2],
    ['before the first', '', 0],
    ['between lines', `${CREATED}event: response.output_text.delta\n`, 1],
    ['inside a line', CREATED + TEXT + TEXT.slice(0, -10), 2],
  ])('%s: the client reads response.failed', (_where, wire, number) => {
    const reader = tap(wire)
    const last = framesOf(wire + reader.failure(error)).at(-1)!
    expect(last.event).toBe('response.failed')
    expect(JSON.parse(last.data)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'server_error', message: 'silent' } },
      sequence_number: number,
    })
  })

  it('what the upstream has told is not told again', () => {
    expect(tap(CREATED + FAILED).failure(error)).toBe('')
  })

  it.each([
    [CREATED, 'between-events'],
    [`${CREATED}event: x\n`, 'between-lines'],
    [`${CREATED}event: x`, 'inside-line'],
  ])('tells where it stands', (wire, position) => {
    expect(tap(wire).position).toBe(position)
  })
})

describe('any stream', () => {
  const wires = fc.constantFrom(
    WHOLE,
    CREATED + FAILED,
    CREATED + CALL + COMPLETED,
    WHOLE.replaceAll('\n', '\r\n'),
    CREATED + TEXT + INCOMPLETE,
  )

  it('B11 #62 teaches the same however its bytes are cut', () => {
    fc.assert(
      fc.property(wires, slices, (wire, places) => {
        expect(learned(ended(wire, places))).toEqual(learned(ended(wire)))
      }),
      { numRuns: 2000 },
    )
  })

  it('teaches what decoding it does', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const wire = encodeAll(new ResponseStreamEncoder(CONTEXT), events)
        const decoded = decodeAll(new ResponseStreamDecoder({}), wire)
        const reader = ended(wire)
        const usage = decoded.find((event): event is Event & { type: 'usage' } => event.type === 'usage')
        expect(reader.usage).toEqual(usage?.usage)
        expect(decoded.at(-1)).toMatchObject({ type: 'finish', reason: reader.finish })
        expect(reader.complete).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
