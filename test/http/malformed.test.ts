import { describe, expect, it } from 'vitest'
import type { Call } from '../../src/pipeline/call.ts'
import { ask, hangs, post, rawClient, readsBody, request, startEdge } from '../support/edge.ts'

const POST = 'POST /anthropic/v1/messages'
/** A second request, which a reader of other framing than the first one's would see. */
const SMUGGLED = request('GET /anthropic/v1/models')
const JSON_TYPE = 'content-type: application/json'

describe('D1 framing that two readers could read differently is a 400, and the connection ends', () => {
  const sends = (headers: string[], body: string) => request(POST, [JSON_TYPE, ...headers], body + SMUGGLED)
  const chunked = 'transfer-encoding: chunked'
  const ROWS: [string, string][] = [
    ['content-length and transfer-encoding', sends(['content-length: 5', chunked], '0\r\n\r\n')],
    ['two content-lengths', sends(['content-length: 2', 'content-length: 40'], '{}')],
    ['content-length with a sign', sends(['content-length: +2'], '{}')],
    ['transfer-encoding: xchunked', sends(['transfer-encoding: xchunked'], '0\r\n\r\n')],
    ['transfer-encoding: chunked, identity', sends(['transfer-encoding: chunked, identity'], '0\r\n\r\n')],
    ['transfer-encoding twice', sends([chunked, 'transfer-encoding: identity'], '0\r\n\r\n')],
    ['space before the colon', sends(['content-length : 2'], '{}')],
    ['bare line feeds', sends(['content-length: 2'], '{}').replaceAll('\r\n', '\n')],
    ['a bare carriage return in a value', sends(['x-note: a\rcontent-length: 2'], '')],
    ['a folded header', sends(['content-length:\r\n 2'], '{}')],
    ['NUL in a value', sends(['x-note: a\0b', 'content-length: 2'], '{}')],
    ['chunks with bare line feeds', sends([chunked], '2\n{}\n0\n\n')],
    ['a chunk size that overflows', sends([chunked], '10000000000000002\r\n{}\r\n0\r\n\r\n')],
    // More of the same kind.
    ['content-length that is a list', sends(['content-length: 2, 2'], '{}')],
    ['a negative content-length', sends(['content-length: -2'], '')],
    ['content-length in hexadecimal', sends(['content-length: 0x2'], '{}')],
    ['a chunk size with a sign', sends([chunked], '+2\r\n{}\r\n0\r\n\r\n')],
    ['a chunk longer than its size', sends([chunked], '2\r\n{}xx\r\n0\r\n\r\n')],
    ['a header name with a space', sends(['x note: a', 'content-length: 2'], '{}')],
    ['a header without a name', sends([': a', 'content-length: 2'], '{}')],
    ['a version that is none', sends(['content-length: 2'], '{}').replace('HTTP/1.1', 'HTTP/1.9')],
    ['a space in the target', request('GET /anthropic/v1/models /x', [], SMUGGLED)],
    ['no host', `GET /anthropic/v1/models HTTP/1.1\r\n\r\n${SMUGGLED}`],
  ]

  it.each(ROWS)('%s', async (_name, bytes) => {
    const edge = await startEdge({ handle: readsBody(1_000) })
    const answers = await ask(edge.port, bytes)
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(answers[0]?.head).toMatch(/^connection: close$/im)
    // Where the headers were whole, the pipeline may have begun on the first request; never on another.
    expect(edge.calls.filter(({ operation }) => operation !== 'generate')).toEqual([])
  })

  it('in the middle of an answer there is no place for a 400: the connection is cut', async () => {
    const edge = await startEdge({
      handle: async (call) => {
        call.reply.open(200, { 'content-type': 'text/event-stream' })
        call.reply.write('data: 1\n\n')
        await hangs(call)
      },
    })
    const client = await rawClient(edge.port, post('{}'))
    await client.until('data: 1')
    client.socket.write('BROKEN REQUEST\r\n\r\n')
    await client.closed()
    expect(client.received()).not.toContain('HTTP/1.1 40')
    expect(client.received()).not.toContain('0\r\n\r\n')
  })

  it('a broken request behind a whole one leaves the first one’s answer alone', async () => {
    const edge = await startEdge()
    const answers = await ask(edge.port, `${request('GET /anthropic/v1/models')}BROKEN REQUEST\r\n\r\n`)
    expect(answers.map(({ status }) => status)).toEqual([200, 405])
  })
})

