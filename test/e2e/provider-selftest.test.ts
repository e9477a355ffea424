import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { runAgent } from '../support/agent/agent.ts'
import { claudeCode } from '../support/agent/claude-code.ts'
import { CLAUDE_CODE_WORK, WORK } from '../support/agent/scenarios.ts'
import { SDK_CASES } from '../support/agent/sdk-cases.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

/** Real clients straight against the scripted provider: what fails here is the rig's fault, not the gateway's. */
let provider: Provider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

describe('Claude Code against the scripted provider', () => {
  it.each([...WORK, ...CLAUDE_CODE_WORK])('$name: $why', { timeout: 400_000 }, async (scenario) => {
    const baseUrl = `${provider.url}/anthropic`
    const result = await runAgent(claudeCode, { mode: 'key', key: 'test-key', baseUrl, scenario })
    const plan = scenario.plan('', result.nonce)
    expect(result, result.stderr).toMatchObject({ code: 0, isError: false, files: plan.files })
    expect(result.text).toContain(result.nonce)
    expect(provider.requestsOf(result.nonce).filter((request) => !request.answer?.side)).toHaveLength(
      scenario.requests,
    )
    expect(provider.requests.flatMap((request) => request.refusal ?? [])).toEqual([])
  })
})

describe('the Anthropic SDK against the scripted provider', () => {
  it.each(SDK_CASES)('$name', async (sdkCase) => {
    await sdkCase.run(new Anthropic({ baseURL: provider.url, apiKey: 'test-key' }), 'claude-opus-5-5')
  })
})
