import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { ANTHROPIC_KEY, type Gateway, OPENAI_KEY, providersConfig, startGateway } from '../support/gateway.ts'
import { askHttp2, http2Client } from '../support/http2.ts'
import { type Directive, directiveText, newNonce } from '../support/provider/directive.ts'
import { type Provider, startProvider } from '../support/provider/server.ts'

/** What the edge promises of HTTP/2 and of routes that pass everything on, kept by the program itself. */

let provider: Provider
let gateway: Gateway
beforeEach(async () => {
  provider = await startProvider({ keys: [ANTHROPIC_KEY, OPENAI_KEY] })
  gateway = await startGateway({ config: providersConfig(provider.url) })
})
afterEach(async () => {
  await gateway?.close()
  await provider?.close()
})

const JSON_TYPE = { 'content-type': 'application/json' }

function question(directive: Directive, stream = true) {
  const content = `Please. ${directiveText(directive)}`
  return JSON.stringify({
    model: 'claude-opus-5-5',
    max_tokens: 100,
    stream,
    messages: [{ role: 'user', content }],
  })
}

const http2 = () => http2Client(Number(new URL(gateway.url).port))
const MESSAGES = { ':method': 'POST', ':path': '/anthropic/v1/messages', ...JSON_TYPE }

async function overHttp1(path: string, body: string) {
  const response = await fetch(gateway.url + path, { method: 'POST', headers: JSON_TYPE, body })
  return { status: response.status, body: await response.text() }
}

/** Ids and times are of one answer only. */
const withoutIds = (text: string) => text.replaceAll(/"(id|request_id)":"[^"]*"/g, '"$1":""')

