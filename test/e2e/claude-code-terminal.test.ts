import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { ClaudeTerminal } from '../support/agent/terminal.ts'
import { type Gateway, providersConfig, startGateway } from '../support/gateway.ts'
import { directiveText, newNonce } from '../support/provider/directive.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

const SETUP_MS = 400_000

let provider: Provider
let gateway: Gateway
let terminal: ClaudeTerminal
beforeAll(async () => {
  provider = await startProvider()
  gateway = await startGateway({ config: providersConfig(provider.url) })
  const access = { mode: 'key', key: 'client-key-0123456789abcdef' } as const
  terminal = await ClaudeTerminal.start({ baseUrl: `${gateway.url}/anthropic`, ...access })
}, SETUP_MS)
afterAll(async () => {
  await terminal?.close()
  await gateway?.close()
  await provider.close()
})

/** Asks for a file and waits for the closing text; every turn thinks, so that thinking crosses the switches. */
async function writeFile(name: string): Promise<string> {
  const nonce = newNonce()
  const directive = directiveText({
    nonce,
    think: `Thinking about ${name}`,
    steps: [{ do: 'write', path: join(terminal.workspace, name), text: nonce }],
    say: 'All done',
  })
  await terminal.type(`Please do the task. ${directive}`)
  await terminal.waitFor(`All done (${nonce})`)
  return nonce
}

it(
  'the model is switched in mid-session, native to translated and back, and the conversation goes on',
  { timeout: SETUP_MS },
  async () => {
    const nonces: Record<string, string> = {}
    nonces['one.txt'] = await writeFile('one.txt')
    await terminal.switchModel('openai/gpt-5')
    nonces['two.txt'] = await writeFile('two.txt')
    await terminal.switchModel('claude-opus-5-5')
    nonces['three.txt'] = await writeFile('three.txt')
    await terminal.switchModel('openai/gpt-5')
    nonces['four.txt'] = await writeFile('four.txt')

    expect(await terminal.readFiles(Object.keys(nonces))).toEqual(nonces)
    expect(provider.requests.flatMap((request) => request.refusal ?? [])).toEqual([])
    const protocolsOf = (name: string) => [
      ...new Set(provider.requestsOf(nonces[name] ?? '').map((request) => request.protocol)),
    ]
    expect(Object.keys(nonces).map(protocolsOf)).toEqual([
      ['anthropic'],
      ['openai-chat'],
      ['anthropic'],
      ['openai-chat'],
    ])
    // The whole history goes along: each model sees what the other one did.
    const last = provider.requestsOf(nonces['four.txt']).at(-1)
    for (const nonce of Object.values(nonces)) expect(JSON.stringify(last?.body)).toContain(nonce)
  },
)
