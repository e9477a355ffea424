/** Chat streams whose client does not ask what they used: thinking that nobody shows is not for nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { directiveText } from '../support/provider/directive.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import { balanceOf, invoice, keyWithBudget, logged, providersAt, reserved } from './rig/money.ts'

let provider: Provider
let gateway: InProcessGateway
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  const virtual_keys = [keyWithBudget('a', 1_000), { id: 'free', name: 'free', value: 'sk-bf-free' }]
  gateway = await startInProcess(providersAt(provider.url), { settings: { governance: { virtual_keys } } })
})
afterAll(async () => {
  await gateway.close()
  await provider.close()
})
afterEach(() => {
  gateway.rows.length = 0
  provider.ledger.length = 0
})

const THINKING = 4_990
const content = directiveText({
  say: 'one two three',
  split: 7,
  usage: { in: 10, out: THINKING + 10, thinking: THINKING },
})
const BODY = {
  model: 'gpt-5',
  max_completion_tokens: 6_000,
  stream: true,
  messages: [{ role: 'user', content }],
}

async function ask(virtualKey: string, path: string, body: object | string): Promise<string> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'x-bf-vk': `sk-bf-${virtualKey}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  expect(response.status).toBe(200)
  return response.text()
}

const said = (stream: string) =>
  [...stream.matchAll(/^data: (\{.*)$/gm)]
    .map(([, data]) => JSON.parse(data!).choices[0].delta.content ?? '')
    .join('')

const CHAT = '/openai/v1/chat/completions'
const withOptions = (text: string) => JSON.stringify(BODY).replace(/}$/, `,"stream_options":${text}}`)

describe('A12 A15 a stream with a key that has a budget', () => {
  it.each<[title: string, body: object | string]>([
    ['without a word', BODY],
    ['with null', withOptions('null')],
    ['with nothing', withOptions('{}')],
    ['with a no', withOptions('{"include_usage":false}')],
    ['with something else', withOptions('{"include_obfuscation":false}')],
    ['with both', withOptions('{"include_usage":true,"include_usage":false}')],
    ['with fallbacks', { fallbacks: ['openai/gpt-5-mini'], ...BODY }],
  ])(
    'is paid for with all its thinking, and tells the client no more than it asked: %s',
    async (_title, body) => {
      const before = balanceOf(gateway, 'budget-a').used
      const stream = await ask('a', CHAT, body)
      expect(said(stream)).toMatch(/^one two three/)
      expect(stream).toMatch(/data: \[DONE\]\n\n$/)
      expect(balanceOf(gateway, 'budget-a').used - before).toBe(invoice(provider.ledger))
      expect(logged(gateway.rows)).toBe(invoice(provider.ledger))
      expect(provider.requests.at(-1)!.body).not.toHaveProperty('fallbacks')
      expect(reserved(gateway)).toBe(0)
    },
  )

  it('tells the client what it asked for', async () => {
    expect(await ask('a', CHAT, withOptions('{"include_usage":true}'))).toContain('"completion_tokens":5000')
  })

  it('is charged with the most that it may have been where it is passed on as it is', async () => {
    await ask('a', '/openai_passthrough/v1/chat/completions', BODY)
    expect(gateway.rows[0]!.cost!.nanodollars).toBeGreaterThanOrEqual(invoice(provider.ledger))
  })
})

it('a stream that nothing binds goes on as it is', async () => {
  await ask('free', CHAT, BODY)
  expect(provider.requests.at(-1)!.body).toEqual(BODY)
})
