import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { directiveText } from '../support/provider/directive.ts'
import { Rig, SIDES, ask, newCase } from './rig/rig.ts'

const KEYS = { one: 'sk-bf-one-0123456789', two: 'sk-bf-two-0123456789' }

let rig: Rig
/** Needs a virtual key. */
let guarded: Rig
beforeAll(async () => {
  rig = await Rig.start()
  const key = (name: string, value: string) => ({ id: name, name, value, is_active: true })
  guarded = await Rig.start({
    client: { enforce_auth_on_inference: true },
    virtualKeys: [key('one', KEYS.one), key('two', KEYS.two)],
  })
}, 60_000)
afterAll(async () => {
  await rig.close()
  await guarded.close()
})

const BODY = JSON.stringify(ask('claude-opus-5-5', directiveText({ say: 'served' })))
const JSON_TYPE = 'content-type: application/json'
const LENGTH = `content-length: ${BODY.length}`

const lines = (line: string, headers: string[], body: string) =>
  [`${line} HTTP/1.1`, ...(headers.some((one) => /^host/i.test(one)) ? [] : ['host: localhost']), ...headers, '', body].join('\r\n') // prettier-ignore
const post = (headers: string[], body = BODY) => lines('POST /anthropic/v1/messages', headers, body)
/** A second request behind the first, which only a reader of other framing would see. */
const SMUGGLED = post([JSON_TYPE, LENGTH, 'connection: close'])
const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

interface Row {
  id: string
  name: string
  bytes: string
  status: number[]
}

const CHUNKED = 'transfer-encoding: chunked'
const bad = (id: string, status: number | number[], name: string, bytes: string): Row => ({
  id,
  name,
  bytes,
  status: [status].flat(),
})
const ROWS: Row[] = [
  bad('D1', 400, 'content-length and transfer-encoding', post([JSON_TYPE, LENGTH, CHUNKED], chunked(BODY) + SMUGGLED)),
  bad('D1', 400, 'two content-lengths', post([JSON_TYPE, 'content-length: 2', LENGTH], BODY + SMUGGLED)),
  bad('D1', 400, 'a content-length with a sign', post([JSON_TYPE, `content-length: +${BODY.length}`], BODY + SMUGGLED)),
  bad('D1', 400, 'transfer-encoding: xchunked', post([JSON_TYPE, 'transfer-encoding: xchunked'], chunked(BODY) + SMUGGLED)),
  bad('D1', 400, 'transfer-encoding: chunked, identity', post([JSON_TYPE, 'transfer-encoding: chunked, identity'], chunked(BODY) + SMUGGLED)),
  bad('D1', 400, 'transfer-encoding twice', post([JSON_TYPE, CHUNKED, 'transfer-encoding: identity'], chunked(BODY) + SMUGGLED)),
  bad('D1', 400, 'a space before the colon', post([JSON_TYPE, `content-length : ${BODY.length}`], BODY + SMUGGLED)),
  bad('D1', 400, 'bare line feeds', post([JSON_TYPE, LENGTH]).replaceAll('\r\n', '\n') + SMUGGLED),
  bad('D1', 400, 'a bare carriage return', post([JSON_TYPE, LENGTH, 'x-note: a\rb'], BODY + SMUGGLED)),
  bad('D1', 400, 'a folded header', post([JSON_TYPE, `content-length:\r\n ${BODY.length}`], BODY + SMUGGLED)),
  bad('D1', 400, 'NUL in a value', post([JSON_TYPE, LENGTH, 'x-note: a\0b'], BODY + SMUGGLED)),
  bad('D1', 400, 'chunks with bare line feeds', post([JSON_TYPE, CHUNKED], chunked(BODY).replaceAll('\r\n', '\n') + SMUGGLED)),
  bad('D1', 400, 'a chunk size that overflows', post([JSON_TYPE, CHUNKED], `1000000000000000${chunked(BODY)}${SMUGGLED}`)),
  bad('D3', 400, 'two hosts', post([JSON_TYPE, LENGTH, 'host: localhost', 'host: evil.test'], BODY + SMUGGLED)),
  bad('D4', 400, 'a host with a path in it', post([JSON_TYPE, LENGTH, 'host: localhost:4000/#@evil'], BODY + SMUGGLED)),
  bad('D4', 403, 'a host that is not ours', post([JSON_TYPE, LENGTH, 'host: evil.test'])),
  ...['//anthropic/v1/messages', '/\\anthropic/v1/messages', '/%2e/anthropic/v1/messages', '/x/..;/anthropic/v1/messages', '/anthropic/v1;x/messages', '/anthropic%2Fv1/messages', '/anthropic/v1/messages/', '/ANTHROPIC/v1/messages', 'http://localhost/anthropic/v1/messages', 'http://evil.test/anthropic/v1/messages'] // prettier-ignore
    .map((path) => bad('D5', [400, 404], `the target ${path}`, lines(`POST ${path}`, [JSON_TYPE, LENGTH, 'connection: close'], BODY))),
  bad('D6', 400, 'two authorizations', post([JSON_TYPE, LENGTH, 'authorization: Bearer a', 'authorization: Bearer b'])),
  bad('D7', 400, 'two x-api-keys', post([JSON_TYPE, LENGTH, 'x-api-key: a', 'x-api-key: b'])),
  bad('D9', 431, '20 KB of headers', post([JSON_TYPE, LENGTH, `x-a: ${'word '.repeat(4_000)}`])),
  bad('D9', 431, '3,000 headers', post([JSON_TYPE, LENGTH, ...Array<string>(3_000).fill('x-a: word')])),
  bad('D9', 431, '1,900 tiny headers', post([JSON_TYPE, LENGTH, ...Array<string>(1_900).fill('a:')])),
  bad('D10', 413, '20 KB of chunk extensions', post([JSON_TYPE, CHUNKED], `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`)),
  bad('D12', [400, 405], 'a preface of HTTP/2 that is none', 'PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n'),
  bad('D13', 405, 'CONNECT', `CONNECT evil.test:443 HTTP/1.1\r\nhost: evil.test:443\r\n\r\n${SMUGGLED}`),
  bad('D13', 405, 'TRACE', lines('TRACE /anthropic/v1/messages', ['connection: close'], '')),
  bad('D13', 405, 'an unknown method', lines('BREW /anthropic/v1/messages', [], '')),
] // prettier-ignore

