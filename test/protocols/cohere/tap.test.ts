import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import { cohere } from '../../../src/protocols/cohere/index.ts'
import type { StreamTap } from '../../../src/protocols/stream.ts'
import { decodeAll, slice, slices, sse } from '../../support/sse.ts'
import { call, citation, end, part, plan, start, wire } from './events.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function tap(text: string, places: readonly number[] = []): StreamTap {
  const one = cohere.stream.tap()
  for (const piece of slice(bytes(text), places)) one.push(piece)
  one.end()
  return one
}

const facts = ({ usage, finish, responseId, semantic, complete, error }: StreamTap) => ({
  usage,
  finish,
  responseId,
  semantic,
  complete,
  kind: error?.kind,
})

describe('beside a stream', () => {
  it.each<[string, string, object]>([
    [
      'a whole answer',
      wire(start, part('text', 'a "type":"message-end" in words'), citation, end('COMPLETE')),
      {
        usage: { inputTokens: 7, cacheReadTokens: 4, outputTokens: 7 },
        finish: { unified: 'end', raw: 'COMPLETE' },
        responseId: 'r1',
        semantic: true,
        complete: true,
        kind: undefined,
      },
    ],
    [
      'a call, whatever the word for the end',
      wire(start, call(0, 'c1', '{}'), end('COMPLETE')),
      { finish: { unified: 'tool-calls', raw: 'COMPLETE' }, complete: true },
    ],
    ['an end without a word', wire(start, end(null)), { finish: { unified: 'end', raw: null }, complete: true }],
    ['B7 no end', sse(start) + sse(part('text', 'a')[0]!), { finish: undefined, complete: false, semantic: true }],
    ['only a beginning', sse(start), { semantic: false, complete: false }],
    ['a plan', sse(start) + sse(plan('a')), { semantic: true }],
    ['a failure', wire(start, end('ERROR', { error: 'no' })), { complete: false, kind: 'upstream_error' }],
    ['an error that came late', 'data: {"message":"no"}\n\n', { kind: 'upstream_error' }],
    ['no stream of this API', 'data: no\n\n', { kind: 'upstream_malformed' }],
  ])('%s', (_name, text, expected) => expect(facts(tap(text))).toMatchObject(expected)) // prettier-ignore

  it('B7 reads the same however the bytes are sliced', () => {
    const text = wire(
      start,
      part('thinking', 'é'),
      part('text', '😀', 1),
      call(0, 'c1', '{}'),
      end('TOOL_CALL'),
    )
    const once = facts(tap(text))
    fc.assert(
      fc.property(slices, (places) => {
        expect(facts(tap(text, places))).toEqual(once)
      }),
      { numRuns: 2_000 },
    )
  })

  it('B9 ends a stream that failed at any place so that its clients see it', () => {
    const text = wire(start, part('text', 'Hello'), end('COMPLETE'))
    fc.assert(
      fc.property(fc.nat({ max: text.length - 60 }), (at) => {
        const cut = text.slice(0, at)
        const one = tap(cut)
        if (one.complete) return
        const failure = one.failure(new GatewayError('upstream_idle', 'silent'), 'r')
        expect(decodeAll(cohere.stream.decoder({}), cut + failure).at(-1)).toMatchObject({ type: 'error' })
      }),
    )
  })

  it('says nothing where the upstream has told it itself', () => {
    const one = tap(wire(start, end('ERROR', { error: 'no' })))
    expect(one.failure(new GatewayError('upstream_error', 'x'), 'r')).toBe('')
  })
})
