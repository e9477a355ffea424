import { readdirSync } from 'node:fs'

import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { rowsOf } from '../../reliability/rig/log-rows.ts'
import { SIDES, ask } from '../../reliability/rig/rig.ts'
import { CLAUDE } from '../../reliability/rig/wires.ts'
import type { Json } from '../../support/provider/json.ts'
import {
  bodyOf,
  captured,
  exactly,
  exchange,
  type Pair,
  shortAnswer,
  startPair,
  streamOf,
} from './exchange.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
}, 60_000)
afterAll(() => pair?.close())

const MODEL = 'claude-opus-5-5'
const FOREIGN = 'openai/gpt-5'
const [native] = SIDES as [(typeof SIDES)[0]]

const replyTo = (body: string) => shortAnswer(native, JSON.parse(body).stream === true)

describe('contract: the body reaches Anthropic byte for byte', () => {
  const files = readdirSync('test/data/claude').filter((name) => name !== 'count-tokens.json')

  it.each(files)('what Claude Code sent: %s', async (file) => {
    const body = captured(file).replace('"openai/gpt-5"', `"${MODEL}"`)
    const { status, seen } = await exchange(pair, { body }, replyTo(body))
    expect([status, seen.length]).toEqual([200, 1])
    expect(bodyOf(seen[0])).toBe(body)
  })

  const odd = (model: string) =>
    `{\n "future_field" : {"a":1.0,"b":1E2,"z":[ ],"a":2},\t"max_tokens":10,"model":"${model}" ,` +
    ' "big":123456789012345678901234567890, "text":"\\u00e9\\ud83d\\ude80 é 🚀 \\/", "messages":[{"role":"user",' +
    '"content":[{"type":"block_of_tomorrow","x":null},{"type":"text","text":"model"}]}], "model_hint":"model" }'

  it('whatever fields there are, however they are written', async () => {
    const { seen } = await exchange(pair, { body: odd(MODEL) }, shortAnswer(native))
    expect(bodyOf(seen[0])).toBe(odd(MODEL))
  })

  it.each([
    ['anthropic/claude-opus-5-5', MODEL],
    ['claude-opus-5-5[1m]', MODEL],
    ['swift', 'claude-haiku-5-5'],
  ])('of %s nothing but the name changes', async (asked, model) => {
    const { seen } = await exchange(pair, { body: odd(asked) }, shortAnswer(native))
    expect(bodyOf(seen[0])).toBe(odd(model))
  })

  it('the attribution block stays first, alone and unchanged', async () => {
    const body = captured('default-second-turn.json')
    const { seen } = await exchange(pair, { body }, replyTo(body))
    const [first, ...rest] = seen[0]!.body.system
    expect(first).toEqual({ type: 'text', text: expect.stringMatching(/^x-anthropic-billing-header: /) })
    expect(rest.length).toBe(JSON.parse(body).system.length - 1)
  })
})

/** Fields that only hold together with their beta, and fields that need none. */
const FEATURES: { feature: string; beta?: string; body: Record<string, unknown> }[] = [
  {
    feature: 'context management',
    beta: 'context-management-2025-06-27',
    body: { context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] } },
  },
  {
    feature: 'deferred and strict tools',
    beta: 'advanced-tool-use-2025-11-20',
    body: { tools: [{ name: 'A', input_schema: { type: 'object' }, defer_loading: true, strict: true }] },
  },
  {
    feature: 'effort, format and task budget',
    beta: 'effort-2025-11-24,structured-outputs-2025-12-15,task-budgets-2026-03-13',
    body: {
      output_config: {
        effort: 'low',
        format: { type: 'json_schema', schema: { type: 'object' } },
        task_budget: { total: 9 },
      },
    },
  },
  {
    feature: 'an hour of cache',
    beta: 'extended-cache-ttl-2025-04-11',
    body: { system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
  },
  {
    feature: 'effort of one turn',
    beta: 'per-turn-control-2026-07-01',
    body: {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'system', content: [], output_config: { effort: 'low' } },
      ],
    },
  },
  {
    feature: 'tools changed in the conversation',
    beta: 'mid-conversation-tool-changes-2026-07-01',
    body: {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'system', content: [{ type: 'tool_removal', tools: ['A'] }] },
      ],
    },
  },
  {
    feature: 'auto mode',
    beta: 'dangerous-tool-use-2026-09-03',
    body: { safeguards: [{ type: 'dangerous_tool_use', classifier_context: { cwd: '/w' } }] },
  },
  {
    feature: 'a model to fall back to',
    beta: 'server-side-fallback-2026-07-01',
    body: { fallbacks: [{ model: 'claude-sonnet-5-5' }] },
  },
  { feature: 'the long window, a header alone', beta: 'context-1m-2025-08-07', body: {} },
  { feature: 'interleaved thinking, a header alone', beta: 'interleaved-thinking-2025-05-14', body: {} },
  {
    feature: 'adaptive thinking, a field alone',
    body: { thinking: { type: 'adaptive', display: 'updates' } },
  },
  {
    feature: 'thinking bound to its conversation',
    body: { thinking: { type: 'adaptive', block_binding: 'conversation' } },
  },
  {
    feature: 'tools turned off, not taken away',
    body: { tools: [{ name: 'A', input_schema: { type: 'object' } }], tool_choice: { type: 'none' } },
  },
  { feature: 'what nobody knows yet', beta: 'tomorrow-2027-01-01', body: { tomorrow: { x: 1 } } },
]

