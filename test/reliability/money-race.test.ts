/** Budgets under callers that come at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Fault } from '../support/provider/faults.ts'
import { startRawUpstream } from '../support/provider/raw.ts'
import type { Provider } from '../support/provider/server.ts'
import { startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import {
  APIS,
  type Answered,
  type ClientApi,
  NATIVE_MODEL,
  OWN_MODEL,
  apiOf,
  ask,
  balanceOf,
  dollars,
  invoice,
  keyWithBudget,
  logged,
  priceOf,
  providersAt,
} from './rig/money.ts'

const CALLERS = 200
const RUNS = 100
const ADMITTED_MAX = 10
const TEAM_CALLS = 5

/** What each call uses: all of the answer that it may have. */
const TOKENS = { in: 100, out: 2_000, cache_read: 0, cache_write: 0, thinking: 0 }
const MODELS = ['claude-opus-5-5', 'gpt-5']
/** Of the ten at least: OpenAI may serve any call at twice the price, because of settings of the account. */
const ADMITTED_MIN: Readonly<Record<string, number>> = { 'claude-opus-5-5': 6, 'gpt-5': 4 }
const costOf = (model: string) => priceOf({ model, tokens: TOKENS })

/** Enough for what one call is expected to use, and not for what it does. */
const someCalls = ({ name }: ClientApi) => dollars(3 * costOf(NATIVE_MODEL[name]))

const governance = {
  virtual_keys: [
    ...Array.from({ length: RUNS }, (_, run) =>
      keyWithBudget(`race-${run}`, dollars(ADMITTED_MAX * costOf(MODELS[run % 2]!))),
    ),
    ...APIS.flatMap((api) =>
      [true, false].map((stream) => keyWithBudget(`beyond-${api.name}-${stream}`, someCalls(api))),
    ),
    keyWithBudget('guess', '1'),
    { id: 'fresh', name: 'fresh', value: 'sk-bf-fresh', team_id: 'new' },
  ],
  teams: [
    {
      id: 'new',
      budget: {
        id: 'team-new',
        max_limit: dollars(TEAM_CALLS * costOf('claude-opus-5-5')),
        reset_duration: '1M',
      },
    },
  ],
}

let provider: Provider
let gateway: InProcessGateway
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  const own = {
    ...providersAt(provider.url).openai,
    custom_provider_config: { base_provider_type: 'openai' },
    pricing_overrides: [{ pattern: OWN_MODEL, input_per_million: 5, output_per_million: 1.5 }],
  }
  const providers = { ...providersAt(provider.url), own }
  gateway = await startInProcess(providers, { ledger: 'disk', settings: { governance } })
})
afterAll(async () => {
  await gateway.close()
  await provider.close()
})

/** The APIs by which the model is reached, its own and a foreign one. */
const THREE: readonly ClientApi[] = APIS.slice(0, 3)
const named = (model: string) => (model.startsWith('claude') ? `anthropic/${model}` : `openai/${model}`)

/** Callers at once, over three APIs, streamed and whole. No answer begins before every caller is there or refused. */
function race(virtualKey: string, model: string, callers: number): Promise<Answered[]> {
  const fault: Fault = { kind: 'slow_headers', ms: 100, times: callers }
  const call = (index: number) =>
    ask(gateway.url, {
      api: THREE[index % 3]!,
      model: named(model),
      stream: index % 2 === 0,
      virtualKey,
      directive: { nonce: virtualKey, usage: TOKENS, say: 'word', fault },
    })
  return Promise.all(Array.from({ length: callers }, (_, index) => call(index)))
}

it(
  `A1 ${CALLERS} callers at once and a budget for ${ADMITTED_MAX} calls, ${RUNS} times: no more are let in, and no dollar is overspent`,
  { timeout: 120_000 },
  async () => {
    for (let run = 0; run < RUNS; run++) {
      const model = MODELS[run % 2]!
      const before = provider.ledger.length
      const statuses = (await race(`sk-bf-race-${run}`, model, CALLERS)).map(({ status }) => status)
      const billed = provider.ledger.slice(before)
      expect(statuses.filter((status) => status === 200)).toHaveLength(billed.length)
      // 402: what is left is less than a call. 429: what calls under way hold may come back.
      expect(statuses.filter((status) => ![200, 402, 429].includes(status))).toEqual([])
      const { used, reserved: held } = balanceOf(gateway, `budget-race-${run}`)
      expect({ used, held }).toEqual({ used: invoice(billed), held: 0 })
      expect(billed.length).toBeLessThanOrEqual(ADMITTED_MAX)
      expect(used).toBeLessThanOrEqual(ADMITTED_MAX * costOf(model))
      // A gateway that lets nobody in overspends nothing either.
      expect(billed.length).toBeGreaterThanOrEqual(ADMITTED_MIN[model]!)
    }
    expect(logged(gateway.rows)).toBe(invoice(provider.ledger))
  },
)

