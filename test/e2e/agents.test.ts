import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Agent, runAgent } from '../support/agent/agent.ts'
import { claudeCode } from '../support/agent/claude-code.ts'
import { codex } from '../support/agent/codex.ts'
import { geminiCli } from '../support/agent/gemini-cli.ts'
import { opencode } from '../support/agent/opencode.ts'
import { qwenCode } from '../support/agent/qwen-code.ts'
import { AUTO_BY_AGENT, CLAUDE_CODE_WORK, FAULTS, type Scenario, WORK } from '../support/agent/scenarios.ts'
import { type GoogleService, startGoogle } from '../support/cloud/google.ts'
import { everyProviderConfig, GOOGLE_ACCOUNTS, PROVIDER_KEYS } from '../support/every-provider.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

const CLIENT_KEY = 'client-key-0123456789abcdef'
const TIMEOUT_MS = 400_000

let provider: Provider
let google: GoogleService
let gateway: Gateway
beforeAll(async () => {
  google = await startGoogle({ accounts: GOOGLE_ACCOUNTS })
  const includes = (key: string) => Object.values(PROVIDER_KEYS).includes(key) || google.tokens.has(key)
  provider = await startProvider({ keys: { includes } })
  const env = { CLOUDSDK_AUTH_TOKEN_HOST: `${google.url}/token` }
  gateway = await startGateway({ config: withAliases(everyProviderConfig(provider.url)), env })
}, 60_000)
afterAll(async () => {
  await gateway?.close()
  await provider?.close()
  await google?.close()
})

function withAliases(config: { providers: Record<string, unknown> }): object {
  for (const [name, aliases] of Object.entries(ALIASES)) {
    const { keys } = config.providers[name] as { keys: object[] }
    Object.assign(keys[0]!, { aliases })
  }
  return config
}

/** A model as the agent is told it, and the wire on which it is asked. */
interface Upstream {
  model: string
  wire: string
  scenarios: Scenario[]
}

interface Row {
  agent: Agent
  mode: string
  /** Where the agent's base URL leads: the gateway's address, and this. */
  path: string
  upstreams: Upstream[]
}

const named = (...names: string[]): Scenario[] =>
  [...WORK, ...CLAUDE_CODE_WORK, ...FAULTS, AUTO_BY_AGENT].filter(({ name }) => names.includes(name))
const ALL = [...WORK, ...FAULTS]
const SHORT = named('write', 'parallel', 'thinking', 'truncate')

/** Names that Codex takes for new models of OpenAI, and that lead elsewhere: it chooses its tools by them. */
const ALIASES = {
  anthropic: { 'gpt-6.1-sol': 'claude-opus-5-5' },
  gemini: { 'gpt-6.1-terra': 'gemini-3.5-pro' },
}

