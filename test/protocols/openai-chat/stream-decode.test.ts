import { sseText } from '../../../src/wire/framing.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import { isSemantic } from '../../../src/message/event.ts'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { TOKEN_COUNT_MAX } from '../../../src/message/usage.ts'
import { openaiChat } from '../../../src/protocols/openai-chat/index.ts'
import { readUsage } from '../../../src/protocols/openai-chat/wire.ts'
import { TOOL_ARGUMENTS_MAX_CHARACTERS } from '../../../src/protocols/shared/answer-blocks.ts'

/** The letters here are those of the reliability catalogue. */

const chunk = (delta: JsonObject, finish_reason: string | null = null, more: JsonObject = {}) =>
  JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason }], ...more })
const say = chunk({ content: 'x' })
const stop = chunk({}, 'stop')

function decode(...frames: string[]): Event[] {
  const events: Event[] = []
  const decoder = openaiChat.stream.decoder({})
  for (const data of frames) decoder.push({ event: '', data }, (event) => events.push(event))
  decoder.end((event) => events.push(event))
  checkGrammar(events)
  return events
}

const endOf = (...frames: string[]) => {
  const end = decode(...frames).at(-1)
  return end?.type === 'error' ? end.error.kind : end?.type
}

describe('the end', () => {
  it.each([
    ['B8 invalid JSON', [say, '{"choices":[', stop, '[DONE]'], 'upstream_malformed'],
    ['B8 JSON that is no object', [say, '[1]', stop, '[DONE]'], 'upstream_malformed'],
    ['B8 an event that nobody knows', [say, '{"object":"keepalive"}', stop, '[DONE]'], 'finish'],
    ['B8 no [DONE], no reason', [say], 'upstream_truncated'],
    ['B8 events after the end', [say, stop, '[DONE]', '{"error":{"message":"x"}}'], 'finish'],
    ['B8 empty data', [say, '', '  ', stop, '[DONE]'], 'finish'],
    [
      'B11 an error at chunk 2',
      [say, say, '{"error":{"message":"x","type":"server_error"}}'],
      'upstream_error',
    ],
    ['B11 an error as plain text', [say, '{"error":"boom"}'], 'upstream_error'],
    [
      'C4 C5 bytes that stop in the middle of a frame',
      [say, '{"id":"c","choices":[{"del'],
      'upstream_malformed',
    ],
    ['C4 C5 bytes that stop between frames', [say, chunk({ content: 'y' })], 'upstream_truncated'],
  ])('%s', (_name, frames, expected) => {
    expect(endOf(...frames)).toBe(expected)
  })

  it('B8 an event named error, without the word inside', () => {
    const events: Event[] = []
    openaiChat.stream
      .decoder({})
      .push({ event: 'error', data: '{"message":"boom","code":429}' }, (event) => events.push(event))
    expect(events).toMatchObject([{ type: 'error', error: { kind: 'rate_limited', message: 'boom' } }])
  })

  it('B10 nothing before the first part of the answer counts as one', () => {
    const events = decode(
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: null }),
      '{"error":{"message":"x"}}',
    )
    expect(events.map((event) => event.type)).toEqual(['start', 'error'])
    expect(events.some(isSemantic)).toBe(false)
  })
})

