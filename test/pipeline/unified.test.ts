import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'

/** The route that is the gateway's own: `provider/model`, `fallbacks`, and answers that say where they come from. */

let gateway: InProcessGateway
let server: Server
let asked: { model: string; text: string }[] = []
/** Status by model; 200 for all others. */
let failing: Record<string, number> = {}

const ANSWER =
  '{ "id": "chatcmpl-1",  "object": "chat.completion", "choices": [ {"index":0, "finish_reason":"stop", "message": {"role":"assistant", "content":"} {"}}],\n "usage": {"prompt_tokens":1,"completion_tokens":1,"total_tokens":2} }\n'

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8')
      const { model } = JSON.parse(text) as { model: string }
      asked.push({ model, text })
      const status = failing[model] ?? 200
      const failure = JSON.stringify({ error: { message: 'no', type: 'server_error' } })
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(status === 200 ? ANSWER : failure)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const at = (name: string) => ({ keys: [{ name, value: 'secret' }], network_config: { base_url } })
  gateway = await startInProcess({ groq: at('g'), xai: at('x') })
})

afterAll(async () => {
  await gateway.close()
  server.closeAllConnections()
  server.close()
})

beforeEach(() => {
  gateway.resilience(() => performance.now())
  asked = []
  failing = {}
})

async function post(
  body: object | string,
  path = '/v1/chat/completions',
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body:
      typeof body === 'string'
        ? body
        : JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], ...body }),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

it('an answer keeps its bytes, and says behind them where it comes from', async () => {
  const { status, headers, text } = await post({ model: 'groq/llama-4' })
  expect(status).toBe(200)
  expect(text.startsWith(ANSWER.slice(0, ANSWER.lastIndexOf('}')))).toBe(true)
  expect(JSON.parse(text).extra_fields).toMatchObject({
    request_type: 'chat_completion',
    provider: 'groq',
    model_requested: 'groq/llama-4',
    model_deployment: 'llama-4',
    routing_info: { provider: 'groq', model: 'llama-4', is_fallback: false, primary_provider: 'groq' },
  })
  expect(headers.get('x-signalbox-provider')).toBe('groq')
  expect(headers.get('x-signalbox-model')).toBe('llama-4')
})

it('on every other route an answer is the upstream’s own', async () => {
  expect((await post({ model: 'groq/llama-4' }, '/openai/v1/chat/completions')).text).toBe(ANSWER)
})

describe('fallbacks', () => {
  it.each([
    ['a failure of the first', { a: 500 }, ['a', 'b'], 200, 'xai'],
    ['a limit of the first', { a: 429 }, ['a', 'b'], 200, 'xai'],
    ['no failure', {}, ['a'], 200, 'groq'],
    ['a fault of the request itself', { a: 400 }, ['a'], 400, undefined],
    ['failures of both: the first is told', { a: 503, b: 500 }, ['a', 'b'], 503, undefined],
  ])('%s', async (_case, statuses, models, status, provider) => {
    failing = statuses
    const body = { fallbacks: ['xai/b', 'nobody/c'], model: 'groq/a', temperature: 0.5 }
    const answer = await post(body)
    expect(answer.status).toBe(status)
    expect(asked.map(({ model }) => model)).toEqual(models)
    for (const { text } of asked) expect(JSON.parse(text)).not.toHaveProperty('fallbacks')
    const told = JSON.parse(answer.text)
    if (provider !== undefined) expect(told.extra_fields.routing_info).toMatchObject({ provider })
    expect(told.extra_fields.provider).toBe(provider ?? 'groq')
  })

  it('that name the first place again do not ask it again', async () => {
    failing = { a: 500 }
    await post({ model: 'groq/a', fallbacks: ['groq/a', 'xai/b'] })
    expect(asked.map(({ model }) => model)).toEqual(['a', 'b'])
  })

  it('that all fail leave in the row the place whose failure is told, with its own key', async () => {
    failing = { a: 500, b: 500 }
    const { status, text } = await post({ model: 'groq/a', fallbacks: ['xai/b'] })
    expect(status).toBe(500)
    const { provider, providerKeyName, attempts } = gateway.rows.at(-1)!
    expect([provider, providerKeyName, attempts.map((each) => each.provider)]).toEqual([
      'groq',
      'g',
      ['groq', 'xai'],
    ])
    expect(JSON.parse(text).extra_fields.provider).toBe('groq')
  })

  it('that are no JSON are a fault of the client', async () => {
    const { status, text } = await post('{"model":"groq/a","messages":[],"fallbacks":[tru]}')
    expect({ status, text: JSON.parse(text) }).toMatchObject({
      status: 400,
      text: { error: { message: expect.stringContaining('not valid JSON') } },
    })
    expect(asked).toEqual([])
  })

  it('leave every other byte of the body as it was', async () => {
    await post(
      { model: 'llama-4', fallbacks: ['xai/b'], seed: 12345678901234567890n.toString() },
      '/openai/v1/chat/completions',
    )
    expect(asked).toEqual([])
    await post({ fallbacks: ['xai/b'], model: 'xai/b', seed: 1 }, '/openai/v1/chat/completions')
    expect(asked[0]!.text).toBe('{"messages":[{"role":"user","content":"Hi"}],"model":"b","seed":1}')
  })

  it('stay here where there are none: OpenAI refuses the field', async () => {
    await post({ fallbacks: [], model: 'xai/b', seed: 1 }, '/openai/v1/chat/completions')
    expect(asked[0]!.text).toBe('{"messages":[{"role":"user","content":"Hi"}],"model":"b","seed":1}')
  })
})

