import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Access, type Agent, runAgent } from '../support/agent/agent.ts'
import { claudeCode } from '../support/agent/claude-code.ts'
import { codex } from '../support/agent/codex.ts'
import { geminiCli } from '../support/agent/gemini-cli.ts'
import { opencode } from '../support/agent/opencode.ts'
import { qwenCode } from '../support/agent/qwen-code.ts'
import { AUTO_BY_AGENT, CLAUDE_CODE_WORK, FAULTS, type Scenario, WORK } from '../support/agent/scenarios.ts'
import { type GoogleService, startGoogle } from '../support/cloud/google.ts'
import { everyProviderConfig, GOOGLE_ACCOUNTS, PROVIDER_KEYS } from '../support/every-provider.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import type { RecordedRequest } from '../support/provider/record.ts'
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
/** What every agent masters against any provider by itself. */
const COMMON = named('write', 'bash', 'multi', 'parallel', 'split', 'read429', 'read500')
const SHORT = named('write', 'parallel', 'thinking')
const CLAUDE_CODE = [...ALL, ...CLAUDE_CODE_WORK, AUTO_BY_AGENT]

/** Names that Codex takes for new models of OpenAI, and that lead elsewhere: it chooses its tools by them. */
const ALIASES = {
  anthropic: { 'gpt-6.1-sol': 'claude-opus-5-5' },
  gemini: { 'gpt-6.1-terra': 'gemini-3.5-pro' },
}

const CLAUDE = 'anthropic/claude-opus-5-5'
const GEMINI = 'gemini/gemini-3.5-pro'
const RESPONSES = 'responses/gpt-5.5'
const DEEPSEEK = 'deepseek/deepseek-reasoner'
const NOVA = 'bedrock/us.amazon.nova-premier-v1:0'

const ROWS: Row[] = [
  {
    agent: codex,
    mode: 'responses',
    path: '/v1',
    upstreams: [
      { model: 'openai/gpt-5', wire: 'openai-responses', scenarios: ALL },
      { model: CLAUDE, wire: 'anthropic', scenarios: ALL },
      { model: GEMINI, wire: 'gemini', scenarios: ALL },
      { model: DEEPSEEK, wire: 'openai-chat', scenarios: [...SHORT, ...named('truncate')] },
      { model: NOVA, wire: 'bedrock-converse', scenarios: [...SHORT, ...named('truncate')] },
    ],
  },
  {
    // Custom tools with grammars; then tools in the input, in namespaces, called by JavaScript.
    agent: codex,
    mode: 'responses',
    path: '/openai/v1',
    upstreams: [
      { model: 'gpt-5.5', wire: 'openai-responses', scenarios: SHORT },
      { model: 'gpt-6-sol', wire: 'openai-responses', scenarios: SHORT },
      { model: 'gpt-6.1-sol', wire: 'anthropic', scenarios: SHORT },
      { model: 'gpt-6.1-terra', wire: 'gemini', scenarios: SHORT },
    ],
  },
  {
    agent: geminiCli,
    mode: 'key',
    path: '/genai',
    upstreams: [
      { model: 'gemini-3.5-pro', wire: 'gemini', scenarios: [...COMMON, ...named('thinking')] },
      { model: 'vertex/gemini-3.5-pro', wire: 'vertex-gemini', scenarios: SHORT },
      {
        model: CLAUDE,
        wire: 'anthropic',
        scenarios: [...COMMON, ...named('thinking', 'errevent', 'truncate', 'reset')],
      },
      { model: RESPONSES, wire: 'openai-responses', scenarios: SHORT },
      { model: DEEPSEEK, wire: 'openai-chat', scenarios: SHORT },
    ],
  },
  {
    agent: opencode,
    mode: 'anthropic',
    path: '/anthropic/v1',
    upstreams: [
      { model: 'claude-opus-5-5', wire: 'anthropic', scenarios: [...COMMON, ...named('truncate')] },
      { model: GEMINI, wire: 'gemini', scenarios: [...COMMON, ...named('thinking', 'truncate')] },
    ],
  },
  {
    agent: opencode,
    mode: 'openai',
    path: '/openai/v1',
    upstreams: [
      { model: 'gpt-5.5', wire: 'openai-responses', scenarios: [...SHORT, ...named('truncate')] },
      { model: CLAUDE, wire: 'anthropic', scenarios: SHORT },
    ],
  },
  {
    agent: opencode,
    mode: 'compatible',
    path: '/v1',
    upstreams: [
      { model: DEEPSEEK, wire: 'openai-chat', scenarios: SHORT },
      { model: NOVA, wire: 'bedrock-converse', scenarios: named('parallel', 'truncate') },
    ],
  },
  {
    agent: qwenCode,
    mode: 'openai',
    path: '/v1',
    upstreams: [
      { model: DEEPSEEK, wire: 'openai-chat', scenarios: ALL },
      { model: CLAUDE, wire: 'anthropic', scenarios: [...COMMON, ...named('thinking', 'truncate')] },
      { model: GEMINI, wire: 'gemini', scenarios: [...SHORT, ...named('errevent')] },
    ],
  },
  {
    agent: qwenCode,
    mode: 'anthropic',
    path: '/anthropic',
    upstreams: [
      { model: 'claude-opus-5-5', wire: 'anthropic', scenarios: [...SHORT, ...named('truncate')] },
      { model: RESPONSES, wire: 'openai-responses', scenarios: SHORT },
    ],
  },
  {
    // On its own protocol and in Chat: claude-code.test.ts.
    agent: claudeCode,
    mode: 'key',
    path: '/anthropic',
    upstreams: [
      { model: GEMINI, wire: 'gemini', scenarios: [...ALL, ...CLAUDE_CODE_WORK] },
      { model: RESPONSES, wire: 'openai-responses', scenarios: [...WORK, ...CLAUDE_CODE_WORK] },
      { model: NOVA, wire: 'bedrock-converse', scenarios: SHORT },
    ],
  },
  {
    agent: claudeCode,
    mode: 'bedrock',
    path: '/bedrock',
    upstreams: [
      { model: 'us.anthropic.claude-opus-5-5', wire: 'bedrock-anthropic', scenarios: CLAUDE_CODE },
      { model: CLAUDE, wire: 'anthropic', scenarios: [...SHORT, ...named('truncate')] },
      { model: RESPONSES, wire: 'openai-responses', scenarios: CLAUDE_CODE },
      { model: GEMINI, wire: 'gemini', scenarios: SHORT },
    ],
  },
  {
    agent: claudeCode,
    mode: 'vertex',
    path: '/genai/v1',
    upstreams: [
      { model: 'claude-opus-5-5', wire: 'vertex-anthropic', scenarios: CLAUDE_CODE },
      { model: RESPONSES, wire: 'openai-responses', scenarios: SHORT },
      { model: GEMINI, wire: 'gemini', scenarios: CLAUDE_CODE },
    ],
  },
]

