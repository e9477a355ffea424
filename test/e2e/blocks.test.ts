/** What people are told by their agents when the gateway does not let a call through, and how often it is asked for it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Agent, runAgent } from '../support/agent/agent.ts'
import { claudeCode } from '../support/agent/claude-code.ts'
import { codex } from '../support/agent/codex.ts'
import { geminiCli } from '../support/agent/gemini-cli.ts'
import { opencode } from '../support/agent/opencode.ts'
import { qwenCode } from '../support/agent/qwen-code.ts'
import { WORK } from '../support/agent/scenarios.ts'
import { type Gateway, providersConfig, startGateway } from '../support/gateway.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

const TIMEOUT_MS = 200_000

const DAY = { reset_duration: '1d' }
const ALL = [
  { provider: 'anthropic', allowed_models: ['*'], weight: 1 },
  { provider: 'openai', allowed_models: ['*'], weight: 1 },
]

const GOVERNANCE = {
  budgets: [{ id: 'spent', max_limit: 0.000001, ...DAY }],
  rate_limits: [{ id: 'requests', request_max_limit: 0, request_reset_duration: '1d' }],
  teams: [{ id: 'poor', name: 'Platform', budget_id: 'spent' }],
  virtual_keys: [
    key('money', { budget_id: 'spent' }),
    key('team', { team_id: 'poor' }),
    key('requests', { rate_limit_id: 'requests' }),
    key('models', {
      provider_configs: ALL.map((grant) => ({ ...grant, allowed_models: ['another-model'] })),
    }),
    key('providers', { provider_configs: [{ ...ALL[0], provider: 'gemini' }] }),
    key('inactive', { is_active: false }),
    key('expired', { expires_at: '2026-01-01T00:00:00Z' }),
  ],
}

function key(name: string, more: object): object {
  return { id: name, name, value: `sk-bf-${name}-0123456789`, provider_configs: ALL, ...more }
}

/** The key, and the words that its user reads. */
const BLOCKS: [block: string, key: string, words: RegExp][] = [
  ['its budget is spent', 'money', /VK money budget exceeded/],
  ['its team’s budget is spent', 'team', /Team Platform budget exceeded/],
  ['its requests are used up', 'requests', /request limit exceeded/],
  ['a model that it may not use', 'models', /is not allowed for this virtual key/],
  ['providers that it may not use', 'providers', /may use none of|is not allowed for this virtual key/],
  ['it is switched off', 'inactive', /is not active/],
  ['it has expired', 'expired', /has expired/],
  ['nobody knows it', 'unknown', /is not known here/],
]

/** The two that the gateway is made for meet each block; the others those that they could take for something else. */
const SOME = BLOCKS.filter(([, name]) => ['money', 'models', 'unknown'].includes(name))
/** OpenCode repeats every 429 for minutes, and shows the words meanwhile. */
const SOME_AND_LIMITS = BLOCKS.filter(([, name]) => ['money', 'requests', 'unknown'].includes(name))

const AGENTS: [Agent, mode: string, path: string, model: string, blocks: typeof BLOCKS][] = [
  [claudeCode, 'key', '/anthropic', 'claude-sonnet-5', BLOCKS],
  [codex, 'responses', '/v1', 'openai/gpt-5', BLOCKS],
  [geminiCli, 'key', '/genai', 'anthropic/claude-sonnet-5', SOME_AND_LIMITS],
  [opencode, 'anthropic', '/anthropic/v1', 'claude-sonnet-5', SOME],
  [opencode, 'openai', '/openai/v1', 'gpt-5.5', SOME],
  [qwenCode, 'openai', '/v1', 'anthropic/claude-sonnet-5', SOME_AND_LIMITS],
]

let provider: Provider
let gateway: Gateway
beforeAll(async () => {
  provider = await startProvider()
  const config = {
    ...providersConfig(provider.url),
    client: { enforce_auth_on_inference: true },
    governance: GOVERNANCE,
  }
  gateway = await startGateway({ config })
}, 60_000)
afterAll(async () => {
  await gateway?.close()
  await provider?.close()
})

describe.each(AGENTS.map(([agent, ...rest]) => [agent.name, ...rest, agent] as const))(
  '%s (%s) stops at %s',
  (_name, mode, path, model, blocks, agent) => {
    it.concurrent.each(blocks)(
      'when %s, and says so',
      { timeout: TIMEOUT_MS },
      async (_block, name, words) => {
        const access = { mode, key: `sk-bf-${name}-0123456789`, baseUrl: gateway.url + path, model }
        const { nonce, stdout, stderr, code, isError } = await runAgent(agent, {
          ...access,
          scenario: WORK[0]!,
        })
        const said = `${stdout}${stderr}`
        expect(isError || code !== 0, said).toBe(true)
        expect(said).toMatch(words)
        expect(provider.requestsOf(nonce)).toEqual([])
      },
    )
  },
)
