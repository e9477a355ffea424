import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { deferred } from '../support/deferred.ts'
import type { ErrorKind } from '../../src/message/error.ts'
import { MALFORMED, POISON } from '../support/provider/malformed.ts'
import type { Part } from '../support/provider/parts.ts'
import {
  answerOf,
  newEgress,
  opened,
  POST,
  send,
  upstreamAt,
  upstreamOf,
  whole,
} from '../support/upstream.ts'

describe('an answer', () => {
  it('comes with status, lower-case headers and its bytes', async () => {
    const answer = await answerOf(...whole('{"ok":1}', 'Request-Id: r1', 'X-Limit: a', 'x-limit: b'))
    expect(answer).toMatchObject({ status: 200, body: '{"ok":1}', error: undefined })
    expect(answer.headers).toMatchObject({ 'request-id': 'r1', 'x-limit': ['a', 'b'] })
  })

  it('is asked for with exactly the headers and bytes given', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    await send(newEgress(), upstreamAt(upstream.url)).outcome
    const [request] = upstream.requests
    const { host } = new URL(upstream.url)
    expect(request?.head.split('\r\n')).toEqual([
      'POST /v1/messages HTTP/1.1',
      `host: ${host}`,
      'connection: keep-alive',
      'content-type: application/json',
      'x-api-key: sk-secret',
      'content-length: 13',
    ])
    expect(Buffer.from(request!.body).toString()).toBe('{"model":"m"}')
  })

  it('comes over one connection for requests that follow each other', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    const egress = newEgress()
    for (let count = 0; count < 20; count++) {
      await send(egress, upstreamAt(upstream.url)).outcome
      await nextTurn()
    }
    expect(upstream.connections()).toBe(1)
  })

  it('arrives as it is streamed', async () => {
    const upstream = await upstreamOf(() => [
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n',
      'hang',
    ])
    const first = deferred<string>()
    const { exchange } = send(newEgress(), upstreamAt(upstream.url), POST, (chunk) => {
      first.resolve(chunk.toString())
      return true
    })
    expect(await first.promise).toBe('first')
    exchange.abort()
  })
})

describe('what goes wrong in an upstream is told by its kind', () => {
  const KINDS: Record<string, ErrorKind> = {
    'C4 chunked body cut off': 'upstream_truncated',
    'C5 body shorter than content-length': 'upstream_truncated',
    'C7 content-length and transfer-encoding': 'upstream_malformed',
    'C8 100 Continue that nobody asked for': 'upstream_malformed',
    'C9 5,000 early hints': 'upstream_malformed',
    'C10 101 Switching Protocols': 'upstream_malformed',
    'C11 a header of 20 KB': 'upstream_malformed',
    'C12 status 999': 'upstream_malformed',
    'C12 the banner of an SSH server': 'upstream_malformed',
    'C13 a carriage return inside a header value': 'upstream_malformed',
  }
  const rows = MALFORMED.map((row) => ({ ...row, title: `${row.id} ${row.name}` }))

  it.each(rows.filter(({ title }) => title in KINDS))('$title', async ({ title, parts, greets }) => {
    const upstream = await upstreamOf(() => (greets ? ['hang'] : parts), greets ? () => parts : undefined)
    const { error, headers } = await send(newEgress(), upstreamAt(upstream.url)).outcome
    expect(error?.kind).toBe(KINDS[title])
    expect(JSON.stringify(headers)).not.toContain(POISON)
  })

  const MORE: { title: string; parts: Part[]; kind: ErrorKind; message?: RegExp }[] = [
    { title: 'C7 two content-lengths', parts: ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}}'], kind: 'upstream_malformed' },
    { title: 'C12 a page without a status line', parts: ['<html>busy</html>\r\n\r\n', 'close'], kind: 'upstream_malformed' },
    { title: 'C12 HTTP/2 frames', parts: [Buffer.from('000012040000000000000300000064', 'hex'), 'hang'], kind: 'upstream_malformed' },
    { title: 'C13 a bare line feed inside a header value', parts: ['HTTP/1.1 200 OK\r\nx-note: one\nset-cookie: a=1\r\n\r\n', 'close'], kind: 'upstream_malformed' },
    { title: 'C13 NUL inside a header value', parts: ['HTTP/1.1 200 OK\r\nx-note: a\0b\r\n\r\n', 'close'], kind: 'upstream_malformed' },
    { title: 'C13 a folded header', parts: ['HTTP/1.1 200 OK\r\nx-note: a\r\n b\r\ncontent-length: 0\r\n\r\n', 'close'], kind: 'upstream_malformed' },
    { title: 'C4 a chunk size that is none', parts: ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'], kind: 'upstream_malformed' },
    { title: 'C11 5,000 small headers', parts: [`HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(5_000)}\r\n`], kind: 'upstream_malformed' },
    { title: 'B8 reset in the middle of the body', parts: ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab', { pause_ms: 20 }, 'reset'], kind: 'upstream_truncated' },
    { title: 'C16 closed without an answer', parts: ['close'], kind: 'upstream_unreachable', message: /closed the connection/ },
    { title: 'C16 reset without an answer', parts: ['reset'], kind: 'upstream_unreachable', message: /closed the connection/ },
  ] // prettier-ignore
  it.each(MORE)('$title', async ({ parts, kind, message = /./ }) => {
    const { error } = await answerOf(...parts)
    expect(error?.kind).toBe(kind)
    expect(error?.message).toMatch(message)
  })

  it.each(['close', 'reset'] as const)(
    'C16 %s without an answer on a kept connection says so, on a new one it does not',
    async (end) => {
      let requests = 0
      const upstream = await upstreamOf(() => (requests++ === 0 ? whole('{}') : [end]))
      const egress = newEgress()
      const one = upstreamAt(upstream.url, { maxConnections: 1 })
      await send(egress, one).outcome
      const outcomes = [await send(egress, one).outcome, await send(egress, one).outcome]
      expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 1, 2])
      expect(outcomes.map(({ error }) => [error?.kind, error?.details.isStale])).toEqual([
        ['upstream_unreachable', true],
        ['upstream_unreachable', undefined],
      ])
    },
  )

  it.each<[string, Part[]]>([
    ['after it was worked on', [{ pause_ms: 1_200 }, 'close']],
    ['after the first bytes of an answer', ['HTTP/1.1 200 OK\r\ncontent', { pause_ms: 20 }, 'close']],
  ])('C16 closed on a kept connection %s is no sign that the request was not seen', async (_when, parts) => {
    let requests = 0
    const upstream = await upstreamOf(() => (requests++ === 0 ? whole('{}') : parts))
    const egress = newEgress()
    const one = upstreamAt(upstream.url, { maxConnections: 1 })
    await send(egress, one).outcome
    const { error } = await send(egress, one).outcome
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 1])
    expect(error?.details.isStale).toBeUndefined()
  })

  it('C12 a body after 204 does not reach the next request', async () => {
    const row = MALFORMED.find(({ name }) => name === '204 with a body')!
    const upstream = await upstreamOf(({ connection }) => (connection === 1 ? row.parts : whole('"next"')))
    const egress = newEgress()
    expect(await send(egress, upstreamAt(upstream.url)).outcome).toMatchObject({ status: 204, body: '' })
    expect(await send(egress, upstreamAt(upstream.url)).outcome).toMatchObject({
      status: 200,
      body: '"next"',
    })
  })

  it('C8 no answer within the time for headers is a time-out', async () => {
    const upstream = await upstreamOf(() => ['hang'])
    const { error } = await send(newEgress(), upstreamAt(upstream.url, { headersTimeoutMs: 100 })).outcome
    expect(error).toMatchObject({ kind: 'upstream_timeout', status: 504 })
  })

  it('C15 a refused connection and an unknown name say so', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const egress = newEgress()
    const refused = await send(egress, upstreamAt(`http://127.0.0.1:${port}`)).outcome
    expect(refused.error).toMatchObject({
      kind: 'upstream_unreachable',
      message: expect.stringContaining('nothing listens'),
    })
    const unknown = await send(egress, upstreamAt('http://no-such-host.invalid')).outcome
    expect(unknown.error).toMatchObject({
      kind: 'upstream_unreachable',
      message: expect.stringContaining('does not resolve'),
    })
  })

  it('C15 a handshake that never ends is cut at the connect time-out', async () => {
    const upstream = await upstreamOf(() => ['hang'])
    const silent = upstreamAt(upstream.url.replace('http:', 'https:'), { connectTimeoutMs: 100 })
    const { error } = await send(newEgress(), silent).outcome
    expect(error).toMatchObject({ kind: 'upstream_unreachable', message: expect.stringContaining('in time') })
  })
})

