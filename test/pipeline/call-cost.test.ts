/** What a row says that its call cost. */
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { Usage } from '../../src/message/usage.ts'
import type { Call } from '../../src/pipeline/call.ts'
import type { Meter } from '../../src/pipeline/call-cost.ts'
import type { Target } from '../../src/pipeline/plan.ts'
import type { InboundRequest } from '../../src/pipeline/read-request.ts'
import { CallRecord } from '../../src/pipeline/record.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { endpoints } from '../../src/protocols/anthropic/endpoints.ts'
import { compileText } from '../../src/stores/config/load.ts'
import type { CallRow } from '../../src/stores/logs/port.ts'
import { registry } from '../stores/config/registry.ts'

const SETTINGS = {
  providers: {
    anthropic: {
      keys: [
        { name: 'a', value: 'sk-1' },
        { name: 'b', value: 'sk-2' },
      ],
    },
    openai: { keys: [{ value: 'sk-3', aliases: { fast: 'gpt-5-nano' } }] },
    ollama: { network_config: { base_url: 'http://127.0.0.1:11434' } },
  },
  governance: { pricing_overrides: [{ name: 'deal', pattern: 'gpt-5-pro', input_per_million: 1 }] },
}
const options = { registry, environment: {}, appDir: '/app', version: 1 }
const { configuration } = await compileText(JSON.stringify(SETTINGS), 'config.json', options)

const CALL = {
  id: 'call',
  protocol: anthropic,
  operation: 'generate',
  endpoint: endpoints[0],
  path: '/anthropic/v1/messages',
  query: new URLSearchParams(),
  headers: {},
  receivedAtMs: 0,
  startedAt: 0,
} as unknown as Call

const BODY = Buffer.from('{"model":"m","messages":[]}')
const REQUEST = {
  body: BODY,
  bodyBytes: 4_000,
  fields: new Map(),
  model: 'm',
  stream: true,
  release: () => {},
} as unknown as InboundRequest

function meter(usage: Partial<Usage>, change: Partial<Meter> = {}): Meter {
  return { usage, finish: undefined, responseId: undefined, model: undefined, complete: true, ...change }
}

function target(provider: string, model: string): Target {
  return {
    provider: configuration.providers.get(provider)!,
    model,
    mode: 'native',
    reason: 'the test',
  } as Target
}

interface Attempt {
  at: [provider: string, model: string]
  meter?: Meter
  error?: GatewayError
  /** What the client got of its answer. */
  answer?: string
}

/** The row of a call with these attempts, one after the other. */
function rowOf(attempts: readonly Attempt[], { operation = 'generate' } = {}): CallRow {
  const rows: CallRow[] = []
  const record = new CallRecord({ ...CALL, operation } as Call, configuration, {
    record: (row) => void rows.push(row),
    keepRequest: () => true,
    keepResponse: () => {},
    shedContents: 0,
    lostRows: 0,
    flush: async () => {},
  })
  record.request(REQUEST)
  let error: GatewayError | undefined
  for (const attempt of attempts) {
    const place = target(...attempt.at)
    const opened = record.attempt(place, place.provider.keys[0] ?? ({ id: 'none', name: '' } as never))
    if (attempt.meter !== undefined) record.meter(attempt.meter)
    if (attempt.answer !== undefined) {
      record.firstPart()
      record.answer(attempt.answer)
    }
    error = attempt.error
    opened.ended(error === undefined ? 200 : 500, error)
  }
  record.end(error?.status ?? 200, error)
  record.close()
  return rows[0]!
}

const USED = { inputTokens: 1_000, outputTokens: 100 }
const failure = new GatewayError('upstream_unavailable', 'Overloaded.')