it.each([
  ['a model that leads nowhere', { model: 'nobody/x' }, 404, { is_bifrost_error: true }],
  ['a refusal of the upstream', { model: 'groq/bad' }, 400, { is_bifrost_error: false }],
])('%s has the fields of both envelopes', async (_case, body, status, fields) => {
  failing = { bad: 400 }
  const answer = await post(body)
  expect(answer.status).toBe(status)
  const told = JSON.parse(answer.text)
  expect(told).toMatchObject({ ...fields, status_code: status })
  expect(typeof told.error.message).toBe('string')
  expect(told.extra_fields).toMatchObject({ model_requested: body.model, request_type: 'chat_completion' })
})

it.each([
  ['a model that leads nowhere', { model: 'nobody/x', input: 'a' }, 404, { is_bifrost_error: true }],
  ['what no provider here does', { model: 'groq/x', input: 'a' }, 400, { is_bifrost_error: true }],
])('%s has them beside conversations, too', async (_case, body, status, fields) => {
  const answer = await post(body, '/v1/embeddings')
  expect(answer.status).toBe(status)
  expect(JSON.parse(answer.text)).toMatchObject({
    ...fields,
    status_code: status,
    extra_fields: { model_requested: body.model, request_type: 'embedding' },
  })
})

describe('#27 #73 what the upstream has no place for is named to the client', () => {
  const messages = [{ role: 'user', content: 'Hi' }]
  const anthropic = { model: 'groq/a', max_tokens: 9, messages }
  const contents = [{ parts: [{ text: 'Hi' }] }]
  it.each([
    [
      'Gemini’s',
      '/genai/v1beta/models/groq/a:generateContent',
      { contents, safetySettings: [] },
      'safetySettings',
    ],
    [
      'Anthropic’s',
      '/anthropic/v1/messages',
      { ...anthropic, top_k: 5, inference_geo: 'us' },
      'top_k, inference_geo',
    ],
    ['none', '/anthropic/v1/messages', anthropic, null],
    [
      'none of the upstream’s own',
      '/openai/v1/chat/completions',
      { model: 'groq/a', messages, seed: 1 },
      null,
    ],
  ])('%s', async (_case, path, body, dropped) => {
    const { status, headers } = await post(JSON.stringify(body), path)
    expect(status).toBe(200)
    expect(headers.get('x-signalbox-dropped')).toBe(dropped)
  })
})

it.each(['in the body', 'in the path'])('a model of a name too long %s is refused', async (place) => {
  const model = 'm'.repeat(513)
  const inPath = place === 'in the path'
  const path = inPath ? `/genai/v1beta/models/groq/${model}:generateContent` : '/v1/chat/completions'
  const { status, text } = await post(inPath ? { contents: [] } : { model: `groq/${model}` }, path)
  expect({ status, text }).toEqual({ status: 400, text: expect.stringContaining('at most 512 characters') })
})

describe('the session of a call', () => {
  it.each([
    ['Claude Code', { 'x-claude-code-session-id': 'one' }],
    ['Codex', { 'session-id': 'one', 'thread-id': 'two' }],
    ['OpenCode', { 'x-session-id': 'one', 'x-session-affinity': 'two' }],
    ['OpenCode in Responses', { 'x-session-id': 'one', 'session-id': 'two' }],
    ['one that names it for the gateway', { 'x-bf-session-id': 'one', 'x-claude-code-session-id': 'two' }],
    ['one that leaves a header empty', { 'x-bf-session-id': '', 'session-id': 'one' }],
    [
      'Codex, where something on the way took its headers',
      { 'x-codex-turn-metadata': '{"session_id":"one"}' },
    ],
  ])('%s', async (_agent, headers) => {
    await post({ model: 'groq/m' }, '/v1/chat/completions', headers)
    expect(gateway.rows.at(-1)).toMatchObject({ sessionId: 'one' })
  })

  it.each([
    ['named at too much length', { 'x-bf-session-id': 'x'.repeat(256), 'session-id': 'one' }, undefined],
    ['named at most', { 'x-bf-session-id': 'x'.repeat(255) }, 'x'.repeat(255)],
    ['of an agent, cut', { 'session-id': 'x'.repeat(256) }, 'x'.repeat(255)],
    ['in metadata without it', { 'x-codex-turn-metadata': '{"session_id":5}' }, undefined],
    ['in metadata that are no JSON', { 'x-codex-turn-metadata': '{session' }, undefined],
  ])('%s', async (_title, headers, sessionId) => {
    await post({ model: 'groq/m' }, '/v1/chat/completions', headers)
    expect(gateway.rows.at(-1)!.sessionId).toBe(sessionId)
  })
})