/** Sends bytes and reads until the gateway closes. */
async function exchange(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  socket.on('error', () => undefined)
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

const statuses = (text: string): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)) // prettier-ignore

describe('a request that two readers could read differently', () => {
  it.each(ROWS)('$id $name is refused, the connection ends, and nothing goes to a provider', async (row) => {
    const before = rig.provider.requests.length
    const text = await exchange(rig.gateway.url, row.bytes)
    const found = statuses(text)
    expect(found, text).toHaveLength(1)
    expect(row.status).toContain(found[0])
    expect(rig.provider.requests).toHaveLength(before)
  })

  it('D11 a hundred that are sent ahead are answered in their order', async () => {
    const asked = Array.from({ length: 100 }, (_, index) => directiveText({ say: `answer ${index}.` }))
    const requests = asked.map((content, index) => {
      const body = JSON.stringify(ask(SIDES[index % 2]!.model, content))
      return post([JSON_TYPE, `content-length: ${body.length}`, ...(index === 99 ? ['connection: close'] : [])], body) // prettier-ignore
    })
    const text = await exchange(rig.gateway.url, requests.join(''))
    const answers = [...text.matchAll(/answer (\d+)\./g)].map(([, index]) => Number(index))
    expect(answers).toEqual(Array.from({ length: 100 }, (_, index) => index))
  })

  it('D11 a thousand are more than one connection may ask for', async () => {
    const before = rig.provider.requests.length
    const text = await exchange(rig.gateway.url, post([JSON_TYPE, LENGTH]).repeat(1_000))
    expect(statuses(text).at(-1)).toBe(503)
    expect(
      statuses(text)
        .slice(0, -1)
        .every((status) => status === 200),
    ).toBe(true)
    expect(rig.provider.requests.length - before).toBeLessThanOrEqual(100)
  })

  it('D12 an upgrade to h2c is ignored, and does not reach the upstream', async () => {
    const upgrade = ['connection: upgrade, http2-settings, close', 'upgrade: h2c', 'http2-settings: AAMAAABk']
    const text = await exchange(rig.gateway.url, post([JSON_TYPE, LENGTH, ...upgrade]))
    expect(statuses(text)).toEqual([200])
    const { headers } = rig.provider.requests.at(-1)!
    expect(Object.keys(headers)).not.toContain('upgrade')
    expect(Object.keys(headers)).not.toContain('http2-settings')
  })
})

