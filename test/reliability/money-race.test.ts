/** Budgets of the program under callers that come at once. */
import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Fault } from '../support/provider/faults.ts'
import {
  APIS,
  type Answered,
  type ClientApi,
  OWN_MODEL,
  apiOf,
  ask,
  dollars,
  invoice,
  keyWithBudget,
  priceOf,
  providersAt,
} from './rig/money.ts'
import { type MoneyProgram, startMoneyProgram } from './rig/program.ts'

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

const governance = {
  virtual_keys: [
    ...Array.from({ length: RUNS }, (_, run) =>
      keyWithBudget(`race-${run}`, dollars(ADMITTED_MAX * costOf(MODELS[run % 2]!))),
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

let program: MoneyProgram
beforeAll(async () => {
  program = await startMoneyProgram('race', (url) => {
    const own = {
      ...providersAt(url).openai,
      custom_provider_config: { base_provider_type: 'openai' },
      pricing_overrides: [{ pattern: OWN_MODEL, input_per_million: 5, output_per_million: 1.5 }],
    }
    return { providers: { ...providersAt(url), own }, governance }
  })
})
afterAll(() => program.close())

/** The APIs by which the model is reached, its own and a foreign one. */
const THREE: readonly ClientApi[] = APIS.slice(0, 3)
const named = (model: string) => (model.startsWith('claude') ? `anthropic/${model}` : `openai/${model}`)

/** Callers at once, over three APIs, streamed and whole. No answer begins before every caller is there or refused. */
function race(virtualKey: string, model: string, callers: number): Promise<Answered[]> {
  const fault: Fault = { kind: 'slow_headers', ms: 100, times: callers }
  const call = (index: number) =>
    ask(program.gateway.url, {
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
      const before = program.provider.ledger.length
      const statuses = (await race(`sk-bf-race-${run}`, model, CALLERS)).map(({ status }) => status)
      const billed = program.provider.ledger.slice(before)
      expect(statuses.filter((status) => status === 200)).toHaveLength(billed.length)
      // 402: what is left is less than a call. 429: what calls under way hold may come back.
      expect(statuses.filter((status) => ![200, 402, 429].includes(status))).toEqual([])
      const { limit, used, reserved } = await program.budget(`budget-race-${run}`)
      expect({ used, reserved }).toEqual({ used: invoice(billed), reserved: 0 })
      expect(billed.length).toBeLessThanOrEqual(ADMITTED_MAX)
      expect(used).toBeLessThanOrEqual(limit)
      // A gateway that lets nobody in overspends nothing either.
      expect(billed.length).toBeGreaterThanOrEqual(ADMITTED_MIN[model]!)
    }
    await expect.poll(() => program.loggedSum(), { timeout: 10_000 }).toBe(invoice(program.billed()))
  },
)

it('A3 50 first calls of a virtual key that nobody used before, at once: no more than its team has money for', async () => {
  const before = program.provider.ledger.length
  const answers = await race('sk-bf-fresh', 'claude-opus-5-5', 50)
  const billed = program.provider.ledger.slice(before)
  expect(billed.length).toBeLessThanOrEqual(TEAM_CALLS)
  expect(billed.length).toBeGreaterThanOrEqual(TEAM_CALLS / 2)
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(billed.length)
  expect(await program.budget('team-new')).toMatchObject({ used: invoice(billed), reserved: 0 })
})

it('A4 calls whose answer nobody can bound go one at a time, and overspend by one of them at most', async () => {
  const before = program.provider.ledger.length
  const fault: Fault = { kind: 'slow_headers', ms: 100, times: 20 }
  const directive = { nonce: 'unbounded', usage: TOKENS, say: 'word', fault }
  const asked = { api: apiOf('Chat'), model: `own/${OWN_MODEL}`, maxTokens: 'unsaid', directive } as const
  const call = () => ask(program.gateway.url, { ...asked, virtualKey: 'sk-bf-guess' })
  const statuses = (await Promise.all(Array.from({ length: 20 }, call))).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 429)).toHaveLength(19)
  const billed = program.provider.ledger.slice(before)
  expect(billed).toHaveLength(1)
  expect(await program.budget('budget-guess')).toMatchObject({ used: invoice(billed), reserved: 0 })
})
