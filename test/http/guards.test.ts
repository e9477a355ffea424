import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { isThisMachine } from '../../src/http/guards.ts'
import { post, rawClient, request, startEdge } from '../support/edge.ts'
import type { EdgeSetup } from '../support/edge.ts'

const OWN = [
  { method: 'GET' as const, path: '/api/logs', handler: () => ({ status: 200, body: { secret: 1 } }) },
]

/** The status of one request, and whether anything behind the guards ran. */
async function ask(bytes: string | Buffer, setup: EdgeSetup = {}) {
  let own = 0
  const routes = OWN.map((route) => ({ ...route, handler: () => ((own += 1), route.handler()) }))
  const edge = await startEdge({ own: routes, ...setup })
  const [answer] = await (await rawClient(edge.port, bytes)).answers(1)
  return { ...answer!, reached: own + edge.calls.length > 0 }
}

describe('I1 the name by which the gateway is addressed', () => {
  const ROWS: [string, number][] = [
    ['localhost', 200],
    ['localhost:8080', 200],
    ['LOCALHOST:8080', 200],
    ['127.0.0.1', 200],
    ['127.0.0.1:8080', 200],
    ['[::1]:8080', 200],
    ['gateway.lan', 200],
    ['Gateway.LAN:8080', 200],
    ['evil.test', 403],
    ['evil.test:8080', 403],
    ['localhost.evil.test', 403],
    ['127.0.0.1.nip.io', 403],
    ['gateway.lan.evil.test', 403],
    ['evil-localhost', 403],
    ['localhost.', 403],
    ['127.1', 403],
    ['127.0.0.2', 403],
    ['0.0.0.0', 403],
    ['2130706433', 403],
    ['0x7f.0.0.1', 403],
    ['[::]', 403],
    ['[::ffff:127.0.0.1]', 403],
    ['192.168.1.7', 403],
    ['169.254.169.254', 403],
    // D4: no name at all.
    ['localhost:4000/#@evil.test', 400],
    ['localhost@evil.test', 400],
    ['user:pass@localhost', 400],
    ['localhost#evil.test', 400],
    ['localhost?x', 400],
    ['localhost/x', 400],
    ['localhost\\evil.test', 400],
    ['localhost evil.test', 400],
    ['localhost,evil.test', 400],
    ['localhost:', 400],
    ['localhost:80:80', 400],
    ['localhost:http', 400],
    ['localhost:999999', 400],
    ['[::1', 400],
    ['::1', 400],
    ['http://localhost', 400],
    ['löcalhost', 400],
    ['local%68ost', 400],
    ['', 400],
  ]

  it.each(ROWS)('host: %s is a %i on every route', async (host, status) => {
    const guards = { allowedHosts: ['gateway.lan'] }
    for (const path of ['/api/logs', '/anthropic/v1/models', '/anthropic/v1/models/claude-x']) {
      const answer = await ask(request(`GET ${path}`, [`host: ${host}`]), { guards })
      expect({ path, status: answer.status, reached: answer.reached }).toEqual({
        path,
        status,
        reached: status === 200,
      })
    }
  })

  it('no route, and a probe, do not answer a foreign name either', async () => {
    for (const line of ['GET /', 'GET /nothing', 'OPTIONS /api/logs']) {
      expect((await ask(request(line, ['host: evil.test']))).status, line).toBe(403)
    }
  })

  it('D4 what host a request names decides nothing about its path', async () => {
    const { status, reached } = await ask(request('GET /anthropic/v1/nothing', ['host: localhost:8080']))
    expect({ status, reached }).toEqual({ status: 404, reached: false })
  })
})

