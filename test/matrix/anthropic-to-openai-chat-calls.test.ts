import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/message/request.ts'
import { bash, call, called, calls, role, say, stop, streamed, streams } from './stream-rows.ts'
import { chunk, DONE } from './translate.ts'
import type { ClientEvent } from './translate.ts'

describe('tool calls', () => {
  streams([
    {
      name: '#50 B3 the input comes in deltas only',
      chunks: [role, ...bash('{"command":"ls"}'), called, DONE],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"command":"ls"} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#50 C6 a call that says nothing has no input',
      chunks: [calls(call(0, { id: 'call_1', name: 'List' })), called, DONE],
      events: `
        start 0 tool_use call_1 List | input_json_delta 0 | stop 0
        message_delta tool_use`,
    },
    {
      name: '#50 all of the arguments in the first chunk',
      chunks: [calls(call(0, { id: 'call_1', name: 'Bash', args: '{"a":1}' })), called, DONE],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#50 arguments as an object instead of text, with every digit',
      chunks: [
        '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","function":{"name":"Bash","arguments": {"n":12345678901234567890,"x":1.0}}}]}}]}',
        called,
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"n":12345678901234567890,"x":1.0} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#50 a summary at the end that says the call again is not said twice',
      chunks: [
        ...bash('{"a":1}'),
        chunk({ tool_calls: [call(0, { id: 'call_1', name: 'Bash', args: '{"a":1}' })] }, 'tool_calls'),
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#49 text, then a call',
      chunks: [say('Let me look.'), ...bash('{}'), called, DONE],
      events: `
        start 0 text | text_delta 0 Let me look. | stop 0
        start 1 tool_use call_1 Bash | input_json_delta 1 | input_json_delta 1 {} | stop 1
        message_delta tool_use`,
    },
    {
      name: '#51 B5 parallel calls, one after the other: the second begins when the first is whole',
      chunks: [
        ...bash('{"a":1}'),
        calls(call(1, { id: 'call_2', name: 'Read', args: '{"b"' })),
        calls(call(1, { args: ':2}' })),
        called,
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
        start 1 tool_use call_2 Read | input_json_delta 1 | input_json_delta 1 {"b" | input_json_delta 1 :2} | stop 1
        message_delta tool_use`,
    },
    {
      name: '#51 B5 parallel calls, interleaved: the later waits',
      chunks: [
        calls(
          call(0, { id: 'call_1', name: 'Bash', args: '{"a' }),
          call(1, { id: 'call_2', name: 'Read', args: '{"b' }),
        ),
        calls(call(1, { args: '":2}' })),
        calls(call(0, { args: '":1}' })),
        called,
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"a | input_json_delta 0 ":1} | stop 0
        start 1 tool_use call_2 Read | input_json_delta 1 | input_json_delta 1 {"b":2} | stop 1
        message_delta tool_use`,
    },
    {
      name: '#51 text inside an unfinished call waits, too',
      chunks: [
        calls(call(0, { id: 'call_1', name: 'Bash', args: '{"a"' })),
        say('x'),
        say('y'),
        calls(call(0, { args: ':1}' })),
        called,
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"a" | input_json_delta 0 :1} | stop 0
        start 1 text | text_delta 1 xy | stop 1
        message_delta tool_use`,
    },
    {
      name: '#51 parallel calls that all say position 0 are told apart by their ids',
      chunks: [
        calls(call(0, { id: 'call_1', name: 'Bash', args: '{}' })),
        calls(call(0, { id: 'call_2', name: 'Read', args: '{}' })),
        called,
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
        start 1 tool_use call_2 Read | input_json_delta 1 | input_json_delta 1 {} | stop 1
        message_delta tool_use`,
    },
    {
      name: '#51 parallel calls without any position',
      chunks: [
        calls(
          call(undefined, { id: 'call_1', name: 'Bash', args: '{}' }),
          call(undefined, { id: 'call_2', name: 'Read', args: '{"a":' }),
        ),
        calls(call(undefined, { args: '1}' })),
        called,
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
        start 1 tool_use call_2 Read | input_json_delta 1 | input_json_delta 1 {"a": | input_json_delta 1 1} | stop 1
        message_delta tool_use`,
    },
    {
      name: '#52 B6 a name that comes late opens late',
      chunks: [
        calls(call(0, { id: 'call_1', name: '', args: '{"a"' })),
        calls(call(0, { name: 'Bash', args: ':1}' })),
        called,
        DONE,
      ],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#52 B6 a name that never comes: the call is still there',
      chunks: [calls(call(0, { id: 'call_1', args: '{"a":1}' })), called, DONE],
      events: `
        start 0 tool_use call_1 unnamed_tool | input_json_delta 0 | input_json_delta 0 {"a":1} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#52 C5 no id: one that is the same each time',
      chunks: [calls(call(0, { name: 'Bash', args: '{}' })), called, DONE],
      events: `
        start 0 tool_use toolu_4wwLfPlqXGrDvEda67occAZj Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#52 C5 an id that was used before in the conversation gets another',
      memo: { callIds: new Set(['call_1']) },
      chunks: [...bash('{}'), called, DONE],
      events: `
        start 0 tool_use toolu_CHlgP79pR8roSxcqTXJ34fZU Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#52 C5 an id that Anthropic would refuse is escaped',
      chunks: [calls(call(0, { id: 'functions.Bash:0', name: 'Bash', args: '{}' })), called, DONE],
      events: `
        start 0 tool_use sbxid_ZnVuY3Rpb25zLkJhc2g6MA Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
        message_delta tool_use`,
    },
    {
      name: 'a shortened name is the client’s own again',
      memo: { toolNames: new Map([['short_1', 'mcp__a_long_server__a_long_tool']]) },
      chunks: [calls(call(0, { id: 'call_1', name: 'short_1', args: '{}' })), called, DONE],
      events: `
        start 0 tool_use call_1 mcp__a_long_server__a_long_tool | input_json_delta 0 | input_json_delta 0 {} | stop 0
        message_delta tool_use`,
    },
    {
      name: 'the function_call of the time before tools',
      chunks: [
        chunk({ function_call: { name: 'Bash', arguments: '' } }),
        chunk({ function_call: { arguments: '{}' } }),
        chunk({}, 'function_call'),
        DONE,
      ],
      events: `
        start 0 tool_use toolu_4wwLfPlqXGrDvEda67occAZj Bash | input_json_delta 0 | input_json_delta 0 {} | stop 0
        message_delta tool_use`,
    },
    {
      name: 'C1 malformed arguments are forwarded as they are, never as {}',
      chunks: [...bash('{"command": ls}'), called, DONE],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"command": ls} | stop 0
        message_delta tool_use`,
    },
    {
      name: 'C2 wrong escapes are not repaired: the client tells the model',
      chunks: [...bash('{"path":"C:\\d"}'), called, DONE],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"path":"C:\\d"} | stop 0
        message_delta tool_use`,
    },
    {
      name: '#55 B18 arguments cut off by the limit: what came, and max_tokens',
      chunks: [...bash('{"command":"ec'), chunk({}, 'length'), DONE],
      events: `
        start 0 tool_use call_1 Bash | input_json_delta 0 | input_json_delta 0 {"command":"ec | stop 0
        message_delta max_tokens`,
    },
    {
      name: 'Gemini’s signature of a call travels in a thinking block before it',
      chunks: [
        chunk({
          tool_calls: [
            {
              ...call(0, { id: 'call_1', name: 'Bash', args: '{}' }),
              extra_content: { google: { thought_signature: 'AY89' } },
            },
          ],
        }),
        called,
        DONE,
      ],
      events: `
        start 0 thinking | signature_delta 0 | stop 0
        start 1 tool_use call_1 Bash | input_json_delta 1 | input_json_delta 1 {} | stop 1
        message_delta tool_use`,
    },
  ])
})

/** What a client's SDK makes of the deltas of each tool. */
function inputs(events: ClientEvent[]): string[] {
  const texts = new Map<unknown, string>()
  for (const event of events) {
    const block = event['content_block'] as JsonObject | undefined
    const delta = event['delta'] as JsonObject | undefined
    if (block?.['type'] === 'tool_use') texts.set(event['index'], '')
    if (delta?.['type'] === 'input_json_delta')
      texts.set(event['index'], texts.get(event['index'])! + String(delta['partial_json']))
  }
  return [...texts.values()]
}

/** Cut at any UTF-16 unit, as careless upstreams do. */
function slices(text: string, sizes: readonly number[]): string[] {
  const parts: string[] = []
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length]!
    parts.push(text.slice(at, at + size))
    at += size
  }
  return parts
}

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '"',
      '\\',
      '&&',
      "'",
      '\n',
      '\t',
      '{',
      '}',
      '[',
      '😀',
      '🇩🇪',
      '\u2028',
      '\u0000',
      '$(x)',
      '`',
    ),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  ),
  maxLength: 60,
})
const argumentsObject = fc.dictionary(
  fc.constantFrom('command', 'path', 'content'),
  fc.oneof(nasty, fc.integer(), fc.boolean(), fc.constant(null)),
)

