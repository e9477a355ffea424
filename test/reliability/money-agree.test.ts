/** What budgets, log and provider say of the same calls, while an operator changes what they are made under. */
import { once } from 'node:events'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { seeded } from '../support/chance.ts'
import type { Directive } from '../support/provider/directive.ts'
import type { LedgerEntry } from '../support/provider/ledger.ts'
import { APIS, type Asked, NATIVE_MODEL, ask, invoice, providersAt, requestOf } from './rig/money.ts'
import { type MoneyProgram, startMoneyProgram } from './rig/program.ts'
import { RawCall } from './rig/raw-call.ts'

const CALLS = 2_000
const AT_ONCE = 16
const KEYS = ['ada', 'ben', 'cem']
const TEAM_OF: Readonly<Record<string, string>> = { ada: 'red', ben: 'red', cem: 'blue' }

const budget = (id: string) => ({ budget: { id, max_limit: 1_000_000, reset_duration: '1Y' } })
const governance = {
  customers: [{ id: 'acme', name: 'acme', ...budget('acme') }],
  teams: ['red', 'blue'].map((id) => ({ id, name: id, customer_id: 'acme', ...budget(id) })),
  virtual_keys: KEYS.map((id) => ({
    id,
    name: id,
    value: `sk-bf-${id}`,
    team_id: TEAM_OF[id],
    ...budget(id),
    provider_configs: ['anthropic', 'openai', 'gemini'].map((provider) => ({
      provider,
      ...budget(`${id}-${provider}`),
    })),
  })),
  providers: ['anthropic', 'openai', 'gemini'].map((name) => ({ name, ...budget(`of-${name}`) })),
  model_configs: [{ model_name: 'gpt-5', ...budget('of-gpt-5') }],
}

let program: MoneyProgram
beforeAll(async () => {
  const network = { max_retries: 1, retry_backoff_initial: 1, retry_backoff_max: 2 }
  program = await startMoneyProgram('agree', (url) => ({ providers: providersAt(url, network), governance }))
})
afterAll(() => program.close())

/** Of each budget, which calls count in it. */
interface Counted {
  key: string
  provider: string
  model: string
}
const BUDGETS: [id: string, counts: (call: Counted) => boolean][] = [
  ['acme', () => true],
  ['red', ({ key }) => TEAM_OF[key] === 'red'],
  ['blue', ({ key }) => TEAM_OF[key] === 'blue'],
  ...KEYS.map((id): (typeof BUDGETS)[number] => [id, ({ key }) => key === id]),
  ...['anthropic', 'openai', 'gemini'].flatMap((name): typeof BUDGETS => [
    [`of-${name}`, ({ provider }) => provider === name],
    [`ada-${name}`, ({ key, provider }) => key === 'ada' && provider === name],
  ]),
  ['of-gpt-5', ({ model }) => model === 'gpt-5'],
]

const PROVIDER_OF: Readonly<Record<string, string>> = {
  'claude-opus-5-5': 'anthropic',
  'gpt-5': 'openai',
  'gemini-2.5-flash': 'gemini',
}

function counted({ id, model }: LedgerEntry): Counted {
  const key = program.provider.requests[id - 1]!.nonce!.split('-')[0]!
  return { key, provider: PROVIDER_OF[model]!, model }
}

let calls = 0

/** Some of Claude's only at the second attempt: the first one is billed for what it told. */
function nextCall(more: Partial<Directive> = {}): Asked & { key: string } {
  const index = calls++
  const key = KEYS[index % 3]!
  const api = APIS[index % 4]!
  const isRetried = index % 36 === 0
  const directive: Directive = {
    nonce: `${key}-${index}`,
    say: 'word '.repeat(5),
    usage: { in: 10 + (index % 700), out: 4, cache_read: index % 11 },
    ...(isRetried && { fault: { kind: 'error_event', after: 1, times: 1 } }),
    ...more,
  }
  return { key, api, stream: isRetried || index % 3 !== 0, virtualKey: `sk-bf-${key}`, directive }
}

