import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { isSemantic } from '../../../src/message/event.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { gemini } from '../../../src/protocols/gemini/index.ts'
import type { StreamTap } from '../../../src/protocols/stream.ts'
import { sse } from '../../../src/wire/framing.ts'
import { slice, slices } from '../../support/sse.ts'
import { USAGE, call, chunk, end, say, stop, think } from './chunks.ts'

const frame = (body: unknown) => `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\r\n\r\n`
const bytes = (text: string) => new TextEncoder().encode(text)

function tap(...bodies: unknown[]): StreamTap {
  const one = gemini.stream.tap()
  one.push(bytes(bodies.map(frame).join('')))
  one.end()
  return one
}

const usageSoFar = (candidatesTokenCount: number) => ({
  usageMetadata: { promptTokenCount: 12, candidatesTokenCount, totalTokenCount: 12 + candidatesTokenCount },
})

describe('beside a stream', () => {
  it('reads usage, the end and who answered', () => {
    expect(tap(say('Hi "finishReason":"x"'), say('!'), stop)).toMatchObject({
      usage: { inputTokens: 12, cacheReadTokens: 0, outputTokens: 5 },
      finish: { unified: 'end', raw: 'STOP' },
      responseId: 'r1',
      model: 'gemini-3.8-flash',
      semantic: true,
      complete: true,
      error: undefined,
    })
  })

  it('B7 of a stream that was cut the usage so far', () => {
    const one = tap(chunk([{ text: 'a' }], {}, usageSoFar(1)), chunk([{ text: 'b' }], {}, usageSoFar(2)))
    expect(one).toMatchObject({ usage: { outputTokens: 2 }, finish: undefined, complete: false })
  })

  it.each<[string, unknown[], boolean]>([
    ['an empty text', [say('')], false],
    ['usage alone', [{ usageMetadata: USAGE }], false],
    ['text', [say('a')], true],
    ['a thought', [think('h')], true],
    ['a call', [chunk([call('A')])], true],
    ['an end without any', [stop], true],
    ['a prompt that was blocked', [{ promptFeedback: { blockReason: 'SAFETY' } }], true],
  ])('has part of the answer come? %s', (_name, bodies, expected) => {
    expect(tap(...bodies).semantic).toBe(expected)
  })

  it.each<[string, unknown[], string | undefined, boolean]>([
    ['B7 no reason', [say('a')], undefined, false],
    ['a reason, no usage', [say('a'), chunk([], { finishReason: 'STOP' })], 'end', true],
    ['a call before', [chunk([call('A')]), stop], 'tool-calls', true],
    ['a call with the end', [end('STOP', [call('A')])], 'tool-calls', true],
    [
      'a call that the model broke is the client’s to deal with',
      [end('MALFORMED_FUNCTION_CALL')],
      'other',
      true,
    ],
    ['#33 refused', [say('a'), end('SAFETY')], 'refusal', true],
    ['blocked', [{ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: USAGE }], 'refusal', true],
    ['Code Assist’s wrapping', [{ response: say('a') }, { response: end('MAX_TOKENS') }], 'max-tokens', true],
  ])('the end: %s', (_name, bodies, unified, complete) => {
    const one = tap(...bodies)
    expect(one.finish?.unified).toBe(unified)
    expect(one.complete).toBe(complete)
  })

  it('is whole with the reason and the usage, before the stream ends', () => {
    const one = gemini.stream.tap()
    one.push(bytes(frame(say('a')) + frame(stop)))
    expect(one.complete).toBe(true)
  })

  it.each<[string, unknown, string]>([
    [
      'B11 an error event',
      { error: { code: 503, message: 'Busy', status: 'UNAVAILABLE' } },
      'upstream_unavailable',
    ],
    ['B8 no JSON', '{"candidates"', 'upstream_malformed'],
    ['B8 a page', '<html>', 'upstream_malformed'],
  ])('%s', (_name, body, kind) => {
    const one = tap(say('a'), body)
    expect(one.error?.kind).toBe(kind)
    expect(one.complete).toBe(false)
  })

  it('B7 an error in bare JSON behind the events', () => {
    const one = gemini.stream.tap()
    one.push(
      bytes(
        `${frame(say('a'))}{\n  "error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}\n}\n`,
      ),
    )
    one.end()
    expect(one.error?.kind).toBe('overloaded')
    expect(one.failure(one.error!, 'req_1')).toBe('')
  })

  it('an event longer than any that is sent', () => {
    const one = gemini.stream.tap()
    const part = bytes('data: '.padEnd(1024 * 1024, 'x'))
    for (let sent = 0; sent < 20; sent++) one.push(part)
    expect(one.error?.kind).toBe('upstream_malformed')
  })

  it.each([
    ['between events', frame(say('a')), ''],
    ['inside of one', 'data: {"cand', '\n\n'],
  ])('what a client is told when it breaks off %s', (_name, before, lead) => {
    const one = gemini.stream.tap()
    one.push(bytes(before))
    expect(one.failure(new GatewayError('upstream_idle', 'Silence.'), 'req_1')).toBe(
      `${lead}{"error":{"code":504,"message":"Silence.","status":"DEADLINE_EXCEEDED"}}\n\n`,
    )
  })

  it('agrees with the decoder on every stream, however it is cut', () => {
    const piece = fc.constantFrom<unknown>(
      say('a'),
      say(''),
      think('h'),
      chunk([call('A')]),
      chunk([{ text: 'x' }], {}, usageSoFar(3)),
      chunk([], { finishReason: 'STOP' }),
      end('MAX_TOKENS'),
      stop,
      { usageMetadata: USAGE },
      { error: { code: 500, message: 'x' } },
      '{',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), slices, (bodies, cuts) => {
        const wire = bytes(bodies.map(frame).join(''))
        const one = gemini.stream.tap()
        for (const part of slice(wire, cuts)) one.push(part)
        one.end()
        const events: Event[] = []
        const decoder = gemini.stream.decoder({})
        const reader = sse.reader((read) => decoder.push(read, (event) => events.push(event)))
        reader.push(wire)
        reader.end()
        decoder.end((event) => events.push(event))
        const last = events.at(-1)
        expect(one.complete && one.error === undefined).toBe(last?.type === 'finish')
        expect(one.semantic || last?.type === 'error').toBe(events.some(isSemantic) || last?.type === 'error')
        if (last?.type !== 'finish') return
        expect(one.finish).toEqual(last.reason)
        const used = events.findLast((event) => event.type === 'usage')
        expect(one.usage).toEqual(used?.usage ?? {})
      }),
      { numRuns: 1500 },
    )
  }, 60_000)
})

