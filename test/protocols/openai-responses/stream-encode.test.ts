import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import type { ErrorDetails, ErrorKind } from '../../../src/message/error.ts'
import type { BlockStart, Delta, Event, FinishReason } from '../../../src/message/event.ts'
import { checked } from '../../../src/message/grammar.ts'
import { ResponseStreamEncoder } from '../../../src/protocols/openai-responses/stream-encode.ts'
import type { CallForm, EncodeContext } from '../../../src/protocols/translation.ts'
import { sseText } from '../../../src/wire/framing.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import type { Json } from '../../support/provider/json.ts'
import { gist, lines } from '../../support/responses-gist.ts'
import { CONTEXT, dataOf } from '../../support/sse.ts'

const FORMS = new Map<string, CallForm>([
  ['apply_patch', { type: 'custom', name: 'apply_patch' }],
  ['exec', { type: 'custom', name: 'exec', namespace: 'functions' }],
  ['agents__list', { type: 'function', name: 'list', namespace: 'agents' }],
  ['local_shell', { type: 'local_shell', name: 'local_shell' }],
  ['shell', { type: 'shell', name: 'shell' }],
  ['patch', { type: 'apply_patch', name: 'apply_patch' }],
  ['tool_search', { type: 'tool_search', name: 'tool_search' }],
])

function encode(events: readonly Event[], context: EncodeContext = CONTEXT): Json[] {
  const encoder = new ResponseStreamEncoder(context)
  let wire = ''
  const push = checked((event) => encoder.push(event, (name, data) => (wire += sseText(name, data))))
  for (const event of events) push(event)
  return dataOf(wire)
}

/** A block and what it says, as events. */
type Said = [start: BlockStart, ...deltas: Delta[]]

const text = (...pieces: string[]): Said => [
  { type: 'text' },
  ...pieces.map((one): Delta => ({ type: 'text', text: one })),
]
const think = (said: string, signature?: string): Said => [
  { type: 'thinking' },
  ...(said === '' ? [] : [{ type: 'thinking', text: said } as const]),
  ...(signature === undefined ? [] : [{ type: 'signature', signature } as const]),
]
const call = (name: string, ...json: string[]): Said => [
  { type: 'tool-call', id: 'call_1', name },
  ...json.map((one): Delta => ({ type: 'arguments', json: one })),
]
const opaque = (raw: Json, ...deltas: Json[]): Said => [
  { type: 'opaque', protocol: 'anthropic', kind: raw.type, raw },
  ...deltas.map((one): Delta => ({ type: 'opaque', raw: one })),
]
const cite: Delta = {
  type: 'citation',
  citation: { type: 'web_search_result_location', url: 'https://a.b', title: 'A' },
}

function eventsOf(said: readonly Said[], unified: FinishReason['unified'] = 'end'): Event[] {
  return [
    { type: 'start', id: 'msg_1' },
    ...said.flatMap(([block, ...deltas], index): Event[] => [
      { type: 'block-start', index, block },
      ...deltas.map((delta): Event => ({ type: 'delta', index, delta })),
      { type: 'block-end', index },
    ]),
    { type: 'finish', reason: { unified, raw: null } },
  ]
}

