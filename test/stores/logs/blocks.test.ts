/** Whatever the bytes, cutting and joining gives them back; and what two turns share is the same block. */
import { readFileSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutBody, joinBody } from '../../../src/stores/logs/blocks.ts'

const captures = new URL('../../data/claude/', import.meta.url)
const long = (letter: string) => `${letter} word`.repeat(300)

/** Lists as text, long elements by their beginning. */
function listsOf(body: string): string[][] {
  return cutBody(Buffer.from(body)).lists.map((list) => list.map((block) => block.toString().slice(0, 24)))
}

function roundTrip(body: Buffer): Buffer {
  const { frame, lists } = cutBody(body)
  return joinBody(frame, lists)
}

describe('what becomes a block', () => {
  const message = (text: string) => JSON.stringify({ role: 'user', content: text })
  const rows: [name: string, body: string, lists: string[][]][] = [
    [
      'elements of a long array',
      `{"messages":[${message(long('a'))},${message('b')}]}`,
      [['{"role":"user","content"', '{"role":"user","content"']],
    ],
    [
      'elements with the same white space between them',
      `{"tools": [\n  "${long('a')}",\n  "b",\n  "c"\n]}`,
      [[`"${long('a')}`.slice(0, 24), '"b"', '"c"']],
    ],
    [
      'a long value that is no array',
      `{"instructions":"${long('a')}","model":"m"}`,
      [[`"${long('a')}`.slice(0, 24)]],
    ],
    [
      'a long array with uneven white space, whole',
      `{"tools":[1, 2,3,"${long('a')}"]}`,
      [['[1, 2,3,"a worda worda wo'.slice(0, 24)]],
    ],
    ['nothing of a short body', '{"messages":[{"role":"user","content":"hi"}],"model":"m"}', []],
    ['nothing of an empty array', `{"messages":[${' '.repeat(300)}]}`, []],
    ['nothing of what is not an object', `[${message(long('a'))}]`, []],
    ['nothing of what is not JSON', `{"messages":[${message(long('a'))}`, []],
  ]
  it.each(rows)('%s', (_name, body, lists) => {
    expect(listsOf(body)).toEqual(lists)
    expect(roundTrip(Buffer.from(body)).toString()).toBe(body)
  })
})

it.each(readdirSync(captures))('gives the bytes of %s back, compact and indented', (name) => {
  const captured = readFileSync(new URL(name, captures))
  for (const body of [captured, Buffer.from(JSON.stringify(JSON.parse(captured.toString()), null, 2))]) {
    expect(roundTrip(body).equals(body)).toBe(true)
  }
})

it('gives any JSON back', () => {
  const key = fc.constantFrom('messages', 'tools', 'system', 'a', '__proto__')
  const array = fc.array(fc.oneof(fc.jsonValue(), fc.string({ minLength: 80 })), { maxLength: 12 })
  const object = fc.dictionary(
    key,
    fc.oneof(array, fc.jsonValue(), fc.string({ minLength: 1100, maxLength: 1200 })),
  )
  fc.assert(
    fc.property(object, fc.constantFrom(undefined, 1, '\t', ' \n'), (value, indent) => {
      const body = Buffer.from(JSON.stringify(value, null, indent))
      expect(roundTrip(body).equals(body)).toBe(true)
    }),
  )
})

it('gives any bytes back', () => {
  const open = fc.constantFrom('', '{"messages":[', `{"a":"${long('x')}","b":[`)
  fc.assert(
    fc.property(open, fc.uint8Array({ maxLength: 2000 }), (start, rest) => {
      const body = Buffer.concat([Buffer.from(start), rest])
      expect(roundTrip(body).equals(body)).toBe(true)
    }),
  )
})

it('two turns of a session share their frame and all blocks but the new ones', () => {
  const { messages, ...rest } = JSON.parse(
    readFileSync(new URL('default-second-turn.json', captures), 'utf8'),
  ) as {
    messages: unknown[]
  }
  const [first, second] = [messages.slice(0, -1), messages].map((each) =>
    cutBody(Buffer.from(JSON.stringify({ messages: each, ...rest }))),
  )
  expect(second!.frame.equals(first!.frame)).toBe(true)
  expect(second!.lists[0]!.length).toBe(first!.lists[0]!.length + 1)
  expect(second!.lists[0]!.slice(0, -1)).toEqual(first!.lists[0])
  expect(second!.lists.slice(1)).toEqual(first!.lists.slice(1))
})