describe('contract: header and body of a feature travel together', () => {
  it.each(FEATURES)('$feature, to Anthropic', async ({ beta, body }) => {
    const text = JSON.stringify(ask(MODEL, 'Hi', body))
    const headers: Record<string, string> = beta === undefined ? {} : { 'anthropic-beta': beta }
    const { status, seen } = await exchange(pair, { headers, body: text }, shortAnswer(native))
    expect([status, bodyOf(seen[0]), seen[0]!.headers['anthropic-beta']]).toEqual([200, text, beta])
  })

  it.each(FEATURES)(
    'A1 $feature, to another kind: neither of them fails the request',
    async ({ beta, body }) => {
      const headers: Record<string, string> = beta === undefined ? {} : { 'anthropic-beta': beta }
      const { status, seen } = await exchange(pair, { headers, body: ask(FOREIGN, 'Hi', body) })
      expect(status).toBe(200)
      expect(JSON.stringify(seen[0]!.rawHeaders)).not.toMatch(/anthropic/i)
      expect(bodyOf(seen[0])).not.toMatch(
        /context_management|defer_loading|output_config|task_budget|safeguards|fallbacks|block_binding|tomorrow|adaptive/,
      )
    },
  )
})

const wholeAnswer = (more: Record<string, unknown>) =>
  JSON.stringify({ ...JSON.parse(CLAUDE.whole('word')), ...more })

/** @throws when there is nothing to replace: the row would say nothing */
function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${from} is not in ${text}`)
  return text.replace(from, to)
}

/** Answers that hold what no gateway knows. */
const ANSWERS: [what: string, stream: boolean, answer: string][] = [
  ['an answer in one piece, spaced as it likes', false, CLAUDE.whole('word').replaceAll(',"', ' ,\n\t"')],
  [
    'fields of tomorrow',
    false,
    wholeAnswer({ tomorrow: { x: 1.0 }, content: [{ type: 'hologram', x: [] }] }),
  ],
  [
    '#67 a safety verdict',
    false,
    wholeAnswer({
      safeguard_results: [{ type: 'dangerous_tool_use', status: { type: 'available', tool_uses: {} } }],
    }),
  ],
  [
    '#67 container, applied edits, transformed input, details of the stop',
    false,
    wholeAnswer({
      container: { id: 'c' },
      context_management: { applied_edits: [{ type: 'clear_thinking_20251015' }] },
      input_transformations: [{ type: 'thinking_stripped' }],
      stop_details: { type: 'refusal', category: 'cyber' },
    }),
  ],
  [
    '#58 usage that is not summed up',
    false,
    wholeAnswer({
      usage: {
        input_tokens: 1,
        output_tokens: 2,
        cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
        server_tool_use: { web_search_requests: 1 },
        iterations: [{ type: 'compaction', model: 'claude-haiku-5-5' }],
        service_tier: 'priority',
      },
    }),
  ],
  ['a stream', true, native.begin('word') + CLAUDE.closing],
  [
    '#59 pings and comments, wherever they stand',
    true,
    `: hello\n\n${CLAUDE.keepAlive}${native.begin('word')}: still there\n\n${CLAUDE.keepAlive}${CLAUDE.closing}`,
  ],
  [
    '#62 other line ends, no space behind the colon, other spaces in the JSON',
    true,
    (native.begin('word') + CLAUDE.closing).replaceAll('\n', '\r\n').replaceAll('data: {"', 'data:{ "'),
  ],
  [
    'events, blocks and deltas of tomorrow',
    true,
    native.begin('word') +
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"scent_delta","x":1}}\n\n' +
      'event: tomorrow\ndata: {"type":"tomorrow","x":[1.0]}\nid: 7\nretry: 10\n\n' +
      replaced(
        CLAUDE.closing,
        'event: message_delta',
        'event: content_block_start\ndata: {"type":"content_block_start","index":1,"content_block":{"type":"hologram"}}\n\n' +
          'event: content_block_stop\ndata: {"type":"content_block_stop","index":1}\n\nevent: message_delta',
      ),
  ],
  [
    '#53 thinking that is only a signature',
    true,
    CLAUDE.opening +
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}\n\n' +
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB=="}}\n\n' +
      CLAUDE.closing,
  ],
  [
    '#67 verdict, edits, transformed input and details of the stop, at the beginning and at the end',
    true,
    replaced(
      CLAUDE.opening,
      '"content":[]',
      '"container":{"id":"c"},"input_transformations":[{"type":"x"}],"content":[]',
    ) +
      native.begin('word').slice(CLAUDE.opening.length) +
      replaced(
        CLAUDE.closing,
        '"stop_sequence":null}',
        '"stop_sequence":null,"stop_details":null,"safeguard_results":[{"type":"dangerous_tool_use","status":' +
          '{"type":"available","tool_uses":{"toolu_1":{"type":"evaluated","outcome":"not_flagged"}}}}]},' +
          '"input_transformations":[{"type":"x"}],"context_management":{"applied_edits":[]}',
      ),
  ],
  ...['pause_turn', 'refusal', 'model_context_window_exceeded', 'compaction', 'tomorrow'].map(
    (reason): [string, boolean, string] => [
      `#54 the reason ${reason}`,
      true,
      replaced(native.begin('word') + CLAUDE.closing, '"end_turn"', `"${reason}"`),
    ],
  ),
]

