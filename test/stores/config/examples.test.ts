import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RuleFacts } from '../../../src/rules/rule-variables.ts'
import { compileText, type Loaded } from '../../../src/stores/config/load.ts'
import { facts, QUESTION } from './facts.ts'
import { registry } from './registry.ts'

const ENVIRONMENT = { OPENAI_API_KEY: 'sk-openai-1', ANTHROPIC_API_KEY: 'sk-ant-1', GEMINI_API_KEY: 'AIza-1' }

const read = (name: string): string =>
  readFileSync(
    new URL(`../../data/config/${name.includes('.') ? name : `${name}.json`}`, import.meta.url),
    'utf8',
  )

function load(text: string, file = 'config.json'): Promise<Loaded> {
  return compileText(text, file, { registry, environment: ENVIRONMENT, appDir: '/app', version: 1 })
}

/** One line a key: what a reader of the file would want to know of it. */
function keysOf({ configuration }: Loaded): string[] {
  return [...configuration.providers.values()].flatMap(({ id, keys }) =>
    keys.map(
      (key) => `${id} ${key.name} ${key.reference ?? 'literal'} ${key.weight} ${key.enabled ? 'on' : 'off'}`,
    ),
  )
}

it('the published example with three providers', async () => {
  const loaded = await load(read('basic'))
  expect(keysOf(loaded)).toEqual([
    'openai openai-main env.OPENAI_API_KEY 1 on',
    'anthropic anthropic-main env.ANTHROPIC_API_KEY 1 on',
    'gemini gemini-main env.GEMINI_API_KEY 1 on',
  ])
  expect(
    [...loaded.configuration.providers.values()].flatMap(({ keys }) => keys.map((key) => key.models)),
  ).toEqual([undefined, undefined, undefined])
  expect(loaded.configuration.logs).toEqual({ enabled: true, path: '/app/logs.db' })
  expect(loaded.configuration.client.disableContentLogging).toBe(false)
  expect(loaded.notices.map((notice) => notice.message)).toEqual([
    'config.json has settings that this version accepts and does not serve: client.initial_pool_size, client.allow_direct_keys.',
  ])
})

it('the published example with an MCP server, whose time-out is in nanoseconds and whose keys are in the environment', async () => {
  const loaded = await load(read('mcp'))
  expect(keysOf(loaded)).toEqual([
    'anthropic ANTHROPIC_API_KEY env.ANTHROPIC_API_KEY 1 on',
    'openai OPENAI_API_KEY env.OPENAI_API_KEY 1 on',
    'gemini GEMINI_API_KEY env.GEMINI_API_KEY 1 on',
  ])
  expect(loaded.configuration.client.disableContentLogging).toBe(true)
  expect(loaded.configuration.unserved).toEqual(['client.allow_direct_keys', 'mcp'])
})

