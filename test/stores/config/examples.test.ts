import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { compileText, type Loaded } from '../../../src/stores/config/load.ts'
import { registry } from './registry.ts'

const ENVIRONMENT = { OPENAI_API_KEY: 'sk-openai-1', ANTHROPIC_API_KEY: 'sk-ant-1', GEMINI_API_KEY: 'AIza-1' }

const read = (name: string): string =>
  readFileSync(new URL(`../../data/config/${name}.json`, import.meta.url), 'utf8')

function load(text: string): Promise<Loaded> {
  return compileText(text, 'config.json', { registry, environment: ENVIRONMENT, appDir: '/app', version: 1 })
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
    'config.json has settings that this version accepts and does not serve: client.drop_excess_requests, client.initial_pool_size, client.allow_direct_keys, config_store.',
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
  const { client, providers, virtualKeys } = loaded.configuration
  expect(client).toEqual({
    enableLogging: true,
    disableContentLogging: false,
    logRetentionDays: 30,
    enforceAuthOnInference: true,
    maxRequestBodyBytes: 100 * 1024 * 1024,
    allowedOrigins: ['*'],
    allowedHosts: [],
    loggingHeaders: [],
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
  expect(virtualKeys).toEqual([{ id: 'vk1', name: 'dev', value: 'sk-bf-dev', active: true }])
  expect(loaded.notices.map((notice) => notice.message)).toEqual([
    'config.json has settings that this version accepts and does not serve: client.allow_direct_keys, client.prometheus_labels, ' +
      '' +
      'governance.budgets, governance.rate_limits, governance.customers, governance.teams, ' +
      'governance.virtual_keys[].team_id, governance.virtual_keys[].rate_limit_id, governance.virtual_keys[].provider_configs, ' +
      'governance.virtual_keys[].mcp_configs, governance.routing_rules, mcp, vector_store, plugins, config_store. ' +
      'Of these, the following limit access or spending, and nothing enforces them: ' +
      'governance.budgets, governance.rate_limits, governance.customers, ' +
      'governance.teams, governance.virtual_keys[].rate_limit_id, governance.virtual_keys[].provider_configs, ' +
      'governance.virtual_keys[].mcp_configs.',
    'The key "a2" of anthropic is not used: the environment has no ANTHROPIC_API_KEY_2.',
    'This version does not reach these providers and leaves them out: bedrock.',
    'client.allowed_origins "*" lets every web page call for inference; the admin API still answers its own pages only.',
  ])
})

it('the published routing rules, in their place in the file', async () => {
  const loaded = await load(`{"governance": {"routing_rules": ${read('routing-rules')}}}`)
  expect(loaded.configuration.unserved).toEqual(['governance.routing_rules'])
})

it('the published virtual key with the short forms, in its place in the file', async () => {
  const key = JSON.parse(read('virtual-key')) as object
  const loaded = await load(
    JSON.stringify({ governance: { virtual_keys: [{ id: 'v', value: 'sk-bf-1', ...key }] } }),
  )
  expect(loaded.configuration.virtualKeys).toEqual([
    { id: 'v', name: 'dev-split', value: 'sk-bf-1', active: true },
  ])
})
