/** What answers are billed at that end early, or whose provider says strange things of what they used. */
import { once } from 'node:events'

import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { seeded } from '../support/chance.ts'
import type { Fault } from '../support/provider/faults.ts'
import type { LedgerEntry } from '../support/provider/ledger.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import {
  APIS,
  type Asked,
  type ClientApi,
  NATIVE_MODEL,
  PRICES,
  apiOf,
  ask,
  balanceOf,
  invoice,
  keyWithBudget,
  leapingClock,
  logged,
  providersAt,
  requestOf,
  reserved,
  sumOf,
} from './rig/money.ts'
import { RawCall } from './rig/raw-call.ts'
import { CLAUDE_BLOCK } from './rig/wires.ts'

const virtualKey = 'sk-bf-all'
let provider: Provider
let gateway: InProcessGateway
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  const virtual_keys = [keyWithBudget('all', 9_000_000)]
  gateway = await startInProcess(providersAt(provider.url), {
    ledger: 'disk',
    settings: { governance: { virtual_keys } },
  })
  gateway.resilience(leapingClock())
})
afterAll(async () => {
  await gateway.close()
  await provider.close()
})
/** Whatever happened, the log and the budget say the same. */
let usedBefore = 0
afterEach(() => {
  const { used, reserved: held } = balanceOf(gateway, 'budget-all')
  expect({ used: used - usedBefore, held }).toEqual({ used: logged(gateway.rows), held: 0 })
  usedBefore = used
  gateway.rows.length = 0
  provider.ledger.length = 0
})

/** A client's API, and whether the provider has it, too. */
const WAYS: [title: string, api: ClientApi, model: string][] = [
  ...APIS.map((api): [string, ClientApi, string] => [`${api.name}, native`, api, NATIVE_MODEL[api.name]]),
  ['Messages of gpt-5', apiOf('Messages'), 'openai/gpt-5'],
  ['Chat of Claude', apiOf('Chat'), 'anthropic/claude-opus-5-5'],
  ['Responses of Gemini', apiOf('Responses'), 'gemini/gemini-2.5-flash'],
  ['Gemini of Claude', apiOf('Gemini'), 'claude-opus-5-5'],
]

const WORDS = 300
const words = 'word '.repeat(WORDS)
const out = { out: WORDS }
const written = (entries: readonly LedgerEntry[]) => sumOf(entries, ({ tokens }) => tokens.out)

describe('a client that leaves', () => {
  const STREAMS = 1_000
  const AT_ONCE = 50

  /** Leaves when so many bytes of the answer were there. */
  async function leaveAfter(asked: Asked, bytes: number): Promise<void> {
    const { path, body, headers } = requestOf(asked)
    const call = new RawCall(gateway.url, { path, body, headers })
    while (call.received < bytes) await once(call.socket, 'data')
    call.leave()
  }

  it.each(WAYS)(
    `A9 ${STREAMS / WAYS.length} streams, each cancelled at some chunk, are billed for what was produced: %s`,
    { timeout: 60_000 },
    async (_title, api, model) => {
      const random = seeded(9)
      const asked: Asked = {
        api,
        model,
        stream: true,
        virtualKey,
        directive: { say: words, usage: out, chunk: 5 },
      }
      const { path, body, headers } = requestOf(asked)
      const whole = new RawCall(gateway.url, { path, body, headers })
      await whole.answer()
      const size = whole.received
      gateway.rows.length = 0
      provider.ledger.length = 0
      usedBefore = balanceOf(gateway, 'budget-all').used

      const slow = { ...asked, directive: { ...asked.directive, delay_ms: 1 } }
      const count = STREAMS / WAYS.length
      for (let first = 0; first < count; first += AT_ONCE)
        await Promise.all(
          Array.from({ length: Math.min(AT_ONCE, count - first) }, () =>
            leaveAfter(slow, size * (0.1 + 0.8 * random())),
          ),
        )
      await expect.poll(() => gateway.rows.length, { interval: 5 }).toBe(count)
      // On a slow machine the last of it may be on its way before anybody hears that the client has left.
      const isOver = (entry: LedgerEntry) => entry.complete || entry.client_gone_at !== undefined
      await expect.poll(() => provider.ledger.every(isOver), { timeout: 10_000 }).toBe(true)

      const { rows } = gateway
      expect(
        rows.filter(({ status, usageSource }) => status !== 'cancelled' || usageSource !== 'estimated'),
      ).toEqual([])
      const estimated = sumOf(rows, ({ usage }) => usage!.outputTokens)
      expect(estimated / written(provider.ledger)).toBeGreaterThan(0.95)
      expect(estimated / written(provider.ledger)).toBeLessThan(1.05)
      expect(rows.filter(({ usage }) => usage!.outputTokens <= 1)).toEqual([])
      const read = sumOf(rows, ({ usage }) => usage!.inputTokens)
      const truth = sumOf(provider.ledger, ({ tokens }) => tokens.in)
      expect(read / truth).toBeGreaterThan(0.9)
      expect(Math.abs(logged(rows) / invoice(provider.ledger) - 1)).toBeLessThan(0.05)
    },
  )
})

const ENDS: [title: string, fault: Fault][] = [
  ['the connection is reset', { kind: 'reset', after: 200 }],
  ['the stream ends without its end', { kind: 'truncate', after: 200 }],
  ['an error comes in it', { kind: 'error_event', after: 200 }],
]

