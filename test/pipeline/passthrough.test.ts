import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pathBehind } from '../../src/pipeline/passthrough/passthrough.ts'
import { startInProcess } from '../reliability/rig/in-process.ts'
import type { InProcessGateway } from '../reliability/rig/in-process.ts'
import { deferred } from '../support/deferred.ts'
import { askHttp2, http2Client } from '../support/http2.ts'
import type { Part, Parts } from '../support/provider/parts.ts'
import { startRawUpstream } from '../support/provider/raw.ts'
import type { RawUpstream } from '../support/provider/raw.ts'

const KEYS = {
  openai: 'sk-openai-secret',
  anthropic: 'sk-ant-secret',
  gemini: 'AIza-secret',
  other: 'sk-other-secret',
}

let upstream: RawUpstream
let gateway: InProcessGateway
let answer: () => Parts

beforeEach(async () => {
  answer = () => whole('{}')
  upstream = await startRawUpstream(() => answer())
  gateway = await startInProcess(providers(upstream.url))
})
afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

function providers(url: string) {
  const at = (value: string, path: string, models = ['*']) => ({
    keys: [{ name: 'k', value, models, weight: 1 }],
    network_config: { base_url: url + path },
  })
  const custom = (base_provider_type: string, more: object = {}) => ({
    custom_provider_config: { base_provider_type, ...more },
  })
  return {
    openai: at(KEYS.openai, '/v1'),
    anthropic: at(KEYS.anthropic, ''),
    gemini: at(KEYS.gemini, '/v1beta'),
    deep: { ...at(KEYS.other, '/tenant/openai/v1'), ...custom('openai') },
    narrow: { ...at(KEYS.other, '/v1', ['gpt-small']), ...custom('openai') },
    closed: {
      ...at(KEYS.other, '/v1'),
      ...custom('openai', { allowed_requests: { chat_completion: true } }),
    },
  }
}

const whole = (body: string | Buffer, status = '200 OK', ...headers: string[]): Part[] => [
  [`HTTP/1.1 ${status}`, `content-length: ${body.length}`, ...headers, '', ''].join('\r\n'),
  Buffer.from(body),
]
const JSON_TYPE = 'content-type: application/json'
const SSE_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const LAST_CHUNK = '0\r\n\r\n'

const ask = (path: string, init: RequestInit = {}) => fetch(gateway.url + path, init)
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
/** Request line and headers, in lower case, of the last request that reached the upstream. */
const told = () => upstream.requests.at(-1)!.head.toLowerCase()
const line = () => upstream.requests.at(-1)!.head.split('\r\n')[0]
const row = () => gateway.rows.at(-1)!