/** Blocks of the hub (left) and the events that they become between `in_progress` and the end. */
const rows: { name: string; said: Said[]; unified?: FinishReason['unified']; events: string }[] = [
  {
    name: 'text: item, part, deltas, and all of it again as each ends',
    said: [text('Hel', 'lo')],
    events: `
      added 0 message | part 0 | text 0 Hel | text 0 lo | text.done 0 Hello | part.done 0
      done 0 message completed | completed`,
  },
  {
    name: '#48 an empty text is no item',
    said: [text(''), text()],
    events: 'completed',
  },
  {
    name: 'texts that follow each other are parts of one message: agents show each message as a paragraph',
    said: [text('One.'), text('Two.')],
    events: `
      added 0 message | part 0 | text 0 One. | text.done 0 One. | part.done 0
      part 0 | text 0 Two. | text.done 0 Two. | part.done 0
      done 0 message completed | completed`,
  },
  {
    name: '#53 #70 thinking is the summary of an item of reasoning, closed before what follows',
    said: [think('hm', 'EqQB'), text('So.')],
    events: `
      added 0 reasoning | summary 0 | thinks 0 hm | thinks.done 0 hm | summary.done 0 | done 0 reasoning
      added 1 message | part 1 | text 1 So. | text.done 1 So. | part.done 1 | done 1 message completed
      completed`,
  },
  {
    name: '#53 D9 thinking that is not shown is an item without a summary, for its signature',
    said: [think('', 'EqQB')],
    events: 'added 0 reasoning | done 0 reasoning | completed',
  },
  {
    name: '#53 thinking of which nothing came is none',
    said: [think('')],
    events: 'completed',
  },
  {
    name: '#70 redacted thinking',
    said: [[{ type: 'redacted-thinking', data: 'x' }]],
    events: 'added 0 reasoning | done 0 reasoning | completed',
  },
  {
    name: '#50 a call of a function',
    said: [call('Bash', '{"a"', ':1}')],
    unified: 'tool-calls',
    events: `
      added 0 function_call call_1 Bash | args 0 {"a" | args 0 :1} | args.done 0 {"a":1}
      done 0 function_call completed | completed`,
  },
  {
    name: '#50 a call without arguments: clients parse what they got, and nothing is no JSON',
    said: [call('List')],
    events: `
      added 0 function_call call_1 List | args 0 {} | args.done 0 {} | done 0 function_call completed
      completed`,
  },
  {
    name: '#50 … nor is white space',
    said: [call('List', ' ', '\n')],
    events: `
      added 0 function_call call_1 List | args 0 {} | args.done 0 {} | done 0 function_call completed
      completed`,
  },
  {
    name: 'C1 arguments that are no JSON pass as the model wrote them',
    said: [call('Bash', '{"a":')],
    events: `
      added 0 function_call call_1 Bash | args 0 {"a": | args.done 0 {"a": | done 0 function_call completed
      completed`,
  },
  {
    name: '#55 B18 C2 a call that was cut off is never told as done: the client would run it',
    said: [text('x'), call('Bash', '{"a":')],
    unified: 'max-tokens',
    events: `
      added 0 message | part 0 | text 0 x | text.done 0 x | part.done 0 | done 0 message completed
      added 1 function_call call_1 Bash | args 1 {"a": | incomplete max_output_tokens`,
  },
  {
    name: '#54 B18 text that was cut off',
    said: [text('x')],
    unified: 'max-tokens',
    events: `
      added 0 message | part 0 | text 0 x | text.done 0 x | part.done 0 | done 0 message incomplete
      incomplete max_output_tokens`,
  },
  {
    name: '#54 a full context',
    said: [],
    unified: 'context-window',
    events: 'incomplete max_output_tokens',
  },
  { name: '#54 #68 a refusal', said: [], unified: 'refusal', events: 'incomplete content_filter' },
  { name: '#54 a stop sequence', said: [], unified: 'stop-sequence', events: 'completed' },
  { name: '#54 a pause', said: [], unified: 'pause', events: 'completed' },
  {
    name: '#69 a tool with free text gets the text itself, as it is written',
    said: [call('apply_patch', '{"inp', 'ut": "*** Beg', 'in\\n+a', '\\', 'tb"', '}')],
    events: `
      added 0 custom_tool_call call_1 apply_patch | input 0 *** Beg | input 0 in⏎+a | input 0 \tb | input.done 0 *** Begin⏎+a\tb | done 0 custom_tool_call completed | completed`,
  },
  {
    name: '#69 … also where the model wrote nothing but the text',
    said: [call('apply_patch', '*** Begin Patch')],
    events: `
      added 0 custom_tool_call call_1 apply_patch | input 0 *** Begin Patch | input.done 0 *** Begin Patch
      done 0 custom_tool_call completed | completed`,
  },
  {
    name: 'C2 … of one that breaks off inside the text the tool gets what it refuses',
    said: [call('apply_patch', '{"input":"*** Begin')],
    events: `
      added 0 custom_tool_call call_1 apply_patch | input 0 *** Begin | input.done 0 {"input":"*** Begin
      done 0 custom_tool_call completed | completed`,
  },
  {
    name: '#69 a call into a namespace says so',
    said: [call('agents__list', '{}')],
    events: `
      added 0 function_call call_1 agents list | args 0 {} | args.done 0 {} | done 0 function_call completed
      completed`,
  },
  {
    name: '#69 a custom tool in a namespace',
    said: [call('exec', '{"input":"1"}')],
    events: `
      added 0 custom_tool_call call_1 functions exec | input 0 1 | input.done 0 1
      done 0 custom_tool_call completed | completed`,
  },
  {
    name: '#69 a local shell comes in one piece',
    said: [call('local_shell', '{"command":', '["ls"]}')],
    events: 'added 0 local_shell_call call_1 | done 0 local_shell_call completed | completed',
  },
  {
    name: 'C1 … unless the arguments are none that it takes: the client refuses them as they are',
    said: [call('local_shell', '{"command":"ls"}')],
    events: `
      added 0 function_call call_1 local_shell | args 0 {"command":"ls"} | args.done 0 {"command":"ls"}
      done 0 function_call completed | completed`,
  },
  {
    name: '#55 … and not at all when it was cut off',
    said: [call('local_shell', '{"command":["rm"')],
    unified: 'max-tokens',
    events: 'incomplete max_output_tokens',
  },
  {
    name: '#66 citations belong to the text before them, or to the next',
    said: [[{ type: 'text' }, cite, { type: 'text', text: 'x' }, cite]],
    events: `
      added 0 message | part 0 | text 0 x | cites 0 | cites 0 | text.done 0 x | part.done 0
      done 0 message completed | completed`,
  },
  {
    name: '#17 a search that Claude ran',
    said: [
      opaque(
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} },
        { type: 'input_json_delta', partial_json: '{"query":' },
        { type: 'input_json_delta', partial_json: '"node"}' },
      ),
      opaque({
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: [{ type: 'web_search_result', url: 'https://a.b', title: 'A' }],
      }),
      text('x'),
    ],
    events: `
      added 0 web_search_call | search 0 | search.searching 0 | search.completed 0
      done 0 web_search_call completed
      added 1 message | part 1 | text 1 x | text.done 1 x | part.done 1 | done 1 message completed | completed`,
  },
  {
    name: '#17 a search that the upstream does not have is no news: Codex offers one with every request',
    said: [
      opaque({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
      opaque({
        type: 'web_search_tool_result',
        tool_use_id: 'srvtoolu_1',
        content: { type: 'web_search_tool_result_error', error_code: 'unavailable' },
      }),
    ],
    events: 'completed',
  },
  {
    name: '#67 blocks that only Claude knows are nothing here',
    said: [text('a'), opaque({ type: 'container_upload', file_id: 'f' }), text('b')],
    events: `
      added 0 message | part 0 | text 0 a | text.done 0 a | part.done 0
      part 0 | text 0 b | text.done 0 b | part.done 0 | done 0 message completed | completed`,
  },
]

describe('blocks', () => {
  it.each(rows)('$name', ({ said, unified, events }) => {
    const encoded = encode(eventsOf(said, unified), { ...CONTEXT, memo: { callForms: FORMS } })
    expect(gist(encoded)).toEqual(['created', 'in_progress', ...lines(events)])
  })
})

describe('items', () => {
  const item = (...said: Said[]) => {
    const events = encode(eventsOf(said), { ...CONTEXT, memo: { callForms: FORMS } })
    return events.at(-1).response.output[0]
  }

  it.each<[name: string, said: Said, item: Json]>([
    [
      '#70 a signature of Claude’s, under a mark of ours',
      think('hm', 'EqQB'),
      { encrypted_content: 'signalbox.EqQB', summary: [{ type: 'summary_text', text: 'hm' }] },
    ],
    ['D9 thinking without a signature has the mark alone', think('hm'), { encrypted_content: 'signalbox.' }],
    [
      '#70 redacted thinking',
      [{ type: 'redacted-thinking', data: 'x' }],
      { summary: [], encrypted_content: 'signalbox-redacted.x' },
    ],
    [
      '#26 reasoning of this API goes back as it was',
      think('', 'sbx-responses-rs_1.gAAA'),
      { encrypted_content: 'gAAA' },
    ],
    [
      '#69 local shell',
      call('local_shell', '{"command":["ls","-l"],"timeout_ms":5}'),
      {
        call_id: 'call_1',
        action: {
          type: 'exec',
          command: ['ls', '-l'],
          env: {},
          timeout_ms: 5,
          user: null,
          working_directory: null,
        },
      },
    ],
    [
      '#69 shell',
      call('shell', '{"commands":["ls"]}'),
      { type: 'shell_call', action: { commands: ['ls'], timeout_ms: null, max_output_length: null } },
    ],
    [
      '#69 patches',
      call('patch', '{"type":"create_file","path":"a","diff":"+x"}'),
      { type: 'apply_patch_call', operation: { type: 'create_file', path: 'a', diff: '+x' } },
    ],
    [
      '#69 a search for tools',
      call('tool_search', '{"query":"mail"}'),
      { type: 'tool_search_call', execution: 'client', arguments: { query: 'mail' } },
    ],
    [
      '#66 a citation',
      [{ type: 'text' }, { type: 'text', text: 'abc' }, cite],
      {
        content: [
          {
            text: 'abc',
            annotations: [
              { type: 'url_citation', url: 'https://a.b', title: 'A', start_index: 0, end_index: 3 },
            ],
          },
        ],
      },
    ],
  ])('%s', (_name, said, expected) => {
    expect(item(said)).toMatchObject(expected)
  })

  it('#8 numbers keep their digits', () => {
    const wire: string[] = []
    const encoder = new ResponseStreamEncoder({ ...CONTEXT, memo: { callForms: FORMS } })
    for (const event of eventsOf([call('tool_search', '{"n":12345678901234567890,"x":1.0}')]))
      encoder.push(event, (_name, data) => wire.push(data))
    expect(wire.at(-1)).toContain('{"n":12345678901234567890,"x":1.0}')
  })

  it('#52 calls get ids that are there, and none twice', () => {
    const events = encode(
      eventsOf([
        [{ type: 'tool-call', id: '', name: 'A' }],
        [{ type: 'tool-call', id: 'x', name: 'B' }],
        [{ type: 'tool-call', id: 'x', name: 'C' }],
      ]),
    )
    const ids: string[] = events.at(-1).response.output.map((one: Json) => one.call_id)
    expect(ids[1]).toBe('x')
    expect(new Set(ids).size).toBe(3)
    expect(ids.every((id) => /^(?:x|call_\w+)$/.test(id))).toBe(true)
  })

  it('ids of items begin as OpenAI wants them back, and are the same for the same answer', () => {
    const said = [
      think('a'),
      text('b'),
      call('Bash'),
      call('apply_patch'),
      call('local_shell', '{"command":[]}'),
    ]
    const context = { ...CONTEXT, memo: { callForms: FORMS } }
    const ids = encode(eventsOf(said), context)
      .at(-1)
      .response.output.map((one: Json) => one.id as string)
    expect(ids.map((id: string) => id.split('_')[0])).toEqual(['rs', 'msg', 'fc', 'ctc', 'lsh'])
    expect(ids.every((id: string) => id.length <= 64)).toBe(true)
    expect(
      encode(eventsOf(said), context)
        .at(-1)
        .response.output.map((one: Json) => one.id),
    ).toEqual(ids)
  })
})

describe('the answer', () => {
  it('#65 #74 B17 has the requested model, usage with all details, and what clients expect to be there', () => {
    const events = encode([
      { type: 'start', id: 'resp_7', model: 'gpt-x', usage: { inputTokens: 1 } },
      { type: 'usage', usage: { inputTokens: 10, cacheReadTokens: 4, outputTokens: 5, reasoningTokens: 2 } },
      { type: 'finish', reason: { unified: 'end', raw: 'stop' } },
    ])
    expect(events[0]).toMatchObject({
      type: 'response.created',
      sequence_number: 0,
      response: {
        id: 'resp_7',
        object: 'response',
        created_at: 1_700_000_000,
        status: 'in_progress',
        model: 'openai/gpt-5',
        output: [],
        usage: null,
        error: null,
        incomplete_details: null,
        tools: [],
        parallel_tool_calls: true,
      },
    })
    expect(events.at(-1).response).toMatchObject({
      id: 'resp_7',
      status: 'completed',
      usage: {
        input_tokens: 14,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 19,
      },
    })
  })

  it('#56 tells an estimate of the input where the upstream tells nothing', () => {
    expect(encode(eventsOf([])).at(-1).response.usage).toMatchObject({
      input_tokens: CONTEXT.inputTokensEstimate,
      output_tokens: 0,
    })
  })

  it('says back what the request set', () => {
    const echo = { metadata: { a: 'b' }, temperature: 0.5 }
    expect(encode(eventsOf([]), { ...CONTEXT, memo: { echo } }).at(-1).response).toMatchObject(echo)
  })

  it('a ping keeps Codex’s connection open, numbered like every event', () => {
    const events = encode([
      { type: 'start' },
      { type: 'ping' },
      { type: 'finish', reason: { unified: 'end', raw: null } },
    ])
    expect(events[2]).toEqual({ type: 'keepalive', sequence_number: 2 })
  })

  it('a ping before the answer begins it: before response.created the SDK takes no event', () => {
    const encoder = new ResponseStreamEncoder(CONTEXT)
    const wire: string[] = []
    const push = (event: Event) => encoder.push(event, (_name, data) => wire.push(data))
    push({ type: 'ping' })
    push({ type: 'start', id: 'late' })
    push({ type: 'finish', reason: { unified: 'end', raw: null } })
    const events = wire.map((data): Json => JSON.parse(data))
    expect(gist(events)).toEqual(['created', 'in_progress', 'keepalive', 'completed'])
    expect(new Set(events.flatMap((event) => event.response?.id ?? [])).size).toBe(1)
  })
})

describe('failures', () => {
  const failed = (kind: ErrorKind, message = 'words', details: ErrorDetails = {}) =>
    encode([{ type: 'start' }, { type: 'error', error: new GatewayError(kind, message, details) }]).at(-1)

  it.each<[ErrorKind, string]>([
    ['context_overflow', 'context_length_exceeded'],
    ['upstream_billing', 'insufficient_quota'],
    ['rate_limited', 'rate_limit_exceeded'],
    ['overloaded', 'overloaded'],
    ['invalid_request', 'invalid_prompt'],
    ['unsupported', 'invalid_prompt'],
    ['model_not_found', 'model_not_found'],
    ['upstream_error', 'server_error'],
    ['upstream_truncated', 'server_error'],
    ['upstream_idle', 'server_error'],
    ['internal', 'server_error'],
  ])('#60 B15 %s is %s, on which Codex acts', (kind, code) => {
    expect(failed(kind)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code, message: 'words' }, output: [] },
    })
  })

  it.each([
    ['Slow down.', 'Slow down. Please try again in 7s.'],
    ['Please try again in 3.2s.', 'Please try again in 3.2s.'],
  ])('L5 how long to wait stands in the words, where Codex looks: %s', (message, told) => {
    expect(failed('rate_limited', message, { retryAfterSeconds: 7 }).response.error.message).toBe(told)
  })

  it('B7 a call that was open when it broke is not told as done', () => {
    const events = encode([
      { type: 'start' },
      { type: 'block-start', index: 0, block: { type: 'tool-call', id: 'a', name: 'Bash' } },
      { type: 'delta', index: 0, delta: { type: 'arguments', json: '{}' } },
      { type: 'block-end', index: 0 },
      { type: 'error', error: new GatewayError('upstream_truncated', 'cut') },
    ])
    expect(gist(events).slice(2)).toEqual([
      'added 0 function_call a Bash',
      'args 0 {}',
      'failed server_error',
    ])
  })

  it('#61 one before the first event is a stream that fails', () => {
    const error = new GatewayError('rate_limited', 'no')
    expect(gist(encode([{ type: 'error', error }]))).toEqual([
      'created',
      'in_progress',
      'failed rate_limit_exceeded',
    ])
  })
})