describe('contract: Anthropic’s answer reaches the client byte for byte', () => {
  it.each(ANSWERS)('%s', async (_what, stream, answer) => {
    const reply = stream ? streamOf(answer) : exactly(answer)
    const { status, text, headers } = await exchange(pair, { body: ask(MODEL, 'Hi', { stream }) }, reply)
    expect([status, text]).toEqual([200, answer])
    expect(headers.get('content-type')).toMatch(stream ? /^text\/event-stream/ : /^application\/json/)
  })
})

describe('contract: a safety verdict is Anthropic’s alone', () => {
  it.each([false, true])(
    'another kind of provider gives none, and none is made up; stream: %s',
    async (stream) => {
      const session = `verdict-${stream}`
      const body = { ...JSON.parse(captured('auto-mode-safeguards.json')), model: FOREIGN, stream }
      const { status, text, seen } = await exchange(pair, {
        headers: { 'x-claude-code-session-id': session },
        body,
      })
      expect([status, bodyOf(seen[0]).includes('safeguards')]).toEqual([200, false])
      expect(text).not.toMatch(/safeguard_results|outcome/)
      const [row] = await rowsOf(pair.gateway.appDir, session)
      expect(row!.warnings).toContainEqual(expect.objectContaining({ kind: 'dropped', field: 'safeguards' }))
    },
  )
})

/** Headers of an answer that mean something to the client. */
const TOLD = {
  'request-id': 'req_up1',
  'anthropic-organization-id': 'org_1',
  'anthropic-ratelimit-unified-status': 'allowed_warning',
  'anthropic-ratelimit-unified-reset': '1790000000',
  'anthropic-ratelimit-unified-5h-utilization': '0.93',
  'anthropic-ratelimit-tokens-remaining': '12000',
  'x-should-retry': 'true',
  'retry-after': '7',
  'x-of-tomorrow': 'x',
}

/** And those that do not, or would harm it. */
const KEPT = {
  'set-cookie': 'session=of-another-site',
  'access-control-allow-origin': '*',
  'strict-transport-security': 'max-age=31536000',
  server: 'cloudflare',
  'alt-svc': 'h3=":443"',
}