describe('who asks, before what is asked', () => {
  const asks = (headers: string[]) => exchange(guarded.gateway.url, post([JSON_TYPE, LENGTH, 'connection: close', ...headers])) // prettier-ignore

  it.each([
    ['no key', []],
    ['a wrong key', ['x-api-key: sk-bf-wrong']],
  ])('D14 %s: Expect: 100-continue gets no go-ahead, and the upload is cut', async (_name, headers) => {
    const head = lines('POST /anthropic/v1/messages', [JSON_TYPE, 'content-length: 50000000', 'expect: 100-continue', ...headers], '') // prettier-ignore
    const text = await exchange(guarded.gateway.url, head)
    expect(statuses(text)).toEqual([headers.length === 0 ? 401 : 403])
  })

  it('D14 with its key it gets the go-ahead, then the answer', async () => {
    const head = lines('POST /anthropic/v1/messages', [JSON_TYPE, LENGTH, 'expect: 100-continue', 'connection: close', `x-api-key: ${KEYS.one}`], '') // prettier-ignore
    expect(statuses(await exchange(guarded.gateway.url, head + BODY))).toEqual([100, 200])
  })

  it.each<[string, string[], string | number]>([
    ['x-bf-vk before Authorization', [`x-bf-vk: ${KEYS.one}`, `authorization: Bearer ${KEYS.two}`], 'one'],
    [
      'Authorization before x-api-key',
      [`authorization: Bearer ${KEYS.one}`, `x-api-key: ${KEYS.two}`],
      'one',
    ],
    [
      'the same, the other way round in the request',
      [`x-api-key: ${KEYS.two}`, `authorization: Bearer ${KEYS.one}`],
      'one',
    ],
    ['x-api-key before x-goog-api-key', [`x-goog-api-key: ${KEYS.two}`, `x-api-key: ${KEYS.one}`], 'one'],
    ['a key beside a placeholder', ['authorization: Bearer placeholder', `x-api-key: ${KEYS.two}`], 'two'],
    ['a wrong key before a right one', ['authorization: Bearer sk-bf-wrong', `x-api-key: ${KEYS.two}`], 403],
    ['none that is one', ['authorization: Bearer placeholder', 'x-api-key: other'], 401],
  ])('D8 of two credentials one counts, always the same: %s', async (_name, headers, outcome) => {
    const session = newCase()
    const text = await asks([...headers, `x-claude-code-session-id: ${session}`])
    if (typeof outcome === 'number') return expect(statuses(text)).toEqual([outcome])
    expect(statuses(text)).toEqual([200])
    expect(await guarded.row(session)).toMatchObject({ virtualKeyName: outcome })
  })
})

