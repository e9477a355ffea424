import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Event } from '../../../src/message/event.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { ChatAnswer } from '../../../src/protocols/openai-chat/answer.ts'
import { RepeatedChunk } from '../../../src/protocols/openai-chat/repeated-chunk.ts'
import { ChatStreamDecoder } from '../../../src/protocols/openai-chat/stream-decode.ts'

const chunk = (delta: JsonObject, more: JsonObject = {}): JsonObject => ({
  id: 'c',
  choices: [{ index: 0, delta, ...more }],
})

/** What is read without parsing of the second text after the first was learned. */
function repeated(first: string, second: string) {
  const learner = new RepeatedChunk()
  learner.learn(first, JSON.parse(first) as JsonObject)
  return { text: learner.textOf(second), kind: learner.kind }
}

const content = (text: string) => `{"id":"c","choices":[{"index":0,"delta":{"content":${text}}}],"n":1}`

describe('RepeatedChunk', () => {
  it.each([
    ['plain text', content('"Hello"'), content('" world"'), ' world'],
    ['letters of any script', content('"Hello"'), content('"schön 中 🙂"'), 'schön 中 🙂'],
    ['escapes', content('"a"'), content('"\\n\\"\\\\ \\ud83d\\ude42"'), '\n"\\ 🙂'],
    ['the same text', content('"Hello"'), content('"Hello"'), 'Hello'],
    ['learned from text with escapes', content('"a\\n\\"b\\""'), content('"c"'), 'c'],
    ['a space behind the colon', content(' "Hello"'), content(' "c"'), 'c'],
    ['text that is the name of its field', content('"content"'), content('"c"'), 'c'],
    [
      'a field of that name elsewhere, behind',
      '{"choices":[{"delta":{"content":"a"},"logprobs":{"content":"a"}}]}',
      '{"choices":[{"delta":{"content":"b"},"logprobs":{"content":"a"}}]}',
      'b',
    ],
  ])('%s', (_name, first, second, text) => {
    expect(repeated(first, second)).toEqual({ text, kind: 'text' })
  })

  it.each(['reasoning_content', 'reasoning'])('%s is thinking', (field) => {
    const thinking = (text: string) => JSON.stringify(chunk({ content: null, [field]: text }))
    expect(repeated(thinking('Hm'), thinking('So'))).toEqual({ text: 'So', kind: 'thinking' })
  })

  it.each([
    ['nothing was learned', '{}', content('"a"')],
    ['text with an escape that is none', content('"a"'), content('"b\\x"')],
    ['text whose last quote is escaped', content('"a"'), content('"b\\"')],
    ['a quote that ends the text', content('"a"'), content('"b","refusal":"c"')],
    ['no text', content('"a"'), content('""')],
    ['another number', content('"a"'), content('"b"').replace('"n":1', '"n":2')],
    ['another id', content('"a"'), content('"b"').replace('"id":"c"', '"id":"d"')],
    ['a chunk of which beginning and end overlap', content('"a"'), content('"a"').replace('"a"', '"')],
    ['text that was written with other escapes', content('"\\u0061"'), content('"b"')],
    ['a second field that speaks', ...both('"content":"a","refusal":"no"', '"content":"b","refusal":"no"')],
    ['two ways to say thinking', ...both('"reasoning":"a","content":"b"', '"reasoning":"c","content":"b"')],
    ['an answer that was not asked for', ...unasked('a', 'b')],
    [
      'a field of that name elsewhere, before',
      '{"logprobs":{"content":"a"},"choices":[{"delta":{"content":"a"}}]}',
      '{"logprobs":{"content":"b"},"choices":[{"delta":{"content":"a"}}]}',
    ],
    ['a long chunk', content(JSON.stringify('a'.repeat(5000))), content('"b"')],
    ['a field twice', ...both('"content":"a","content":"a"', '"content":"b","content":"a"')],
  ])('%s is left to the parser', (_name, first, second) => {
    expect(repeated(first, second).text).toBeUndefined()
  })

  it('learns anew when the stream goes on in another way, and gives up on one that always does', () => {
    const learner = new RepeatedChunk()
    const read = (n: number) => {
      const data = content('"a"').replace('"n":1', `"n":${n}`)
      const known = learner.textOf(data) !== undefined
      if (!known) learner.learn(data, JSON.parse(data) as JsonObject)
      return known
    }
    expect([1, 1, 2, 2, 3, 3, 4, 4, 5, 5].map(read)).toEqual(
      [1, 1, 2, 2, 3, 3, 4, 4, 5, 5].map((n, at) => n < 5 && at % 2 === 1),
    )
  })
})

function both(one: string, other: string): [string, string] {
  return [one, other].map((fields) => `{"choices":[{"delta":{${fields}}}]}`) as [string, string]
}

function unasked(one: string, other: string): [string, string] {
  return [one, other].map((text) => JSON.stringify(chunk({ content: text }, { index: 1 }))) as [
    string,
    string,
  ]
}

// ==== Against the same answer with every chunk parsed

const said = fc.oneof(fc.constantFrom('', 'a', 'content', 'a\n', '"', '\\', '🙂', '{}'), fc.string())
const delta = fc.oneof(
  fc.record({ content: said }),
  fc.record(
    {
      role: fc.constant('assistant'),
      content: said,
      reasoning_content: said,
      reasoning: said,
      refusal: said,
    },
    { requiredKeys: [] },
  ),
  fc.record({
    tool_calls: fc.constant([{ index: 0, id: 'i', function: { name: 'f', arguments: '{}' } }]),
    content: said,
  }),
)
const anyChunk = fc
  .tuple(
    delta,
    fc.record({
      logprobs: fc.constantFrom(null, { content: 'a' }),
      index: fc.constantFrom(0, 0, 0, 1),
      finish_reason: fc.constantFrom(null, null, null, 'stop'),
    }),
    fc.constantFrom({}, { usage: { prompt_tokens: 1, completion_tokens: 2 } }, { p: 'x' }),
  )
  .map(([parts, choice, more]) => ({ ...chunk(parts, choice), ...more }))
const stream = fc.array(fc.tuple(anyChunk, fc.constantFrom(0, 0, 1)), { maxLength: 12 })

it('gives the events that parsing every chunk gives, whatever the stream', () => {
  fc.assert(
    fc.property(stream, fc.boolean(), (chunks, webSearchUnavailable) => {
      const memo = { webSearchUnavailable }
      const [events, expected]: [Event[], Event[]] = [[], []]
      const read = new ChatStreamDecoder(memo)
      const answer = new ChatAnswer(memo)
      for (const [one, indent] of chunks) {
        read.push({ event: '', data: JSON.stringify(one, null, indent) }, (event) => events.push(event))
        answer.push(one, (event) => expected.push(event))
      }
      expect(events).toEqual(expected)
    }),
    { numRuns: 1000 },
  )
})