describe('tool arguments', () => {
  it('C3 are equal byte for byte, however they are cut and interleaved', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 })
    const order = fc.array(fc.nat(), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        fc.array(argumentsObject, { minLength: 1, maxLength: 4 }),
        sizes,
        order,
        (objects, cut, turns) => {
          const texts = objects.map((object) => JSON.stringify(object))
          const queues = texts.map((text, index) => [
            calls(call(index, { id: `call_${index}`, name: 'Bash', args: '' })),
            ...slices(text, cut).map((args) => calls(call(index, { args }))),
          ])
          const chunks: JsonObject[] = []
          for (let turn = 0; queues.some((queue) => queue.length > 0); turn++) {
            const open = queues.filter((queue) => queue.length > 0)
            chunks.push(open[turns[turn % turns.length]! % open.length]!.shift()!)
          }
          // Which call comes first is the upstream's choice; each one's text is not.
          expect(inputs(streamed(...chunks, called, DONE)).toSorted()).toEqual(texts.toSorted())
        },
      ),
      { numRuns: 300 },
    )
  })

  it('C3 100 KB of them', () => {
    const text = JSON.stringify({ content: 'quote " backslash \\ && 😀\n'.repeat(4000) })
    const chunks = slices(text, [1, 77, 4096]).map((args) => calls(call(0, { args })))
    expect(
      inputs(streamed(calls(call(0, { id: 'call_1', name: 'Write' })), ...chunks, called, DONE)),
    ).toEqual([text])
  })

  it('whatever an upstream sends, the events obey the grammar and the end is never silent', () => {
    const piece = fc.oneof(
      fc.record({
        content: fc.oneof(
          fc.string(),
          fc.constant(null),
          fc.array(fc.record({ type: fc.constant('text'), text: fc.string() }), { maxLength: 2 }),
        ),
      }),
      fc.record({ reasoning_content: fc.string() }),
      fc.record({ refusal: fc.string() }),
      fc.record({
        tool_calls: fc.array(
          fc.record(
            {
              index: fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constant(undefined)),
              id: fc.constantFrom('a', 'b', '', undefined),
              function: fc.record({
                name: fc.constantFrom('Bash', '', undefined),
                arguments: fc.constantFrom('{', '}', '{}', '"a":1', '', undefined, null),
              }),
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
      }),
      fc.anything(),
    )
    const end = fc.constantFrom(
      [stop, DONE],
      [called],
      [chunk({}, 'length'), DONE],
      [DONE],
      [],
      [{ error: { message: 'x' } }],
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), end, (deltas, ending) => {
        const events = streamed(...deltas.map((delta) => chunk(delta as JsonObject)), ...ending)
        expect(['message_stop', 'error']).toContain(events.at(-1)!.type)
      }),
      { numRuns: 1000 },
    )
  })
})
