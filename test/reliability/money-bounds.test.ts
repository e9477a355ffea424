/** Calls that may cost more than is left, or do cost more than they were expected to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startRawUpstream } from '../support/provider/raw.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import {
  APIS,
  type ClientApi,
  NATIVE_MODEL,
  apiOf,
  ask,
  balanceOf,
  dollars,
  invoice,
  keyWithBudget,
  priceOf,
  providersAt,
} from './rig/money.ts'

const TOKENS = { in: 100, out: 2_000, cache_read: 0, cache_write: 0, thinking: 0 }

/** Enough for what one call is expected to use, and not for what it does. */
const someCalls = ({ name }: ClientApi) => dollars(3 * priceOf({ model: NATIVE_MODEL[name], tokens: TOKENS }))

let provider: Provider
let gateway: InProcessGateway
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  const own = {
    ...providersAt(provider.url).openai,
    custom_provider_config: { base_provider_type: 'openai' },
  }
  const virtual_keys = [
    ...APIS.flatMap((api) =>
      [true, false].map((stream) => keyWithBudget(`beyond-${api.name}-${stream}`, someCalls(api))),
    ),
    keyWithBudget('guess', '1'),
  ]
  gateway = await startInProcess(
    { ...providersAt(provider.url), own },
    { ledger: 'disk', settings: { governance: { virtual_keys } } },
  )
})
afterAll(async () => {
  await gateway.close()
  await provider.close()
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