describe('the cost of a call', () => {
  it.each<[string, Attempt[], object]>([
    [
      'is that of the model that served it',
      [{ at: ['anthropic', 'claude-opus-4-7'], meter: meter(USED) }],
      {
        nanodollars: 7_500_000,
        parts: { input: 5_000_000, output: 2_500_000 },
        price: 'anthropic/claude-opus-4-7',
        source: expect.stringMatching(/^catalogue 20\d\d-/),
      },
    ],
    [
      '#27 of the one that the answer names, where a fallback served it',
      [{ at: ['anthropic', 'claude-fable-5'], meter: meter(USED, { model: 'claude-opus-4-8' }) }],
      { nanodollars: 7_500_000, price: 'anthropic/claude-opus-4-8' },
    ],
    [
      'at the operator’s price',
      [{ at: ['openai', 'gpt-5-pro'], meter: meter({ inputTokens: 1_000 }) }],
      { nanodollars: 1_000_000, source: expect.stringMatching(/^deal, catalogue/) },
    ],
    [
      'null with a reason where nobody knows the price',
      [{ at: ['ollama', 'llama3'], meter: meter(USED) }],
      { nanodollars: null, reason: 'ollama/llama3: no price is known' },
    ],
    [
      'null where its service has no price',
      [{ at: ['anthropic', 'claude-opus-4-7'], meter: meter({ ...USED, service: { tier: 'priority' } }) }],
      {
        nanodollars: null,
        reason: 'anthropic/claude-opus-4-7: the price of its service priority is unknown',
      },
    ],
    ['nothing when it was never sent', [], { nanodollars: 0 }],
    [
      'null when an answer came whole and nobody said what it used',
      [{ at: ['openai', 'gpt-5'], meter: meter({}) }],
      { nanodollars: null, reason: 'openai/gpt-5: its usage is not known' },
    ],
    [
      'nothing when every attempt was refused',
      [{ at: ['anthropic', 'claude-opus-4-7'], error: failure }],
      { nanodollars: 0 },
    ],
    [
      'A11 that of each attempt that reported usage',
      [
        {
          at: ['anthropic', 'claude-opus-4-7'],
          meter: meter({ inputTokens: 1_000 }, { complete: false }),
          error: failure,
        },
        { at: ['openai', 'gpt-5'], meter: meter({ inputTokens: 1_000 }) },
      ],
      { nanodollars: 5_000_000 + 1_250_000, price: 'openai/gpt-5' },
    ],
    [
      'A11 also when the last was refused',
      [
        {
          at: ['anthropic', 'claude-opus-4-7'],
          meter: meter({ inputTokens: 1_000 }, { complete: false }),
          error: failure,
        },
        { at: ['openai', 'gpt-5'], error: failure },
      ],
      { nanodollars: 5_000_000 },
    ],
    [
      'null when one of them has no price',
      [
        { at: ['ollama', 'llama3'], meter: meter({ inputTokens: 1 }, { complete: false }), error: failure },
        { at: ['openai', 'gpt-5'], meter: meter(USED) },
      ],
      { nanodollars: null, reason: 'ollama/llama3: no price is known' },
    ],
  ])('%s', (_, attempts, cost) => {
    expect(rowOf(attempts).cost).toMatchObject(cost)
  })

  it('A11 each attempt’s part stands with it', () => {
    const row = rowOf([
      {
        at: ['anthropic', 'claude-opus-4-7'],
        meter: meter({ inputTokens: 1_000 }, { complete: false }),
        error: failure,
      },
      { at: ['openai', 'gpt-5'], meter: meter(USED) },
    ])
    expect(row.attempts[0]).toMatchObject({ usage: { inputTokens: 1_000 }, costNanodollars: 5_000_000 })
    expect(row.attempts[1]).not.toHaveProperty('usage')
    expect(row.usage).toMatchObject(USED)
  })

  it('of a count of tokens is nothing', () => {
    const row = rowOf([{ at: ['anthropic', 'claude-opus-4-7'] }], { operation: 'count-tokens' })
    expect([row.cost, row.requestClass]).toEqual([{ nanodollars: 0 }, 'count-tokens'])
  })
})

describe('an answer without its whole usage', () => {
  const event = (data: { type: string } & object) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
  const words = 'The quick brown fox jumps over the lazy dog. '
  const delta = (text: string) =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } } as never)
  const begun =
    event({ type: 'message_start', message: { id: 'm', model: 'x', usage: { input_tokens: 9 } } } as never) +
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as never)
  const cut = begun + delta(words).repeat(60) + 'event: content_block_delta\ndata: {"type":"content_bl'

  it('A9 a client that left: what it got is counted, input as reported', () => {
    const row = rowOf([
      {
        at: ['anthropic', 'claude-opus-4-7'],
        meter: meter({ inputTokens: 50_000, outputTokens: 1 }, { complete: false }),
        answer: cut,
        error: new GatewayError('client_closed', 'The client left.'),
      },
    ])
    expect(row.usageSource).toBe('estimated')
    expect(row.usage?.inputTokens).toBe(50_000)
    // Ten tokens a sentence.
    expect(row.usage?.outputTokens).toBeGreaterThan(60 * 10 * 0.95)
    expect(row.usage?.outputTokens).toBeLessThan(60 * 10 * 1.05)
    expect(row.cost?.nanodollars).toBe(50_000 * 5_000 + row.usage!.outputTokens * 25_000)
  })

  it('A12 an upstream that reports none: both are counted', () => {
    const row = rowOf([{ at: ['openai', 'gpt-5'], meter: meter({}), answer: cut }])
    expect(row.usage?.inputTokens).toBe(1_000)
    expect(row.usage?.outputTokens).toBeGreaterThan(500)
    expect(row.usageSource).toBe('estimated')
  })

  it('what was reported is never lessened', () => {
    const row = rowOf([
      {
        at: ['anthropic', 'claude-opus-4-7'],
        meter: meter({ inputTokens: 9, outputTokens: 5_000 }, { complete: false }),
        answer: cut,
        error: failure,
      },
    ])
    expect(row.usage?.outputTokens).toBe(5_000)
  })

  it.each(['', 'no stream at all', '{"half":', '\u0000'])(
    'bytes that are no answer count nothing: %j',
    (answer) => {
      const row = rowOf([
        {
          at: ['openai', 'gpt-5'],
          meter: meter({ inputTokens: 9 }, { complete: false }),
          answer,
          error: failure,
        },
      ])
      expect(row.usage).toMatchObject({ inputTokens: 9, outputTokens: 0 })
    },
  )
})