describe('D3 D6 D7 a header that two readers could read differently is a 400', () => {
  it.each([
    ['D3 two hosts', ['host: localhost', 'host: evil.test']],
    ['D3 two hosts that are alike', ['host: localhost', 'host: localhost']],
    ['D6 two authorizations', ['authorization: Bearer a', 'authorization: Bearer b']],
    ['D6 two authorizations, in other letters', ['authorization: Bearer a', 'AUTHORIZATION: Bearer b']],
    ['D7 two x-api-keys', ['x-api-key: a', 'x-api-key: b']],
    ['D7 two x-goog-api-keys', ['x-goog-api-key: a', 'x-goog-api-key: b']],
    ['D7 two x-bf-vks', ['x-bf-vk: a', 'x-bf-vk: b']],
    ['two content-types', ['content-type: application/json', 'content-type: text/html']],
    ['two origins', ['origin: http://localhost', 'origin: https://evil.test']],
    ['two content-encodings', ['content-encoding: gzip', 'content-encoding: gzip']],
  ])('%s', async (_name, headers) => {
    const { status, reached, head } = await ask(request('GET /anthropic/v1/models', headers))
    expect({ status, reached }).toEqual({ status: 400, reached: false })
    expect(head).toMatch(/^connection: close$/im)
  })

  it('what lists are made of may come twice', async () => {
    const headers = ['anthropic-beta: a', 'anthropic-beta: b', 'accept: a', 'accept: b']
    expect((await ask(request('GET /anthropic/v1/models', headers))).status).toBe(200)
  })
})

describe('I4 I7 a peer on another machine, where the gateway listens for those', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['192.168.1.2', false],
    ['::ffff:192.168.1.2', false],
    ['fe80::1', false],
    ['1.127.0.0', false],
    ['::ffff:1.127.0.0', false],
    ['::127.0.0.1', false],
    ['', false],
  ])('%j is this machine: %j', (address, expected) => {
    expect(isThisMachine(address)).toBe(expected)
  })

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

  it.skipIf(outside === undefined).each([
    ['GET /api/logs', 403],
    ['GET /health', 200],
    ['GET /anthropic/v1/models', 200],
  ])('%s is %d', async (line, status) => {
    const health = {
      method: 'GET' as const,
      path: '/health',
      access: 'anyone' as const,
      handler: OWN[0]!.handler,
    }
    const edge = await startEdge({ own: [...OWN, health], host: '0.0.0.0' })
    const [answer] = await (await rawClient(edge.port, request(line), outside)).answers(1)
    expect(answer).toMatchObject({ status })
    if (status === 403) expect(answer!.body).not.toContain('secret')
  })
})

