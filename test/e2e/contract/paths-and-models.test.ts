import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { CLAUDE } from '../../reliability/rig/wires.ts'
import { SIDES, ask } from '../../reliability/rig/rig.ts'
import { checkOpenAiChat } from '../../support/provider/openai-chat-check.ts'
import {
  ALIASES,
  bodyOf,
  captured,
  exactly,
  exchange,
  type Pair,
  shortAnswer,
  startPair,
} from './exchange.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
}, 60_000)
afterAll(() => pair?.close())

const [native, translated] = SIDES as [(typeof SIDES)[0], (typeof SIDES)[0]]

describe('contract: start-up probes', () => {
  it.each(['/', '/api/hello', '/anthropic', '/anthropic/', '/anthropic/api/hello'])(
    'HEAD %s is answered here, without a key and without a body',
    async (path) => {
      const { status, text, seen } = await exchange(pair, { method: 'HEAD', path })
      expect({ status, text, asked: seen.length }).toEqual({ status: 200, text: '', asked: 0 })
    },
  )
})

describe('contract: paths are matched without their query', () => {
  it.each(SIDES)('?beta=true, $side', async (side) => {
    const { status, seen } = await exchange(
      pair,
      { path: '/anthropic/v1/messages?beta=true', body: ask(side.model, 'Hi') },
      shortAnswer(side),
    )
    expect([status, seen.map(({ path }) => side.wire.path.test(path))]).toEqual([200, [true]])
  })

  it.each([
    ['/v1/messages', '?beta=true'],
    ['/v1/messages', ''],
    ['/v1/messages/count_tokens', '?beta=true'],
  ])('%s%s reaches Anthropic as it was asked', async (path, query) => {
    const { seen } = await exchange(pair, {
      path: `/anthropic${path}${query}`,
      body: ask(native.model, 'Hi'),
    })
    expect(seen.map(({ url }) => url)).toEqual([path + query])
  })

  it('no query of an Anthropic client reaches another kind of provider', async () => {
    const { seen } = await exchange(pair, {
      path: '/anthropic/v1/messages?beta=true',
      body: ask(translated.model, 'Hi'),
    })
    expect(seen.map(({ url }) => url)).toEqual(['/v1/chat/completions'])
  })
})

describe('contract: the model’s name', () => {
  it.each([
    ['a bare id', 'claude-opus-5-5', 'anthropic', 'claude-opus-5-5'],
    ['a bare id with the long window', 'claude-sonnet-5-5[1m]', 'anthropic', 'claude-sonnet-5-5'],
    ['an id that nobody knows yet', 'claude-opus-9', 'anthropic', 'claude-opus-9'],
    ['provider/model', 'anthropic/claude-opus-5-5', 'anthropic', 'claude-opus-5-5'],
    ['provider/model, long', 'anthropic/claude-opus-5-5[1m]', 'anthropic', 'claude-opus-5-5'],
    ['an alias', 'swift', 'anthropic', ALIASES.swift],
    ['an alias, long', 'swift[1M]', 'anthropic', ALIASES.swift],
    ['a foreign id', 'gpt-5', 'openai-chat', 'gpt-5'],
    ['a foreign provider/model', 'openai/gpt-5', 'openai-chat', 'gpt-5'],
    ['a foreign provider/model, long', 'openai/gpt-5[1m]', 'openai-chat', 'gpt-5'],
    ['a foreign one by the name in the list', 'anthropic/openai/gpt-5', 'openai-chat', 'gpt-5'],
    ['a foreign alias', 'thrifty', 'openai-chat', ALIASES.thrifty],
    ['a foreign provider/alias', 'openai/thrifty', 'openai-chat', ALIASES.thrifty],
  ])('%s: %s', async (_what, model, protocol, upstreamModel) => {
    const { status, seen, text } = await exchange(pair, { body: ask(model, 'Hi') })
    expect([status, seen.map((request) => [request.protocol, request.body.model])]).toEqual([
      200,
      [[protocol, upstreamModel]],
    ])
    // #65: the agent compares it with what it asked for. A native answer is not touched.
    if (protocol === 'openai-chat') expect(JSON.parse(text).model).toBe(model)
  })

  it('one that leads nowhere is a 404 in Anthropic’s form', async () => {
    const { status, text, seen } = await exchange(pair, { body: ask('mystery', 'Hi') })
    expect([status, seen]).toEqual([404, []])
    expect(JSON.parse(text)).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error', message: expect.stringContaining('mystery') },
    })
  })
})

