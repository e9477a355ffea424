/** Every way in which a request names a model that its virtual key may not use. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Provider, startProvider } from '../support/provider/server.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import { providersAt } from './rig/money.ts'

let provider: Provider
let gateway: InProcessGateway
beforeAll(async () => {
  provider = await startProvider({ strict: false })
  const openrouter = {
    keys: [{ name: 'r1', value: 'sk-or', models: ['*'], weight: 1 }],
    network_config: { base_url: provider.url },
  }
  const key = (id: string, lists: Record<string, object>) => ({
    id,
    name: id,
    value: `sk-bf-${id}`,
    provider_configs: Object.entries(lists).map(([name, models]) => ({
      provider: name,
      weight: null,
      ...models,
    })),
  })
  const virtual_keys = [
    key('narrow', {
      anthropic: { allowed_models: ['claude-haiku-4-5'] },
      openai: { allowed_models: ['gpt-5-mini'] },
      gemini: { allowed_models: ['gemini-2.5-flash'] },
      openrouter: { allowed_models: ['openai/gpt-5-mini'] },
    }),
    key('without', {
      anthropic: { allowed_models: ['*'], blacklisted_models: ['claude-opus-5-5'] },
      openai: { allowed_models: ['*'], blacklisted_models: ['gpt-5', 'gpt-image-1'] },
      gemini: { allowed_models: ['*'], blacklisted_models: ['gemini-2.5-pro'] },
      openrouter: { allowed_models: ['*'], blacklisted_models: ['openai/gpt-5'] },
    }),
    key('wide', {
      anthropic: { allowed_models: ['*'] },
      openai: { allowed_models: ['*'] },
      gemini: { allowed_models: ['*'] },
      openrouter: { allowed_models: ['*'] },
    }),
  ]
  gateway = await startInProcess(
    { ...providersAt(provider.url), openrouter },
    { settings: { governance: { virtual_keys } } },
  )
})
afterAll(async () => {
  await gateway.close()
  await provider.close()
})

async function ask(virtualKey: string, path: string, body: object | string) {
  const before = provider.requests.length
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'x-bf-vk': `sk-bf-${virtualKey}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  await response.text()
  return { status: response.status, sent: provider.requests.length - before }
}

const messages = [{ role: 'user', content: 'Hi' }]
const CLAUDE = { model: 'anthropic/claude-haiku-4-5', max_tokens: 100, messages }
const GPT = { model: 'openai/gpt-5-mini', messages }
const ROUTED = { ...GPT, model: 'openrouter/openai/gpt-5-mini' }
const MESSAGES = '/anthropic/v1/messages'
const CHAT = '/openai/v1/chat/completions'
const RESPONSES = '/openai/v1/responses'
const PASSED = '/openai_passthrough/v1'

/** Both keys may use the model that the request is of, and not the one beside it. */
const HIDDEN: [title: string, path: string, body: object | string][] = [
  ['one of Claude’s own fallbacks', MESSAGES, { ...CLAUDE, fallbacks: [{ model: 'claude-opus-5-5' }] }],
  ['Claude’s own choice of fallbacks', MESSAGES, { ...CLAUDE, fallbacks: 'default' }],
  ['Claude’s advisor', MESSAGES, { ...CLAUDE, tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'claude-opus-5-5' }] }],
  ['Claude’s advisor, hidden', MESSAGES, '{"model":"anthropic/claude-haiku-4-5","max_tokens":9,"messages":[],"tools":[{"type":"\\u0061dvisor_20260301","model":"claude-opus-5-5"}]}'],
  ['OpenRouter’s other models', CHAT, { ...ROUTED, models: ['openai/gpt-5-mini', 'openai/gpt-5'] }],
  ['a tool that draws', RESPONSES, { model: 'openai/gpt-5-mini', input: 'Hi', tools: [{ type: 'image_generation', model: 'gpt-image-1' }] }],
  ['a body that says another model than its path', `${PASSED}/models/gpt-5-mini/chat`, { ...GPT, model: 'gpt-5' }],
  ['a model twice', `${PASSED}/chat/completions`, '{"model":"gpt-5-mini","messages":[],"model":"gpt-5"}'],
  ['a batch', '/openai/v1/batches', { input_file_id: 'f', endpoint: '/v1/chat/completions', completion_window: '24h' }],
  ['a batch that names a model', '/openai/v1/batches', { model: 'gpt-5-mini', input_file_id: 'f' }],
  ['a batch that is passed on, and names a model', `${PASSED}/batches`, { model: 'gpt-5-mini', input_file_id: 'f' }],
] // prettier-ignore

describe.each(['narrow', 'without'])('G4 a key that may not use all models: %s', (virtualKey) => {
  it.each(HIDDEN)('is refused %s', async (_title, path, body) => {
    expect(await ask(virtualKey, path, body)).toEqual({ status: 403, sent: 0 })
  })

  it.each<[title: string, path: string, body: object]>([
    ['the gateway’s own fallbacks, of which it leaves out the forbidden', MESSAGES, { ...CLAUDE, fallbacks: ['openai/gpt-5'] }],
    ['an advisor that it may ask itself', MESSAGES, { ...CLAUDE, tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'claude-haiku-4-5' }] }],
    ['a function that takes a model', CHAT, { ...GPT, tools: [{ type: 'function', function: { name: 'advisor', parameters: { type: 'object', properties: { model: { type: 'string' } } } } }] }],
    ['OpenRouter’s other models that it may use', CHAT, { ...ROUTED, models: ['openai/gpt-5-mini'] }],
  ])('may have %s', async (_title, path, body) => {
    expect(await ask(virtualKey, path, body)).toEqual({ status: 200, sent: 1 })
  }) // prettier-ignore
})

it.each(HIDDEN.slice(0, 6))('who may use all models may have %s', async (_title, path, body) => {
  expect(await ask('wide', path, body)).toMatchObject({ sent: 1 })
})

it.each([
  ['{"model":"openai/gpt-5-mini","messages":[],"Model":"gpt-5"}', 'model'],
  ['{"MODEL":"gpt-5","messages":[],"model":"openai/gpt-5-mini"}', 'model'],
  ['{"model":"openai/gpt-5-mini","messages":[],"max_tokens":1,"max_to\u212aens":9}', 'max_tokens'],
  ['{"model":"openai/gpt-5-mini","messages":[],"max_tokens":1,"max_token\u017f":9}', 'max_tokens'],
])('E3 what a reader without case would read twice is refused: %s', async (body) => {
  expect(await ask('wide', CHAT, body)).toEqual({ status: 400, sent: 0 })
})