/** What the deltas of an item add up to, and what its end says. */
function replay(events: readonly Json[]): { deltas: Map<string, string>; dones: Map<string, string> } {
  const deltas = new Map<string, string>()
  const dones = new Map<string, string>()
  for (const event of events) {
    const key = `${event.item_id} ${event.content_index ?? 0}`
    if (event.type.endsWith('.delta')) deltas.set(key, (deltas.get(key) ?? '') + event.delta)
    const whole = event.text ?? event.arguments
    if (event.type.endsWith('.done') && typeof whole === 'string') dones.set(key, whole)
  }
  return { deltas, dones }
}

describe('any answer', () => {
  it('is numbered, its deltas are what its ends say, and the end comes last', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const encoded = encode(events)
        expect(encoded.map((event) => event.sequence_number)).toEqual(encoded.map((_, at) => at))
        const { deltas, dones } = replay(encoded)
        for (const [key, whole] of dones) expect(deltas.get(key)).toBe(whole)
        expect(encoded.at(-1).type).toMatch(/^response\.(?:completed|incomplete)$/)
        const done = encoded
          .filter(({ type }) => type === 'response.output_item.done')
          .map(({ item }) => item)
        const { output } = encoded.at(-1).response
        expect(output.filter((item: Json) => done.some(({ id }) => id === item.id))).toEqual(done)
      }),
      { numRuns: 500 },
    )
  })

  it('B7 that breaks off ends with response.failed, and nothing else', () => {
    fc.assert(
      fc.property(brokenAnswer, (events) => {
        const types = encode(events).map(({ type }) => type as string)
        expect(types.at(-1)).toBe('response.failed')
        expect(types).not.toContain('response.completed')
      }),
      { numRuns: 300 },
    )
  })
})
