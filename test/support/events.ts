import fc from 'fast-check'
import type { BlockStart, Delta, Event } from '../../src/message/event.ts'
import { GatewayError } from '../../src/message/error.ts'
import type { Usage } from '../../src/message/usage.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', ' ', '\n', '"\\', '\ud800', 'data: x\n\n'),
)

/** Sequences of events that obey the hub's grammar: what any decoder may give to any encoder. */
export const answer: fc.Arbitrary<Event[]> = fc
  .record({
    blocks: fc.array(block(), { maxLength: 6 }),
    start: start(),
    end: end(),
    between: fc.array(between(), { maxLength: 3 }),
  })
  .map(({ blocks, start: first, end: last, between: extra }) => [
    first,
    ...blocks.flatMap(({ start: begun, deltas }, index): Event[] => [
      { type: 'block-start', index, block: begun },
      ...deltas.map((delta): Event => ({ type: 'delta', index, delta })),
      ...extra.slice(0, index % 2),
      { type: 'block-end', index },
    ]),
    ...extra,
    last,
  ])

/** The same, broken off somewhere by a failure. */
export const brokenAnswer: fc.Arbitrary<Event[]> = fc
  .tuple(answer, fc.nat())
  .map(([events, at]) => [
    ...events.slice(0, at % events.length),
    { type: 'error', error: new GatewayError('upstream_truncated', 'cut') },
  ])

interface BlockPlan {
  start: BlockStart
  deltas: Delta[]
}

function block(): fc.Arbitrary<BlockPlan> {
  const textDelta = text.map((piece): Delta => ({ type: 'text', text: piece }))
  const citation = fc.constant<Delta>({
    type: 'citation',
    citation: {
      type: 'web_search_result_location',
      url: 'https://example.com/',
      title: null,
      cited_text: 'x',
      encrypted_index: '',
    },
  })
  const thinking = text.map((piece): Delta => ({ type: 'thinking', text: piece }))
  const args = text.map((json): Delta => ({ type: 'arguments', json }))
  const signature = fc.option(fc.string({ minLength: 1 }), { nil: undefined })
  return fc.oneof(
    fc
      .array(fc.oneof({ weight: 5, arbitrary: textDelta }, { weight: 1, arbitrary: citation }))
      .map((deltas): BlockPlan => ({ start: { type: 'text' }, deltas })),
    fc.tuple(fc.array(thinking), signature).map(([deltas, proof]): BlockPlan => ({
      start: { type: 'thinking' },
      deltas: proof === undefined ? deltas : [...deltas, { type: 'signature', signature: proof }],
    })),
    fc
      .record({ id: callId(), name: fc.string({ minLength: 1 }), deltas: fc.array(args) })
      .map(({ id, name, deltas }): BlockPlan => ({ start: { type: 'tool-call', id, name }, deltas })),
    fc
      .string({ minLength: 1 })
      .map((data): BlockPlan => ({ start: { type: 'redacted-thinking', data }, deltas: [] })),
    fc.constant<BlockPlan>({
      start: {
        type: 'opaque',
        protocol: 'anthropic',
        kind: 'server_tool_use',
        raw: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } },
      },
      deltas: [],
    }),
    fc.constant<BlockPlan>({
      start: { type: 'opaque', protocol: 'gemini', kind: 'executableCode', raw: { code: 'x' } },
      deltas: [],
    }),
  )
}

function callId(): fc.Arbitrary<string> {
  return fc.oneof(fc.constantFrom('', 'call_1', 'functions.Bash:0', 'ü'), fc.string())
}

function usage(): fc.Arbitrary<Partial<Usage>> {
  const count = fc.nat({ max: 1_000_000 })
  return fc.record(
    {
      inputTokens: count,
      cacheReadTokens: count,
      cacheWrite5mTokens: count,
      cacheWrite1hTokens: count,
      outputTokens: count,
    },
    { requiredKeys: [] },
  )
}

function start(): fc.Arbitrary<Event> {
  return fc
    .record({ id: fc.string({ minLength: 1 }), model: fc.string(), usage: usage() }, { requiredKeys: [] })
    .map((fields): Event => ({ type: 'start', ...fields }))
}

function between(): fc.Arbitrary<Event> {
  return fc.oneof(
    fc.constant<Event>({ type: 'ping' }),
    usage().map((value): Event => ({ type: 'usage', usage: value })),
  )
}

function end(): fc.Arbitrary<Event> {
  const unified = fc.constantFrom(
    'end',
    'max-tokens',
    'stop-sequence',
    'tool-calls',
    'refusal',
    'pause',
    'context-window',
    'other',
  )
  return unified.map((word): Event => ({ type: 'finish', reason: { unified: word, raw: null } }))
}