describe('a request goes to its provider as it is', () => {
  it.each<[method: string, path: string, line: string, key: string]>([
    ['GET', '/openai_passthrough/v1/models?limit=2', 'GET /v1/models?limit=2', `authorization: bearer ${KEYS.openai}`],
    ['GET', '/openai_passthrough/models', 'GET /v1/models', `authorization: bearer ${KEYS.openai}`],
    ['POST', '/openai_passthrough/v1/embeddings', 'POST /v1/embeddings', `authorization: bearer ${KEYS.openai}`],
    ['DELETE', '/openai_passthrough/v1/files/file-1', 'DELETE /v1/files/file-1', `authorization: bearer ${KEYS.openai}`],
    ['HEAD', '/openai_passthrough/v1/files/file-1', 'HEAD /v1/files/file-1', `authorization: bearer ${KEYS.openai}`],
    ['POST', '/anthropic_passthrough/v1/messages', 'POST /v1/messages', `x-api-key: ${KEYS.anthropic}`],
    ['PUT', '/anthropic_passthrough/v1/skills/a', 'PUT /v1/skills/a', `x-api-key: ${KEYS.anthropic}`],
    ['POST', '/genai_passthrough/v1beta/models/g:generateContent?alt=sse', 'POST /v1beta/models/g:generateContent?alt=sse', `x-goog-api-key: ${KEYS.gemini.toLowerCase()}`],
    ['PATCH', '/genai_passthrough/v1beta/cachedContents/c', 'PATCH /v1beta/cachedContents/c', `x-goog-api-key: ${KEYS.gemini.toLowerCase()}`],
    ['POST', '/genai_passthrough/v1/models/g:x', 'POST /v1/models/g:x', `x-goog-api-key: ${KEYS.gemini.toLowerCase()}`],
    ['POST', '/genai_passthrough/upload/v1beta/files', 'POST /upload/v1beta/files', `x-goog-api-key: ${KEYS.gemini.toLowerCase()}`],
    ['GET', '/openai_passthrough/v1/files/a%2Fb', 'GET /v1/files/a%2Fb', `authorization: bearer ${KEYS.openai}`],
  ])('%s %s', async (method, path, requestLine, key) => {
    const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: '{"model":"m"}' } : {}
    const { status } = await ask(path, { method, ...body })
    expect(status).toBe(200)
    expect(line()).toBe(`${requestLine} HTTP/1.1`)
    expect(told()).toContain(key)
    expect(told()).toContain(`host: ${new URL(upstream.url).host}`)
    if ('body' in body) expect(Buffer.from(upstream.requests[0]!.body).toString()).toBe(body.body)
    expect(row()).toMatchObject({ operation: 'passthrough', mode: 'native', status: 'success', httpStatus: 200 })
  }) // prettier-ignore

  it.each([
    ['', '/v1/models', '/v1/models'],
    ['', '/models', '/v1/models'],
    ['/v1', '/v1/models', '/v1/models'],
    ['/v1', '/models', '/v1/models'],
    ['/v1beta', '/v1/models', '/v1/models'],
    ['/v1beta', '/models', '/v1beta/models'],
    ['/v1beta', '/v1beta1/projects/p', '/v1beta1/projects/p'],
    ['/v1beta', '/upload/v1beta/files', '/upload/v1beta/files'],
    ['/tenant', '/v1/models', '/tenant/v1/models'],
    ['/tenant', '/models', '/tenant/v1/models'],
    ['/tenant', '/version', '/tenant/v1/version'],
    ['/v1/tenant', '/v1/models', '/v1/tenant/v1/models'],
    ['/compatible-mode/v4', '/chat', '/compatible-mode/v4/chat'],
  ])('below %s, %s is %s', (prefix, path, joined) => {
    expect(pathBehind(prefix, path, '/v1/chat/completions')).toBe(joined)
  })

  it('with the client’s own headers, but for credentials, cookies and what is of the connection', async () => {
    const dropped = {
      authorization: 'Bearer sk-client', 'x-api-key': 'sk-client', 'x-goog-api-key': 'sk-client', 'api-key': 'sk-client',
      cookie: 'session=client', 'x-bf-session-id': 'client', 'x-model-provider': 'openai', 'x-forwarded-for': 'client',
      'proxy-authorization': 'client', 'x-amz-security-token': 'client', 'x-hop': 'client', connection: 'x-hop',
      'x-bf-eh-authorization': 'client', 'x-http-method-override': 'client',
    } // prettier-ignore
    const kept = {
      'openai-beta': 'assistants=v2',
      'x-custom': 'mine',
      'user-agent': 'agent/1',
      'x-bf-eh-extra': 'more',
    }
    const head = Object.entries({ ...dropped, ...kept }).map(([name, value]) => `${name}: ${value}\r\n`)
    const bytes = `GET /openai_passthrough/v1/models HTTP/1.1\r\nhost: localhost\r\n${head.join('')}\r\n`
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.write(bytes)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    expect(told()).not.toContain('client')
    expect(told()).not.toContain('x-bf-')
    for (const text of ['openai-beta: assistants=v2', 'x-custom: mine', 'user-agent: agent/1', 'extra: more'])
      expect(told()).toContain(text)
    expect(told()).toContain('accept-encoding: identity')
  })

  it.each([
    ['?key=AIza-client&alt=sse', '?alt=sse'],
    ['?alt=sse&k%65y=AIza-client', '?alt=sse'],
    ['?access_token=x', ''],
    ['?KEY=x&a=1&a=2&b', '?a=1&a=2&b'],
    ['?keys=1&api-version=2', '?keys=1&api-version=2'],
  ])('with the query %s as %s: a key in it is the client’s own', async (query, kept) => {
    await ask(`/genai_passthrough/v1beta/models${query}`)
    expect(line()).toBe(`GET /v1beta/models${kept} HTTP/1.1`)
  })

  it.each([
    ['multipart/form-data; boundary=x', Buffer.from('--x\r\ncontent-disposition: form-data; name="file"\r\n\r\n\x00\xff\r\n--x--', 'latin1')],
    ['audio/wav', Buffer.from([0, 255, 1, 254])],
    ['application/x-ndjson', Buffer.from('{"a":1}\n{"a":2}\n')],
  ])('with a body of %s, byte for byte', async (type, body) => {
    await ask('/openai_passthrough/v1/files', { method: 'POST', headers: { 'content-type': type }, body })
    expect(Buffer.from(upstream.requests[0]!.body).equals(body)).toBe(true)
    expect(told()).toContain(`content-type: ${type.toLowerCase()}`)
  }) // prettier-ignore

  it('with a compressed body inflated, so that it can be bounded', async () => {
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' }
    await ask('/openai_passthrough/v1/x', { method: 'POST', headers, body: gzipSync('{"a":1}') })
    expect(Buffer.from(upstream.requests[0]!.body).toString()).toBe('{"a":1}')
    expect(told()).not.toContain('content-encoding')
  })

  it.each([
    ['openai', '/openai_passthrough/v1/models', '/v1/models', KEYS.openai],
    ['deep', '/openai_passthrough/v1/models', '/tenant/openai/v1/models', KEYS.other],
    ['DEEP', '/anthropic_passthrough/models', '/tenant/openai/v1/models', KEYS.other],
  ])('to the provider that x-model-provider names: %s', async (provider, path, requested, key) => {
    await ask(path, { headers: { 'x-model-provider': provider } })
    expect(line()).toBe(`GET ${requested} HTTP/1.1`)
    expect(told()).toContain(key)
    expect(row()).toMatchObject({ provider: provider.toLowerCase() })
  })
})