describe('over HTTP/2', () => {
  it.each([true, false])('an answer is the same as over HTTP/1.1, streamed: %s', async (stream) => {
    const body = question({ nonce: newNonce(), say: 'Grüße 🙂', chunk: 2, usage: { in: 3, out: 2 } }, stream)
    const [first, second] = [await overHttp1('/anthropic/v1/messages', body), await http2()]
    const { status, code, body: bytes } = await askHttp2(second, MESSAGES, body).answer
    const text = Buffer.from(bytes, 'latin1').toString()
    expect({ status, code, body: withoutIds(text) }).toEqual({
      status: 200,
      code: 0,
      body: withoutIds(first.body),
    })
  })

  it('500 streams on one connection', async () => {
    const session = await http2()
    const asked = Array.from({ length: 500 }, (_, index) => {
      const body = question({ nonce: `n${index}`, say: `Number ${index}`, chunk: 3 })
      return askHttp2(session, MESSAGES, body).answer
    })
    const answers = await Promise.all(asked)
    expect(new Set(answers.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(['200 0']))
    for (const { body } of answers) expect(body).toContain('message_stop')
    expect(provider.requests).toHaveLength(500)
  })

  it('a client that resets its stream ends what the provider does, and nothing else', async () => {
    const session = await http2()
    const nonce = newNonce()
    const slow = { nonce, say: 'A long story. '.repeat(50), chunk: 2, delay_ms: 20 }
    const left = askHttp2(session, MESSAGES, question(slow))
    const kept = askHttp2(session, MESSAGES, question({ nonce: newNonce(), say: 'Short', delay_ms: 50 }))
    await left.until('content_block_delta')
    left.stream.close(8)
    expect((await kept.answer).body).toContain('message_stop')
    await expect.poll(() => provider.requestsOf(nonce)[0]?.clientGoneAt, { timeout: 5_000 }).toBeDefined()
    expect(provider.requestsOf(nonce)[0]!.complete).toBe(false)
  })

  it('a program that is stopped ends its streams first', async () => {
    const session = await http2()
    const slow = { nonce: newNonce(), say: 'A story. '.repeat(10), chunk: 3, delay_ms: 20 }
    const asked = askHttp2(session, MESSAGES, question(slow))
    await asked.until('content_block_delta')
    process.kill(gateway.pid, 'SIGTERM')
    const { status, code, body } = await asked.answer
    expect({ status, code }).toEqual({ status: 200, code: 0 })
    expect(body).toContain('message_stop')
    await expect.poll(() => gateway.exitCode(), { timeout: 10_000 }).toBe(0)
  })
})

describe('passed through', () => {
  it.each([true, false])('an answer is the provider’s own, streamed: %s', async (stream) => {
    const directive = { nonce: newNonce(), say: 'As it comes', chunk: 2, usage: { in: 12, out: 4 } }
    const body = question(directive, stream)
    const passed = await overHttp1('/anthropic_passthrough/v1/messages', body)
    const headers = { ...JSON_TYPE, 'x-api-key': ANTHROPIC_KEY, 'anthropic-version': '2023-06-01' }
    const direct = await fetch(`${provider.url}/v1/messages`, { method: 'POST', headers, body })
    expect({ status: passed.status, body: withoutIds(passed.body) }).toEqual({
      status: 200,
      body: withoutIds(await direct.text()),
    })
    const [request] = provider.requestsOf(directive.nonce)
    expect(Buffer.from(request!.bodyBytes).toString()).toBe(body)
    expect(request!.headers['x-api-key']).toBe(ANTHROPIC_KEY)
  })

  it('files go up, come back and are removed with OpenAI’s own SDK', async () => {
    const client = new OpenAI({
      apiKey: 'of-the-client',
      baseURL: `${gateway.url}/openai_passthrough/v1`,
      maxRetries: 0,
    })
    const file = new File(['{"a":1}\n{"b":2}\n'], 'lines.jsonl', { type: 'application/jsonl' })
    const { id } = await client.files.create({ file, purpose: 'batch' })
    expect((await client.files.retrieve(id)).filename).toBe('lines.jsonl')
    expect(await (await client.files.content(id)).text()).toBe('{"scripted":true}\n')
    expect(await client.files.delete(id)).toMatchObject({ id, deleted: true })
    expect(provider.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'DELETE'])
    expect(Buffer.from(provider.requests[0]!.bodyBytes).toString()).toContain('{"a":1}\n{"b":2}\n')
    expect(JSON.stringify(provider.requests.map(({ rawHeaders }) => rawHeaders))).not.toContain(
      'of-the-client',
    )
  })

  it('a client that leaves ends what the provider does', async () => {
    const nonce = newNonce()
    const leaving = new AbortController()
    const response = await fetch(`${gateway.url}/anthropic_passthrough/v1/messages`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: question({ nonce, say: 'A long story. '.repeat(50), chunk: 2, delay_ms: 20 }),
      signal: leaving.signal,
    })
    await response.body!.getReader().read()
    leaving.abort()
    await expect.poll(() => provider.requestsOf(nonce)[0]?.clientGoneAt, { timeout: 5_000 }).toBeDefined()
  })
})

it('Cursor’s conversation of the Responses API is answered as a chat', async () => {
  const say = 'Of course'
  const nonce = newNonce()
  const input = [{ role: 'user', content: [{ type: 'input_text', text: directiveText({ nonce, say }) }] }]
  const body = JSON.stringify({ model: 'anthropic/claude-opus-5-5', input, stream: true })
  const { status, body: text } = await overHttp1('/cursor/chat/completions', body)
  const chunks = text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)))
  expect(status).toBe(200)
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  expect(chunks.map(({ choices }) => choices[0].delta.content ?? '').join('')).toBe(`${say} (${nonce})`)
  expect(provider.requestsOf(nonce)[0]!.protocol).toBe('anthropic')
})

it('the program still answers HTTP/1.1 beside connections that ask for HTTP/2 and then say nothing', async () => {
  const idle = await Promise.all(Array.from({ length: 100 }, http2))
  await sleep(100)
  const { status } = await fetch(`${gateway.url}/anthropic/v1/models`)
  expect({ status, open: idle.filter(({ closed }) => !closed).length }).toEqual({ status: 200, open: 100 })
})