describe('D18 a body beyond the limit', () => {
  const HUGE = 200_000_000
  it.each([
    ['by its length', [`content-length: ${HUGE}`], ''],
    ['without a length, in chunks', [CHUNKED], `${HUGE.toString(16)}\r\n`],
  ])('%s is a 413 while it is sent', async (_name, framing, start) => {
    const { hostname, port } = new URL(rig.gateway.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    let text = ''
    socket.setEncoding('latin1').on('data', (part: string) => (text += part))
    socket.write(post([JSON_TYPE, ...framing], start))
    const piece = Buffer.alloc(1024 * 1024, 'words ')
    let sent = 0
    while (!socket.destroyed && text === '' && sent < HUGE) {
      sent += piece.length
      if (!socket.write(piece))
        await Promise.race([once(socket, 'drain'), once(socket, 'data')]).catch(() => undefined)
    }
    expect(statuses(text)).toEqual([413])
    // The default limit is 100 MB: never more than twice that is taken.
    expect(sent).toBeLessThanOrEqual(HUGE)
    socket.destroy()
  })
})

/** Values that no header of ours can hold, at each place where the client's words come into one. */
const HOSTILE = ['a\r\nx-injected: 1', 'a\nx-injected: 1', 'a\0b', 'schlüssel', 'ключ', '🚀', '\u2028', ' '.repeat(9)] // prettier-ignore

describe('D19 words of the client in headers of ours', () => {
  it.each(
    SIDES.flatMap((side) =>
      HOSTILE.map((word) => ({ kind: side.side, side, word, shown: JSON.stringify(word) })),
    ),
  )(
    '$kind: $shown as the name of a model, and as a session, injects nothing and is no 500',
    async ({ side, word }) => {
      const before = rig.provider.requests.length
      const metadata = { user_id: JSON.stringify({ session_id: word }) }
      const asked = ask(side.model + word, directiveText({ say: 'ok' }), { metadata })
      const { status, head } = await rig.call(asked).answer()
      expect([200, 400, 404]).toContain(status)
      expect(head).not.toContain('x-injected')
      for (const { rawHeaders } of rig.provider.requests.slice(before)) {
        expect(rawHeaders.map(([name]) => name.toLowerCase())).not.toContain('x-injected')
      }
    },
  )

  it.each(['x-request-id', 'x-claude-code-session-id', 'anthropic-beta', 'x-bf-eh-note', 'user-agent'])(
    '%s in Latin-1 goes as it is, or is a 400',
    async (name) => {
      const text = await exchange(rig.gateway.url, Buffer.from(post([JSON_TYPE, LENGTH, 'connection: close', `${name}: caf\xe9 \x80\xff`]), 'latin1')) // prettier-ignore
      expect([200, 400]).toContain(statuses(text)[0])
    },
  )
})

describe('D20 headers of this hop, and of who somebody is', () => {
  it('none that the client claims about itself goes on, nor what Connection names', async () => {
    const claims = ['x-forwarded-for: 10.0.0.1', 'x-real-ip: 10.0.0.1', 'forwarded: for=10.0.0.1', 'x-gateway-user: admin', 'cookie: a=b', 'x-bf-vk: ', 'x-bf-eh-authorization: Bearer stolen', 'x-bf-eh-x-api-key: stolen', 'x-bf-eh-host: evil.test', 'x-bf-eh-connection: keep-alive', 'x-bf-eh-transfer-encoding: chunked', 'anthropic-hop: 1'] // prettier-ignore
    const text = await exchange(rig.gateway.url, post([JSON_TYPE, LENGTH, 'connection: close, x-api-key, anthropic-version, Anthropic-Hop', 'x-api-key: placeholder', ...claims])) // prettier-ignore
    expect(statuses(text)).toEqual([200])
    const { headers, rawHeaders } = rig.provider.requests.at(-1)!
    const names = rawHeaders.map(([name]) => name.toLowerCase())
    expect(names.filter((name) => /forwarded|real-ip|gateway|cookie|x-bf|hop/.test(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
    // Naming our own header in Connection takes nothing from what we send.
    expect(headers['x-api-key']).toBe('sk-ant-canary-4b1d9f0c2e7a')
    expect(headers.authorization).toBeUndefined()
    expect(headers.host).toBe(new URL(rig.provider.url).host)
    expect(headers['anthropic-version']).toBe('2023-06-01')
  })

  it('X-Forwarded-For makes nobody another caller', async () => {
    const text = await exchange(guarded.gateway.url, post([JSON_TYPE, LENGTH, 'connection: close', 'x-forwarded-for: 127.0.0.1', 'x-forwarded-host: localhost', 'x-gateway-user: admin'])) // prettier-ignore
    expect(statuses(text)).toEqual([401])
  })
})

it('D1 leaves both gateways well', async () => {
  expect([rig.gateway.stderr(), guarded.gateway.stderr()]).toEqual(['', ''])
  expect(statuses(await exchange(rig.gateway.url, post([JSON_TYPE, LENGTH, 'connection: close'])))).toEqual([
    200,
  ])
})
