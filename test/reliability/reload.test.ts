/** Settings that change, over the API and in the file, while calls go on; and files that cannot be used. */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Gateway, startGateway } from '../support/gateway.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { APIS, ask, keyWithBudget, providersAt } from './rig/money.ts'
import { TELLS_MEMORY, heldBytes, openFiles } from './rig/rig.ts'

const CHANGES = 1_000
const AT_ONCE = 4
const MB = 1024 * 1024

let provider: Provider
let gateway: Gateway
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  gateway = await startGateway({ config: config(), env: { NODE_OPTIONS: TELLS_MEMORY } })
})
afterAll(async () => {
  await gateway.close()
  await provider.close()
})

const rule = (model: string, cel_expression = `model == "${model}"`) => ({
  name: 'alias',
  cel_expression,
  targets: [{ provider: 'openai', model: 'gpt-5' }],
})

/** `answers`: the model that leads to gpt-5. */
function config({ answers = 'first', governance = {} }: { answers?: string; governance?: object } = {}) {
  return {
    providers: providersAt(provider.url),
    governance: {
      virtual_keys: [keyWithBudget('all', 1_000_000)],
      teams: [{ id: 'team', name: 'team' }],
      routing_rules: [rule(answers)],
      ...governance,
    },
  }
}

let calls = 0
async function statusOf(model?: string): Promise<number> {
  const { status } = await ask(gateway.url, {
    api: APIS[model === undefined ? ++calls % 4 : 1]!,
    ...(model !== undefined && { model }),
    stream: calls % 2 === 0,
    virtualKey: 'sk-bf-all',
    directive: { nonce: `call-${calls}`, say: 'word', usage: { in: 10, out: 3 } },
  })
  return status
}

async function api<Answer>(line: string, body?: object): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ')
  const response = await fetch(`${gateway.url}/api/${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const text = await response.text()
  expect(response.ok, text).toBe(true)
  return JSON.parse(text) as Answer
}

/** Another file takes its place, as editors and ConfigMaps do it. */
function replaceFile(text: string): void {
  const path = join(gateway.appDir, 'config.json')
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

/** Calls without a pause while the work is done; the statuses that there were. */
async function underLoad(work: () => Promise<void>): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  let isOver = false
  const caller = async () => {
    while (!isOver) {
      const status = await statusOf()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const callers = Array.from({ length: AT_ONCE }, caller)
  await work().finally(() => (isOver = true))
  await Promise.all(callers)
  return statuses
}

/** What each change makes and takes away again: a key with a budget, a rule, a team's name. */
async function changeOver(count: number): Promise<void> {
  for (let change = 0; change < count; change += 5) {
    const id = `key-${change}`
    const value = `sk-bf-one-of-a-thousand-${change}`
    const budget = { max_limit: change + 1, reset_duration: '1d' }
    await api('POST governance/virtual-keys', { id, name: id, value, budget })
    await api('POST governance/routing-rules', { id, ...rule(`model-${change}`), name: id })
    await api('PUT governance/teams/team', { name: `team ${change}` })
    await api(`DELETE governance/routing-rules/${id}`)
    await api(`DELETE governance/virtual-keys/${id}`)
  }
}

it(
  `H5 ${CHANGES} changes under load: no call fails, and no memory, file or connection is left behind`,
  { timeout: 120_000 },
  async () => {
    await underLoad(() => changeOver(100))
    const before = { bytes: await heldBytes(gateway), files: openFiles(gateway.pid) }
    const statuses = await underLoad(() => changeOver(CHANGES))
    expect([...statuses.keys()]).toEqual([200])
    expect(statuses.get(200)).toBeGreaterThan(CHANGES / 2)
    const { virtual_keys: keys } = await api<{ virtual_keys: { id: string }[] }>(
      'GET governance/virtual-keys',
    )
    expect(keys.map(({ id }) => id)).toEqual(['all'])
    const grown = async () => (await heldBytes(gateway)) - before.bytes
    await expect.poll(grown, { timeout: 10_000, interval: 500 }).toBeLessThan(20 * MB)
    expect(openFiles(gateway.pid)).toBeLessThanOrEqual(before.files + 5)
  },
)

const whole = (answers: string) => JSON.stringify(config({ answers }))
const WRONG: [what: string, text: () => string, message: RegExp][] = [
  ['no JSON', () => whole('wrong').replace('{', '{,'), /config\.json:1:2/],
  ['an unknown provider', () => whole('wrong').replace('"openai":', '"opena1":'), /providers\.opena1/],
  ['a text for a number', () => whole('wrong').replace('"weight":1', '"weight":"1"'), /keys\[0\]\.weight/],
  [
    'a condition that compares a text with a number',
    () => JSON.stringify(config({ governance: { routing_rules: [rule('wrong', 'budget_used > "85"')] } })),
    /routing_rules\[0\]\.cel_expression/,
  ],
  [
    'two keys of one value',
    () =>
      JSON.stringify(
        config({ governance: { virtual_keys: [keyWithBudget('all', 1), { ...keyWithBudget('all', 1), id: 'b', name: 'b' }] } }),
      ),
    /virtual_keys\[1\]/,
  ],
  [
    'a team that is not there',
    () => JSON.stringify(config({ governance: { virtual_keys: [keyWithBudget('all', 1, { team_id: 'nobody' })] } })),
    /team_id.*nobody/,
  ],
  [
    'aliases in a circle',
    () => whole('wrong').replace('"models":["*"]', '"models":["*"],"aliases":{"a":"b","b":"a"}'),
    /aliases/,
  ],
] // prettier-ignore

it(
  'H5 H6 H7 a file that is right counts from the next call on; one that is wrong, empty or half written changes nothing, and says why',
  { timeout: 120_000 },
  async () => {
    const statuses = await underLoad(async () => {
      const counts = async (model: string) => {
        await expect.poll(() => statusOf(model), { timeout: 10_000, interval: 50 }).toBe(200)
      }
      for (const [round, [what, text, message]] of WRONG.entries()) {
        replaceFile(whole(`right-${round}`))
        await counts(`right-${round}`)
        const told = gateway.stderr().length
        replaceFile(text())
        const said = () => gateway.stderr().slice(told)
        await expect.poll(said, { timeout: 10_000, message: what }).toMatch(message)
        expect(said()).toContain('what ran goes on')
        expect(await statusOf('wrong')).not.toBe(200)
        await counts(`right-${round}`)
      }
      for (const text of ['', whole('half').slice(0, 200), '']) {
        replaceFile(text)
        // The file is looked at once a second.
        await sleep(1_200)
        await counts(`right-${WRONG.length - 1}`)
      }
      replaceFile(whole('last'))
      await counts('last')
    })
    expect([...statuses.keys()]).toEqual([200])
  },
)
