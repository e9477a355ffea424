/** Which budget a call counts in: those of every level, of the window in which it began, and of each attempt's provider. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import {
  APIS,
  apiOf,
  ask,
  balanceOf,
  invoice,
  keyWithBudget,
  logged,
  providersAt,
  reserved,
} from './rig/money.ts'

let provider: Provider
beforeAll(async () => {
  provider = await startProvider({ strict: false })
})
afterAll(() => provider.close())

describe('A16 six levels', () => {
  const BITS = ['0', '1']
  const limited = (id: string, isUsedUp: boolean) => ({
    budget: { id, max_limit: isUsedUp ? 0 : 10, reset_duration: '1M' },
  })
  const isOn = (bits: string, at: number) => bits[at] === '1'
  const PAIRS = BITS.flatMap((one) => BITS.map((other) => one + other))
  /** Customer, team, virtual key and its provider. */
  const QUADS = PAIRS.flatMap((one) => PAIRS.map((other) => one + other))

  /** A name of each owner says of it and of those above it what is used up. */
  const governance = {
    customers: BITS.map((bits) => ({
      id: `c${bits}`,
      name: `Customer-${bits}`,
      ...limited(`c${bits}`, isOn(bits, 0)),
    })),
    teams: PAIRS.map((bits) => ({
      id: `t${bits}`,
      name: `Team-${bits}`,
      customer_id: `c${bits[0]}`,
      ...limited(`t${bits}`, isOn(bits, 1)),
    })),
    virtual_keys: QUADS.map((bits) => ({
      id: `k${bits}`,
      name: `Key-${bits}`,
      value: `sk-bf-${bits}`,
      team_id: `t${bits.slice(0, 2)}`,
      ...limited(`k${bits}`, isOn(bits, 2)),
      provider_configs: PAIRS.map((there) => ({
        provider: `p${there}`,
        ...limited(`k${bits}-p${there}`, isOn(bits, 3)),
      })),
    })),
    providers: PAIRS.map((bits) => ({ name: `p${bits}`, ...limited(`p${bits}`, isOn(bits, 0)) })),
    model_configs: PAIRS.map((bits) => ({
      model_name: 'gpt-5',
      provider: `p${bits}`,
      ...limited(`m${bits}`, isOn(bits, 1)),
    })),
  }

  let gateway: InProcessGateway
  beforeAll(async () => {
    const custom = () => ({
      ...providersAt(provider.url).openai,
      custom_provider_config: { base_provider_type: 'openai' },
      pricing_overrides: [{ pattern: 'gpt-5', input_per_million: 1, output_per_million: 10 }],
    })
    const providers = Object.fromEntries(PAIRS.map((bits) => [`p${bits}`, custom()]))
    gateway = await startInProcess(providers, { settings: { governance } })
  })
  afterAll(() => gateway.close())

  /** How a refusal names the levels, of which any may be told. */
  const wordsFor = (bits: string, there: string): [isUsedUp: boolean, words: string][] => [
    [isOn(bits, 0), `Customer Customer-${bits[0]}`],
    [isOn(bits, 1), `Team Team-${bits.slice(0, 2)}`],
    [isOn(bits, 2), `VK Key-${bits}`],
    [isOn(bits, 3), `Provider Key-${bits}/p${there}`],
    [isOn(there, 0), 'Provider-level'],
    [isOn(there, 1), 'Model-level'],
  ]

  const CASES = QUADS.flatMap((bits) => PAIRS.map((there) => ({ bits, there })))
  it('are all tried', () => {
    expect(CASES).toHaveLength(64)
  })

  it.each(CASES)('customer, team, key, its provider: $bits; provider, model: $there', async (row) => {
    const { bits, there } = row
    const sent = provider.requests.length
    const usedBefore = new Map(
      [...gateway.configuration().governance.budgets].map(([id]) => [id, balanceOf(gateway, id).used]),
    )
    const answer = await ask(gateway.url, {
      api: apiOf('Chat'),
      model: `p${there}/gpt-5`,
      virtualKey: `sk-bf-${bits}`,
      directive: { say: 'word', usage: { in: 10, out: 5 } },
    })
    const isBlocked = `${bits}${there}`.includes('1')
    expect({ status: answer.status, sent: provider.requests.length - sent }).toEqual(
      isBlocked ? { status: 402, sent: 0 } : { status: 200, sent: 1 },
    )
    const levels = wordsFor(bits, there)
    const named = levels.filter(([, words]) => answer.text.includes(words))
    expect(named.filter(([isUsedUp]) => !isUsedUp)).toEqual([])
    if (isBlocked) {
      expect(named.length).toBeGreaterThan(0)
      // Only of its own key a caller learns how much there is.
      if (!isOn(bits, 2) && !isOn(bits, 3)) expect(answer.text).not.toMatch(/\d\.\d{4}/)
    }
    const charged = [...usedBefore].filter(([id, before]) => balanceOf(gateway, id).used !== before)
    const bound = [
      `c${bits[0]}`,
      `t${bits.slice(0, 2)}`,
      `k${bits}`,
      `k${bits}-p${there}`,
      `p${there}`,
      `m${there}`,
    ]
    expect(charged.map(([id]) => id).toSorted()).toEqual(isBlocked ? [] : bound.toSorted())
    expect(reserved(gateway)).toBe(0)
  })
})