describe('contract: the probe of /model', () => {
  it.each(SIDES)('max_tokens 1 succeeds, $side', async (side) => {
    const body = captured('model-probe.json').replace('openai/gpt-5', side.model)
    const { status, text, seen } = await exchange(pair, { path: '/anthropic/v1/messages?beta=true', body })
    expect([status, JSON.parse(text)]).toMatchObject([
      200,
      { type: 'message', role: 'assistant', model: side.model },
    ])
    if (side.side === 'native') expect(bodyOf(seen[0])).toBe(body)
    else expect(checkOpenAiChat(seen[0]!.body)).toBeUndefined()
  })

  it('A9 a model that thinks before it speaks gets room for that', async () => {
    const body = captured('model-probe.json')
    const { seen } = await exchange(pair, { body })
    expect(seen[0]!.body.max_completion_tokens).toBeGreaterThanOrEqual(16)
  })
})

describe('contract: models that Claude Code does not know', () => {
  it.each(['openai/gpt-5', 'openai/gpt-4o', 'openai/gpt-oss-999'])(
    'A10 A20 %s gets none of what is asked of a current Claude by default',
    async (model) => {
      const body = { ...JSON.parse(captured('tool-search-unknown-model.json')), model, stream: false }
      expect(body).toMatchObject({
        thinking: { type: 'adaptive' },
        output_config: { effort: 'high' },
        context_management: {},
      })
      const { status, seen } = await exchange(pair, { body })
      expect(status).toBe(200)
      expect(checkOpenAiChat(seen[0]!.body)).toBeUndefined()
    },
  )
})

describe('contract: counting tokens', () => {
  const path = '/anthropic/v1/messages/count_tokens?beta=true'
  const headers = {
    'anthropic-beta': 'token-counting-2024-11-01',
    'anthropic-version': '2023-06-01',
    'x-api-key': 'k',
  }

  it('Anthropic counts: bytes, betas and answer go through', async () => {
    const body = captured('count-tokens.json').replace('openai/gpt-5', 'claude-opus-5-5')
    const reply = exactly('{"input_tokens" : 12345,"later":1}', { 'request-id': 'req_up1' })
    const { status, text, headers: told, seen } = await exchange(pair, { path, headers, body }, reply)
    expect([status, text, told.get('request-id')]).toEqual([
      200,
      '{"input_tokens" : 12345,"later":1}',
      'req_up1',
    ])
    expect(bodyOf(seen[0])).toBe(body)
    expect(seen[0]!.headers).toMatchObject({ 'anthropic-beta': headers['anthropic-beta'] })
  })

  it('what Anthropic refuses to count is refused in its words', async () => {
    const refusal = CLAUDE.errorBody(
      'messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation',
    )
    const reply = exactly(refusal, {}, 400)
    const { status, text } = await exchange(pair, { path, headers, body: ask(native.model, 'Hi') }, reply)
    expect([status, text]).toEqual([400, refusal])
  })

  it.each([
    ['a request of an agent', JSON.parse(captured('count-tokens.json'))],
    [
      'the smallest that /context asks',
      { model: 'openai/gpt-5', messages: [{ role: 'user', content: 'foo' }], tools: [] },
    ],
    ['no max_tokens', { model: 'openai/gpt-5', messages: [{ role: 'user', content: 'foo' }] }],
  ])('for foreign models it is estimated here: %s', async (_what, body) => {
    const { status, text, seen } = await exchange(pair, { path, headers, body })
    expect([status, seen]).toEqual([200, []])
    const { input_tokens } = JSON.parse(text)
    const characters = JSON.stringify(body).length
    expect(Number.isInteger(input_tokens)).toBe(true)
    expect(input_tokens).toBeGreaterThan(0)
    // English and code have three to six characters a token.
    expect(input_tokens).toBeLessThan(characters / 2)
    if (characters > 10_000) expect(input_tokens).toBeGreaterThan(characters / 10)
  })
})

