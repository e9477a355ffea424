import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Call } from '../../src/pipeline/call.ts'
import { deferred } from '../support/deferred.ts'
import { hangs, post, rawClient, readsBody, request, startEdge } from '../support/edge.ts'

const MODELS = request('GET /anthropic/v1/models')

/** Any other program may listen at a port of the other family that was free in this one. */
const OTHERS = { retry: 3 }

describe('listening', () => {
  it('on localhost is on both families of loopback, at the same free port', async () => {
    const edge = await startEdge({ host: 'localhost' })
    expect(edge.port).toBeGreaterThan(0)
    for (const host of ['127.0.0.1', '::1']) {
      const [answer] = await (await rawClient(edge.port, MODELS, host)).answers(1)
      expect(answer, host).toMatchObject({ status: 200, body: 'ok' })
    }
  })

  it.each(['127.0.0.1', '::1', '[::1]'])('on %s is there alone', OTHERS, async (host) => {
    const edge = await startEdge({ host })
    const other = host === '127.0.0.1' ? '::1' : '127.0.0.1'
    await expect(rawClient(edge.port, '', other)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it.each(['127.0.0.1', '::1'])('where %s is taken fails and leaves nothing open', OTHERS, async (host) => {
    const other = createServer().listen(0, host)
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    await expect(startEdge({ host: 'localhost', port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const family = host === '::1' ? '127.0.0.1' : '::1'
    await expect(rawClient(port, '', family)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await new Promise((resolve) => other.close(resolve))
  })
})

describe('a call', () => {
  it('has the canonical path, its query when asked, its headers, and an id that the client did not choose', async () => {
    const edge = await startEdge()
    const headers = ['x-request-id: mine', 'anthropic-beta: a', 'anthropic-beta: b', 'X-Upper: C']
    await (
      await rawClient(edge.port, request('GET /anthropic/v1/models/a%2Fb?limit=2&x=%20', headers))
    ).answers(1)
    const [call] = edge.calls
    expect(call).toMatchObject({
      operation: 'get-model',
      path: '/anthropic/v1/models/a%2Fb',
      pathModel: 'a/b',
      headers: { 'anthropic-beta': 'a, b', 'x-upper': 'C' },
    })
    expect(call?.protocol.id).toBe('anthropic')
    expect(call?.id).toMatch(/^[0-9a-f-]{36}$/)
    expect([...call!.query]).toEqual([
      ['limit', '2'],
      ['x', ' '],
    ])
    expect(call?.query).toBe(call?.query)
  })
})

describe('D11 requests that are sent ahead', () => {
  const numbered = (count: number) =>
    Array.from({ length: count }, (_, index) => request(`GET /anthropic/v1/models/m${index}`)).join('')

  it('are answered in their order, however they end', async () => {
    const waits = new Map([
      ['m0', 30],
      ['m1', 0],
      ['m2', 10],
    ])
    const edge = await startEdge({
      handle: async ({ reply, pathModel }) => {
        await sleep(waits.get(pathModel!))
        reply.open(200, { 'content-length': '2' })
        reply.write(pathModel!)
        reply.end()
      },
    })
    const answers = await (await rawClient(edge.port, numbered(3))).answers(3)
    expect(answers.map(({ body }) => body)).toEqual(['m0', 'm1', 'm2'])
  })

  it('1,000 of them in order, whether they are served or too many', async () => {
    const edge = await startEdge({
      handle: async ({ reply, pathModel }) => {
        await sleep(Math.random() * 5)
        reply.send(200, {}, pathModel!)
      },
    })
    const client = await rawClient(edge.port, numbered(1_000))
    const answers = await client.closed()
    const served = answers.filter(({ status }) => status === 200)
    expect(served.map(({ body }) => body)).toEqual(served.map((_, index) => `m${index}`))
    expect(served.length).toBeGreaterThanOrEqual(100)
    // One connection cannot have more calls under way; the first that is too many is the last that is answered.
    expect(answers.slice(served.length).map(({ status }) => status)).toEqual([503])
    expect(edge.calls).toHaveLength(served.length)
  })

  it('1,000 of them one after another on one connection are all served', async () => {
    const edge = await startEdge()
    const client = await rawClient(edge.port)
    for (let count = 1; count <= 1_000; count++) {
      client.socket.write(MODELS)
      await client.answers(count)
    }
    expect(edge.calls).toHaveLength(1_000)
  })
})

describe('clients that take their time', () => {
  const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200, connectionsCheckMs: 20 }

  it('D15 over their headers are told 408 and cut', async () => {
    const edge = await startEdge({ limits })
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => rawClient(edge.port, 'GET / HTTP/1.1\r\nhost: ')),
    )
    for (const client of clients) expect(await client.closed()).toMatchObject([{ status: 408 }])
  })

  it('D15 over single bytes of their headers too', async () => {
    const edge = await startEdge({ limits })
    const client = await rawClient(edge.port)
    const bytes = request('GET /anthropic/v1/models', ['x-slow: wait']).split('')
    const drip = setInterval(() => client.socket.write(bytes.shift() ?? ' '), 10)
    expect(await client.closed()).toMatchObject([{ status: 408 }])
    clearInterval(drip)
    expect(edge.calls).toEqual([])
  })

  it('D16 over their body are told 408 and cut, and the call hears that they left', async () => {
    const heard = deferred<unknown>()
    const edge = await startEdge({
      limits,
      handle: async (call) => {
        await call.readBody(1_000).then(heard.resolve, heard.resolve)
      },
    })
    const client = await rawClient(edge.port, post('{"a":1}').slice(0, -3))
    expect(await client.closed()).toMatchObject([{ status: 408 }])
    expect(await heard.promise).toMatchObject({ kind: 'client_closed' })
  })

  it('with their next request on a kept connection are cut when it was idle long enough', async () => {
    const edge = await startEdge({ limits: { keepAliveTimeoutMs: 50 } })
    const client = await rawClient(edge.port, MODELS)
    expect(await client.closed()).toMatchObject([{ status: 200 }])
  })

  it('on a connection on which they send nothing are cut', async () => {
    const edge = await startEdge({ limits })
    expect(await (await rawClient(edge.port)).closed()).toEqual([])
  })
})

describe('D17 connections beyond the limit', () => {
  it('are closed, and those within it are served on', async () => {
    const edge = await startEdge({ limits: { connectionsMax: 10 } })
    const clients = await Promise.all(Array.from({ length: 10 }, () => rawClient(edge.port)))
    const over = await Promise.all(Array.from({ length: 20 }, () => rawClient(edge.port)))
    await Promise.all(over.map((client) => client.closed()))
    for (const client of clients) {
      client.socket.write(MODELS)
      expect(await client.answers(1)).toMatchObject([{ status: 200 }])
      client.socket.destroy()
    }
    await sleep(20)
    expect(await (await rawClient(edge.port, MODELS)).answers(1)).toMatchObject([{ status: 200 }])
  })
})

describe('close', () => {
  it('ends kept connections at once', async () => {
    const edge = await startEdge()
    const client = await rawClient(edge.port, MODELS)
    await client.answers(1)
    await edge.close(60_000)
    await client.closed()
    await expect(rawClient(edge.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('lets answers that are under way end, and then their connections', async () => {
    const finish = deferred<void>()
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, { 'content-type': 'text/event-stream' })
        reply.write('data: 1\n\n')
        await finish.promise
        reply.write('data: 2\n\n')
        reply.end()
      },
    })
    const client = await rawClient(edge.port, post('{}'))
    await client.until('data: 1')
    const closed = edge.close(60_000)
    await sleep(20)
    finish.resolve()
    await closed
    await client.closed()
    expect(client.received()).toContain('data: 2')
    expect(client.received().endsWith('0\r\n\r\n')).toBe(true)
  })

  it('answers a request that was on its way, and tells that it is the last', async () => {
    const finish = deferred<void>()
    const edge = await startEdge({
      handle: async ({ reply, operation }) => {
        if (operation === 'generate') await finish.promise
        reply.send(200, {}, operation)
      },
    })
    const busy = await rawClient(edge.port, post('{}'))
    while (edge.calls.length === 0) await sleep(1)
    const closed = edge.close(60_000)
    busy.socket.write(MODELS)
    while (edge.calls.length === 1) await sleep(1)
    finish.resolve()
    const answers = await busy.closed()
    expect(answers.map(({ body }) => body)).toEqual(['generate', 'list-models'])
    expect(answers[1]?.head).toMatch(/^connection: close$/im)
    await closed
  })

  it('cuts what is left at the deadline, and waits until every call has ended', async () => {
    let ended = 0
    const edge = await startEdge({
      handle: async (call: Call) => {
        await hangs(call)
        await sleep(30)
        ended++
      },
    })
    const clients = await Promise.all(Array.from({ length: 5 }, () => rawClient(edge.port, post('{}'))))
    while (edge.calls.length < 5) await sleep(1)
    await edge.close(50)
    expect(ended).toBe(5)
    for (const client of clients) expect(await client.closed()).toEqual([])
  })

  it('H2 lets those who are left be told at the deadline why their answers end', async () => {
    const stopping = deferred<void>()
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, { 'content-type': 'text/event-stream' })
        reply.write('data: 1\n\n')
        await stopping.promise
        reply.write('data: stopping\n\n')
        reply.abort()
      },
    })
    const client = await rawClient(edge.port, post('{}'))
    await client.until('data: 1')
    await edge.close(50, async () => stopping.resolve())
    await client.closed()
    expect(client.received()).toContain('data: stopping')
    expect(client.received().endsWith('0\r\n\r\n')).toBe(false)
  })

  it('with nothing open is over at once', async () => {
    await (await startEdge({ host: 'localhost', handle: readsBody(1) })).close(60_000)
  })
})