it('A3 50 first calls of a virtual key that nobody used before, at once: no more than its team has money for', async () => {
  const before = provider.ledger.length
  const answers = await race('sk-bf-fresh', 'claude-opus-5-5', 50)
  const billed = provider.ledger.slice(before)
  expect(billed.length).toBeLessThanOrEqual(TEAM_CALLS)
  expect(billed.length).toBeGreaterThanOrEqual(TEAM_CALLS / 2)
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(billed.length)
  expect(balanceOf(gateway, 'team-new')).toMatchObject({ used: invoice(billed), reserved: 0 })
})

const BEYOND: [title: string, stream: boolean][] = [
  ['whole', false],
  ['streamed', true],
]

describe.each(APIS)('$name', (api) => {
  it.each(BEYOND)(
    'A4 five times what was expected, %s: it is charged, the row says so, and the next call is refused',
    async (_title, stream) => {
      const virtualKey = `sk-bf-beyond-${api.name}-${stream}`
      const before = provider.ledger.length
      const usage = { ...TOKENS, out: 5 * TOKENS.out }
      const call = (headers = {}) =>
        ask(gateway.url, { api, stream, virtualKey, headers, directive: { usage, say: 'word' } })
      const statuses = []
      for (let index = 0; index < 4; index++) statuses.push((await call()).status)
      const billed = provider.ledger.slice(before)
      const { used, reserved: held } = balanceOf(gateway, `budget-beyond-${api.name}-${stream}`)
      expect({ statuses, used, held }).toEqual({
        statuses: [200, 402, 402, 402],
        used: invoice(billed),
        held: 0,
      })
      const [row, refused] = gateway.rows.slice(-4)
      expect(row!.cost).toMatchObject({ nanodollars: used, beyondHeld: expect.any(Number) })
      expect(row!.cost!.beyondHeld).toBeGreaterThan(0)
      expect(row!.cost!.beyondHeld).toBeLessThan(used)
      expect(refused!.cost!.beyondHeld).toBeUndefined()
    },
  )

  it.each(BEYOND)(
    'A5 a call that may cost more than is left reaches no provider, %s',
    async (_title, stream) => {
      const upstream = await startRawUpstream(() => ['close'])
      const virtual_keys = [keyWithBudget('small', '0.01')]
      const lone = await startInProcess(providersAt(upstream.url), {
        settings: { governance: { virtual_keys } },
      })
      try {
        const text = 'a word of a long prompt '.repeat(8_000)
        const options = [
          { text, maxTokens: 10 },
          { text: 'short', maxTokens: 100_000 },
        ]
        for (const option of options) {
          const answer = await ask(lone.url, { api, stream, virtualKey: 'sk-bf-small', ...option })
          expect(answer.status).toBe(402)
        }
        expect(upstream.connections()).toBe(0)
        expect(balanceOf(lone, 'budget-small')).toMatchObject({ used: 0, reserved: 0 })
        expect(lone.rows.map(({ status, cost }) => [status, cost?.nanodollars])).toEqual([
          ['error', 0],
          ['error', 0],
        ])
      } finally {
        await lone.close()
        await upstream.close()
      }
    },
  )
})

it('A4 a model without a known price is used by nobody who has a budget, and its refusal says what to do', async () => {
  const answer = await ask(gateway.url, {
    api: apiOf('Chat'),
    model: 'own/new-model',
    virtualKey: 'sk-bf-guess',
  })
  expect(answer.status).toBe(402)
  expect(answer.text).toContain('governance.pricing_overrides')
  expect(provider.requests.some(({ url }) => url.startsWith('/own'))).toBe(false)
})

it('A4 calls whose answer nobody can bound go one at a time, and overspend by one of them at most', async () => {
  const before = provider.ledger.length
  const fault: Fault = { kind: 'slow_headers', ms: 100, times: 20 }
  const directive = { nonce: 'unbounded', usage: TOKENS, say: 'word', fault }
  const asked = { api: apiOf('Chat'), model: `own/${OWN_MODEL}`, maxTokens: 'unsaid', directive } as const
  const call = () => ask(gateway.url, { ...asked, virtualKey: 'sk-bf-guess' })
  const statuses = (await Promise.all(Array.from({ length: 20 }, call))).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 429)).toHaveLength(19)
  const billed = provider.ledger.slice(before)
  expect(billed).toHaveLength(1)
  expect(balanceOf(gateway, 'budget-guess')).toMatchObject({ used: invoice(billed), reserved: 0 })
})
