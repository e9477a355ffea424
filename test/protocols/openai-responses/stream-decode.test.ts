import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorKind } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { checkGrammar } from '../../../src/message/grammar.ts'
import { decodeResponse } from '../../../src/protocols/openai-responses/response.ts'
import { ResponseStreamDecoder } from '../../../src/protocols/openai-responses/stream-decode.ts'
import { ResponseStreamEncoder } from '../../../src/protocols/openai-responses/stream-encode.ts'
import type { Memo } from '../../../src/protocols/translation.ts'
import { answer } from '../../support/events.ts'
import type { Json } from '../../support/provider/json.ts'
import { lines } from '../../support/responses-gist.ts'
import { CONTEXT, dataOf, decodeAll, encodeAll, slices, sse } from '../../support/sse.ts'

type Wire = { type: string } & Record<string, unknown>

function decode(events: readonly Wire[], memo: Memo = {}): Event[] {
  const decoded = decodeAll(new ResponseStreamDecoder(memo), events.map(sse).join(''))
  checkGrammar(decoded)
  return decoded
}

/** Hub events as one reads them, a line each. */
function gist(events: readonly Event[]): string[] {
  return events.map((event) => {
    switch (event.type) {
      case 'start':
        return `start ${event.id ?? ''}`.trimEnd()
      case 'block-start': {
        const { block } = event
        const more =
          block.type === 'tool-call'
            ? ` ${block.id} ${block.name}`
            : block.type === 'opaque'
              ? ` ${block.kind}`
              : ''
        return `${block.type} ${event.index}${more}`
      }
      case 'delta': {
        const { delta } = event
        switch (delta.type) {
          case 'text':
          case 'thinking':
            return `+ ${delta.text.replaceAll('\n', '⏎')}`
          case 'arguments':
            return `+ ${delta.json}`
          case 'signature':
            return `sign ${delta.signature}`
          case 'citation':
            return `cite ${String(delta.citation.url)}`
          case 'opaque':
            return 'opaque'
        }
        break
      }
      case 'block-end':
        return `end ${event.index}`
      case 'finish':
        return `finish ${event.reason.unified}`
      case 'error':
        return `error ${event.error.kind}`
      default:
        return event.type
    }
    return ''
  })
}

// ==== Events as upstreams write them

const created: Wire = {
  type: 'response.created',
  response: { id: 'resp_1', model: 'gpt-5', status: 'in_progress', output: [] },
}
const usage = {
  input_tokens: 10,
  output_tokens: 5,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens_details: { reasoning_tokens: 2 },
}
const ended = (response: Json = {}): Wire => ({
  type: `response.${response.status ?? 'completed'}`,
  response: { id: 'resp_1', status: 'completed', output: [], ...response },
})
const added = (at: number, item: Json): Wire => ({
  type: 'response.output_item.added',
  output_index: at,
  item,
})
const done = (at: number, item: Json): Wire => ({ type: 'response.output_item.done', output_index: at, item })
const message = (id = 'msg_1', text?: string) => ({
  id,
  type: 'message',
  role: 'assistant',
  content: text === undefined ? [] : [{ type: 'output_text', text, annotations: [] }],
})
const textDelta = (at: number, delta: string, id = 'msg_1', part = 0): Wire => ({
  type: 'response.output_text.delta',
  item_id: id,
  output_index: at,
  content_index: part,
  delta,
})
const call = (id = 'fc_1', args = '', name = 'Bash') => ({
  id,
  type: 'function_call',
  call_id: id.replace('fc', 'call'),
  name,
  arguments: args,
})
const argsDelta = (at: number, delta: string, id = 'fc_1'): Wire => ({
  type: 'response.function_call_arguments.delta',
  item_id: id,
  output_index: at,
  delta,
})
const argsDone = (at: number, args: string, id = 'fc_1'): Wire => ({
  type: 'response.function_call_arguments.done',
  output_index: at,
  item_id: id,
  arguments: args,
})
const reasoning = (summary: string[] = [], encrypted: string | null = null, id = 'rs_1') => ({
  id,
  type: 'reasoning',
  summary: summary.map((text) => ({ type: 'summary_text', text })),
  encrypted_content: encrypted,
})
const summaryDelta = (delta: string, part = 0, at = 0, id = 'rs_1'): Wire => ({
  type: 'response.reasoning_summary_text.delta',
  output_index: at,
  item_id: id,
  summary_index: part,
  delta,
})