describe('H9 a window that ends while 50 calls are under way', () => {
  const CALLS = 50
  const DAY_MS = 86_400_000
  let nowMs = Date.parse('2026-11-20T23:59:59Z')
  let gateway: InProcessGateway
  beforeAll(async () => {
    const virtual_keys = [
      {
        ...keyWithBudget('day', 1_000),
        budget: { id: 'day', max_limit: 1_000, reset_duration: '1d', calendar_aligned: true },
      },
    ]
    gateway = await startInProcess(providersAt(provider.url), {
      ledger: 'disk',
      now: () => nowMs,
      settings: { governance: { virtual_keys } },
    })
  })
  afterAll(() => gateway.close())

  it('is charged with them, and the next one with what began after it', async () => {
    const call = (index: number, nonce: string, waitMs?: number) =>
      ask(gateway.url, {
        api: APIS[index % 4]!,
        stream: index % 2 === 0,
        virtualKey: 'sk-bf-day',
        directive: {
          nonce,
          say: 'word',
          usage: { in: 10 + index, out: 5 },
          ...(waitMs !== undefined && { fault: { kind: 'slow_headers', ms: waitMs, times: CALLS } }),
        },
      })
    const many = (nonce: string, waitMs?: number) =>
      Array.from({ length: CALLS }, (_, index) => call(index, nonce, waitMs))
    const before = provider.requests.length
    const first = many('first', 2_000)
    await expect.poll(() => provider.requests.length, { interval: 5 }).toBe(before + CALLS)
    nowMs += 1_000
    const second = await Promise.all(many('second'))
    expect(balanceOf(gateway, 'day').reserved).toBe(0)
    const all = [...(await Promise.all(first)), ...second]
    expect(all.filter(({ status }) => status !== 200)).toEqual([])

    const billed = (nonce: string) =>
      invoice(provider.ledger.filter(({ id }) => provider.requests[id - 1]!.nonce === nonce))
    await gateway.ledger.flush()
    const account = gateway.configuration().governance.budgets.get('day')!
    const [ended] = await gateway.ledger.history(account)
    const window = gateway.ledger.balance(account)
    expect(ended).toMatchObject({ used: billed('first'), endMs: Date.parse('2026-11-21'), reserved: 0 })
    expect(window).toMatchObject({ used: billed('second'), startMs: Date.parse('2026-11-21'), reserved: 0 })
    expect(window.endMs - window.startMs).toBe(DAY_MS)
    expect(ended!.used + window.used).toBe(logged(gateway.rows))
  })
})

describe('A11 an attempt that is billed, and fails', () => {
  let gateway: InProcessGateway
  beforeAll(async () => {
    const limited = (id: string) => ({ budget: { id, max_limit: 100, reset_duration: '1M' } })
    const governance = {
      virtual_keys: [keyWithBudget('all', 100)],
      providers: ['anthropic', 'openai'].map((name) => ({ name, ...limited(name) })),
    }
    gateway = await startInProcess(providersAt(provider.url), { settings: { governance } })
  })
  afterAll(() => gateway.close())

  it('is charged to its provider, and the one that answers to its own', async () => {
    const directive = {
      nonce: 'fallback',
      say: 'word',
      usage: { in: 70, out: 4 },
      fault: { kind: 'error_event', after: 1 },
    }
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-bf-vk': 'sk-bf-all' },
      body: JSON.stringify({
        model: 'anthropic/claude-opus-5-5',
        fallbacks: ['openai/gpt-5'],
        stream: true,
        stream_options: { include_usage: true },
        max_completion_tokens: 100,
        messages: [{ role: 'user', content: `[[stub ${JSON.stringify(directive)}]]` }],
      }),
    })
    expect(response.status, await response.text()).toBe(200)
    const entries = provider.ledger.filter(({ id }) => provider.requests[id - 1]!.nonce === 'fallback')
    const of = (model: string) => invoice(entries.filter((entry) => entry.model === model))
    const [claude, gpt] = [of('claude-opus-5-5'), of('gpt-5')]
    expect([claude, gpt].every((amount) => amount > 0)).toBe(true)
    const row = gateway.rows.at(-1)!
    expect(row.cost!.nanodollars).toBe(claude + gpt)
    expect(row.attempts.map(({ costNanodollars }) => costNanodollars)).toEqual([claude, undefined])
    expect(balanceOf(gateway, 'anthropic').used).toBe(claude)
    expect(balanceOf(gateway, 'openai').used).toBe(gpt)
    expect(balanceOf(gateway, 'budget-all').used).toBe(claude + gpt)
    expect(reserved(gateway)).toBe(0)
  })
})
