import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Access, type AgentResult, runAgent } from '../support/agent/agent.ts'
import { type ClaudeCodeMode, claudeCode } from '../support/agent/claude-code.ts'
import {
  AUTO_BY_AGENT,
  AUTO_BY_PROVIDER,
  CLAUDE_CODE_WORK,
  FAULTS,
  type Scenario,
  UNCLOSED,
  WORK,
} from '../support/agent/scenarios.ts'
import { ANTHROPIC_KEY, type Gateway, OPENAI_KEY, providersConfig, startGateway } from '../support/gateway.ts'
import type { Json } from '../support/provider/json.ts'
import type { RecordedRequest } from '../support/provider/record.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

const CLIENT_KEY = 'client-key-0123456789abcdef'
const OAUTH_TOKEN = 'sk-ant-oat01-0123456789abcdef'
const BY_KEY: Login = { mode: 'key', key: CLIENT_KEY }
const TIMEOUT_MS = 400_000

let provider: Provider
let gateway: Gateway
beforeAll(async () => {
  provider = await startProvider({ keys: [ANTHROPIC_KEY, OPENAI_KEY] })
  gateway = await startGateway({ config: providersConfig(provider.url) })
}, 60_000)
afterAll(async () => {
  await gateway?.close()
  await provider.close()
})

interface Run {
  result: AgentResult
  /** What the provider got for the conversation, side requests left out. */
  turns: RecordedRequest[]
  refusals: string[]
}

type Login = Pick<Access<ClaudeCodeMode>, 'mode' | 'key'>

async function work(scenario: Scenario, login: Login, model?: string): Promise<Run> {
  const before = provider.requests.length
  const baseUrl = `${gateway.url}/anthropic`
  const result = await runAgent(claudeCode, { baseUrl, ...login, scenario, ...(model && { model }) })
  const seen = provider.requests.slice(before)
  return {
    result,
    turns: seen.filter((request) => request.nonce?.startsWith(result.nonce) && !request.answer?.side),
    refusals: seen.flatMap((request) => request.refusal ?? []),
  }
}

/** The work is done, the last text is there, and no provider had anything to complain about. */
function expectDone({ result, refusals, turns }: Run, scenario: Scenario): void {
  const { files, structured } = scenario.plan('', result.nonce)
  expect(refusals).toEqual([])
  expect(turns.flatMap((request) => request.answer?.failed ?? [])).toEqual([])
  expect(result, `${result.stdout}${result.stderr}`).toMatchObject({ code: 0, isError: false, files })
  if (structured === undefined) expect(result.text).toContain(`(${result.nonce})`)
  else expect(result.structured).toEqual({ name: structured })
}

const headersOf = (requests: RecordedRequest[]) =>
  JSON.stringify(requests.map((request) => request.rawHeaders))

const UPSTREAMS = [
  { upstream: 'native', model: undefined, protocol: 'anthropic', upstreamModel: 'claude-opus-5-5' },
  { upstream: 'translated', model: 'openai/gpt-5', protocol: 'openai-chat', upstreamModel: 'gpt-5' },
]

describe.each(UPSTREAMS)('Claude Code, $upstream', ({ model, protocol, upstreamModel }) => {
  it.each([...WORK, ...CLAUDE_CODE_WORK, ...FAULTS])(
    '$name: $why',
    { timeout: TIMEOUT_MS },
    async (scenario) => {
      const run = await work(scenario, BY_KEY, model)
      expectDone(run, scenario)
      expect(run.turns).toHaveLength(scenario.requests)
      for (const request of run.turns)
        expect([request.protocol, request.body.model]).toEqual([protocol, upstreamModel])
      expect(headersOf(run.turns)).not.toContain(CLIENT_KEY)
    },
  )

  it(`B8 ${UNCLOSED.name}: ${UNCLOSED.why}`, { timeout: TIMEOUT_MS }, async () => {
    const run = await work(UNCLOSED, BY_KEY, model)
    expectDone(run, UNCLOSED)
    expect(run.turns.length).toBeGreaterThanOrEqual(UNCLOSED.requests)
  })

  it(`${AUTO_BY_AGENT.name} in gateway mode: ${AUTO_BY_AGENT.why}`, { timeout: TIMEOUT_MS }, async () => {
    const before = provider.requests.length
    const run = await work(AUTO_BY_AGENT, { mode: 'gateway', key: CLIENT_KEY }, model)
    expectDone(run, AUTO_BY_AGENT)
    const checks = provider.requests.slice(before).filter((request) => request.answer?.side)
    expect(checks.map((request) => request.body.model)).toContain('claude-sonnet-5')
  })
})