describe('contract: headers of an answer', () => {
  const answers: [what: string, stream: boolean, status: number][] = [
    ['one piece', false, 200],
    ['a stream', true, 200],
    ['a refusal', false, 429],
    ['a refusal of a stream', true, 529],
  ]

  it.each(answers)('%s: Anthropic’s are told unchanged', async (_what, stream, status) => {
    const headers = {
      ...TOLD,
      ...KEPT,
      'content-type': stream && status === 200 ? 'text/event-stream' : 'application/json',
    }
    const body = status === 200 ? CLAUDE.whole('word') : CLAUDE.errorBody('Slow down')
    const reply =
      stream && status === 200 ? shortAnswer(native, true, headers) : exactly(body, headers, status)
    const answer = await exchange(pair, { body: ask(MODEL, 'Hi', { stream }) }, reply)
    expect(answer.status).toBe(status)
    expect(Object.fromEntries(answer.headers)).toMatchObject(TOLD)
    for (const [name, value] of Object.entries(KEPT)) expect(answer.headers.get(name)).not.toBe(value)
  })

  it.each(answers)(
    '%s: of another kind’s only those are told that Claude Code reads',
    async (_what, stream, status) => {
      const [, side] = SIDES as [unknown, (typeof SIDES)[0]]
      const headers = { ...TOLD, ...KEPT, 'x-ratelimit-remaining-tokens': '9', 'openai-organization': 'org' }
      const reply =
        status === 200
          ? shortAnswer(side, stream, headers)
          : exactly(side.wire.errorBody('Slow down'), headers, status)
      const answer = await exchange(pair, { body: ask(FOREIGN, 'Hi', { stream }) }, reply)
      expect(answer.status).toBe(status)
      const names = [...answer.headers.keys()].filter(
        (name) => !/^(date|connection|keep-alive|transfer-encoding|content-)/.test(name),
      )
      const expected = status === 200 ? ['request-id'] : ['request-id', 'retry-after', 'x-should-retry']
      const own = ['x-signalbox-model', 'x-signalbox-provider']
      expect(names.filter((name) => name !== 'cache-control').toSorted()).toEqual(
        [...expected, ...own].toSorted(),
      )
      // Anthropic's form of an id is the gateway's own here: it finds the call in the log.
      expect(answer.headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/)
    },
  )

  it.each([
    ['one piece', false, 200],
    ['a stream', true, 200],
    ['a refusal', false, 400],
  ])('%s of a relay that gives no request-id: the gateway gives one', async (_what, stream, status) => {
    const reply = status === 200 ? shortAnswer(native, stream) : exactly(CLAUDE.errorBody('No'), {}, status)
    const { headers } = await exchange(pair, { body: ask(MODEL, 'Hi', { stream }) }, reply)
    expect(headers.get('request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('contract: an answer that is packed although nobody asked for that', () => {
  const cases = SIDES.flatMap((side) => [true, false].map((stream) => ({ side, stream })))

  it.each(cases)(
    'B12 arrives unpacked, and its headers say so: $side.side, stream: $stream',
    async ({ side, stream }) => {
      const plain = stream ? side.begin('word') + side.wire.closing : side.wire.whole('word')
      const type = stream ? 'text/event-stream' : 'application/json'
      const reply = {
        headers: { 'content-type': type, 'content-encoding': 'gzip' },
        chunks: [gzipSync(plain)],
      }
      const answer = await exchange(pair, { body: ask(side.model, 'Hi', { stream }) }, reply)
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, null])
      expect(answer.seen[0]!.headers['accept-encoding']).toBe('identity')
      if (side.side === 'native') expect(answer.text).toBe(plain)
      else expect(answer.text).toContain('"text":"word"')
      const length = answer.headers.get('content-length')
      if (length !== null) expect(Number(length)).toBe(Buffer.byteLength(answer.text))
    },
  )
})

describe('contract: what a gateway may read', () => {
  it.each([MODEL, FOREIGN])('session and agent are in the log, %s', async (model) => {
    const session = `00000000-0000-4000-8000-${model.length}`
    const headers = {
      'x-claude-code-session-id': session,
      'x-claude-code-agent-id': 'a0123456789abcdef',
      'x-claude-code-parent-agent-id': 'a1',
      'x-claude-code-request-class': 'subagent',
      'x-claude-code-agent-type': 'Explore',
      'x-claude-code-compaction': 'auto',
      'x-claude-code-context-compacted': 'true',
      'x-claude-code-prev-tool-durations': 'Bash=742;Read=9;caf%C3%A9=1',
    }
    const { status } = await exchange(pair, { headers, body: ask(model, 'Hi') })
    expect(status).toBe(200)
    const rows = await rowsOf(pair.gateway.appDir, session)
    expect(rows.map(({ agentId }) => agentId)).toEqual(['a0123456789abcdef'])
  })

  it('the session of metadata.user_id counts where no header tells it', async () => {
    const session = '00000000-0000-4000-8000-00000000000a'
    const user_id = JSON.stringify({ device_id: 'd', account_uuid: '', session_id: session })
    await exchange(pair, { body: ask(MODEL, 'Hi', { metadata: { user_id } }) })
    expect(await rowsOf(pair.gateway.appDir, session)).toHaveLength(1)
  })
})

describe('contract: preserved thinking', () => {
  it('a second turn is the bytes of the first and what was added to them', async () => {
    const first: Json = JSON.parse(captured('thinking-round-trip.json'))
    const rest = first.messages.splice(-2)
    const [one, two] = [first, { ...first, messages: [...first.messages, ...rest] }].map((body) =>
      JSON.stringify({ model: MODEL, ...body, stream: false }),
    ) as [string, string]
    const seen = []
    for (const body of [one, two])
      seen.push(...(await exchange(pair, { body }, shortAnswer(native))).seen.map(bodyOf))
    expect(seen).toEqual([one, two])
  })
})