describe('a request that goes nowhere', () => {
  it.each<[name: string, path: string, headers: Record<string, string>, status: number, message: RegExp]>([
    ['a provider that is not there', '/openai_passthrough/v1/x', { 'x-model-provider': 'nope' }, 400, /nope is not configured/],
    ['a provider of the prototype', '/openai_passthrough/v1/x', { 'x-model-provider': '__proto__' }, 400, /not configured/],
    ['a provider that lets none through', '/openai_passthrough/v1/x', { 'x-model-provider': 'closed' }, 400, /leave out passthrough/],
    ['a project of Google Cloud', '/genai_passthrough/v1/projects/p/locations/l/x', {}, 400, /vertex is not configured/],
    ['a token of Google Cloud', '/genai_passthrough/v1/x', { authorization: 'Bearer ya29.a' }, 400, /vertex is not configured/],
    ['an unknown virtual key', '/openai_passthrough/v1/x', { 'x-bf-vk': 'sk-bf-x' }, 403, /virtual key/],
  ])('%s', async (_name, path, headers, status, message) => {
    const response = await ask(path, { headers })
    expect(response.status).toBe(status)
    expect(await response.text()).toMatch(message)
    expect(upstream.requests).toEqual([])
    expect(row()).toMatchObject({ operation: 'passthrough', mode: 'none', status: 'error', httpStatus: status })
  }) // prettier-ignore

  it.each([
    '/v1/..%2f..%2fadmin', '/v1/x%2f..%2f..%2fadmin', '/..%2Fadmin', '/v1/.%2fadmin', '/%2fadmin', '/v1/a%2f%2fb',
    '/v1/%252e%252e/admin', '/v1/%25', '/v1/%FF', '/v1/a%2f..',
  ])('%s: its path could be another behind the base URL', async (path) => {
    const response = await ask(`/openai_passthrough${path}`, { headers: { 'x-model-provider': 'deep' } })
    expect(response.status).toBe(400)
    expect(upstream.requests).toEqual([])
  }) // prettier-ignore

  it.each([
    ['/openai_passthrough', 404],
    ['/openai_passthrough/../api/logs', 404],
    ['/openai_passthrough//v1', 400],
    ['/openai_passthroughs/v1/models', 404],
  ])('%s is a %s', async (path, status) => {
    expect((await ask(path)).status).toBe(status)
    expect(upstream.requests).toEqual([])
  })

  it.each(['TRACE', 'OPTIONS'])('%s is a 405', async (method) => {
    const session = await http2Client(Number(new URL(gateway.url).port))
    const { status, headers } = await askHttp2(session, {
      ':method': method,
      ':path': '/openai_passthrough/v1/x',
    }).answer
    expect(status).toBe(405)
    expect(headers['allow']).toBe('GET, HEAD, POST, PUT, PATCH, DELETE')
  })

  it.each<[name: string, path: string, method: string, body: object | undefined, status: number]>([
    ['a model that it is for', '/v1/chat/completions', 'POST', { model: 'gpt-small' }, 200],
    ['another model', '/v1/chat/completions', 'POST', { model: 'gpt-large' }, 400],
    ['no model', '/v1/files', 'POST', { a: 1 }, 400],
    ['a model twice', '/v1/chat/completions', 'POST', undefined, 400],
    [
      'a model in the path, whatever the body says',
      '/v1/models/gpt-large:embed',
      'POST',
      { model: 'gpt-small' },
      400,
    ],
    ['reading', '/v1/files', 'GET', undefined, 200],
    ['deleting', '/v1/files/a', 'DELETE', undefined, 400],
  ])('a key that is kept to some models: %s', async (name, path, method, body, status) => {
    const text = name === 'a model twice' ? '{"model":"gpt-small","model":"gpt-large"}' : JSON.stringify(body)
    const init = {
      method,
      headers: { 'x-model-provider': 'narrow' },
      ...(text !== undefined && { body: text }),
    }
    const response = await ask(`/openai_passthrough${path}`, init)
    expect(response.status).toBe(status)
    expect(upstream.requests).toHaveLength(status === 200 ? 1 : 0)
  })

  it('a body above the limit', async () => {
    const response = await post('/openai_passthrough/v1/x', { text: 'x'.repeat(101 * 1024 * 1024) })
    expect(response.status).toBe(413)
    expect(upstream.requests).toEqual([])
  })
})