describe('usage', () => {
  const max = TOKEN_COUNT_MAX
  it.each([
    ['A12 negative', { prompt_tokens: -1e6, completion_tokens: 5 }, { inputTokens: 0, outputTokens: 5 }],
    [
      'A12 huge',
      { prompt_tokens: 1e308, completion_tokens: 2 ** 53 + 1 },
      { inputTokens: max, outputTokens: max },
    ],
    ['A12 a string', { prompt_tokens: '12', completion_tokens: 5 }, { inputTokens: 0, outputTokens: 5 }],
    [
      'A12 more cached than asked',
      { prompt_tokens: 5, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 9 } },
      { inputTokens: 0, cacheReadTokens: 9 },
    ],
    [
      'A12 a total that does not add up',
      { prompt_tokens: 5, completion_tokens: 5, total_tokens: 3 },
      { inputTokens: 5, outputTokens: 5 },
    ],
    [
      'A12 a total far beyond what is explained',
      {
        prompt_tokens: 5,
        completion_tokens: 5,
        total_tokens: 1e9,
        completion_tokens_details: { reasoning_tokens: 2 },
      },
      { outputTokens: 5 },
    ],
  ])('%s', (_name, usage, expected) => {
    expect(readUsage(usage)).toMatchObject(expected)
  })

  it.each([[undefined], [null], [{}], [{ prompt_tokens: null }], ['x'], [{ prompt_tokens: Number.NaN }]])(
    'A12 %j tells nothing',
    (usage) => {
      expect(readUsage(usage)).toBeUndefined()
    },
  )

  it('A13 repeated and growing: the last word counts, and nothing is added up', () => {
    const count = fc.nat({ max: 1000 })
    fc.assert(
      fc.property(fc.array(fc.tuple(count, count), { minLength: 1, maxLength: 6 }), (counts) => {
        const frames = counts.map(([prompt_tokens, completion_tokens]) =>
          chunk({ content: 'x' }, null, { usage: { prompt_tokens, completion_tokens } }),
        )
        const { usage } = collect((emit) => decode(...frames, stop, '[DONE]').forEach(emit))
        const [inputTokens, outputTokens] = counts.at(-1)!
        expect(usage).toMatchObject({ inputTokens, outputTokens })
      }),
      { numRuns: 200 },
    )
  })
})

describe('tool arguments', () => {
  it('E12 are equal byte for byte from one end to the other', () => {
    const anyText = fc.string({
      unit: fc.oneof(
        fc.constantFrom('"', '\\', '\\u', '😀', '{', '}', '\u0000', '\ud800'),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      maxLength: 40,
    })
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 7 }), (text, size) => {
        const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
          text.slice(at * size, (at + 1) * size),
        )
        const frames = pieces.map((args) =>
          chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'Bash', arguments: args } }] }),
        )
        const events = decode(
          chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'Bash' } }] }),
          ...frames,
          chunk({}, 'tool_calls'),
          '[DONE]',
        )
        let wire = ''
        const encoder = openaiChat.stream.encoder({
          requestedModel: 'm',
          responseId: 'r',
          inputTokensEstimate: 0,
          created_s: 0,
        })
        for (const event of events) encoder.push(event, (name, data) => (wire += sseText(name, data)))
        const said = wire
          .split('\n\n')
          .filter((frame) => frame.startsWith('data: {'))
          .flatMap(
            (frame) =>
              (
                JSON.parse(frame.slice(6)) as {
                  choices: { delta: { tool_calls?: { function: { arguments: string } }[] } }[]
                }
              ).choices[0]?.delta.tool_calls ?? [],
          )
          .map((call) => call.function.arguments)
          .join('')
        // Nothing at all is no JSON; clients of this API get an empty object for it.
        expect(said).toBe(text === '' ? '{}' : text)
      }),
      { numRuns: 10_000 },
    )
  }, 60_000)

  it('more than any model can say is a fault', () => {
    const part = 'x'.repeat(TOOL_ARGUMENTS_MAX_CHARACTERS / 4)
    const frames = Array.from({ length: 5 }, () =>
      chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'Bash', arguments: part } }] }),
    )
    expect(endOf(...frames)).toBe('upstream_malformed')
  })

  it('more after they were whole is a fault', () => {
    const call = (index: number, id: string, args: string) =>
      chunk({ tool_calls: [{ index, id, function: { name: 'Bash', arguments: args } }] })
    expect(
      endOf(
        call(0, 'a', '{}'),
        call(1, 'b', '{}'),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] }),
      ),
    ).toBe('upstream_malformed')
  })
})