describe('safety verdicts', () => {
  it(`native ${AUTO_BY_PROVIDER.name}: ${AUTO_BY_PROVIDER.why}`, { timeout: TIMEOUT_MS }, async () => {
    expectDone(await work(AUTO_BY_PROVIDER, BY_KEY), AUTO_BY_PROVIDER)
  })

  it(
    'translated: a verdict is never invented, so the risky call is not run',
    { timeout: TIMEOUT_MS },
    async () => {
      const { result, refusals } = await work(AUTO_BY_PROVIDER, BY_KEY, 'openai/gpt-5')
      expect(refusals).toEqual([])
      expect(result.files).toEqual({ 'b.txt': undefined })
    },
  )
})

describe('what reaches the provider', () => {
  const scenario = (name: string) => [...WORK, ...CLAUDE_CODE_WORK].find((one) => one.name === name)!

  it('#16 translated: found tools are offered, the placeholder never', { timeout: TIMEOUT_MS }, async () => {
    const { turns } = await work(scenario('toolsearch'), BY_KEY, 'openai/gpt-5')
    const offered = turns.map((request) => request.body.tools.map((tool: Json) => tool.function.name))
    expect(offered.map((names) => names.includes('CronList'))).toEqual([false, true, true, true])
    expect(offered.flat()).not.toContain('DeferredToolPlaceholder')
  })

  it('translated: the billing block of the prompt stays behind', { timeout: TIMEOUT_MS }, async () => {
    const { turns } = await work(scenario('write'), BY_KEY, 'openai/gpt-5')
    expect(turns).toHaveLength(2)
    expect(JSON.stringify(turns.map((request) => request.body))).not.toContain('x-anthropic-billing-header')
  })

  it('native: thinking comes back with its signature', { timeout: TIMEOUT_MS }, async () => {
    const { turns } = await work(scenario('thinking'), BY_KEY)
    const replayed = turns[1]!.body.messages.flatMap((message: Json) => message.content)
    expect(replayed).toContainEqual(
      expect.objectContaining({ type: 'thinking', signature: expect.any(String) }),
    )
  })

  it('#9 translated: parallel results follow their calls in order', { timeout: TIMEOUT_MS }, async () => {
    const { turns } = await work(scenario('parallel'), BY_KEY, 'openai/gpt-5')
    const messages: Json[] = turns[1]!.body.messages
    const at = messages.findIndex((message) => message.tool_calls)
    const ids = messages[at].tool_calls.map((call: Json) => call.id)
    expect(messages.slice(at + 1, at + 4).map((message) => message.tool_call_id)).toEqual(ids)
  })
})

describe('ways to sign in', () => {
  const logins: (Login & { way: string })[] = [
    { way: 'x-api-key', mode: 'key', key: CLIENT_KEY },
    { way: 'bearer', mode: 'token', key: CLIENT_KEY },
    { way: 'gateway mode', mode: 'gateway', key: CLIENT_KEY },
    // The provider stands on an address of the operator's choice: the login of a person must not go there (J5).
    { way: 'a Claude login', mode: 'oauth', key: OAUTH_TOKEN },
  ]
  const cases = logins.flatMap((login) => UPSTREAMS.map((upstream) => ({ ...login, ...upstream })))
  it.each(cases)('$way, $upstream', { timeout: TIMEOUT_MS }, async ({ mode, key, model, protocol }) => {
    const scenario = WORK[0]!
    const before = provider.requests.length
    const run = await work(scenario, { mode, key }, model)
    expectDone(run, scenario)
    expect(run.turns.map((request) => request.protocol)).toEqual([protocol, protocol])
    expect(headersOf(provider.requests.slice(before))).not.toContain(key)
  })
})