/** What an upstream streams (left) and the hub's events behind `start` (right). */
const rows: { name: string; wire: Wire[]; events: string; memo?: Memo }[] = [
  {
    name: 'text',
    wire: [
      created,
      added(0, message()),
      textDelta(0, 'Hel'),
      textDelta(0, 'lo'),
      done(0, message('msg_1', 'Hello')),
      ended({ usage }),
    ],
    events: 'text 0 | + Hel | + lo | end 0 | usage | finish end',
  },
  {
    name: '#48 B2 an item without content is no block',
    wire: [created, added(0, message()), done(0, message()), ended()],
    events: 'finish end',
  },
  {
    name: 'B4 a delta of an item that never began',
    wire: [created, textDelta(0, 'x'), ended()],
    events: 'text 0 | + x | end 0 | finish end',
  },
  {
    name: 'text that only its end tells',
    wire: [
      created,
      { type: 'response.output_text.done', output_index: 0, item_id: 'msg_1', content_index: 0, text: 'x' },
      ended(),
    ],
    events: 'text 0 | + x | end 0 | finish end',
  },
  {
    name: 'text of which the end tells the rest',
    wire: [created, added(0, message()), textDelta(0, 'Hel'), done(0, message('msg_1', 'Hello')), ended()],
    events: 'text 0 | + Hel | + lo | end 0 | finish end',
  },
  {
    name: 'an answer that is told only at the end',
    wire: [created, ended({ output: [reasoning(['hm']), message('msg_1', 'x'), call('fc_1', '{}')] })],
    events:
      'thinking 0 | + hm | end 0 | text 1 | + x | end 1 | tool-call 2 call_1 Bash | + {} | end 2 | finish tool-calls',
  },
  {
    name: 'two messages are two texts',
    wire: [
      created,
      textDelta(0, 'a'),
      done(0, message('msg_1', 'a')),
      textDelta(1, 'b', 'msg_2'),
      done(1, message('msg_2', 'b')),
      ended(),
    ],
    events: 'text 0 | + a | end 0 | text 1 | + b | end 1 | finish end',
  },
  {
    name: 'an unknown item and unknown events',
    wire: [
      { type: 'codex.rate_limits', x: 1 },
      created,
      { type: 'response.metadata' },
      added(0, { id: 'x', type: 'hologram' }),
      { type: 'response.hologram.delta', output_index: 0, delta: 'x' },
      done(0, { id: 'x', type: 'hologram' }),
      { type: 'keepalive', sequence_number: 3 },
      textDelta(1, 'x'),
      ended(),
    ],
    events: 'text 0 | + x | end 0 | finish end',
  },
  {
    name: 'deltas of items that mean nothing here, again and again',
    wire: [
      created,
      { type: 'response.mcp_call_arguments.delta', item_id: 'mcp_1', output_index: 0, delta: 'a' },
      { type: 'response.mcp_call_arguments.delta', item_id: 'mcp_1', output_index: 0, delta: 'b' },
      textDelta(1, 'x'),
      { type: 'response.mcp_call_arguments.delta', item_id: 'mcp_1', output_index: 0, delta: 'c' },
      { type: 'response.mcp_call_arguments.delta', item_id: 'mcp_1', output_index: 0, delta: 'd' },
      ended(),
    ],
    events: 'text 0 | + x | end 0 | finish end',
  },
  {
    name: '#50 B3 a call',
    wire: [
      created,
      added(0, call()),
      argsDelta(0, '{"a"'),
      argsDelta(0, ':1}'),
      argsDone(0, '{"a":1}'),
      done(0, call('fc_1', '{"a":1}')),
      ended(),
    ],
    events: 'tool-call 0 call_1 Bash | + {"a" | + :1} | end 0 | finish tool-calls',
  },
  {
    name: '#50 B3 arguments only on .done',
    wire: [created, added(0, call()), argsDone(0, '{"a":1}'), done(0, call('fc_1', '{"a":1}')), ended()],
    events: 'tool-call 0 call_1 Bash | + {"a":1} | end 0 | finish tool-calls',
  },
  {
    name: '#50 B3 arguments only on output_item.done',
    wire: [created, done(0, call('fc_1', '{"a":1}')), ended()],
    events: 'tool-call 0 call_1 Bash | + {"a":1} | end 0 | finish tool-calls',
  },
  {
    name: '#50 B3 arguments in the beginning, and again after',
    wire: [
      created,
      added(0, call('fc_1', '{"a":1}')),
      argsDelta(0, '{"a":1}'),
      done(0, call('fc_1', '{"a":1}')),
      ended(),
    ],
    events: 'tool-call 0 call_1 Bash | + {"a":1} | end 0 | finish tool-calls',
  },
  {
    name: '#50 no arguments at all',
    wire: [created, added(0, call()), done(0, call()), ended()],
    events: 'tool-call 0 call_1 Bash | end 0 | finish tool-calls',
  },
  {
    name: '#50 an end that says something else than the pieces: what was said stays',
    wire: [created, added(0, call()), argsDelta(0, '{"a":1}'), done(0, call('fc_1', '{"b":2}')), ended()],
    events: 'tool-call 0 call_1 Bash | + {"a":1} | end 0 | finish tool-calls',
  },
  {
    name: '#51 B5 parallel calls, interleaved: the later waits',
    wire: [
      created,
      added(0, call()),
      added(1, call('fc_2', '', 'Read')),
      argsDelta(0, '{"a'),
      argsDelta(1, '{"b":2}', 'fc_2'),
      argsDelta(0, '":1}'),
      done(0, call('fc_1', '{"a":1}')),
      done(1, call('fc_2', '{"b":2}', 'Read')),
      ended(),
    ],
    events: `
      tool-call 0 call_1 Bash | + {"a | + ":1} | end 0
      tool-call 1 call_2 Read | + {"b":2} | end 1 | finish tool-calls`,
  },
  {
    name: '#51 B5 a proxy that gives every item the position 0',
    wire: [
      created,
      added(0, message()),
      textDelta(0, 'x'),
      done(0, message('msg_1', 'x')),
      added(0, call()),
      argsDelta(0, '{"a":1}'),
      done(0, call('fc_1', '{"a":1}')),
      added(0, call('fc_2')),
      argsDelta(0, '{"b":2}', 'fc_2'),
      done(0, call('fc_2', '{"b":2}')),
      ended(),
    ],
    events: `
      text 0 | + x | end 0 | tool-call 1 call_1 Bash | + {"a":1} | end 1
      tool-call 2 call_2 Bash | + {"b":2} | end 2 | finish tool-calls`,
  },
  {
    name: '#51 a proxy that gives an item another id in each event',
    wire: [
      created,
      added(0, call('fc_1')),
      argsDelta(0, '{"a"', 'x'),
      argsDelta(0, ':1}', 'y'),
      done(0, { ...call('fc_1', '{"a":1}'), id: 'z' }),
      ended(),
    ],
    events: 'tool-call 0 call_1 Bash | + {"a" | + :1} | end 0 | finish tool-calls',
  },
  {
    name: 'a server that numbers nothing',
    wire: [
      created,
      { type: 'response.output_item.added', item: call() },
      { type: 'response.function_call_arguments.delta', delta: '{"a":1}' },
      { type: 'response.output_item.done', item: call('fc_1', '{"a":1}') },
      ended(),
    ],
    events: 'tool-call 0 call_1 Bash | + {"a":1} | end 0 | finish tool-calls',
  },
  {
    name: '#52 a name that comes late, and an id that never does',
    wire: [
      created,
      added(0, { id: 'fc_1', type: 'function_call', arguments: '' }),
      argsDelta(0, '{}'),
      done(0, { id: 'fc_1', type: 'function_call', name: 'Bash', arguments: '{}' }),
      ended(),
    ],
    events: 'tool-call 0 toolu_bxHUl02Nv6UTkXJflo1CllCs Bash | + {} | end 0 | finish tool-calls',
  },
  {
    name: '#69 a tool with free text',
    wire: [
      created,
      done(0, { id: 'ctc_1', type: 'custom_tool_call', call_id: 'call_1', name: 'patch', input: 'a"b' }),
      ended(),
    ],
    events: 'tool-call 0 call_1 patch | + {"input":"a\\"b"} | end 0 | finish tool-calls',
  },
  {
    name: '#54 a call is waited for although the upstream says only completed',
    wire: [created, done(0, call('fc_1', '{}')), ended({ output: [call('fc_1', '{}')] })],
    events: 'tool-call 0 call_1 Bash | + {} | end 0 | finish tool-calls',
  },
  {
    name: '#53 D9 parts of a summary are one block, signed and closed before the next',
    wire: [
      created,
      added(0, reasoning()),
      summaryDelta('One'),
      summaryDelta('.'),
      summaryDelta('Two.', 1),
      done(0, reasoning(['One.', 'Two.'], 'gAAA')),
      textDelta(1, 'x'),
      ended(),
    ],
    events: `
      thinking 0 | + One | + . | + ⏎⏎Two. | sign sbx-responses-rs_1.gAAA | end 0
      text 1 | + x | end 1 | finish end`,
  },
  {
    name: '#53 reasoning that is not shown is a block with its signature',
    wire: [created, added(0, reasoning()), done(0, reasoning([], 'gAAA')), ended()],
    events: 'thinking 0 | sign sbx-responses-rs_1.gAAA | end 0 | finish end',
  },
  {
    name: '#53 reasoning of which nothing is told is no block',
    wire: [created, added(0, reasoning()), done(0, reasoning()), ended()],
    events: 'finish end',
  },
  {
    name: '#53 two items of reasoning are two blocks, with a signature or without',
    wire: [
      created,
      done(0, reasoning(['a'])),
      done(1, reasoning(['b'], 'gAAA', 'rs_2')),
      done(2, reasoning(['c'], 'gBBB', 'rs_3')),
      ended(),
    ],
    events: `
      thinking 0 | + a | end 0 | thinking 1 | + b | sign sbx-responses-rs_2.gAAA | end 1
      thinking 2 | + c | sign sbx-responses-rs_3.gBBB | end 2 | finish end`,
  },
  {
    name: '#53 B1 open models show the reasoning itself',
    wire: [
      created,
      {
        type: 'response.reasoning_text.delta',
        output_index: 0,
        item_id: 'rs_1',
        content_index: 0,
        delta: 'hm',
      },
      done(0, { ...reasoning(['short']), content: [{ type: 'reasoning_text', text: 'hm' }] }),
      ended(),
    ],
    events: 'thinking 0 | + hm | end 0 | finish end',
  },
  {
    name: '#68 a refusal',
    wire: [
      created,
      added(0, message()),
      { type: 'response.refusal.delta', output_index: 0, item_id: 'msg_1', content_index: 0, delta: 'No' },
      { type: 'response.refusal.done', output_index: 0, item_id: 'msg_1', content_index: 0, refusal: 'No.' },
      done(0, { ...message(), content: [{ type: 'refusal', refusal: 'No.' }] }),
      ended(),
    ],
    events: 'text 0 | + No | + . | end 0 | finish refusal',
  },
  {
    name: '#54 B18 the limit',
    wire: [
      created,
      textDelta(0, 'x'),
      ended({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
    ],
    events: 'text 0 | + x | end 0 | finish max-tokens',
  },
  {
    name: '#55 B18 the limit inside a call: what came, and never tool-calls',
    wire: [
      created,
      added(0, call()),
      argsDelta(0, '{"a'),
      ended({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
    ],
    events: 'tool-call 0 call_1 Bash | + {"a | end 0 | finish max-tokens',
  },
  {
    name: '#54 a content filter',
    wire: [created, ended({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } })],
    events: 'finish refusal',
  },
  {
    name: '#66 citations, each once',
    wire: [
      created,
      added(0, message()),
      textDelta(0, 'x'),
      {
        type: 'response.output_text.annotation.added',
        output_index: 0,
        item_id: 'msg_1',
        content_index: 0,
        annotation_index: 0,
        annotation: { type: 'url_citation', url: 'https://a.b', title: 'A' },
      },
      done(0, {
        ...message(),
        content: [
          {
            type: 'output_text',
            text: 'x',
            annotations: [
              { type: 'url_citation', url: 'https://a.b', title: 'A' },
              { type: 'url_citation', url: 'https://c.d', title: 'C' },
            ],
          },
        ],
      }),
      ended(),
    ],
    events: 'text 0 | + x | cite https://a.b | cite https://c.d | end 0 | finish end',
  },
  {
    name: '#17 a search that the upstream ran',
    wire: [
      created,
      done(0, {
        id: 'ws_1',
        type: 'web_search_call',
        status: 'completed',
        action: { type: 'search', query: 'node', sources: [{ type: 'url', url: 'https://c.d' }] },
      }),
      textDelta(1, 'x'),
      ended(),
    ],
    events:
      'text 0 | + x | end 0 | opaque 1 server_tool_use | end 1 | opaque 2 web_search_tool_result | end 2 | finish end',
  },
  {
    name: '#17 one that the client asked for and nothing else, and that the model did not run',
    wire: [created, textDelta(0, 'x'), ended()],
    memo: { webSearch: true },
    events:
      'text 0 | + x | end 0 | opaque 1 server_tool_use | end 1 | opaque 2 web_search_tool_result | end 2 | finish end',
  },
  {
    name: '#17 one that the upstream does not have',
    wire: [created, textDelta(0, 'x'), ended()],
    memo: { webSearchUnavailable: true },
    events:
      'opaque 0 server_tool_use | end 0 | opaque 1 web_search_tool_result | end 1 | text 2 | + x | end 2 | finish end',
  },
  {
    name: 'B7 #61 the end is missing',
    wire: [created, textDelta(0, 'x'), done(0, message('msg_1', 'x'))],
    events: 'text 0 | + x | end 0 | error upstream_truncated',
  },
  { name: 'B7 [DONE] is no end', wire: [created], events: 'error upstream_truncated' },
  {
    name: 'B8 #61 a failure behind response.created',
    wire: [
      created,
      { type: 'error', error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'no' } },
    ],
    events: 'error upstream_billing',
  },
  {
    name: '#60 what was used before the failure was billed',
    wire: [
      created,
      textDelta(0, 'x'),
      {
        type: 'response.failed',
        response: { status: 'failed', error: { code: 'server_error', message: 'no' }, usage },
      },
      textDelta(0, 'y'),
    ],
    events: 'text 0 | + x | usage | error upstream_error',
  },
  {
    name: 'a failure without a word',
    wire: [created, { type: 'response.failed', response: { status: 'failed', error: null } }],
    events: 'error upstream_error',
  },
  {
    name: 'more arguments after they were whole, in a delta like the one before it',
    wire: [
      created,
      added(0, call()),
      argsDelta(0, '{}'),
      added(1, call('fc_2')),
      argsDelta(0, ' '),
      argsDelta(0, 'x'),
    ],
    events: 'tool-call 0 call_1 Bash | + {} | end 0 | tool-call 1 call_2 Bash | error upstream_malformed',
  },
  {
    name: 'what comes after the end is ignored',
    wire: [created, textDelta(0, 'x'), ended(), textDelta(0, 'y'), ended()],
    events: 'text 0 | + x | end 0 | finish end',
  },
]

describe('streams', () => {
  it.each(rows)('$name', ({ wire, events, memo }) => {
    expect(gist(decode(wire, memo))).toEqual(['start resp_1', ...lines(events)])
  })

  it.each<[name: string, event: Wire, kind: ErrorKind]>([
    [
      '#61 flat, as documented',
      { type: 'error', code: 'rate_limit_exceeded', message: 'slow', param: null },
      'rate_limited',
    ],
    [
      '#61 nested, as sent',
      { type: 'error', error: { type: 'invalid_request_error', message: 'no' } },
      'invalid_request',
    ],
    [
      'overflow',
      {
        type: 'response.failed',
        response: {
          error: {
            code: 'context_length_exceeded',
            message: 'Your input exceeds the context window of this model.',
          },
        },
      },
      'context_overflow',
    ],
    [
      'a prompt that is refused',
      { type: 'response.failed', response: { error: { code: 'invalid_prompt', message: 'no' } } },
      'invalid_request',
    ],
    [
      'an image that is refused',
      { type: 'response.failed', response: { error: { code: 'image_too_large', message: 'no' } } },
      'invalid_request',
    ],
    [
      'overloaded',
      { type: 'response.failed', response: { error: { code: 'server_is_overloaded', message: 'no' } } },
      'overloaded',
    ],
  ])('B15 as the first event: %s', (_name, event, kind) => {
    expect(gist(decode([event]))).toEqual([`error ${kind}`])
  })

  it('#57 #58 usage, each token once', () => {
    const [told] = decode([created, ended({ usage, service_tier: 'priority' })]).filter(
      ({ type }) => type === 'usage',
    )
    expect(told).toEqual({
      type: 'usage',
      usage: {
        inputTokens: 6,
        cacheReadTokens: 4,
        cacheWrite5mTokens: 0,
        cacheWrite1hTokens: 0,
        outputTokens: 5,
        reasoningTokens: 2,
        service: { tier: 'priority' },
      },
    })
  })

  it('#17 what a search found, with the titles that are cited, and what it was for', () => {
    const events = decode(
      [
        created,
        done(0, {
          id: 'ws_1',
          type: 'web_search_call',
          action: {
            type: 'search',
            queries: ['node'],
            sources: [
              { type: 'url', url: 'https://a.b' },
              { type: 'url', url: 'https://c.d' },
            ],
          },
        }),
        done(1, {
          ...message(),
          content: [
            {
              type: 'output_text',
              text: 'x',
              annotations: [{ type: 'url_citation', url: 'https://a.b', title: 'A' }],
            },
          ],
        }),
        ended({ usage }),
      ],
      { webSearch: true },
    )
    const blocks = events.flatMap((event) =>
      event.type === 'block-start' && event.block.type === 'opaque' ? [event.block.raw] : [],
    )
    expect(blocks).toMatchObject([
      { type: 'server_tool_use', name: 'web_search', input: { query: 'node' } },
      {
        content: [
          { url: 'https://a.b', title: 'A' },
          { url: 'https://c.d', title: '' },
        ],
      },
    ])
    expect(events.find(({ type }) => type === 'usage')).toMatchObject({ usage: { webSearches: 1 } })
  })

  it('#8 arguments as an object keep every digit', () => {
    const wire = `data: {"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"a","name":"Bash","arguments":{"n":12345678901234567890,"x":1.0}}}\n\n${sse(ended())}`
    expect(gist(decodeAll(new ResponseStreamDecoder({}), wire))).toContain(
      '+ {"n":12345678901234567890,"x":1.0}',
    )
  })

  it('names that had to be shortened, and ids that were used before, are the client’s again', () => {
    const memo = { toolNames: new Map([['Bash', 'long name']]), callIds: new Set(['call_1']) }
    const start = decode([created, done(0, call('fc_1', '{}')), ended()], memo)[1] as Json
    expect(start.block.name).toBe('long name')
    expect(start.block.id).not.toBe('call_1')
  })

  it.each([
    ['data: {"type":"response.completed"', 'upstream_malformed'],
    ['data: [1]\n\n', 'upstream_malformed'],
    ['data: <html>\n\n', 'upstream_malformed'],
    ['', 'upstream_truncated'],
    ['data: [DONE]\n\n', 'upstream_truncated'],
    [': comment\n\n', 'upstream_truncated'],
  ])('#61 #62 no stream: %s', (wire, kind) => {
    const [event] = decodeAll(new ResponseStreamDecoder({}), wire) as Json[]
    expect(event).toMatchObject({ type: 'error', error: { kind } })
  })

  it('#62 an event whose type stands in its name alone', () => {
    const { type, ...data } = textDelta(0, 'x')
    const wire = `event: ${type}\ndata: ${JSON.stringify(data)}\n\n${sse(ended())}`
    expect(gist(decodeAll(new ResponseStreamDecoder({}), wire))).toEqual([
      'start',
      'text 0',
      '+ x',
      'end 0',
      'finish end',
    ])
  })
})

/** Blocks with all that they say: how it was cut into deltas is the wire's affair. */
function blocksOf(events: readonly Event[]): Json[] {
  const out: Json[] = []
  for (const event of events) {
    if (event.type === 'block-start') out.push({ block: event.block, said: '', citations: [] })
    else if (event.type === 'delta') {
      const { delta } = event
      if (delta.type === 'citation') out.at(-1).citations.push(delta.citation)
      else if (delta.type === 'signature') out.at(-1).signature = delta.signature
      else if (delta.type !== 'opaque')
        out.at(-1).said += delta.type === 'arguments' ? delta.json : delta.text
    } else if (event.type !== 'block-end') out.push(event.type === 'error' ? event.type : event)
  }
  return out
}

describe('any stream', () => {
  const any = fc.constantFrom(...rows)

  it('B11 #62 gives the same events however its bytes are cut', () => {
    fc.assert(
      fc.property(any, slices, ({ wire, memo = {} }, cuts) => {
        const bytes = wire.map(sse).join('')
        const whole = decodeAll(new ResponseStreamDecoder(memo), bytes)
        expect(decodeAll(new ResponseStreamDecoder(memo), bytes, cuts)).toEqual(whole)
      }),
      { numRuns: 1000 },
    )
  })

  it('obeys the grammar, whatever order its events come in', () => {
    const event = fc.constantFrom(...rows.flatMap(({ wire }) => wire))
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (wire) => {
        checkGrammar(decodeAll(new ResponseStreamDecoder({}), wire.map(sse).join('')))
      }),
      { numRuns: 3000 },
    )
  })

  it('obeys the grammar, whatever its events hold', () => {
    const type = fc.constantFrom(...new Set(rows.flatMap(({ wire }) => wire.map((one) => one.type))))
    const event = fc
      .tuple(
        type,
        fc.dictionary(
          fc.constantFrom(
            'item',
            'output_index',
            'item_id',
            'delta',
            'part',
            'response',
            'error',
            'annotation',
          ),
          fc.jsonValue({ maxDepth: 2 }),
        ),
      )
      .map(([name, fields]): Wire => ({ ...fields, type: name }))
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (wire) => {
        checkGrammar(decodeAll(new ResponseStreamDecoder({}), wire.map(sse).join('')))
      }),
      { numRuns: 600 },
    )
  })

  it('the whole answer gives the events of the stream that ends with it', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const wire = encodeAll(new ResponseStreamEncoder(CONTEXT), events)
        const streamed = decodeAll(new ResponseStreamDecoder({}), wire)
        const last = dataOf(wire).at(-1)
        const whole: Event[] = []
        decodeResponse(last.response, {}, (event) => whole.push(event))
        checkGrammar(whole)
        // A call that was cut off is never told as done, and is told again in the end.
        expect(blocksOf(whole)).toEqual(blocksOf(streamed))
      }),
      { numRuns: 500 },
    )
  })
})

describe('decode ∘ encode', () => {
  it('keeps what is said, thought and called', () => {
    fc.assert(
      fc.property(answer, (events) => {
        const decoded = decodeAll(
          new ResponseStreamDecoder({}),
          encodeAll(new ResponseStreamEncoder(CONTEXT), events),
        )
        checkGrammar(decoded)
        expect(saidBy(decoded)).toEqual(saidBy(events))
      }),
      { numRuns: 500 },
    )
  })
})

/** All text, all thinking, and every call with its arguments. */
function saidBy(events: readonly Event[]): Json {
  const said: Json = { text: '', thinking: '', calls: [] }
  for (const event of events) {
    if (event.type === 'block-start' && event.block.type === 'tool-call')
      said.calls.push({ name: event.block.name, json: '' })
    if (event.type !== 'delta') continue
    if (event.delta.type === 'text') said.text += event.delta.text
    if (event.delta.type === 'thinking') said.thinking += event.delta.text
    if (event.delta.type === 'arguments') said.calls.at(-1).json += event.delta.json
  }
  for (const one of said.calls) if (one.json.trim() === '') one.json = '{}'
  return said
}
