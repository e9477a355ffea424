import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { isSemantic } from '../../../src/message/event.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { openaiChat } from '../../../src/protocols/openai-chat/index.ts'
import type { StreamTap } from '../../../src/protocols/stream.ts'
import { readFrame, SseFramer } from '../../../src/wire/sse.ts'

const chunk = (delta: JsonObject, finish_reason: string | null = null, more: JsonObject = {}) => ({
  id: 'chatcmpl-1',
  model: 'gpt-5-2025',
  choices: [{ index: 0, delta, finish_reason }],
  ...more,
})
const frame = (body: unknown) => `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`
const role = chunk({ role: 'assistant', content: '', refusal: null })
const say = chunk({ content: 'Hi "usage":{ x' })
const usage = { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } }
const last = { ...chunk({}), choices: [], usage }

function tap(...bodies: unknown[]): StreamTap {
  const one = openaiChat.stream.tap()
  one.push(new TextEncoder().encode(bodies.map(frame).join('')))
  one.end()
  return one
}

describe('beside a stream', () => {
  it('reads usage, the end and who answered', () => {
    expect(tap(role, say, chunk({}, 'stop'), last, '[DONE]')).toMatchObject({
      usage: { inputTokens: 6, cacheReadTokens: 4, outputTokens: 5 },
      finish: { unified: 'end', raw: 'stop' },
      responseId: 'chatcmpl-1',
      model: 'gpt-5-2025',
      semantic: true,
      complete: true,
      error: undefined,
    })
  })

  it.each([
    ['a role alone', [role], false],
    ['text', [role, say], true],
    ['thinking', [role, chunk({ reasoning_content: 'x' })], true],
    ['a call', [role, chunk({ content: null, tool_calls: [{ index: 0, id: 'a' }] })], true],
    ['an end without any', [role, chunk({}, 'stop')], true],
  ])('has part of the answer come? %s', (_name, bodies, expected) => {
    expect(tap(...bodies).semantic).toBe(expected)
  })

  it.each([
    ['B7 neither reason nor [DONE]', [say], false],
    ['a reason, no [DONE]', [say, chunk({}, 'stop')], true],
    ['[DONE], no reason', [say, '[DONE]'], true],
  ])('is it whole? %s', (_name, bodies, expected) => {
    expect(tap(...bodies).complete).toBe(expected)
  })

  it('spaces in the JSON, as Python writes it', () => {
    const one = tap(
      say,
      '{"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}',
    )
    expect(one.finish).toEqual({ unified: 'max-tokens', raw: 'length' })
    expect(one.usage).toMatchObject({ inputTokens: 3, outputTokens: 2 })
  })

  it('a call, then stop', () => {
    expect(tap(chunk({ tool_calls: [{ index: 0, id: 'a' }] }), chunk({}, 'stop')).finish?.unified).toBe(
      'tool-calls',
    )
  })

  it.each([
    ['B11 an error event', { error: { message: 'Busy', code: 503 } }, 'upstream_unavailable'],
    ['B8 no JSON', '{"choices"', 'upstream_malformed'],
    ['B8 a page', '<html>', 'upstream_malformed'],
    ['a broken end', chunk({}, 'error', { error: { code: 502, message: 'x' } }), 'upstream_error'],
  ])('%s', (_name, body, kind) => {
    const one = tap(role, body)
    expect(one.error?.kind).toBe(kind)
    expect(one.complete).toBe(false)
  })

  it('an event longer than any that is sent', () => {
    const one = openaiChat.stream.tap()
    const part = new TextEncoder().encode('data: '.padEnd(1024 * 1024, 'x'))
    for (let sent = 0; sent < 20; sent++) one.push(part)
    expect(one.error?.kind).toBe('upstream_malformed')
  })

  it('what a client is told when it breaks off', () => {
    const text = openaiChat.stream.tap().failure(new GatewayError('upstream_idle', 'Silence.'), 'req_1')
    expect(text).toBe(
      'data: {"error":{"message":"Silence.","type":"server_error","param":null,"code":null}}\n\n',
    )
  })

  it('agrees with the decoder on every stream', () => {
    const piece = fc.constantFrom(
      role,
      say,
      chunk({ reasoning: 'x' }),
      chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'Bash', arguments: '{}' } }] }),
      chunk({}, 'stop'),
      chunk({}, 'length'),
      last,
      { error: { message: 'x' } },
      '[DONE]',
      '{',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (bodies, size) => {
        const bytes = new TextEncoder().encode(bodies.map(frame).join(''))
        const one = openaiChat.stream.tap()
        for (let at = 0; at < bytes.length; at += size) one.push(bytes.subarray(at, at + size))
        one.end()
        const events: Event[] = []
        const decoder = openaiChat.stream.decoder({})
        const framer = new SseFramer((part, start, end) =>
          decoder.push(readFrame(part, start, end)!, (event) => events.push(event)),
        )
        framer.push(bytes)
        decoder.end((event) => events.push(event))
        const end = events.at(-1)
        const isEmpty = !events.some(isSemantic)
        // Before any part has come, the relay makes another attempt whatever the tap says of the end.
        if (isEmpty) return
        expect(one.complete && one.error === undefined).toBe(end?.type === 'finish')
        if (end?.type === 'finish')
          expect(one.finish?.unified ?? 'end').toBe(one.finish === undefined ? 'end' : end.reason.unified)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a whole answer that is forwarded', () => {
  it('is read for usage and end', () => {
    const body = {
      id: 'chatcmpl-1',
      model: 'm',
      choices: [{ message: { content: 'x' }, finish_reason: 'length' }],
      usage,
    }
    expect(openaiChat.readUsage(body)).toEqual({
      usage: {
        inputTokens: 6,
        cacheReadTokens: 4,
        cacheWrite5mTokens: 0,
        cacheWrite1hTokens: 0,
        outputTokens: 5,
      },
      finish: { unified: 'max-tokens', raw: 'length' },
      responseId: 'chatcmpl-1',
      model: 'm',
    })
  })

  it.each([
    [
      'sound, of which some was cached',
      {
        usage: {
          prompt_tokens: 100,
          completion_tokens: 50,
          prompt_tokens_details: {
            cached_tokens: 30,
            audio_tokens: 60,
            cached_tokens_details: { audio_tokens: 20 },
          },
          completion_tokens_details: { audio_tokens: 40 },
        },
      },
      { inputTokens: 70, inputAudioTokens: 40, cacheReadAudioTokens: 20, outputAudioTokens: 40 },
    ],
    [
      'a tier with a price of its own',
      { service_tier: 'priority', usage },
      { service: { tier: 'priority' } },
    ],
  ])('#57 %s', (_, body, counts) => {
    expect(openaiChat.readUsage(body).usage).toMatchObject(counts)
  })

  it('a tier as usual is none', () => {
    expect(openaiChat.readUsage({ service_tier: 'default', usage }).usage).not.toHaveProperty('service')
  })

  it.each([[{}], [{ choices: [] }], [{ usage: { prompt_tokens: 'x' } }]])('A12 %j tells nothing', (body) => {
    expect(openaiChat.readUsage(body)).toEqual({
      usage: {},
      finish: undefined,
      responseId: undefined,
      model: undefined,
    })
  })
})