/** As fast as they are answered. */
async function changeUntil(isOver: () => boolean): Promise<number> {
  let changes = 0
  while (!isOver()) {
    const name = `changed ${++changes}`
    const key = KEYS[changes % 3]!
    await Promise.all([
      program.api(`PUT governance/virtual-keys/${key}`, { name: `${key} ${name}` }),
      program.api(`PUT governance/teams/${TEAM_OF[key]}`, { name }),
      program.api('PUT governance/customers/acme', { name }),
    ])
  }
  return changes * 3
}

it(
  `A11 A14 ${CALLS} calls while their keys, teams and customer are changed all the time: every budget is what the provider billed, and so is the log`,
  { timeout: 120_000 },
  async () => {
    let isOver = false
    const changing = changeUntil(() => isOver)
    const failed: string[] = []
    const caller = async () => {
      while (calls < CALLS) {
        const { status, text } = await ask(program.gateway.url, nextCall())
        if (status !== 200) failed.push(`${status} ${text}`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, caller))
    isOver = true
    const changes = await changing
    expect(failed).toEqual([])
    expect(changes).toBeGreaterThan(CALLS / 10)

    const billed = program.billed()
    expect(billed.length).toBeGreaterThan(CALLS)
    for (const [id, counts] of BUDGETS) {
      const { used, reserved } = await program.budget(id)
      const truth = invoice(billed.filter((entry) => counts(counted(entry))))
      expect({ id, used, reserved }).toEqual({ id, used: truth, reserved: 0 })
    }
    await expect.poll(() => program.loggedSum(), { timeout: 10_000 }).toBe(invoice(billed))
    for (const key of KEYS)
      expect(await program.loggedSum(`virtual_key_ids=${key}`)).toBe((await program.budget(key)).used)
  },
)

it(
  'A9 A10 answers that clients leave and upstreams break off are in every budget with what the log says',
  { timeout: 60_000 },
  async () => {
    const random = seeded(14)
    const words = { say: 'word '.repeat(200), usage: { out: 200 }, chunk: 5, delay_ms: 1 }
    const before = program.rows().length
    const leave = async () => {
      const call = new RawCall(program.gateway.url, requestOf({ ...nextCall(words), stream: true }))
      const bytes = 1_000 + 8_000 * random()
      while (call.received < bytes) await once(call.socket, 'data')
      call.leave(random() < 0.5 ? 'destroy' : 'reset')
    }
    const breakOff = (kind: 'reset' | 'truncate' | 'error_event') =>
      ask(program.gateway.url, {
        ...nextCall({ ...words, fault: { kind, after: 50 + Math.floor(100 * random()) } }),
        stream: true,
      })
    for (let round = 0; round < 10; round++)
      await Promise.all([
        ...Array.from({ length: 12 }, leave),
        breakOff('reset'),
        breakOff('truncate'),
        breakOff('error_event'),
        // Its success keeps the provider from being left out.
        ...APIS.map((api) => ask(program.gateway.url, { ...nextCall(), api, model: NATIVE_MODEL[api.name] })),
      ])
    await expect.poll(() => program.rows().length, { timeout: 10_000 }).toBe(before + 10 * 19)
    expect(program.rows().filter(({ status }) => status === 'cancelled').length).toBe(120)

    const total = await program.loggedSum()
    for (const id of ['acme', 'of-anthropic', 'of-openai', 'of-gemini'])
      expect((await program.budget(id)).reserved).toBe(0)
    expect((await program.budget('acme')).used).toBe(total)
    for (const key of KEYS)
      expect((await program.budget(key)).used).toBe(await program.loggedSum(`virtual_key_ids=${key}`))
    expect(Math.abs(total / invoice(program.billed()) - 1)).toBeLessThan(0.05)
  },
)
