import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deferred } from '../support/deferred.ts'
import { newEgress, opened, POST, send, upstreamAt, upstreamOf, whole } from '../support/upstream.ts'

const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

/** An upstream that takes connections and tells of their close; nothing is sent unless `onRequest` does. */
async function sockets(onRequest: (socket: Socket) => void) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => onRequest(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened({ close: async () => void server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('abort', () => {
  it.each([
    ['B1 before the first byte', ''],
    ['B2 in the middle of a stream', `${STREAM_HEAD}5\r\nfirst\r\n`],
  ])('%s closes the connection within 250 ms, 100 of 100 times', async (_when, bytes) => {
    const latencies: number[] = []
    let abortedAt = 0
    let requested = deferred<Socket>()
    const url = await sockets((socket) => {
      socket.write(bytes)
      requested.resolve(socket)
    })
    const egress = newEgress()
    for (let round = 0; round < 100; round++) {
      requested = deferred<Socket>()
      const { exchange } = send(egress, upstreamAt(url))
      const socket = await requested.promise
      const closed = new Promise((resolve) => socket.on('close', resolve))
      abortedAt = performance.now()
      exchange.abort()
      await closed
      latencies.push(performance.now() - abortedAt)
    }
    // The bound that the product promises, a hundred times what it takes.
    expect(latencies.toSorted((a, b) => a - b)[98]).toBeLessThan(250)
  })

  it('tells the handler nothing more', async () => {
    let socket: Socket | undefined
    const first = deferred<void>()
    const url = await sockets((opening) => {
      socket = opening
      opening.write(`${STREAM_HEAD}5\r\nfirst\r\n`)
    })
    const heard: string[] = []
    const exchange = newEgress().dispatch(upstreamAt(url), POST, {
      onHeaders: (status) => heard.push(`headers ${status}`),
      onData: (chunk) => {
        heard.push(chunk.toString())
        first.resolve()
        return true
      },
      onEnd: () => heard.push('end'),
      onError: ({ kind }) => heard.push(kind),
    })
    await first.promise
    exchange.abort()
    exchange.abort()
    exchange.resume()
    socket!.end('6\r\nsecond\r\n0\r\n\r\n')
    await sleep(20)
    expect(heard).toEqual(['headers 200', 'first'])
  })

  it('inside a callback, as the answer ends, harms neither this connection’s pool nor the next request', async () => {
    const upstream = await upstreamOf(() => whole('{}', 'connection: close'))
    const egress = newEgress()
    for (let round = 0; round < 10; round++) {
      const ended = deferred<void>()
      send(egress, upstreamAt(upstream.url), POST, (_chunk, exchange) => {
        exchange.abort()
        ended.resolve()
        return false
      })
      await ended.promise
    }
    expect(await send(egress, upstreamAt(upstream.url)).outcome).toMatchObject({ status: 200, body: '{}' })
  })

  it('before the HTTP client is loaded sends nothing', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    const egress = newEgress()
    send(egress, upstreamAt(upstream.url)).exchange.abort()
    await egress.warmUp()
    await sleep(20)
    expect(upstream.connections()).toBe(0)
  })

  it('while waiting for a connection costs no connection', async () => {
    const release = deferred<void>()
    const upstream = await upstreamOf(async function* ({ body }) {
      if (body.length === 13) await release.promise
      yield* whole('"done"')
    })
    const only = upstreamAt(upstream.url, { maxConnections: 1 })
    const egress = newEgress()
    const first = send(egress, only)
    await egress.warmUp()
    const waiting = Array.from({ length: 50 }, () => send(egress, only))
    const last = send(egress, only, { ...POST, body: Buffer.from('{}') })
    for (const { exchange } of waiting) exchange.abort()
    release.resolve()
    expect(await first.outcome).toMatchObject({ body: '"done"' })
    expect(await last.outcome).toMatchObject({ body: '"done"' })
    expect(upstream.connections()).toBe(1)
    expect(upstream.requests).toHaveLength(2)
  })
})

describe('B5 back-pressure', () => {
  it('a handler that takes nothing holds the upstream back; it goes on when told', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'a word of an answer ')
    const total = 40 * 1024 * 1024
    let sent = 0
    const url = await sockets((socket) => {
      const more = () => {
        while (sent < total) {
          sent += chunk.length
          if (!socket.write(chunk)) return
        }
        socket.end()
      }
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`)
      socket.on('drain', more)
      more()
    })
    let received = 0
    let stalled = true
    const { outcome, exchange } = send(newEgress(), upstreamAt(url), POST, ({ length }) => {
      received += length
      return !stalled
    })
    let before = -1
    while (before !== sent) {
      before = sent
      await sleep(100)
    }
    // What the kernel's buffers of both sides hold, and one read of ours.
    expect(sent).toBeLessThan(20 * 1024 * 1024)
    expect(received).toBeLessThanOrEqual(64 * 1024)
    stalled = false
    exchange.resume()
    expect((await outcome).error).toBeUndefined()
    expect(received).toBe(total)
  })
})

describe('a handler that throws', () => {
  it.each(['onHeaders', 'onData', 'onEnd'] as const)(
    'in %s ends its own exchange as internal',
    async (place) => {
      const upstream = await upstreamOf(() => whole('{}'))
      const egress = newEgress()
      const failed = deferred<unknown>()
      const handler = {
        onHeaders: () => undefined as void,
        onData: () => true,
        onEnd: () => undefined as void,
        onError: failed.resolve,
      }
      egress.dispatch(upstreamAt(upstream.url), POST, {
        ...handler,
        [place]: () => {
          throw new TypeError('a fault of ours')
        },
      })
      expect(await failed.promise).toMatchObject({ kind: 'internal', cause: { message: 'a fault of ours' } })
      expect(await send(egress, upstreamAt(upstream.url)).outcome).toMatchObject({ body: '{}' })
    },
  )
})

describe('D19 what no HTTP request can hold is a 400 that names the place and not the value', () => {
  const ROWS: [string, Partial<typeof POST>, string][] = [
    ['a key with a line break', { headers: { 'x-api-key': 'sk-secret\n' } }, 'x-api-key'],
    [
      'a key with an injected header',
      { headers: { authorization: 'Bearer sk-secret\r\nx-admin: 1' } },
      'authorization',
    ],
    ['NUL', { headers: { 'x-session': 'sk-secret\0' } }, 'x-session'],
    ['a letter beyond Latin-1', { headers: { 'x-alias': 'sk-secret ключ' } }, 'x-alias'],
    ['an emoji', { headers: { 'anthropic-beta': 'sk-secret 🚀' } }, 'anthropic-beta'],
    ['a space in the path', { path: '/v1/models/sk-secret x' }, 'path'],
    ['a line break in the path', { path: '/v1/models/sk-secret\r\nx: y' }, 'path'],
  ]
  it.each(ROWS)('%s', async (_name, change, field) => {
    const upstream = await upstreamOf(() => whole('{}'))
    const { error } = await send(newEgress(), upstreamAt(upstream.url), { ...POST, ...change }).outcome
    expect(error).toMatchObject({ kind: 'invalid_request', status: 400, details: { field } })
    expect(error?.message).not.toContain('sk-secret')
    expect(upstream.requests).toEqual([])
  })

  it('a header name that is none, and headers of the connection itself, are refused too', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    const egress = newEgress()
    for (const name of ['a b', 'x:', '', 'x\r\ny', 'transfer-encoding', 'upgrade', 'expect', 'keep-alive']) {
      const { error } = await send(egress, upstreamAt(upstream.url), { ...POST, headers: { [name]: 'v' } })
        .outcome
      expect(error?.kind, name).toBe('invalid_request')
    }
    expect(upstream.requests).toEqual([])
  })

  it('any text as a value goes as it is or is a 400: no other header ever arises (10,000 values)', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    const egress = newEgress()
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\r', '\n', '\0', 'a', ':', ' ', 'é', '中') }),
    )
    const values = fc.sample(text, 10_000)
    const sent: string[] = []
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let value = values.pop(); value !== undefined; value = values.pop()) {
          const { error } = await send(egress, upstreamAt(upstream.url), {
            ...POST,
            headers: { 'x-value': value },
          }).outcome
          if (error === undefined) sent.push(`x-value: ${value}`)
          else expect(error.status).toBe(400)
        }
      }),
    )
    const heads = upstream.requests.map(({ head }) =>
      head.split('\r\n').filter((line) => !/^(POST|host|connection|content-length)\b/.test(line)),
    )
    expect(heads.every((lines) => lines.length === 1)).toBe(true)
    expect(new Set(heads.map(([line]) => line))).toEqual(new Set(sent))
    expect(sent.length).toBeGreaterThan(100)
  })
})

describe('a changed configuration', () => {
  it('closes the connections that it no longer names, after their answers have ended', async () => {
    const release = deferred<void>()
    const upstream = await upstreamOf(async function* () {
      await release.promise
      yield* whole('"old"')
    })
    const egress = newEgress()
    const old = upstreamAt(upstream.url)
    const { outcome } = send(egress, old)
    while (upstream.requests.length === 0) await sleep(1)
    egress.keepOnly([upstreamAt(upstream.url, { headersTimeoutMs: 1_000 })])
    release.resolve()
    expect(await outcome).toMatchObject({ body: '"old"' })
    expect(await send(egress, old).outcome).toMatchObject({ body: '"old"' })
    expect(upstream.connections()).toBe(2)
  })

  it('that names the same settings in new objects keeps the connections', async () => {
    const upstream = await upstreamOf(() => whole('{}'))
    const egress = newEgress()
    await send(egress, upstreamAt(upstream.url)).outcome
    egress.keepOnly([upstreamAt(upstream.url)])
    await sleep(5)
    await send(egress, upstreamAt(upstream.url)).outcome
    expect(upstream.connections()).toBe(1)
  })

  it('close cuts what is under way', async () => {
    const upstream = await upstreamOf(() => ['hang'])
    const egress = newEgress()
    const { outcome } = send(egress, upstreamAt(upstream.url))
    while (upstream.requests.length === 0) await sleep(1)
    await egress.close()
    expect((await outcome).error).toMatchObject({ kind: 'overloaded_gateway', verdict: 'tell' })
  })

  it('H2 close cuts an answer that has begun, and says that the fault is ours', async () => {
    const upstream = await upstreamOf(() => ['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', 'hang'])
    const egress = newEgress()
    const { outcome } = send(egress, upstreamAt(upstream.url))
    while (upstream.requests.length === 0) await sleep(1)
    await sleep(20)
    await egress.close()
    expect((await outcome).error).toMatchObject({
      kind: 'overloaded_gateway',
      message: 'The gateway is stopping.',
    })
  })
})
