import Anthropic from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { SDK_CASES } from '../support/agent/sdk-cases.ts'
import { type Gateway, providersConfig, startGateway } from '../support/gateway.ts'
import { directiveText, newNonce } from '../support/provider/directive.ts'
import type { Fault } from '../support/provider/faults.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

let provider: Provider
let gateway: Gateway
beforeAll(async () => {
  provider = await startProvider()
  gateway = await startGateway({ config: providersConfig(provider.url) })
}, 60_000)
afterAll(async () => {
  await gateway?.close()
  await provider.close()
})

const client = () => new Anthropic({ baseURL: `${gateway.url}/anthropic`, apiKey: 'test-key' })

describe.each([
  { upstream: 'native', model: 'claude-opus-5-5', protocol: 'anthropic' },
  { upstream: 'translated', model: 'openai/gpt-5', protocol: 'openai-chat' },
])('the Anthropic SDK through the gateway, $upstream', ({ model, protocol }) => {
  it.each(SDK_CASES)('$name', { timeout: 30_000 }, async (sdkCase) => {
    const before = provider.requests.length
    await sdkCase.run(client(), model)
    const seen = provider.requests.slice(before)
    expect(seen.flatMap((request) => request.refusal ?? [])).toEqual([])
    expect(new Set(seen.map((request) => request.protocol))).toEqual(
      new Set(seen.length > 0 ? [protocol] : []),
    )
  })

  const broken: Fault[] = [
    { kind: 'truncate', after: 5, times: 99 },
    { kind: 'reset', after: 5, times: 99 },
    { kind: 'drop', events: '^(message_delta|message_stop|finish|usage|done)$', times: 99 },
  ]
  it.each(broken)('B8 B11: a stream that breaks ($kind) is raised, never a clean end', async (fault) => {
    const content = directiveText({ nonce: newNonce(), say: 'never the whole of it', chunk: 2, fault })
    const request = { model, max_tokens: 100, messages: [{ role: 'user' as const, content }] }
    await expect(client().messages.stream(request).finalMessage()).rejects.toThrow()
  })

  it('lists models', async () => {
    const ids: string[] = []
    for await (const one of client().models.list()) ids.push(one.id)
    expect(ids.some((id) => id.includes(model.split('/').at(-1)!))).toBe(true)
  })
})