it('the sample with all common settings', async () => {
  const loaded = await load(read('full'))
  expect(keysOf(loaded)).toEqual([
    'anthropic a1 env.ANTHROPIC_API_KEY 0.7 on',
    'anthropic a2 env.ANTHROPIC_API_KEY_2 0.3 off',
    'local l1 literal 1 on',
  ])
  const { client, providers, governance, routing } = loaded.configuration
  expect(client).toEqual({
    enableLogging: true,
    disableContentLogging: false,
    logRetentionDays: 30,
    enforceAuthOnInference: true,
    maxRequestBodyBytes: 100 * 1024 * 1024,
    allowedOrigins: ['*'],
    allowedHosts: [],
    loggingHeaders: [],
    headerFilter: { allowed: [], denied: [] },
    dropExcessRequests: false,
    rotationGraceMs: 0,
  })
  // `["*"]` and `[]` both mean every model.
  expect(providers.get('anthropic')?.keys.map((key) => key.models)).toEqual([undefined, undefined])
  expect(providers.get('anthropic')?.network).toMatchObject({
    maxRetries: 2,
    retryBackoffInitialMs: 200,
    retryBackoffMaxMs: 4000,
    requestTimeoutMs: 600_000,
    streamIdleTimeoutMs: 300_000,
  })
  expect(providers.get('local')?.reach?.upstream).toMatchObject({
    origin: 'http://127.0.0.1:9000',
    operatorNamed: true,
  })
  expect(providers.get('local')?.provider.surfaces[0]?.protocol.id).toBe('openai-chat')
  const key = governance.findVirtualKey('sk-bf-dev')!.virtualKey
  expect(key).toMatchObject({
    id: 'vk1',
    name: 'dev',
    active: true,
    team: { id: 't1' },
    customer: { id: 'c1' },
  })
  expect(key.grants).toMatchObject([
    { provider: 'anthropic', weight: 0.8, keyIds: undefined },
    // The provider is left out, and so are its keys.
    { provider: 'bedrock', weight: 0.2, keyIds: new Set() },
  ])
  const limits = governance.limitsFor(key, 'anthropic', ['claude-opus-5-5'])
  expect(limits.budgets).toMatchObject([
    { id: 'b-eng', owner: { kind: 'team', id: 't1', name: 'Eng' }, limitNanodollars: 100_000_000_000 },
  ])
  expect(limits.budgets[0]!.period).toMatchObject({ text: '1M', rule: { calendarAligned: true } })
  expect(limits.rateLimits).toMatchObject([
    { id: 'r-eng/tokens', limit: 500_000, period: { text: '1h' }, owner: { kind: 'virtual_key' } },
    { id: 'r-eng/requests', limit: 60, period: { text: '1m' } },
  ])
  const haiku = facts({ model: 'claude-haiku-4-5', budgetUsed: 81 })
  expect(routing.decide(haiku, QUESTION)?.routes).toMatchObject([
    { provider: 'local', model: 'small' },
    { provider: 'anthropic', model: 'claude-haiku-4-5' },
  ])
  expect(routing.decide({ ...haiku, budgetUsed: 80 }, QUESTION)).toBeUndefined()
  expect(loaded.notices.map((notice) => notice.message)).toEqual([
    'config.json has settings that this version accepts and does not serve: client.allow_direct_keys, client.prometheus_labels, ' +
      'governance.virtual_keys[].mcp_configs, mcp, vector_store, plugins.',
    'The key "a2" of anthropic is not used: the environment has no ANTHROPIC_API_KEY_2.',
    'This version does not reach these providers and leaves them out: bedrock.',
    'client.allowed_origins "*" lets every web page call for inference; the admin API still answers its own pages only.',
  ])
})

describe('the published routing rules, in their place in the file', async () => {
  const loaded = await load(`{"governance": {"routing_rules": ${read('routing-rules')}}}`)
  const decide = (rest: Partial<RuleFacts>) => {
    const [route] = loaded.configuration.routing.decide(facts(rest), QUESTION)?.routes ?? []
    return route && `${route.provider}/${route.model}`
  }
  const claude = { model: 'sonnet-model', headers: { 'user-agent': 'claude-cli/2.1.329 (external, cli)' } }
  const DECISIONS: [title: string, rest: Partial<RuleFacts>, expected: string | undefined][] = [
    ['nothing applies', {}, undefined],
    ['85 is not above 85', { budgetUsed: 85 }, undefined],
    ['a whole number is compared with a double', { budgetUsed: 85.5 }, 'groq/llama-2-70b'],
    ['an alias', claude, 'vertex/claude-sonnet-4-6'],
    ['an alias for another agent', { model: 'sonnet-model', headers: { 'user-agent': 'curl' } }, undefined],
    ['priority 1 before 5', { ...claude, budgetUsed: 99 }, 'vertex/claude-sonnet-4-6'],
    ['without an expression: always, for the team', { team: { id: 't1', name: 'T' } }, 'openai/gpt-4o'],
    ['the team before everybody', { ...claude, team: { id: 't1', name: 'T' } }, 'openai/gpt-4o'],
    ['not for another team', { team: { id: 't2', name: 'U' } }, undefined],
  ]

  it.each(DECISIONS)('%s', (_title, rest, expected) => expect(decide(rest)).toBe(expected))

  it('nothing of them is left out', () => expect(loaded.notices).toEqual([]))
})