describe('I2 I3 pages', () => {
  const SELF = 'host: localhost:8080'
  const FOREIGN: [string, string[]][] = [
    ['another site', ['origin: https://evil.test']],
    [
      'another site, in a form',
      ['origin: https://evil.test', 'content-type: application/x-www-form-urlencoded'],
    ],
    ['another site, as text', ['origin: https://evil.test', 'content-type: text/plain']],
    ['a sandboxed frame', ['origin: null']],
    ['a file', ['origin: file://']],
    ['another port of this machine', ['origin: http://localhost:1']],
    ['another port, as an address', ['origin: http://127.0.0.1:3000']],
    ['this port by another name', ['origin: http://127.0.0.1:8080']],
    ['the name without the port', ['origin: http://localhost']],
    ['a name that begins with ours', ['origin: http://localhost.evil.test']],
    ['a name that ends with ours', ['origin: http://evil-localhost:8080']],
    ['ours as the user of another', ['origin: http://localhost:8080@evil.test']],
    ['a name that leads to loopback', ['origin: http://127.0.0.1.nip.io:8080']],
    ['a longer port', ['origin: http://localhost:80801']],
    ['an extension', ['origin: chrome-extension://abcdef']],
    ['nothing', ['origin: ']],
    ['two origins in one', ['origin: http://localhost:8080 https://evil.test']],
    ['no origin, cross-site', ['sec-fetch-site: cross-site']],
    ['no origin, cross-site, by a link', ['sec-fetch-site: cross-site', 'sec-fetch-mode: navigate']],
    ['no origin, another port', ['sec-fetch-site: same-site']],
    ['no origin, a word that is none', ['sec-fetch-site: friendly']],
    ['our origin, but cross-site', ['origin: http://localhost:8080', 'sec-fetch-site: cross-site']],
    ['another site, with cookies', ['origin: https://evil.test', 'cookie: session=1']],
    ['another site that names itself ours', ['origin: https://evil.test', 'x-forwarded-host: evil.test']],
  ]

  it.each(FOREIGN)('%s: nothing is read and nothing is granted', async (_name, headers) => {
    for (const bytes of [
      request('GET /api/logs', [SELF, ...headers]),
      request('GET /anthropic/v1/models', [SELF, ...headers]),
      request('OPTIONS /api/logs', [SELF, 'access-control-request-method: GET', ...headers]),
    ]) {
      const { status, reached, head } = await ask(bytes)
      expect({ status, reached }).toEqual({ status: 403, reached: false })
      expect(head).not.toMatch(/access-control/i)
    }
  })

  it.each([
    ['an agent', []],
    ['our own page', ['origin: http://localhost:8080', 'sec-fetch-site: same-origin']],
    ['our own page behind TLS', ['origin: https://localhost:8080', 'sec-fetch-site: same-origin']],
    ['the address bar', ['sec-fetch-site: none', 'sec-fetch-mode: navigate']],
  ])('%s is answered, without any grant', async (_name, headers) => {
    const { status, reached, head } = await ask(request('GET /api/logs', [SELF, ...headers]))
    expect({ status, reached }).toEqual({ status: 200, reached: true })
    expect(head).not.toMatch(/access-control/i)
  })

  it('a refusal shows what the page sent only as plain text, and not all of it', async () => {
    const { body } = await ask(request('GET /api/logs', [`origin: https://${'x'.repeat(500)}.test`]))
    expect(body.length).toBeLessThan(600)
    const foreign = await ask(
      Buffer.from(request('GET /api/logs', ['origin: https://\xe9\xff.test']), 'latin1'),
    )
    expect(foreign.body).toContain('https://??.test')
  })

  describe('of an origin that the operator named', () => {
    const NAMED = ['https://app.example.com', '*.tools.example', 'https://*.dev.example']
    const asked = (origin: string, path: string, allowedOrigins: string[] = NAMED) =>
      ask(request(`GET ${path}`, [SELF, `origin: ${origin}`, 'sec-fetch-site: cross-site']), {
        guards: { allowedOrigins },
      })

    it.each([
      ['https://app.example.com', '/anthropic/v1/models', true],
      ['https://app.example.com', '/api/logs', true],
      ['http://app.example.com', '/anthropic/v1/models', false],
      ['https://app.example.com:8443', '/anthropic/v1/models', false],
      ['https://app.example.com.evil.test', '/anthropic/v1/models', false],
      ['https://a.tools.example', '/anthropic/v1/models', true],
      ['http://a.tools.example', '/anthropic/v1/models', true],
      ['https://a.tools.example', '/api/logs', false],
      ['https://a.b.tools.example', '/anthropic/v1/models', false],
      ['https://tools.example', '/anthropic/v1/models', false],
      ['https://eviltools.example', '/anthropic/v1/models', false],
      ['https://evil.test/.tools.example', '/anthropic/v1/models', false],
      ['https://a.dev.example', '/anthropic/v1/models', true],
      ['http://a.dev.example', '/anthropic/v1/models', false],
    ])('%s at %s: %s', async (origin, path, granted) => {
      const { status, head } = await asked(origin, path)
      expect(status).toBe(granted ? 200 : 403)
      expect(/^access-control-allow-origin: (.*)$/im.exec(head)?.[1]).toBe(granted ? origin : undefined)
      expect(head).not.toMatch(/allow-credentials/i)
    })

    it('* is for inference alone, and never shown as it is', async () => {
      const inference = await asked('https://any.test', '/anthropic/v1/models', ['*'])
      expect(inference.head).toMatch(/^access-control-allow-origin: https:\/\/any\.test$/im)
      expect((await asked('https://any.test', '/api/logs', ['*'])).status).toBe(403)
    })

    it('a preflight is answered by the edge and grants what was asked for', async () => {
      const headers = [
        SELF,
        'origin: https://app.example.com',
        'access-control-request-method: POST',
        'access-control-request-headers: content-type, x-api-key',
      ]
      const answer = await ask(request('OPTIONS /anthropic/v1/messages', headers), {
        guards: { allowedOrigins: NAMED },
      })
      expect(answer).toMatchObject({ status: 204, reached: false, body: '' })
      expect(answer.head).toMatch(/^access-control-allow-headers: content-type, x-api-key$/im)
      expect(answer.head).toMatch(/^access-control-max-age: 86400$/im)
      expect(answer.head).not.toMatch(/^content-length/im)
    })

    it('a preflight for a method or a path that is not there grants nothing', async () => {
      const origin = 'origin: https://app.example.com'
      const guards = { allowedOrigins: NAMED }
      const method = request('OPTIONS /anthropic/v1/messages', [
        SELF,
        origin,
        'access-control-request-method: DELETE',
      ])
      expect(await ask(method, { guards })).toMatchObject({ status: 405 })
      const path = request('OPTIONS /nothing', [SELF, origin, 'access-control-request-method: POST'])
      expect(await ask(path, { guards })).toMatchObject({ status: 404 })
    })
  })
})