describe('C1 K3 a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%i is not followed: its target gets no byte', async (status) => {
    let canaryBytes = 0
    const watch = createServer((socket) => socket.on('data', (bytes) => (canaryBytes += bytes.length)))
    watch.listen(0, '127.0.0.1')
    await once(watch, 'listening')
    opened({ close: () => new Promise((resolve) => watch.close(resolve)) })
    const target = `http://127.0.0.1:${(watch.address() as AddressInfo).port}`
    const answer = await answerOf(
      `HTTP/1.1 ${status} Moved\r\nlocation: ${target}/steal?key=1\r\ncontent-length: 0\r\n\r\n`,
    )
    expect(answer.error?.kind).toBe('upstream_malformed')
    expect(answer.error?.message).toContain(`redirect (${status} to ${target}), which is not followed`)
    await sleep(20)
    expect(canaryBytes).toBe(0)
  })
})

describe('C6 bytes behind an answer', () => {
  const [answer, poison] = MALFORMED.find(({ id }) => id === 'C6')!.parts as [Part, Part]

  it.each<[string, Part[]]>([
    ['at once', [Buffer.concat([Buffer.from(answer as string), Buffer.from(poison as string)])]],
    ['in a packet of their own', [answer, poison]],
    ['a moment later', [answer, { pause_ms: 1 }, poison]],
  ])('that come %s never answer the next request (1,000 times)', async (_when, parts) => {
    const upstream = await upstreamOf(({ body }) => (body.length === 13 ? parts : whole('"clean"')))
    const egress = newEgress()
    const bodies: string[] = []
    const rounds = async () => {
      for (let round = 0; round < 10; round++) {
        await send(egress, upstreamAt(upstream.url)).outcome
        // What is sent while a request is under way is its answer, whoever made it; it counts what lay there before.
        await sleep(5)
        const second = await send(egress, upstreamAt(upstream.url), { ...POST, body: Buffer.from('{}') })
          .outcome
        bodies.push(second.error?.kind ?? second.body)
      }
    }
    await Promise.all(Array.from({ length: 100 }, rounds))
    expect(bodies).toEqual(Array(1_000).fill('"clean"'))
  })
})