it('the published virtual key with the short forms, in its place in the file', async () => {
  const written = JSON.parse(read('virtual-key')) as object
  const loaded = await load(
    JSON.stringify({ governance: { virtual_keys: [{ id: 'v', value: 'sk-bf-1', ...written }] } }),
  )
  const { governance } = loaded.configuration
  const { virtualKey } = governance.findVirtualKey('sk-bf-1')!
  expect(virtualKey).toMatchObject({
    id: 'v',
    name: 'dev-split',
    order: 'weighted',
    grants: [
      { provider: 'openai', model: 'gpt-4o', weight: 0.7, keyIds: undefined },
      { provider: 'anthropic', model: 'claude-sonnet-4-20250514', weight: 0.3, keyIds: undefined },
    ],
  })
  expect(governance.grantFor(virtualKey, 'openai', ['gpt-4o']).outcome).toBe('granted')
  expect(governance.grantFor(virtualKey, 'openai', ['gpt-5']).outcome).toBe('model-blocked')
  expect(governance.grantFor(virtualKey, 'gemini', ['gpt-4o']).outcome).toBe('provider-blocked')
  expect(virtualKey.limits.budgets).toMatchObject([
    {
      limitNanodollars: 100_000_000_000,
      // "monthly" is the calendar's month.
      period: { text: 'monthly', rule: { duration: { count: 1, unit: 'month' }, calendarAligned: true } },
    },
  ])
  expect(loaded.notices).toEqual([])
})

describe('the published accounts, as config.yaml', async () => {
  const loaded = await load(read('accounts.yaml'), 'config.yaml')
  const { governance, client } = loaded.configuration
  const account = governance.virtualKeys.get('dev-team')!

  it('its providers have their keys from the environment', () =>
    expect(keysOf(loaded)).toEqual([
      'openai dev-team/openai-first env.OPENAI_API_KEY 1 on',
      'gemini dev-team/gemini-second env.GEMINI_API_KEY 1 on',
      'anthropic dev-team/anthropic-third env.ANTHROPIC_API_KEY 1 on',
    ]))

  it('they are tried in the order of their weights, whatever those sum to', () =>
    expect(account).toMatchObject({
      order: 'heaviest-first',
      grants: [
        { provider: 'openai', model: 'gpt-4o', weight: 80 },
        { provider: 'gemini', model: 'gemini-2.5-pro', weight: 15 },
        { provider: 'anthropic', model: 'claude-sonnet-4-20250514', weight: 5 },
      ],
    }))

  it('its budget is 200 dollars in a calendar month', () =>
    expect(account.limits.budgets).toMatchObject([
      {
        id: 'virtual_key/dev-team/monthly',
        limitNanodollars: 200_000_000_000,
        period: { rule: { duration: { count: 1, unit: 'month' }, calendarAligned: true } },
        origin: { source: 'file', place: 'budgets[0]' },
      },
    ]))

  it('each object says where it comes from', () => {
    expect(account.origin).toEqual({ source: 'file', place: 'accounts[0]' })
    expect(account.grants?.map(({ origin }) => origin.place)).toEqual([
      'accounts[0].providers[0]',
      'accounts[0].providers[1]',
      'accounts[0].providers[2]',
    ])
  })

  it('who has no key calls on the only account; a key is made up for it, and shown once', () => {
    expect(governance.anonymous).toBe(account)
    expect(client.enforceAuthOnInference).toBe(false)
    expect(loaded.issued).toMatchObject([{ id: 'dev-team', name: 'dev-team' }])
    expect(governance.findVirtualKey(loaded.issued[0]!.value)?.virtualKey).toBe(account)
  })

  it('nothing of it is left out', () => expect(loaded.notices).toEqual([]))
})