const rows = ROWS.flatMap(({ agent, mode, path, upstreams }) =>
  upstreams.map((upstream) => ({ agent, name: agent.name, mode, path, ...upstream })),
)

describe.each(rows)('$name ($mode), $model', ({ agent, mode, path, model, wire, scenarios }) => {
  it.concurrent.each(scenarios)('$name: $why', { timeout: TIMEOUT_MS }, async (scenario) => {
    const access = { mode, key: CLIENT_KEY, baseUrl: gateway.url + path, model }
    const turns = await work(agent, access, scenario)
    expect(turns.map(({ protocol }) => protocol)).toEqual(turns.map(() => wire))
    expect(turns).toHaveLength(scenario.requests)
  })
})

describe('where the gateway asks for virtual keys', () => {
  const VIRTUAL_KEY = 'sk-bf-agents-0123456789abcdef'
  let locked: Gateway
  beforeAll(async () => {
    const config = {
      ...everyProviderConfig(provider.url),
      client: { enforce_auth_on_inference: true },
      governance: { virtual_keys: [{ id: 'agents', name: 'agents', value: VIRTUAL_KEY }] },
    }
    locked = await startGateway({ config, env: { CLOUDSDK_AUTH_TOKEN_HOST: `${google.url}/token` } })
  }, 60_000)
  afterAll(() => locked?.close())

  const doors: [Agent, mode: string, path: string, model: string][] = [
    [codex, 'responses', '/v1', CLAUDE],
    [geminiCli, 'key', '/genai', CLAUDE],
    [opencode, 'anthropic', '/anthropic/v1', 'claude-opus-5-5'],
    [opencode, 'openai', '/openai/v1', 'gpt-5.5'],
    [qwenCode, 'openai', '/v1', CLAUDE],
    [qwenCode, 'anthropic', '/anthropic', 'claude-opus-5-5'],
    [claudeCode, 'bedrock-key', '/bedrock', 'us.anthropic.claude-opus-5-5'],
    [claudeCode, 'vertex', '/genai/v1', 'claude-opus-5-5'],
  ]
  it.concurrent.each(doors.map(([agent, ...rest]) => [agent.name, ...rest, agent] as const))(
    '%s (%s) is let in with one at %s',
    { timeout: TIMEOUT_MS },
    async (_name, mode, path, model, agent) => {
      const access = { mode, key: VIRTUAL_KEY, baseUrl: locked.url + path, model }
      expect(await work(agent, access, WORK[0]!)).toHaveLength(2)
    },
  )
})

/** Runs the agent, and sees that the work is done and no provider had anything to complain about. Returns its turns. */
async function work(agent: Agent, access: Access, scenario: Scenario): Promise<RecordedRequest[]> {
  const result = await runAgent(agent, { ...access, scenario })
  const said = `${result.stdout}${result.stderr}`
  const seen = provider.requestsOf(result.nonce)
  expect(seen.flatMap(({ refusal, answer }) => refusal ?? answer?.failed ?? [])).toEqual([])
  const { files, structured } = scenario.plan('', result.nonce)
  expect(result, said).toMatchObject({ code: 0, isError: false, files })
  if (structured === undefined) expect(result.text).toContain(`(${result.nonce})`)
  else expect(result.structured).toEqual({ name: structured })
  expect(JSON.stringify(seen.map(({ rawHeaders }) => rawHeaders))).not.toContain(access.key)
  return seen.filter(({ answer }) => answer?.side !== true)
}
