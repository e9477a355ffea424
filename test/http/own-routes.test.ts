/** The gateway's own routes at the edge: who is let in, what a change must look like, and what a handler gets. */
import { describe, expect, it } from 'vitest'
import type { OwnRequest, OwnRoute } from '../../src/http/router.ts'
import { GatewayError } from '../../src/message/error.ts'
import { rawClient, request, startEdge } from '../support/edge.ts'
import type { EdgeSetup } from '../support/edge.ts'

const SELF = 'host: localhost:8080'
const JSON_TYPE = 'content-type: application/json'

/** One request to routes of every method, and what reached them. */
async function ask(bytes: string, setup: EdgeSetup = {}) {
  const seen: OwnRequest[] = []
  const handler = (own: OwnRequest) => {
    seen.push(own)
    return { status: 200, headers: { 'set-cookie': ['a=1', 'b=2'] }, body: { ok: true } }
  }
  const own: OwnRoute[] = (['GET', 'POST', 'PUT', 'DELETE'] as const).map((method) => ({
    method,
    path: '/api/things/{id}',
    handler,
  }))
  own.push({ method: 'POST', path: '/api/open', access: 'anyone', handler })
  const edge = await startEdge({ own, ...setup })
  const [answer] = await (await rawClient(edge.port, bytes)).answers(1)
  return { ...answer!, seen }
}

const withBody = (line: string, body: string, headers: readonly string[] = [JSON_TYPE]) =>
  request(line, [SELF, `content-length: ${Buffer.byteLength(body)}`, ...headers], body)

describe('a change', () => {
  it.each(['POST', 'PUT', 'DELETE'])(
    '%s comes to its route with its body, its caller and its path',
    async (method) => {
      const { seen, status } = await ask(withBody(`${method} /api/things/a%20b?x=1`, '{"a": "é"}'))
      expect(status).toBe(200)
      const [own] = seen
      expect(own).toMatchObject({ method, caller: 'machine', parameters: { id: 'a b' }, peer: '127.0.0.1' })
      expect(own!.query.get('x')).toBe('1')
      expect(new TextDecoder().decode(own!.body)).toBe('{"a": "é"}')
    },
  )

  it('answers with the headers of its route, each cookie on a line of its own', async () => {
    const { head } = await ask(withBody('POST /api/things/a', '{}'))
    expect(head.match(/^set-cookie: .*$/gim)).toEqual(['set-cookie: a=1', 'set-cookie: b=2'])
    expect(head).toMatch(/^cache-control: no-store$/im)
  })

  const TYPES: [type: string | undefined, status: number][] = [
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['APPLICATION/JSON', 200],
    [undefined, 415],
    ['application/octet-stream', 415],
    ['application/vnd.api+json', 415],
    ['application/json-patch+json', 415],
    ['text/plain', 415],
    ['text/plain; x=application/json', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/json; charset=utf-16', 415],
  ]
  it.each(TYPES)('I2 declared as %s is a %i, with a body and without', async (type, status) => {
    const headers = type === undefined ? [] : [`content-type: ${type}`]
    const withOne = await ask(withBody('POST /api/things/a', '{}', headers))
    expect(withOne.status).toBe(status)
    expect(withOne.seen.length).toBe(status === 200 ? 1 : 0)
    const without = await ask(withBody('PUT /api/things/a', '', headers))
    expect(without.status).toBe(status)
  })

  it('I2 DELETE needs no type where it has no body', async () => {
    expect((await ask(request('DELETE /api/things/a', [SELF]))).status).toBe(200)
    expect((await ask(withBody('DELETE /api/things/a', '{}', []))).status).toBe(415)
    const chunked = request(
      'DELETE /api/things/a',
      [SELF, 'transfer-encoding: chunked'],
      '2\r\n{}\r\n0\r\n\r\n',
    )
    expect((await ask(chunked)).status).toBe(415)
  })

  it.each([
    ['https://app.example.com', 403],
    ['https://a.tools.example', 403],
    ['http://localhost:1', 403],
    ['null', 403],
    ['http://localhost:8080', 200],
  ])('I2 I3 by a page of %s is a %i, whichever origins may read', async (origin, status) => {
    const guards = { allowedOrigins: ['https://app.example.com', '*.tools.example', '*'] }
    const { seen, head, ...answer } = await ask(
      withBody('POST /api/things/a', '{}', [JSON_TYPE, `origin: ${origin}`]),
      { guards },
    )
    expect(answer.status).toBe(status)
    expect(seen.length).toBe(status === 200 ? 1 : 0)
    expect(head).not.toMatch(/access-control/i)
    const preflight = request('OPTIONS /api/things/a', [
      SELF,
      `origin: ${origin}`,
      'access-control-request-method: PUT',
    ])
    const asked = await ask(preflight, { guards })
    expect(asked.status).toBe(status === 200 ? 204 : 403)
    expect(asked.head).not.toMatch(/access-control/i)
  })

  it('D12 with more than a mebibyte is a 413', async () => {
    const { status, seen } = await ask(withBody('POST /api/things/a', `"${'x'.repeat(1024 * 1024)}"`))
    expect({ status, seen }).toEqual({ status: 413, seen: [] })
  })

  it('takes its body from the budget of all bodies, and gives it back', async () => {
    const own: OwnRoute = { method: 'POST', path: '/api/x', handler: () => ({ status: 200, body: {} }) }
    const edge = await startEdge({ own: [own], limits: { bodiesMaxBytes: 1000 } })
    const client = await rawClient(edge.port)
    for (let round = 1; round <= 3; round++) {
      client.socket.write(withBody('POST /api/x', `"${'x'.repeat(700)}"`))
      expect((await client.answers(round)).at(-1)!.status).toBe(200)
    }
    client.socket.write(withBody('POST /api/x', `"${'x'.repeat(1700)}"`))
    const refused = (await client.answers(4)).at(-1)!
    expect(refused.status).toBe(503)
    expect(refused.head).toMatch(/^retry-after: 1$/im)
  })
})

describe('who asks', () => {
  const refuse = () => {
    throw new GatewayError('unauthenticated', 'Sign in.', { retryAfterSeconds: 7 })
  }

  it('I4 is judged before the body is read, and never for what is open to anyone', async () => {
    const refused = await ask(withBody('POST /api/things/a', 'no JSON'), { admit: refuse })
    expect(refused).toMatchObject({ status: 401, seen: [] })
    expect(refused.head).toMatch(/^retry-after: 7$/im)
    expect(JSON.parse(refused.body)).toEqual({
      is_bifrost_error: true,
      status_code: 401,
      error: { type: 'unauthenticated', message: 'Sign in.' },
    })
    const open = await ask(withBody('POST /api/open', '{}'), { admit: refuse })
    expect(open.status).toBe(200)
    expect(open.seen[0]!.caller).toBe('anyone')
  })

  it('is told to the route, and what was sent to whoever judges', async () => {
    const heads: unknown[] = []
    const { seen } = await ask(withBody('POST /api/things/a', '{}', [JSON_TYPE, 'cookie: token=1']), {
      admit: async ({ method, peer, headers }) => {
        heads.push({ method, peer, cookie: headers['cookie'] })
        return 'administrator' as const
      },
    })
    expect(seen[0]!.caller).toBe('administrator')
    expect(heads).toEqual([{ method: 'POST', peer: '127.0.0.1', cookie: 'token=1' }])
  })
})