describe('D9 headers beyond bounds are a 431', () => {
  it.each([
    ['20 KB in one', [`x-a: ${'word '.repeat(4_000)}`]],
    ['3,000', Array<string>(3_000).fill('x-a: word')],
    ['1,900 tiny', Array<string>(1_900).fill('a:')],
    ['101', Array<string>(100).fill('a: b')],
  ])('%s', async (_name, headers) => {
    const edge = await startEdge()
    const client = await rawClient(edge.port, request('GET /anthropic/v1/models', headers))
    expect((await client.answers(1)).map(({ status }) => status)).toEqual([431])
    expect(edge.calls).toEqual([])
  })

  it('100 are served', async () => {
    const edge = await startEdge()
    const client = await rawClient(
      edge.port,
      request('GET /anthropic/v1/models', Array<string>(99).fill('a: b')),
    )
    expect((await client.answers(1))[0]?.status).toBe(200)
  })

  it('D10 chunk extensions of 20 KB are a 413', async () => {
    const edge = await startEdge({ handle: readsBody(1_000) })
    const body = `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`
    const answers = await ask(edge.port, request(POST, [JSON_TYPE, 'transfer-encoding: chunked'], body))
    expect(answers.map(({ status }) => status)).toEqual([413])
  })
})

describe('D12 D13 methods and protocols that are not served', () => {
  it.each([
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n'],
    ['CONNECT with more behind it', `CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n${SMUGGLED}`],
    ['an unknown method', 'BREW /anthropic/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['a method in lower case', 'get /anthropic/v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['TLS', Buffer.from('16030100c6010000c20303', 'hex')],
  ])('%s is a 405 and closes the connection', async (_name, bytes) => {
    const edge = await startEdge()
    expect((await ask(edge.port, bytes)).map(({ status }) => status)).toEqual([405])
    expect(edge.calls).toEqual([])
  })

  it.each([
    ['TRACE', '/anthropic/v1/messages', 'POST'],
    ['PATCH', '/anthropic/v1/messages', 'POST'],
    ['GET', '/anthropic/v1/messages', 'POST'],
    ['OPTIONS', '/anthropic/v1/messages', 'POST'],
    ['DELETE', '/anthropic/v1/models', 'GET'],
    ['POST', '/anthropic/v1/models/claude', 'GET'],
    ['GET', '/', 'HEAD'],
  ])('%s %s is a 405 that says what would do', async (method, path, allowed) => {
    const edge = await startEdge()
    const [answer] = await (await rawClient(edge.port, request(`${method} ${path}`))).answers(1)
    expect(answer?.status).toBe(405)
    expect(answer?.head).toMatch(new RegExp(`^allow: ${allowed}$`, 'im'))
    expect(edge.calls).toEqual([])
  })

  it('an upgrade that is not served is ignored', async () => {
    const edge = await startEdge()
    const headers = [
      'connection: upgrade, http2-settings',
      'upgrade: h2c',
      'http2-settings: AAMAAABkAAQAAP__',
    ]
    const [answer] = await (
      await rawClient(edge.port, request('GET /anthropic/v1/models', headers))
    ).answers(1)
    expect(answer).toMatchObject({ status: 200, body: 'ok' })
  })
})

describe('D14 Expect: 100-continue', () => {
  const expecting = request(POST, [JSON_TYPE, 'content-length: 2', 'expect: 100-continue'])
  const refuses = async ({ reply }: Call) => reply.send(401, {}, 'no')

  it('gets its go-ahead only when the body is wanted', async () => {
    const edge = await startEdge({ handle: readsBody(1_000) })
    const client = await rawClient(edge.port, expecting)
    expect((await client.answers(1))[0]?.status).toBe(100)
    client.socket.write('{}')
    expect((await client.answers(2))[1]).toMatchObject({ status: 200, body: '{"bytes":2}' })
  })

  it.each([
    ['a caller that is refused', expecting, refuses, 401],
    ['a foreign host', expecting.replace('localhost', 'evil.test'), readsBody(9), 403],
    ['a body that is too large', expecting.replace('length: 2', 'length: 2000'), readsBody(1_000), 413],
    ['a type that is not taken', expecting.replace('application/json', 'text/html'), readsBody(1_000), 415],
    ['a path that is not there', expecting.replace('/v1/messages', '/v2'), readsBody(1_000), 404],
  ])('is not given to %s', async (_name, bytes, handle, status) => {
    const edge = await startEdge({ handle, limits: { lingerMs: 50 } })
    const client = await rawClient(edge.port, bytes)
    const answers = await client.closed()
    expect(answers.map((answer) => answer.status)).toEqual([status])
    expect(answers[0]?.head).toMatch(/^connection: close$/im)
  })
})