describe('a whole answer that is forwarded', () => {
  const body = { ...stop, usageMetadata: { ...USAGE, cachedContentTokenCount: 2 } }

  it.each<[string, JsonObject]>([
    ['plain', body],
    ['in Code Assist’s wrapping', { response: body, traceId: 't' }],
  ])('is read for usage and end: %s', (_name, answer) => {
    expect(gemini.readUsage(answer)).toEqual({
      usage: {
        inputTokens: 10,
        cacheReadTokens: 2,
        cacheWrite5mTokens: 0,
        cacheWrite1hTokens: 0,
        outputTokens: 5,
      },
      finish: { unified: 'end', raw: 'STOP' },
      responseId: 'r1',
      model: 'gemini-3.8-flash',
    })
  })

  it.each([[{}], [{ candidates: [] }], [{ usageMetadata: { promptTokenCount: 'x' } }]])(
    'A12 %j tells nothing',
    (answer) => {
      expect(gemini.readUsage(answer)).toEqual({
        usage: {},
        finish: undefined,
        responseId: undefined,
        model: undefined,
      })
    },
  )

  it('B11 that tells of a failure', () => {
    expect(() =>
      gemini.readUsage({ error: { code: 429, message: 'Slow down', status: 'RESOURCE_EXHAUSTED' } }),
    ).toThrow('Slow down')
  })
})
