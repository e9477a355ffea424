import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../../src/message/event.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { GeminiAnswer } from '../../../src/protocols/gemini/answer.ts'
import { RepeatedChunk } from '../../../src/protocols/gemini/repeated-chunk.ts'
import { GeminiStreamDecoder } from '../../../src/protocols/gemini/stream-decode.ts'

/** What is read without parsing of the second text after the first was learned. */
function repeated(first: string, second: string) {
  const learner = new RepeatedChunk()
  learner.learn(first, JSON.parse(first) as JsonObject)
  return { text: learner.textOf(second), kind: learner.kind }
}

const part = (json: string, more = '', tokens = 1) =>
  `{"candidates":[{"content":{"parts":[{${json}}],"role":"model"}${more},"index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":${tokens},"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]},"modelVersion":"m","responseId":"r"}`
const said = (json: string, more = '', tokens = 1) => part(`"text":${json}`, more, tokens)
const bare = (json: string) => `{"candidates":[{"content":{"parts":[{"text":${json}}]}}]}`
const last = (json: string, tokens: number) =>
  `{"candidates":[{"content":{"parts":[{"text":${json}}]}}],"modelVersion":"m","usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":${tokens}}}`

describe('RepeatedChunk', () => {
  it.each([
    ['plain text', said('"Hello"'), said('" world"'), ' world'],
    ['another usage', said('"Hello"', '', 1), said('"a"', '', 1234), 'a'],
    ['letters of any script', said('"Hello"'), said('"schön 中 🙂"'), 'schön 中 🙂'],
    ['learned from text with escapes', said('"a\\n\\"b\\""'), said('"c"'), 'c'],
    ['escapes', said('"a"'), said('"\\n\\"\\\\"'), '\n"\\'],
    ['a space behind the colon', said(' "Hello"'), said(' "c"'), 'c'],
    ['text that is the name of its field', said('"text"'), said('"c"'), 'c'],
    ['no usage', bare('"a"'), bare('"b"'), 'b'],
    ['usage last', last('"a"', 1), last('"b"', 23), 'b'],
  ])('%s', (_name, first, second, text) => {
    expect(repeated(first, second)).toEqual({ text, kind: 'text' })
  })

  it('thoughts', () => {
    const thought = (text: string) => part(`"text":"${text}","thought":true`)
    expect(repeated(thought('Hm'), thought('So'))).toEqual({ text: 'So', kind: 'thinking' })
  })

  it.each([
    ['nothing was learned', '{}', said('"a"')],
    ['text with an escape that is none', said('"a"'), said('"b\\x"')],
    ['text whose last quote is escaped', bare('"a"'), bare('"b\\"')],
    ['no text', said('"a"'), said('""')],
    ['a signature behind the text', said('"a"'), part('"text":"b","thoughtSignature":"x"')],
    ['a thought behind text', said('"a"'), part('"text":"b","thought":true')],
    ['a second part', said('"a"'), part('"text":"b"},{"text":"c"')],
    ['the end', said('"a"'), said('"b"', ',"finishReason":"STOP"')],
    ['another answer', said('"a"'), said('"b"').replace('"responseId":"r"', '"responseId":"s"')],
    ['a chunk that was cut off', said('"a"'), said('"b"').slice(0, -3)],
    ['… in its usage', last('"a"', 1), last('"b"', 1).slice(0, -2)],
    ['learned from an end', ...both(',"finishReason":"STOP"')],
    [
      'learned from a signed part',
      part('"text":"a","thoughtSignature":"x"'),
      part('"text":"b","thoughtSignature":"x"'),
    ],
    ['text that was written with other escapes', said('"\\u0061"'), said('"b"')],
    ['a long chunk', said(JSON.stringify('a'.repeat(5000))), said('"b"')],
  ])('%s is left to the parser', (_name, first, second) => {
    expect(repeated(first, second).text).toBeUndefined()
  })
})

function both(more: string): [string, string] {
  return [said('"a"', more), said('"b"', more)]
}

const text = fc.oneof(
  fc.constantFrom('', 'a', 'text', 'a\n', '"', '\\', '🙂', '{}', 'usageMetadata'),
  fc.string(),
)
const anyPart = fc.oneof(
  fc.record({ text }),
  fc.record({ text, thought: fc.constant(true) }),
  fc.record({ text, thoughtSignature: fc.constantFrom('QUI=', '') }),
  fc.constant({ functionCall: { name: 'f', args: {} } }),
)
const anyChunk = fc
  .record({
    parts: fc.oneof(
      { weight: 5, arbitrary: anyPart.map((one) => [one]) },
      fc.array(anyPart, { maxLength: 3 }),
    ),
    finishReason: fc.constantFrom(undefined, undefined, undefined, 'STOP', 'SAFETY'),
    tokens: fc.option(fc.nat(100), { nil: undefined }),
    last: fc.boolean(),
  })
  .map(({ parts, finishReason, tokens, last: isLast }) => {
    const usage =
      tokens === undefined ? {} : { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: tokens } }
    const head = { candidates: [{ content: { parts, role: 'model' }, finishReason, index: 0 }] }
    return isLast ? { ...head, responseId: 'r', ...usage } : { ...head, ...usage, responseId: 'r' }
  })

it('gives the events that parsing every chunk gives, whatever the stream', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyChunk, fc.constantFrom(0, 0, 1)), { maxLength: 12 }), (chunks) => {
      const [events, expected]: [Event[], Event[]] = [[], []]
      const read = new GeminiStreamDecoder({})
      const answer = new GeminiAnswer({})
      for (const [one, indent] of chunks) {
        read.push({ event: '', data: JSON.stringify(one, null, indent) }, (event) => events.push(event))
        answer.push(JSON.parse(JSON.stringify(one)) as JsonObject, (event) => expected.push(event))
      }
      read.end((event) => events.push(event))
      const end = events.at(-1)
      if (end?.type === 'error') answer.fail(end.error, (event) => expected.push(event))
      else answer.complete((event) => expected.push(event))
      expect(events).toEqual(expected)
    }),
    { numRuns: 1000 },
  )
}, 60_000)
