import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collector, collect } from '../../src/message/collect.ts'
import { GatewayError } from '../../src/message/error.ts'
import type { Event } from '../../src/message/event.ts'
import { answer, brokenAnswer } from '../support/events.ts'
import type { Json } from '../support/provider/json.ts'

const END: Event = { type: 'finish', reason: { unified: 'end', raw: 'end_turn' } }

function collected(events: readonly Event[]) {
  return collect((emit) => events.forEach(emit))
}

const TURN: Event[] = [
  { type: 'start', id: 'msg_1', model: 'm', usage: { inputTokens: 10 }, extra: { container: null } },
  { type: 'block-start', index: 0, block: { type: 'thinking' } },
  { type: 'delta', index: 0, delta: { type: 'thinking', text: 'hm' } },
  { type: 'delta', index: 0, delta: { type: 'thinking', text: 'm' } },
  { type: 'delta', index: 0, delta: { type: 'signature', signature: 'sig' } },
  { type: 'block-end', index: 0 },
  { type: 'block-start', index: 1, block: { type: 'text' } },
  { type: 'delta', index: 1, delta: { type: 'text', text: 'a' } },
  { type: 'usage', usage: { outputTokens: 3 } },
  { type: 'ping' },
  { type: 'delta', index: 1, delta: { type: 'citation', citation: { url: 'x' } } },
  { type: 'delta', index: 1, delta: { type: 'text', text: 'b' } },
  { type: 'block-end', index: 1 },
  { type: 'block-start', index: 2, block: { type: 'tool-call', id: 'c', name: 'Bash' } },
  { type: 'delta', index: 2, delta: { type: 'arguments', json: '{"a":' } },
  { type: 'delta', index: 2, delta: { type: 'arguments', json: '1}' } },
  { type: 'block-end', index: 2 },
  { type: 'block-start', index: 3, block: { type: 'tool-call', id: 'd', name: 'List' } },
  { type: 'block-end', index: 3 },
  { type: 'usage', usage: { outputTokens: 30 }, extra: { service_tier: 'standard' } },
  { type: 'finish', reason: { unified: 'tool-calls', raw: 'tool_use' }, extra: { stop_details: null } },
]

describe('collect', () => {
  it('puts a whole answer together', () => {
    expect(collected(TURN)).toEqual({
      id: 'msg_1',
      model: 'm',
      content: [
        { type: 'thinking', text: 'hmm', signature: 'sig' },
        { type: 'text', text: 'ab', citations: [{ url: 'x' }] },
        { type: 'tool-call', id: 'c', name: 'Bash', arguments: '{"a":1}' },
        { type: 'tool-call', id: 'd', name: 'List', arguments: '{}' },
      ],
      finish: { unified: 'tool-calls', raw: 'tool_use' },
      usage: { inputTokens: 10, outputTokens: 30 },
      extra: { container: null, service_tier: 'standard', stop_details: null },
    })
  })

  it('throws the error of the answer', () => {
    const error = new GatewayError('overloaded', 'Overloaded')
    expect(() => collected([{ type: 'start' }, { type: 'error', error }])).toThrow(error)
  })

  it('B11 takes an answer without an end for a truncated one', () => {
    expect(() => collected(TURN.slice(0, -1))).toThrow(
      expect.objectContaining({ kind: 'upstream_truncated' }),
    )
  })

  it('E4 keeps __proto__ of the upstream a plain key', () => {
    const extra = JSON.parse('{"__proto__":{"polluted":true}}')
    const { extra: kept } = collected([{ type: 'start', extra }, END])
    expect(Object.keys(kept)).toEqual(['__proto__'])
    expect(({} as Json).polluted).toBeUndefined()
  })

  it('has as many blocks as the events, for any answer', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const collector = new Collector()
        for (const event of events) collector.push(event)
        expect(collector.response().content).toHaveLength(
          events.filter(({ type }) => type === 'block-start').length,
        )
      }),
    )
  })

  it('never gives a broken answer', () => {
    fc.assert(
      fc.property(brokenAnswer, (events) => {
        expect(() => collected(events)).toThrow('cut')
      }),
    )
  })
})