const ROWS: Row[] = [
  {
    agent: codex,
    mode: 'responses',
    path: '/v1',
    upstreams: [
      { model: 'openai/gpt-5', wire: 'openai-responses', scenarios: ALL },
      { model: 'anthropic/claude-opus-5-5', wire: 'anthropic', scenarios: ALL },
      { model: 'gemini/gemini-3.5-pro', wire: 'gemini', scenarios: ALL },
      { model: 'deepseek/deepseek-reasoner', wire: 'openai-chat', scenarios: SHORT },
      { model: 'bedrock/us.amazon.nova-premier-v1:0', wire: 'bedrock-converse', scenarios: SHORT },
    ],
  },
  {
    agent: codex,
    mode: 'responses',
    path: '/openai/v1',
    upstreams: [
      { model: 'gpt-5.5', wire: 'openai-responses', scenarios: WORK },
      { model: 'gpt-6-sol', wire: 'openai-responses', scenarios: WORK },
      { model: 'gpt-6.1-sol', wire: 'anthropic', scenarios: WORK },
      { model: 'gpt-6.1-terra', wire: 'gemini', scenarios: WORK },
    ],
  },
  {
    agent: geminiCli,
    mode: 'key',
    path: '/genai',
    upstreams: [
      { model: 'gemini-3.5-pro', wire: 'gemini', scenarios: [...WORK, ...named('read429', 'read500')] },
      { model: 'vertex/gemini-3.5-pro', wire: 'vertex-gemini', scenarios: SHORT },
      { model: 'anthropic/claude-opus-5-5', wire: 'anthropic', scenarios: SHORT },
      { model: 'responses/gpt-5.5', wire: 'openai-responses', scenarios: SHORT },
      { model: 'deepseek/deepseek-reasoner', wire: 'openai-chat', scenarios: SHORT },
    ],
  },
  {
    agent: opencode,
    mode: 'anthropic',
    path: '/anthropic/v1',
    upstreams: [
      { model: 'claude-opus-5-5', wire: 'anthropic', scenarios: ALL },
      { model: 'gemini/gemini-3.5-pro', wire: 'gemini', scenarios: SHORT },
      { model: 'deepseek/deepseek-reasoner', wire: 'openai-chat', scenarios: SHORT },
    ],
  },
  {
    agent: opencode,
    mode: 'openai',
    path: '/openai/v1',
    upstreams: [
      { model: 'gpt-5.5', wire: 'openai-responses', scenarios: SHORT },
      { model: 'anthropic/claude-opus-5-5', wire: 'anthropic', scenarios: SHORT },
    ],
  },
  {
    agent: opencode,
    mode: 'compatible',
    path: '/v1',
    upstreams: [
      { model: 'deepseek/deepseek-reasoner', wire: 'openai-chat', scenarios: SHORT },
      { model: 'bedrock/us.amazon.nova-premier-v1:0', wire: 'bedrock-converse', scenarios: SHORT },
    ],
  },
  {
    agent: qwenCode,
    mode: 'openai',
    path: '/v1',
    upstreams: [
      { model: 'deepseek/deepseek-reasoner', wire: 'openai-chat', scenarios: ALL },
      { model: 'anthropic/claude-opus-5-5', wire: 'anthropic', scenarios: SHORT },
      { model: 'gemini/gemini-3.5-pro', wire: 'gemini', scenarios: SHORT },
    ],
  },
  {
    agent: qwenCode,
    mode: 'anthropic',
    path: '/anthropic',
    upstreams: [
      { model: 'claude-opus-5-5', wire: 'anthropic', scenarios: SHORT },
      { model: 'responses/gpt-5.5', wire: 'openai-responses', scenarios: SHORT },
    ],
  },
  {
    agent: claudeCode,
    mode: 'key',
    path: '/anthropic',
    upstreams: [
      { model: 'gemini/gemini-3.5-pro', wire: 'gemini', scenarios: [...WORK, ...CLAUDE_CODE_WORK] },
      { model: 'responses/gpt-5.5', wire: 'openai-responses', scenarios: [...WORK, ...CLAUDE_CODE_WORK] },
      { model: 'bedrock/us.amazon.nova-premier-v1:0', wire: 'bedrock-converse', scenarios: SHORT },
    ],
  },
  {
    agent: claudeCode,
    mode: 'bedrock',
    path: '/bedrock',
    upstreams: [
      {
        model: 'us.anthropic.claude-opus-5-5',
        wire: 'bedrock-anthropic',
        scenarios: [...ALL, ...CLAUDE_CODE_WORK, AUTO_BY_AGENT],
      },
      { model: 'anthropic/claude-opus-5-5', wire: 'anthropic', scenarios: SHORT },
      { model: 'responses/gpt-5.5', wire: 'openai-responses', scenarios: [...SHORT, AUTO_BY_AGENT] },
      { model: 'gemini/gemini-3.5-pro', wire: 'gemini', scenarios: SHORT },
    ],
  },
  {
    agent: claudeCode,
    mode: 'vertex',
    path: '/genai/v1',
    upstreams: [
      {
        model: 'claude-opus-5-5',
        wire: 'vertex-anthropic',
        scenarios: [...ALL, ...CLAUDE_CODE_WORK, AUTO_BY_AGENT],
      },
      { model: 'responses/gpt-5.5', wire: 'openai-responses', scenarios: [...SHORT, AUTO_BY_AGENT] },
      { model: 'gemini/gemini-3.5-pro', wire: 'gemini', scenarios: SHORT },
    ],
  },
]

const rows = ROWS.flatMap(({ agent, mode, path, upstreams }) =>
  upstreams.map((upstream) => ({ agent, name: agent.name, mode, path, ...upstream })),
)

describe.each(rows)('$name ($mode), $model', ({ agent, mode, path, model, wire, scenarios }) => {
  it.each(scenarios)('$name: $why', { timeout: TIMEOUT_MS }, async (scenario) => {
    const baseUrl = gateway.url + path
    const result = await runAgent(agent, { mode, key: CLIENT_KEY, baseUrl, model, scenario })

    const said = `${result.stdout}${result.stderr}`
    const seen = provider.requestsOf(result.nonce)
    const turns = seen.filter(({ answer }) => answer?.side !== true)
    expect(seen.flatMap(({ refusal, answer }) => refusal ?? answer?.failed ?? [])).toEqual([])
    const { files, structured } = scenario.plan('', result.nonce)
    expect(result, said).toMatchObject({ code: 0, isError: false, files })
    if (structured === undefined) expect(result.text).toContain(`(${result.nonce})`)
    else expect(result.structured).toEqual({ name: structured })
    expect(turns.map(({ protocol }) => protocol)).toEqual(turns.map(() => wire))
    expect(turns).toHaveLength(scenario.requests)
    expect(JSON.stringify(seen.map(({ rawHeaders }) => rawHeaders))).not.toContain(CLIENT_KEY)
  })
})