describe('contract: discovery', () => {
  const headers = {
    'anthropic-version': '2023-06-01',
    'x-api-key': 'k',
    authorization: 'Bearer k',
    'user-agent': 'claude-code/2.1.329',
  }
  const list = async (query: string) => {
    const answer = await exchange(pair, { path: `/anthropic/v1/models${query}`, headers })
    return { ...answer, body: JSON.parse(answer.text) }
  }

  it('is answered at once and here, without a redirect, whatever the providers do', async () => {
    const { status, seen, headers: told } = await list('?limit=1000')
    expect([status, seen, told.get('content-type')]).toEqual([200, [], 'application/json'])
  })

  it('every entry is one that Claude Code shows, foreign models too', async () => {
    const { body } = await list('?limit=1000')
    for (const model of body.data) {
      expect(model).toMatchObject({ type: 'model', id: expect.any(String), display_name: expect.any(String) })
      expect(model.id).toMatch(/claude|anthropic/i)
    }
    const ids = body.data.map((model: { id: string }) => model.id)
    expect(ids).toEqual(
      expect.arrayContaining([
        'claude-opus-5-5',
        'anthropic/openai/gpt-5',
        'anthropic/swift',
        'anthropic/openai/thrifty',
      ]),
    )
  })

  it('every entry leads to its model', async () => {
    const { body } = await list('?limit=1000')
    for (const { id } of body.data) {
      const one = await exchange(pair, { path: `/anthropic/v1/models/${encodeURIComponent(id)}`, headers })
      expect([one.status, JSON.parse(one.text).id]).toEqual([200, id])
    }
    const led = await Promise.all(
      ['anthropic/openai/gpt-5', 'anthropic/swift'].map((model) =>
        exchange(pair, { body: ask(model, 'Hi') }),
      ),
    )
    expect(led.map(({ status }) => status)).toEqual([200, 200])
    const asked = pair.provider.requests.slice(-2).map((request) => request.body.model)
    expect(new Set(asked)).toEqual(new Set([ALIASES.swift, 'gpt-5']))
  })

  it('pages of any size make up the whole', async () => {
    const { body: whole } = await list('?limit=1000')
    expect(whole.has_more).toBe(false)
    expect(whole.data.length).toBeGreaterThan(20)
    expect((await list('')).body.data).toHaveLength(20)
    const ids: string[] = []
    for (let more = true; more;) {
      const after = ids.length > 0 ? `&after_id=${encodeURIComponent(ids.at(-1)!)}` : ''
      const { body } = await list(`?limit=7${after}`)
      ids.push(...body.data.map((model: { id: string }) => model.id))
      more = body.has_more
    }
    expect(ids).toEqual(whole.data.map((model: { id: string }) => model.id))
  })

  it.each([
    ['claude-opus-5-5', 200],
    ['claude-opus-5-5%5B1m%5D', 200],
    ['openai/gpt-5', 200],
    ['anthropic%2Fopenai%2Fgpt-5', 200],
    ['mystery', 404],
  ])('GET /v1/models/%s is %i', async (id, status) => {
    const one = await exchange(pair, { path: `/anthropic/v1/models/${id}`, headers })
    expect(one.status).toBe(status)
    expect(JSON.parse(one.text)).toMatchObject(
      status === 200
        ? { type: 'model', id: decodeURIComponent(id) }
        : { type: 'error', error: { type: 'not_found_error' } },
    )
  })
})