describe('I2 what a page of another site can send without asking first is no body that is taken', () => {
  it.each([
    'text/plain',
    'text/plain; charset=utf-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ])('%s', async (type) => {
    const bytes = post('{}').replace('application/json', type)
    const setup: EdgeSetup = {
      handle: async (call) => {
        await call.readBody(1_000)
      },
    }
    expect((await ask(bytes, setup)).status).toBe(415)
  })
})

describe('every answer that the gateway gives for itself', () => {
  it.each(['GET /api/logs', 'GET /nothing', 'GET /anthropic/v1/nothing', 'OPTIONS /api/logs'])(
    '%s has the headers that keep pages from using it, and an id',
    async (line) => {
      const { head } = await ask(request(line))
      expect(head).toMatch(/^x-frame-options: DENY$/im)
      expect(head).toMatch(/^x-content-type-options: nosniff$/im)
      expect(head).toMatch(/^content-security-policy: default-src 'self'; frame-ancestors 'none'$/im)
      expect(head).toMatch(/^request-id: [0-9a-f-]{36}$/im)
    },
  )

  it('is in the form of the protocol that is served at its path', async () => {
    expect(JSON.parse((await ask(request('GET /anthropic/v1/nothing'))).body)).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error', message: 'Route not found: /anthropic/v1/nothing' },
    })
    expect(JSON.parse((await ask(request('GET /nothing'))).body)).toEqual({
      is_bifrost_error: true,
      status_code: 404,
      error: { type: 'not_found', message: 'Route not found: /nothing' },
    })
  })

  it('has an id of its own, whatever the client calls the request', async () => {
    const { head } = await ask(request('GET /nothing', ['x-request-id: mine', 'request-id: mine']))
    expect(head).not.toMatch(/mine/)
  })
})

describe('a request that wants to go on as something else', () => {
  it.each([
    ['websocket, as Codex tries', 'GET /openai/v1/responses', 'websocket', 426],
    ['websocket, anywhere', 'GET /api/logs', 'WebSocket', 426],
    ['HTTP/2, as curl offers', 'GET /api/logs', 'h2c', 200],
  ])('%s: %s', async (_what, line, upgrade, status) => {
    const answer = await ask(request(line, [`upgrade: ${upgrade}`, 'connection: upgrade']))
    expect([answer.status, answer.reached]).toEqual([status, status === 200])
  })
})
