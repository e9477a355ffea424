/** Several gateways that share budgets and rate limits, as their callers see them. */
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import type { PostgresAccess } from '../../src/stores/config/configuration.ts'
import { type Gateway, newAppDir, providersConfig, removeAppDir, startGateway } from '../support/gateway.ts'
import { Postgres } from '../support/postgres.ts'
import { directiveText } from '../support/provider/directive.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { RawCall } from './rig/raw-call.ts'

const RUNS = 10
const CALLERS = 200
const MODEL = 'claude-sonnet-5'
/** A call that may cost 0.0015 dollars and some for its input. */
const MAX_TOKENS = 100

let postgres: Postgres
let provider: Provider
let access: PostgresAccess
const appDirs: string[] = []
const gateways: Gateway[] = []

const valueOf = (name: string) => `sk-bf-${name}-0123456789`

function key(name: string, more: object = {}): object {
  const provider_configs = [{ provider: 'anthropic', allowed_models: ['*'], weight: 1 }]
  return { id: name, name, value: valueOf(name), provider_configs, ...more }
}

function config(): object {
  const numbers = Array.from({ length: RUNS }, (_, run) => run)
  const { host, port, user, password, database } = access
  return {
    ...providersConfig(provider.url),
    client: { enforce_auth_on_inference: true },
    ledger_store: { type: 'postgres', config: { host, port, user, password, db_name: database } },
    governance: {
      virtual_keys: [
        ...numbers.map((run) =>
          key(`requests-${run}`, { rate_limit: { request_max_limit: 10, request_reset_duration: '1d' } }),
        ),
        ...numbers.map((run) =>
          key(`dollars-${run}`, {
            budgets: [{ id: `budget-${run}`, max_limit: 0.02, reset_duration: '1d' }],
          }),
        ),
        key('rich', { budgets: [{ id: 'rich', max_limit: 1000, reset_duration: '1d' }] }),
        key('free'),
      ],
    },
  }
}

beforeAll(async () => {
  postgres = await Postgres.start()
  access = await postgres.newDatabase()
  provider = await startProvider({ strict: false })
  for (let n = 0; n < 2; n++) {
    appDirs.push(await newAppDir())
    gateways.push(await startGateway({ config: config(), appDir: appDirs[n]! }))
  }
})
afterAll(async () => {
  for (const gateway of gateways) await gateway.close()
  for (const appDir of appDirs) await removeAppDir(appDir)
  await provider?.close()
  await postgres?.close()
})

async function call(gateway: Gateway, name: string, directive: object = { say: 'a word' }, stream = false) {
  const content = directiveText(directive)
  const headers = { 'x-bf-vk': valueOf(name), 'content-type': 'application/json' }
  const body = { model: MODEL, max_tokens: MAX_TOKENS, stream, messages: [{ role: 'user', content }] }
  return new RawCall(gateway.url, {
    path: '/anthropic/v1/messages',
    headers,
    body: JSON.stringify(body),
  }).answer()
}

/** Dollars used and held, by account. */
async function standing(like: string): Promise<Map<string, [used: number, held: number]>> {
  const rows = await postgres.query(
    access.database,
    `SELECT account, used, reserved FROM signalbox_ledger.windows WHERE account LIKE '${like}'`,
  )
  return new Map(
    rows.map(({ account, used, reserved }) => [
      String(account),
      [Number(used) / 1e9, Number(reserved) / 1e9],
    ]),
  )
}

function countOf(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

it(`A2 ${CALLERS} callers, split between two gateways, on a limit of ten requests: ten reach the provider, ${RUNS} times`, async () => {
  for (let run = 0; run < RUNS; run++) {
    const before = provider.requests.length
    const calls = Array.from({ length: CALLERS }, (_, n) => call(gateways[n % 2]!, `requests-${run}`))
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(countOf(statuses)).toEqual({ 200: 10, 429: CALLERS - 10 })
    expect(provider.requests.length - before).toBe(10)
  }
}, 120_000)

it(`A2 ${CALLERS} callers, split between two gateways, on a budget for some calls: nothing is overspent, ${RUNS} times`, async () => {
  for (let run = 0; run < RUNS; run++) {
    const calls = Array.from({ length: CALLERS }, (_, n) => call(gateways[n % 2]!, `dollars-${run}`))
    const answers = await Promise.all(calls)
    const admitted = answers.filter(({ status }) => status === 200).length
    expect(admitted).toBeGreaterThan(0)
    expect(admitted).toBeLessThan(CALLERS)
    const account = async () => [...(await standing(`%budget-${run}%`)).values()]
    await expect.poll(async () => (await account()).map(([, held]) => held)).toEqual([0])
    const [[used]] = (await account()) as [[number, number]]
    expect(used).toBeGreaterThan(0)
    expect(used).toBeLessThanOrEqual(0.02)
  }
}, 120_000)

it('A7 a gateway that is killed in the middle of its answers, and started again, leaves nothing held', async () => {
  const slow = { say: 'many words that come slowly', chunk: 2, delay_ms: 200 }
  const open = Array.from({ length: 20 }, (_, n) => call(gateways[n % 2]!, 'rich', slow, true))
  const held = async () => [...(await standing('%rich%')).values()][0]?.[1] ?? 0
  await expect.poll(held).toBeGreaterThan(0)
  process.kill(gateways[0]!.pid, 'SIGKILL')
  const answers = await Promise.all(open)
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(10)
  await gateways[0]!.close()
  gateways[0] = await startGateway({ config: config(), appDir: appDirs[0]! })
  await expect.poll(held, { timeout: 10_000 }).toBe(0)
  expect((await call(gateways[0], 'rich')).status).toBe(200)
})

it('while the database is away, keys without a limit go on, and all others are told to come again', async () => {
  await postgres.stop()
  for (const gateway of gateways) {
    expect((await call(gateway, 'free')).status).toBe(200)
    const refused = await call(gateway, 'rich')
    expect(refused.text).toContain('their database does not answer')
    expect([refused.status, /^retry-after: (.*?)\r?$/im.exec(refused.head)?.[1]]).toEqual([503, '2'])
  }
  await postgres.start()
  const isBack = async () => {
    await sleep(50)
    return Promise.all(gateways.map(async (gateway) => (await call(gateway, 'rich')).status))
  }
  await expect.poll(isBack, { timeout: 10_000 }).toEqual([200, 200])
})
