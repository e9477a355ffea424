/** What calls that fail hold of budgets and limits comes back, once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import type { Part } from '../support/provider/parts.ts'
import { type RawUpstream, startRawUpstream } from '../support/provider/raw.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import {
  APIS,
  type Asked,
  NATIVE_MODEL,
  ask,
  balanceOf,
  dollars,
  invoice,
  leapingClock,
  logged,
  priceOf,
  providersAt,
  requestOf,
  reserved,
} from './rig/money.ts'
import { RawCall } from './rig/raw-call.ts'
import { measured } from './rig/rig.ts'

const CALLS = 1_000
const AT_ONCE = 250
const AFTERWARDS_AT_ONCE = 10
const MAX_TOKENS = 1_024

const usage = { in: 100, out: 10 }
const tokens = { ...usage, cache_read: 0, cache_write: 0, thinking: 0 }

/** More than the worst case of a call. */
const mostOf = (model: string) => priceOf({ model, tokens: { ...tokens, in: 2_000, out: 3 * MAX_TOKENS } })

/** Limits that bear so many calls at once: while all fail, or after that, where anything that leaked is missed. */
const governanceFor = (atOnce: number) => ({
  virtual_keys: APIS.map(({ name }) => {
    const model = NATIVE_MODEL[name]
    return {
      id: name,
      name,
      value: `sk-bf-${name}`,
      budget: {
        id: `budget-${name}`,
        max_limit: dollars(atOnce * mostOf(model) + CALLS * priceOf({ model, tokens })),
        reset_duration: '1M',
      },
      rate_limit: {
        id: `limit-${name}`,
        request_max_limit: CALLS + atOnce,
        request_reset_duration: '1M',
        token_max_limit: CALLS * (usage.in + usage.out) + atOnce * 3 * MAX_TOKENS,
        token_reset_duration: '1M',
      },
    }
  }),
})

let provider: Provider
let broken: RawUpstream
let gateway: InProcessGateway
let answers: () => Part[]
const network = { default_request_timeout_in_seconds: 1 }
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  broken = await startRawUpstream(() => answers())
  gateway = await startInProcess(providersAt(broken.url, network), {
    ledger: 'disk',
    settings: { governance: governanceFor(AT_ONCE) },
  })
  gateway.resilience(leapingClock())
})
afterAll(async () => {
  await gateway.close()
  await broken.close()
  await provider.close()
})
afterEach(() => {
  gateway.rows.length = 0
})

const refusal = (status: string): Part[] => [
  measured(
    JSON.stringify({ type: 'error', error: { type: 'error', message: 'no' } }),
    'application/json',
    status,
  ),
]

const FAILURES: [name: string, answers: () => Part[]][] = [
  ['401', () => refusal('401 Unauthorized')],
  ['429', () => refusal('429 Too Many Requests')],
  ['500', () => refusal('500 Internal Server Error')],
  ['reset', () => ['reset']],
  ['timeout', () => ['hang']],
  ['abort', () => ['hang']],
]

async function inBatches(count: number, size: number, call: (index: number) => Promise<unknown>) {
  for (let first = 0; first < count; first += size)
    await Promise.all(
      Array.from({ length: Math.min(size, count - first) }, (_, index) => call(first + index)),
    )
}

describe.each(APIS)('$name', (api) => {
  const asked = (index: number): Asked => ({
    api,
    stream: index % 2 === 0,
    maxTokens: MAX_TOKENS,
    virtualKey: `sk-bf-${api.name}`,
    directive: { usage, say: 'word' },
  })

  /** A client that leaves when its request is at the provider. */
  async function leave(index: number): Promise<void> {
    const before = gateway.rows.length
    const { path, body, headers } = requestOf(asked(index))
    const calls = Array.from({ length: AT_ONCE }, () => new RawCall(gateway.url, { path, body, headers }))
    const arrived = broken.requests.length + AT_ONCE
    await expect.poll(() => broken.requests.length, { interval: 2, timeout: 20_000 }).toBe(arrived)
    for (const call of calls) call.leave(index % 3 === 0 ? 'reset' : 'destroy')
    await expect.poll(() => gateway.rows.length, { interval: 2 }).toBe(before + AT_ONCE)
  }

  it.each(FAILURES)(
    `A6 ${CALLS} failures before the first byte (%s) leave nothing held, and cost nothing`,
    { timeout: 60_000 },
    async (name, parts) => {
      answers = parts
      broken.requests.length = 0
      if (name === 'abort') for (let batch = 0; batch < CALLS / AT_ONCE; batch++) await leave(batch)
      else
        await inBatches(CALLS, AT_ONCE, async (index) => {
          expect((await ask(gateway.url, asked(index))).status).toBeGreaterThanOrEqual(400)
        })
      // What a kept connection broke under is sent once more.
      expect(broken.requests.length).toBeGreaterThanOrEqual(CALLS)
      expect(gateway.rows).toHaveLength(CALLS)
      expect(logged(gateway.rows)).toBe(0)
      expect(reserved(gateway)).toBe(0)
      expect(balanceOf(gateway, `budget-${api.name}`).used).toBe(0)
    },
  )

  it(
    `A6 after them, none of ${CALLS} calls is refused that have just enough`,
    { timeout: 60_000 },
    async () => {
      await gateway.reload({
        providers: providersAt(provider.url),
        governance: governanceFor(AFTERWARDS_AT_ONCE),
      })
      const billed = provider.ledger.length
      const refused: string[] = []
      await inBatches(CALLS, AFTERWARDS_AT_ONCE, async (index) => {
        const { status, text } = await ask(gateway.url, asked(index))
        if (status !== 200) refused.push(text)
      })
      expect(refused).toEqual([])
      expect(reserved(gateway)).toBe(0)
      const cost = invoice(provider.ledger.slice(billed))
      expect(balanceOf(gateway, `budget-${api.name}`).used).toBe(cost)
      expect(logged(gateway.rows)).toBe(cost)
      await gateway.reload({
        providers: providersAt(broken.url, network),
        governance: governanceFor(AT_ONCE),
      })
    },
  )
})