describe.each(WAYS)('an upstream that fails: %s', (title, api, model) => {
  it.each(ENDS)('A10 in the middle of its stream is paid for what it produced: %s', async (_end, fault) => {
    const call = (index: number) => {
      const nonce = `${title}-${fault.kind}-${index}`
      // What a reset finds in the buffers of this side is gone.
      const directive = { nonce, say: words, usage: out, chunk: 5, delay_ms: 1, fault }
      return ask(gateway.url, { api, model, stream: true, virtualKey, directive })
    }
    await Promise.all(Array.from({ length: 10 }, (_, index) => call(index)))
    expect(gateway.rows).toHaveLength(10)
    expect(gateway.rows.filter(({ status }) => status !== 'error')).toEqual([])
    expect(provider.ledger).toHaveLength(10)
    expect(gateway.rows.filter(({ cost }) => !cost?.nanodollars)).toEqual([])
    expect(Math.abs(logged(gateway.rows) / invoice(provider.ledger) - 1)).toBeLessThan(0.05)
  })
})

const NONSENSE: [title: string, value: unknown][] = [
  ['negative', -1e6],
  ['huge', 1e308],
  ['more than is exact', 2 ** 53 + 1],
  ['text', '12'],
  ['a fraction', 0.5],
  ['null', null],
  ['a list', [5]],
  ['absent', undefined],
]

describe.each(WAYS)('usage that is none: %s', (way, api, model) => {
  it.each(NONSENSE.flatMap(([title, value]) => [false, true].map((stream) => ({ title, value, stream }))))(
    'A12 $title, streamed: $stream: nothing is given back, and no number is one that is none',
    async ({ title, value, stream }) => {
      const fault: Fault | undefined = value === undefined ? { kind: 'no_usage' } : undefined
      const usage = { in: value, out: value, cache_read: 0 } as never
      const directive = {
        nonce: `${title}-${stream}-${way}`,
        say: words,
        ...(fault ? { fault } : { usage }),
      }
      const { status } = await ask(gateway.url, { api, model, stream, virtualKey, directive })
      expect(status).toBe(200)
      const [row] = gateway.rows
      const text = JSON.stringify(row)
      expect(text).not.toMatch(/NaN|Infinity/)
      for (const count of Object.values(row!.usage ?? {}))
        if (typeof count === 'number') expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
      expect(Number.isSafeInteger(row!.cost!.nanodollars) && row!.cost!.nanodollars! > 0).toBe(true)
      expect(reserved(gateway)).toBe(0)
    },
  )
})

// ==== Usage that is told more than once

const count = fc.integer({ min: 0, max: 100_000 })
const claudeUsage = fc.record(
  { input_tokens: count, cache_read_input_tokens: count, output_tokens: count },
  { requiredKeys: [] },
)
const event = (data: { type: string } & Record<string, unknown>) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`

it(
  'A13 Claude’s usage, told at the start and again any number of times, counts as it was told last',
  { timeout: 60_000 },
  async () => {
    const first = fc.record({ input_tokens: count, cache_read_input_tokens: count, output_tokens: count })
    await fc.assert(
      fc.asyncProperty(first, fc.array(claudeUsage, { minLength: 1, maxLength: 5 }), async (start, later) => {
        const message = {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'claude-opus-5-5',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: start,
        }
        const delta = { stop_reason: 'end_turn', stop_sequence: null }
        provider.reply({
          chunks: [
            event({ type: 'message_start', message }),
            CLAUDE_BLOCK,
            event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'word' } }),
            event({ type: 'content_block_stop', index: 0 }),
            ...later.map((usage) => event({ type: 'message_delta', delta, usage })),
            event({ type: 'message_stop' }),
          ],
        })
        await ask(gateway.url, { api: apiOf('Messages'), stream: true, virtualKey })
        const last = Object.assign({}, start, ...later) as typeof start
        const price = PRICES['claude-opus-5-5']!
        expect(gateway.rows.at(-1)!.cost!.nanodollars).toBe(
          last.input_tokens * price.in +
            last.cache_read_input_tokens * price.cache_read +
            last.output_tokens * price.out,
        )
      }),
      {
        numRuns: 200,
        examples: [
          [
            { input_tokens: 5, cache_read_input_tokens: 0, output_tokens: 1 },
            [{ output_tokens: 9 }, { output_tokens: 9 }],
          ],
        ],
      },
    )
  },
)

const CUMULATIVE: [
  name: ClientApi['name'],
  chunk: (used: number, isLast: boolean) => string,
  last: string,
][] = [
  [
    'Chat',
    (used, isLast) =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-5', choices: [{ index: 0, delta: { content: 'word' }, finish_reason: isLast ? 'stop' : null }], usage: { prompt_tokens: 10, completion_tokens: used, total_tokens: 10 + used } })}\n\n`,
    'data: [DONE]\n\n',
  ],
  [
    'Gemini',
    (used, isLast) =>
      `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text: 'word' }] }, ...(isLast && { finishReason: 'STOP' }), index: 0 }], usageMetadata: { promptTokenCount: 10, candidatesTokenCount: used, totalTokenCount: 10 + used }, modelVersion: 'gemini-2.5-flash', responseId: 'r' })}\n\n`,
    '',
  ],
]

it.each(CUMULATIVE)(
  'A13 %s that tells its usage in every chunk, never summed up',
  async (name, chunk, last) => {
    const model = NATIVE_MODEL[name]
    await fc.assert(
      fc.asyncProperty(fc.array(count, { minLength: 1, maxLength: 8 }), async (told) => {
        provider.reply({
          chunks: [...told.map((used, index) => chunk(used, index === told.length - 1)), last],
        })
        await ask(gateway.url, { api: apiOf(name), stream: true, virtualKey })
        const price = PRICES[model]!
        expect(gateway.rows.at(-1)!.cost!.nanodollars).toBe(10 * price.in + told.at(-1)! * price.out)
      }),
      { numRuns: 200 },
    )
  },
)