describe('an answer comes back as it is', () => {
  it.each([
    ['201 Created', 201, 'success', undefined],
    ['202 Accepted', 202, 'success', undefined],
    ['404 Not Found', 404, 'error', 'not_found'],
    ['429 Too Many Requests', 429, 'error', 'rate_limited'],
    ['500 Internal Server Error', 500, 'error', 'upstream_error'],
  ])('%s', async (statusLine, status, outcome, kind) => {
    const body = '{"error":{"message":"as it came","type":"x"}}'
    answer = () =>
      whole(
        body,
        statusLine,
        'content-type: application/problem+json',
        'x-request-id: up-1',
        'retry-after: 7',
      )
    const response = await post('/openai_passthrough/v1/x', {})
    expect([response.status, await response.text()]).toEqual([status, body])
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/problem+json',
      'x-request-id': 'up-1',
      'retry-after': '7',
    })
    expect(row()).toMatchObject({ httpStatus: status, status: outcome, attempts: [{ status }] })
    expect(row().error?.kind).toBe(kind)
    expect(upstream.requests).toHaveLength(1)
  })

  it.each(['GET', 'HEAD', 'DELETE'])('nothing, to %s', async (method) => {
    answer = () => ['HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n']
    const response = await ask('/openai_passthrough/v1/x', { method })
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([204, 'b', ''])
  })

  it('bytes of any kind, over both versions of HTTP', async () => {
    const sound = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256))
    answer = () => whole(sound, '200 OK', 'content-type: audio/mpeg')
    const response = await post('/openai_passthrough/v1/audio/speech', {})
    expect(Buffer.from(await response.arrayBuffer()).equals(sound)).toBe(true)
    expect(response.headers.get('content-type')).toBe('audio/mpeg')
    const session = await http2Client(Number(new URL(gateway.url).port))
    const { body, status } = await askHttp2(session, { ':path': '/openai_passthrough/v1/files/f/content' })
      .answer
    expect(status).toBe(200)
    expect(Buffer.from(body, 'latin1').equals(sound)).toBe(true)
    const head = await askHttp2(session, { ':method': 'HEAD', ':path': '/openai_passthrough/v1/files/f' })
      .answer
    expect(head).toMatchObject({ status: 200, body: '', code: 0 })
  })

  it('without cookies, and without the key, should the provider quote it', async () => {
    answer = () =>
      whole(
        `{"error":"bad key ${KEYS.openai}"}`,
        '401 Unauthorized',
        'set-cookie: a=b',
        `x-key: ${KEYS.openai}`,
      )
    const response = await ask('/openai_passthrough/v1/x')
    const text = JSON.stringify([...response.headers]) + (await response.text())
    expect(text).not.toContain(KEYS.openai)
    expect(text).not.toContain('set-cookie')
    expect(JSON.stringify(gateway.rows)).not.toContain(KEYS.openai)
  })

  it('but as a page it can do nothing: it would act in the name of the gateway', async () => {
    const policy = 'content-security-policy: default-src *'
    answer = () => whole('<script>', '200 OK', 'content-type: text/html', policy)
    const { headers } = await ask('/openai_passthrough/v1/files/a/content')
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('not from where a redirect leads', async () => {
    answer = () => whole('', '307 Temporary Redirect', 'location: http://169.254.169.254/')
    expect((await ask('/openai_passthrough/v1/x')).status).toBe(502)
    expect(row()).toMatchObject({ error: { kind: 'upstream_malformed' } })
  })

  it('part by part, as they come', async () => {
    const more = deferred<void>()
    answer = async function* () {
      yield SSE_HEAD
      yield chunk('data: 1\n\n')
      await more.promise
      yield chunk('data: 2\n\n') + LAST_CHUNK
    }
    const response = await post('/openai_passthrough/v1/x', {})
    const reader = response.body!.getReader()
    expect(Buffer.from((await reader.read()).value ?? '').toString()).toBe('data: 1\n\n')
    expect(gateway.rows).toEqual([])
    more.resolve()
    expect(Buffer.from((await reader.read()).value ?? '').toString()).toBe('data: 2\n\n')
    expect(await reader.read()).toMatchObject({ done: true })
    expect(row()).toMatchObject({ status: 'success', responseBytes: 18 })
  })

  it('at the pace of the client', async () => {
    let given = 0
    answer = async function* () {
      yield SSE_HEAD
      for (; given < 1_000; given++) yield chunk('x'.repeat(64 * 1024))
      yield LAST_CHUNK
    }
    const response = await ask('/openai_passthrough/v1/x')
    for (let before = -1; before !== given;) {
      before = given
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    expect(given).toBeLessThan(900)
    expect((await response.arrayBuffer()).byteLength).toBe(1_000 * 64 * 1024)
  })
})

describe('an answer that ends early', () => {
  const begins = [SSE_HEAD, chunk('data: 1\n\n')]

  it.each<[string, Part[], string]>([
    ['is broken off', [...begins, 'reset'], 'upstream_unreachable'],
    ['lacks its end', [...begins, 'close'], 'upstream_truncated'],
  ])('%s: the connection to the client breaks off, too', async (_name, parts, kind) => {
    answer = () => parts
    const response = await ask('/openai_passthrough/v1/x')
    await expect(response.text()).rejects.toThrow()
    expect(row()).toMatchObject({ status: 'error', httpStatus: 200 })
    expect([kind, 'upstream_unreachable', 'upstream_truncated']).toContain(row().error?.kind)
  })

  it('is silent for too long', async () => {
    answer = () => [...begins, 'hang']
    const response = await ask('/openai_passthrough/v1/x')
    const read = response.text()
    gateway.idleWatch.sweep(performance.now() + 3_600_000)
    await expect(read).rejects.toThrow()
    expect(row()).toMatchObject({ error: { kind: 'upstream_idle' } })
  })

  it('is not waited for by a client that leaves, and the upstream stops', async () => {
    const gone = deferred<void>()
    answer = async function* () {
      try {
        for (yield SSE_HEAD; ;) {
          yield chunk('data: 1\n\n')
          yield { pause_ms: 5 }
        }
      } finally {
        gone.resolve()
      }
    }
    const controller = new AbortController()
    const response = await ask('/openai_passthrough/v1/x', { signal: controller.signal })
    await response.body!.getReader().read()
    controller.abort()
    await gone.promise
    while (gateway.rows.length === 0) await new Promise(setImmediate)
    expect(row()).toMatchObject({ status: 'cancelled' })
  })

  it('never begins', async () => {
    await upstream.close()
    expect((await ask('/openai_passthrough/v1/x')).status).toBe(502)
    expect(row()).toMatchObject({ error: { kind: 'upstream_unreachable' }, httpStatus: 502 })
  })
})

describe('what it used is read where it is an answer of a model', () => {
  const stream = (...events: string[]): Part[] => [SSE_HEAD, ...events.map(chunk), LAST_CHUNK]
  const event = (data: object, name?: string) =>
    `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`
  const message = { id: 'm', type: 'message', role: 'assistant', model: 'claude', content: [{ type: 'text', text: 'a' }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 11, output_tokens: 7 } } // prettier-ignore
  const gemini = { candidates: [{ content: { role: 'model', parts: [{ text: 'a' }] }, finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 7, totalTokenCount: 18 } } // prettier-ignore
  const chat = { id: 'c', object: 'chat.completion', created: 1, model: 'gpt', choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }], usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } } // prettier-ignore
  const chatChunk = (delta: object, finish_reason: string | null, more: object = {}) =>
    event({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt', choices: [{ index: 0, delta, finish_reason }], ...more }) // prettier-ignore
  const responses = { id: 'r', object: 'response', created_at: 1, status: 'completed', model: 'gpt', output: [], usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 } } // prettier-ignore

  it.each<[name: string, path: string, body: object, parts: Part[]]>([
    ['Messages', '/anthropic_passthrough/v1/messages', { model: 'claude' }, whole(JSON.stringify(message), '200 OK', JSON_TYPE)],
    [
      'Messages, streamed',
      '/anthropic_passthrough/v1/messages',
      { model: 'claude', stream: true },
      stream(
        event({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 11, output_tokens: 1 } } }, 'message_start'),
        event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } }, 'message_delta'),
        event({ type: 'message_stop' }, 'message_stop'),
      ),
    ],
    ['Chat Completions', '/openai_passthrough/v1/chat/completions', { model: 'gpt' }, whole(JSON.stringify(chat), '200 OK', JSON_TYPE)],
    [
      'Chat Completions, streamed',
      '/openai_passthrough/chat/completions',
      { model: 'gpt', stream: true },
      stream(chatChunk({ content: 'a' }, null), chatChunk({}, 'stop'), chatChunk({}, null, { choices: [], usage: chat.usage }), 'data: [DONE]\n\n'),
    ],
    ['Responses', '/openai_passthrough/v1/responses', { model: 'gpt' }, whole(JSON.stringify(responses), '200 OK', JSON_TYPE)],
    [
      'Responses, streamed',
      '/openai_passthrough/v1/responses',
      { model: 'gpt', stream: true },
      stream(event({ type: 'response.completed', sequence_number: 1, response: responses }, 'response.completed')),
    ],
    ['Gemini', '/genai_passthrough/v1beta/models/g:generateContent', {}, whole(JSON.stringify(gemini), '200 OK', JSON_TYPE)],
    ['Gemini, streamed', '/genai_passthrough/v1beta/models/g:streamGenerateContent?alt=sse', {}, stream(event(gemini))],
    [
      'Gemini, streamed as a list',
      '/genai_passthrough/v1beta/models/g:streamGenerateContent',
      {},
      whole(JSON.stringify([gemini]), '200 OK', JSON_TYPE),
    ],
  ])('%s', async (_name, path, body, parts) => {
    answer = () => parts
    const text = await (await post(path, body)).text()
    const sent = parts.slice(1).map((part) => Buffer.from(part as string).toString()).join('')
    expect(sent).toContain(text.slice(0, 40))
    expect(row()).toMatchObject({
      status: 'success',
      usage: { inputTokens: 11, outputTokens: 7 },
      usageSource: 'reported',
      error: undefined,
    })
    expect(row().finishReason).toMatch(/end_turn|stop|completed/i)
  }) // prettier-ignore

  it.each<[name: string, init: RequestInit, cost: object]>([
    ['asking for something', { method: 'POST', body: '{}' }, { nanodollars: null }],
    ['reading a list', { method: 'GET' }, { nanodollars: 0 }],
  ])('and elsewhere is unknown, never nothing: %s', async (_name, init, cost) => {
    await ask('/openai_passthrough/v1/embeddings', init)
    expect(row()).toMatchObject({ cost, usageSource: 'none' })
  })

  it('and an answer that cannot be read goes on all the same', async () => {
    answer = () => whole('<html>', '200 OK', 'content-type: text/html')
    const told200 = await post('/openai_passthrough/v1/chat/completions', { model: 'gpt' })
    expect([told200.status, await told200.text()]).toEqual([200, '<html>'])
    expect(row()).toMatchObject({ status: 'error', error: { kind: 'upstream_malformed' } })
  })
})
