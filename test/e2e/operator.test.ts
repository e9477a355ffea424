/** A month of an operator, over the admin API alone, up to the sum at its end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { APIS, type Answered, ask, dollars, invoice, priceOf, providersAt } from '../reliability/rig/money.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import type { LedgerEntry } from '../support/provider/ledger.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

const TOKENS = { in: 100, out: 2_000, cache_read: 40, cache_write: 0, thinking: 0 }
const LARGE = 'claude-opus-5-5'
const OTHER = 'gpt-5'
const SMALL = 'claude-haiku-4-5'
const KEYS = ['ada', 'ben', 'cem']
const LIMIT = 150 * priceOf({ model: LARGE, tokens: TOKENS })

let anthropic: Provider
let openai: Provider
let gateway: Gateway
/** Of the provider before it was lost. */
let earlier: LedgerEntry[] = []
beforeAll(async () => {
  anthropic = await startProvider({ strict: false })
  openai = await startProvider({ strict: false })
  const providers = {
    anthropic: providersAt(anthropic.url).anthropic,
    openai: providersAt(openai.url, { max_retries: 1 }).openai,
  }
  gateway = await startGateway({ config: { providers, client: { enforce_auth_on_inference: true } } })
}, 60_000)
afterAll(async () => {
  await gateway?.close()
  await anthropic?.close()
  await openai?.close()
})

async function api<Body>(path: string, body?: object): Promise<Body> {
  const response = await fetch(`${gateway.url}/api/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  expect(response.ok, text).toBe(true)
  return JSON.parse(text) as Body
}

interface Budget {
  id: string
  nanodollars: { limit: number; used: number; reserved: number; remaining: number }
}

async function budget(): Promise<Budget['nanodollars']> {
  const { budgets } = await api<{ budgets: Budget[] }>('governance/budgets')
  return budgets.find(({ id }) => id === 'research')!.nanodollars
}

const values = new Map<string, string>()
let calls = 0

/** Calls at once, of all keys, over three APIs, every other one streamed. */
function work(count: number): Promise<Answered[]> {
  const call = () => {
    const index = calls++
    return ask(gateway.url, {
      api: APIS[index % 3]!,
      model: 'anthropic/claude-opus-5-5',
      stream: index % 2 === 0,
      virtualKey: values.get(KEYS[index % KEYS.length]!)!,
      directive: { nonce: `call-${index}`, usage: TOKENS, say: 'word' },
    })
  }
  return Promise.all(Array.from({ length: count }, call))
}

const statuses = (answers: readonly Answered[]) => new Set(answers.map(({ status }) => status))
const served = () => [...anthropic.ledger, ...earlier, ...openai.ledger]
const countOf = (model: string) => served().filter((entry) => entry.model === model).length

describe('an operator', () => {
  it('hands a team virtual keys with a budget', async () => {
    await api('governance/teams', {
      id: 'research',
      name: 'Research',
      budgets: [{ id: 'research', max_limit: dollars(LIMIT), reset_duration: '1M' }],
    })
    for (const id of KEYS) {
      const { virtual_key: key } = await api<{ virtual_key: { value: string } }>('governance/virtual-keys', {
        id,
        name: id,
        team_id: 'research',
        provider_configs: ['anthropic', 'openai'].map((provider) => ({ provider, allowed_models: ['*'] })),
      })
      values.set(id, key.value)
    }
    expect(await budget()).toEqual({ limit: LIMIT, used: 0, reserved: 0, remaining: LIMIT })
  })

  it('splits traffic 70 to 30', async () => {
    await api('governance/routing-rules', {
      id: 'split',
      name: 'split',
      priority: 2,
      targets: [
        { provider: 'anthropic', model: LARGE, weight: 70 },
        { provider: 'openai', model: OTHER, weight: 30 },
      ],
    })
    for (let batch = 0; batch < 6; batch++) expect(statuses(await work(20))).toEqual(new Set([200]))
    const other = countOf(OTHER)
    expect(countOf(LARGE) + other).toBe(120)
    // Five standard deviations: nobody sees a wrong alarm in a lifetime.
    expect(Math.abs(other - 36)).toBeLessThan(5 * Math.sqrt(120 * 0.7 * 0.3))
  })

  it('loses a provider, and nobody notices', async () => {
    await openai.close()
    earlier = openai.ledger
    const before = anthropic.ledger.length
    expect(statuses(await work(20))).toEqual(new Set([200]))
    expect(anthropic.ledger.length - before).toBe(20)
    openai = await startProvider({ strict: false, port: Number(new URL(openai.url).port) })
  })

  it('overflows to a cheaper model from 85 % of the budget on', async () => {
    await api('governance/routing-rules', {
      id: 'overflow',
      name: 'overflow',
      priority: 1,
      cel_expression: 'budget_used > 85',
      targets: [{ provider: 'anthropic', model: SMALL }],
    })
    while ((await budget()).used <= 0.85 * LIMIT) {
      expect(countOf(SMALL)).toBe(0)
      expect(statuses(await work(1))).toEqual(new Set([200]))
    }
    const [answer] = await work(1)
    expect(answer).toMatchObject({ status: 200 })
    expect(answer!.headers['x-signalbox-budget-warning']).toBeDefined()
    expect(countOf(SMALL)).toBe(1)
  })

  it('spends no more than the budget, and says why calls stop', async () => {
    let answers: Answered[] = []
    while (!statuses(answers).has(402)) answers = await work(5)
    expect(statuses(await work(KEYS.length))).toEqual(new Set([402]))
    const [{ text }] = (await work(1)) as [Answered]
    expect(text).toMatch(/Team Research budget exceeded/)
    const { used, reserved } = await budget()
    expect(reserved).toBe(0)
    expect(used).toBeLessThanOrEqual(LIMIT)
    expect(used).toBeGreaterThan(LIMIT - 2 * priceOf({ model: SMALL, tokens: TOKENS }))
  })

  it('finds the same sum in the budget, in the log and on the invoices', async () => {
    const { used } = await budget()
    expect(used).toBe(invoice(served()))
    const { stats } = await api<{ stats: { total_cost_nanodollars: number } }>('logs?limit=1')
    expect(stats.total_cost_nanodollars).toBe(used)
  })
})
