import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { providersAt } from '../conformance/parties.ts'
import { startService } from '../conformance/service.ts'
import type { Service } from '../conformance/service.ts'
import type { Received } from '../conformance/wire.ts'
import type { anthropic } from '../conformance/wires/anthropic.ts'
import { bedrockConverse } from '../conformance/wires/bedrock-converse.ts'
import { openaiChat } from '../conformance/wires/openai-chat.ts'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'

/** A place is judged by the name under which it was asked for itself: a fallback never by the name of the first. */

let gateway: InProcessGateway
let service: Service
let received: Received[] = []

beforeAll(async () => {
  service = await startService()
  const own = (key: object) => ({
    keys: [{ name: 'k', value: 'secret', ...key }],
    network_config: { base_url: service.url },
    custom_provider_config: { base_provider_type: 'openai' },
  })
  gateway = await startInProcess({
    ...providersAt(service.url),
    kept: own({ models: ['small'] }),
    aliased: own({ models: ['other'], aliases: { fast: 'tiny' } }),
    blocked: own({ blacklisted_models: ['small'] }),
  })
})

afterAll(async () => {
  await gateway.close()
  service.close()
})

const ANSWER = { text: 'Done.', finish: 'end', usage: { input: 1, cacheRead: 0, output: 1 } } as const

/** The first request fails. */
function failsFirst(answer: () => ReturnType<typeof anthropic.upstream.whole>): void {
  received = []
  service.answer((request) => {
    received.push(request)
    return received.length === 1 ? { status: 500, headers: {}, body: '{}' } : answer()
  })
}

async function ask(path: string, body: object) {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }], ...body }),
  })
  return { status: response.status, text: await response.text() }
}

const modelsAsked = () => received.map(({ body }) => body['model'])

describe('a fallback', () => {
  it.each([
    ['leaves a key alone that is kept to the first model', 'small', 'kept/large', ['small'], 500],
    ['reaches an alias of its own provider', 'small', 'aliased/fast', ['small', 'tiny'], 200],
    ['is not blocked by what blocks the first', 'small', 'blocked/large', ['small', 'large'], 200],
    ['is blocked by what blocks itself', 'kept/small', 'blocked/small', ['small'], 500],
  ])('%s', async (_what, model, fallback, asked, status) => {
    failsFirst(() => openaiChat.upstream.whole(ANSWER))
    const told = await ask('/v1/chat/completions', { model, fallbacks: [fallback] })
    expect([modelsAsked(), told.status], told.text).toEqual([asked, status])
  })

  it('of another maker on Bedrock is not asked in Claude’s own body', async () => {
    failsFirst(() => bedrockConverse.upstream.whole(ANSWER))
    const { status, text } = await ask('/anthropic/v1/messages', {
      model: 'claude-sonnet-4-5',
      fallbacks: ['bedrock/openai.gpt-oss-120b-1:0'],
    })
    expect(received.map(({ path }) => path)).toEqual([
      '/v1/messages',
      '/model/openai.gpt-oss-120b-1%3A0/converse',
    ])
    expect([status, JSON.parse(text).content]).toEqual([200, [{ type: 'text', text: 'Done.' }]])
  })
})

describe('a name with its provider', () => {
  it.each(['fast', 'aliased/fast', 'Aliased/fast[1m]'])(
    '%s is the alias of a key that lists others',
    async (model) => {
      received = []
      service.answer((request) => {
        received.push(request)
        return openaiChat.upstream.whole(ANSWER)
      })
      const { status, text } = await ask('/v1/chat/completions', { model })
      expect([modelsAsked(), status], text).toEqual([['tiny'], 200])
    },
  )
})
