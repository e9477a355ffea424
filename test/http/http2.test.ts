import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { toGatewayError } from '../../src/message/error.ts'
import type { Call } from '../../src/pipeline/call.ts'
import { deferred } from '../support/deferred.ts'
import { hangs, readsBody, startEdge } from '../support/edge.ts'
import { askHttp2, http2Client, POST } from '../support/http2.ts'

const SSE = { 'content-type': 'text/event-stream' }
const MB = 1024 * 1024
const NO_ERROR = 0
const INTERNAL_ERROR = 2
const CANCEL = 8

/** One request on a connection of its own. */
async function ask(port: number, fields: Record<string, string> = {}, body: string | Buffer = '') {
  return askHttp2(await http2Client(port), fields, body).answer
}

/** Streams so many bytes as fast as the client takes them; tells how many were accepted. */
const streams =
  (totalBytes: number, accepted = { bytes: 0 }) =>
  async ({ reply }: Call): Promise<void> => {
    let drained = deferred<void>()
    const gone = deferred<void>()
    reply.onGone(() => gone.resolve())
    reply.onDrain(() => drained.resolve())
    reply.open(200, SSE)
    for (let left = totalBytes; left > 0 && !reply.closed; left -= 64 * 1024) {
      const chunk = Buffer.alloc(Math.min(left, 64 * 1024), `data: ${left} words of an answer\n\n`)
      accepted.bytes += chunk.length
      drained = deferred<void>()
      if (!reply.write(chunk)) await Promise.race([drained.promise, gone.promise])
      else await new Promise(setImmediate)
    }
    reply.end()
  }

/** Waits until a number stands still. */
async function settled(value: () => number): Promise<number> {
  for (let before = -1; before !== value();) {
    before = value()
    await sleep(150)
  }
  return value()
}

describe('a call over HTTP/2', () => {
  it('is the same as over HTTP/1.1: path, query, headers, host', async () => {
    const edge = await startEdge()
    const fields = { ':path': '/anthropic/v1/models/a%2Fb?limit=2', 'x-lower': 'C', cookie: 'a=1; b=2' }
    expect(await ask(edge.port, fields)).toMatchObject({ status: 200, body: 'ok', code: NO_ERROR })
    const [call] = edge.calls
    expect(call).toMatchObject({ operation: 'get-model', pathModel: 'a/b', queryText: 'limit=2' })
    expect(call!.headers).toEqual({ host: `localhost:${edge.port}`, 'x-lower': 'C', cookie: 'a=1; b=2' })
  })

  it.each([
    ['text', 'é — ok', 'é — ok'],
    ['bytes', Buffer.from('é'), 'é'],
    ['nothing', '', ''],
    ['5 MB', Buffer.alloc(5 * MB, 'word '), 'word '.repeat(MB)],
  ])('has a whole answer of %s with its length in bytes', async (_name, body, text) => {
    const edge = await startEdge({
      handle: async ({ reply }) => reply.send(200, { 'x-a': ['1', '2'], connection: 'close' }, body),
    })
    const answer = await ask(edge.port)
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(text)))
    expect(answer.headers['x-a']).toBe('1, 2')
    expect(answer.headers['connection']).toBeUndefined()
    expect(Buffer.from(answer.body, 'latin1').toString() === text).toBe(true)
    expect(answer.code).toBe(NO_ERROR)
  })

  it('has a streamed answer', async () => {
    const parts = ['é—', Buffer.from('word '.repeat(100)), 'x', Buffer.alloc(300_000, 'y')]
    const written: number[] = []
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, { ...SSE, 'x-odd': 'café' })
        for (const part of parts) reply.write(part)
        reply.end()
        written.push(reply.bytesWritten)
      },
    })
    const answer = await ask(edge.port, POST, '{}')
    const whole = Buffer.concat(parts.map((part) => Buffer.from(part)))
    expect(answer).toMatchObject({ status: 200, code: NO_ERROR, headers: { ...SSE, 'x-odd': 'café' } })
    expect(answer.body === whole.toString('latin1')).toBe(true)
    expect(written).toEqual([whole.length])
  })

  it('to HEAD has the headers alone', async () => {
    const edge = await startEdge()
    const answer = await ask(edge.port, { ':method': 'HEAD', ':path': '/anthropic/api/hello' })
    expect(answer).toMatchObject({ status: 200, body: '', code: NO_ERROR })
    expect(answer.headers['content-length']).toBe('2')
  })

  it('has the answer that was given first', async () => {
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.send(200, {}, 'first')
        reply.send(500, {}, 'second')
        reply.open(500, {})
        reply.write('third')
        reply.end()
        reply.abort()
      },
    })
    expect(await ask(edge.port)).toMatchObject({ status: 200, body: 'first', code: NO_ERROR })
  })

  it('1,000 at once on one connection are all served', async () => {
    const all = deferred<void>()
    const edge = await startEdge({
      handle: async (call) => {
        const body = await call.readBody(1_000)
        call.reply.open(200, SSE)
        if (edge.calls.length === 1_000) all.resolve()
        await all.promise
        call.reply.write(body)
        call.reply.end()
      },
    })
    const session = await http2Client(edge.port)
    const asked = Array.from({ length: 1_000 }, (_, index) => askHttp2(session, POST, `{"a":${index}}`))
    const answers = await Promise.all(asked.map(({ answer }) => answer))
    expect(answers.map(({ body }) => body)).toEqual(asked.map((_, index) => `{"a":${index}}`))
  })

  it.each([
    ['POST', '/anthropic/v1/nothing', 404],
    ['PATCH', '/anthropic/v1/messages', 405],
    ['TRACE', '/anthropic/v1/messages', 405],
    ['POST', '//anthropic/v1/messages', 400],
    ['POST', '/anthropic/%2e%2e/api/logs', 400],
  ])('%s %s is a %s in the client’s own form', async (method, path, status) => {
    const edge = await startEdge()
    const answer = await ask(edge.port, { ':method': method, ':path': path })
    expect(answer).toMatchObject({ status, code: NO_ERROR })
    expect(JSON.parse(answer.body)).toMatchObject({ error: { message: expect.any(String) } })
    expect(edge.calls).toEqual([])
  })
})

describe('the guards', () => {
  it.each<[string, Record<string, string>, number]>([
    ['a foreign authority', { ':authority': 'evil.test' }, 403],
    ['an authority that is no name', { ':authority': 'local_host' }, 400],
    ['an authority and another host', { ':authority': 'localhost', host: 'evil.test' }, 400],
    ['a page of another site', { origin: 'https://evil.test' }, 403],
    ['a page of another site, without an origin', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of this gateway', { ':authority': 'localhost:1', origin: 'http://localhost:1' }, 200],
    ['a page that may call', { origin: 'https://ours.test' }, 200],
  ])('judge %s as over HTTP/1.1', async (_name, fields, status) => {
    const edge = await startEdge({ guards: { allowedOrigins: ['https://ours.test'] } })
    const answer = await ask(edge.port, fields)
    expect(answer.status).toBe(status)
    expect(edge.calls).toHaveLength(status === 200 ? 1 : 0)
    const isOurs = fields['origin'] === 'https://ours.test'
    expect(answer.headers['access-control-allow-origin']).toBe(isOurs ? 'https://ours.test' : undefined)
  })

  it('answer a preflight', async () => {
    const edge = await startEdge({ guards: { allowedOrigins: ['https://ours.test'] } })
    const answer = await ask(edge.port, {
      ':method': 'OPTIONS',
      ':path': '/anthropic/v1/messages',
      origin: 'https://ours.test',
      'access-control-request-method': 'POST',
    })
    expect(answer).toMatchObject({ status: 204, body: '' })
    expect(answer.headers['content-length']).toBeUndefined()
    expect(answer.headers['access-control-allow-methods']).toContain('POST')
  })

  it('D9 count headers and their bytes', async () => {
    const edge = await startEdge()
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'a']))
    expect(await ask(edge.port, many(99))).toMatchObject({ status: 200 })
    expect(await ask(edge.port, many(100))).toMatchObject({ status: 431 })
    expect(await ask(edge.port, { 'x-a': 'word-'.repeat(2_000) })).toMatchObject({ status: 200 })
    expect(await ask(edge.port, { 'x-a': 'word-'.repeat(4_000) })).toMatchObject({ status: 431 })
  })
})

describe('a body over HTTP/2', () => {
  it.each([
    ['as it is', {}, Buffer.from('{"a":1}')],
    ['of 1 MB', {}, Buffer.alloc(MB, ' ')],
    ['compressed', { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(MB, '{ word "'))],
  ])('is read whole %s', async (_name, fields: Record<string, string>, body) => {
    const edge = await startEdge({ handle: readsBody(2 * MB) })
    const answer = await ask(edge.port, { ...POST, ...fields }, body)
    const bytes = fields['content-encoding'] === undefined ? body.length : MB
    expect(JSON.parse(answer.body)).toEqual({ bytes })
  })

  it.each<[string, Record<string, string>, number]>([
    ['above the limit', {}, 413],
    ['above the limit by its own length', { 'content-length': String(8 * MB) }, 413],
    ['of another type', { 'content-type': 'text/plain' }, 415],
    ['in a coding that is not known', { 'content-encoding': 'compress' }, 415],
  ])(
    'D18 %s is refused in the middle of its upload, and the client reads why',
    async (_name, fields, status) => {
      const edge = await startEdge({ handle: readsBody(100_000), limits: { lingerMs: 100 } })
      const session = await http2Client(edge.port)
      const answer = await askHttp2(session, { ...POST, ...fields }, Buffer.alloc(8 * MB, ' ')).answer
      expect(answer).toMatchObject({ status, body: expect.stringContaining('kind') })
      expect(await askHttp2(session).answer).toMatchObject({ status: 200 })
    },
  )

  it('D18 of a client that goes on for ever is reset soon after its refusal', async () => {
    const edge = await startEdge({ handle: readsBody(10), limits: { lingerMs: 50 } })
    const asked = askHttp2(await http2Client(edge.port), POST, null)
    const more = setInterval(() => asked.stream.writable && asked.stream.write('      '), 5)
    expect(await asked.answer).toMatchObject({ status: 413, code: NO_ERROR })
    clearInterval(more)
  })

  it('that nobody reads does not keep the answer from ending', async () => {
    const edge = await startEdge({
      handle: async ({ reply }) => reply.send(401, {}, 'no'),
      limits: { lingerMs: 50 },
    })
    const asked = askHttp2(await http2Client(edge.port), POST, null)
    asked.stream.write('{"half":')
    expect(await asked.answer).toMatchObject({ status: 401, body: 'no', code: NO_ERROR })
  })

  it('D16 that does not come in time is a 408', async () => {
    const edge = await startEdge({
      handle: readsBody(1_000),
      limits: { headersTimeoutMs: 100, requestTimeoutMs: 100, lingerMs: 20 },
    })
    const asked = askHttp2(await http2Client(edge.port), POST, null)
    const drip = setInterval(() => asked.stream.writable && asked.stream.write(' '), 5)
    const answer = await asked.answer
    clearInterval(drip)
    expect(answer.status).toBe(408)
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'request_timeout' })
  })

  it.each([
    ['before it is read', 30],
    ['while it is read', 0],
  ])('of a client that leaves %s is client_closed', async (_when, waitMs) => {
    const ended = deferred<unknown>()
    const edge = await startEdge({
      handle: async (call) => {
        await sleep(waitMs)
        await call.readBody(1_000).then(ended.resolve, ended.resolve)
      },
    })
    const asked = askHttp2(await http2Client(edge.port), POST, null)
    asked.stream.write('half')
    while (edge.calls.length === 0) await sleep(1)
    await sleep(5)
    asked.stream.destroy()
    expect(await ended.promise).toMatchObject({ kind: 'client_closed' })
  })

  it('D14 waits for its go-ahead', async () => {
    const wanted = deferred<void>()
    const edge = await startEdge({
      handle: async (call) => {
        await wanted.promise
        await readsBody(1_000)(call)
      },
    })
    const asked = askHttp2(await http2Client(edge.port), { ...POST, expect: '100-continue' }, null)
    const informed = once(asked.stream, 'headers')
    while (edge.calls.length === 0) await sleep(1)
    wanted.resolve()
    expect((await informed)[0]).toMatchObject({ ':status': 100 })
    asked.stream.end('{}')
    expect(await asked.answer).toMatchObject({ status: 200, body: '{"bytes":2}' })
  })

  it('E10 takes from the budget of all bodies, and gives back', async () => {
    const release = deferred<void>()
    const edge = await startEdge({
      limits: { bodiesMaxBytes: 250, lingerMs: 20 },
      handle: async (call) => {
        try {
          await call.readBody(1_000)
          await release.promise
          call.reply.send(200, {}, '')
        } catch (error) {
          call.reply.send(toGatewayError(error).status, {}, '')
        }
      },
    })
    const session = await http2Client(edge.port)
    const send = () => askHttp2(session, POST, Buffer.alloc(100, ' ')).answer
    const held = [send(), send()]
    while (edge.calls.length < 2) await sleep(1)
    await sleep(20)
    expect((await send()).status).toBe(503)
    release.resolve()
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200])
    expect((await send()).status).toBe(200)
  })
})

describe('a client over HTTP/2 that does not read', () => {
  /** A client that gives no window for more than the first 64 KB of an answer. */
  const stalled = async (port: number) => {
    const asked = askHttp2(await http2Client(port), POST, '{}')
    asked.stream.pause()
    return asked
  }

  it('B5 makes back-pressure for its stream alone', async () => {
    const accepted = { bytes: 0 }
    const edge = await startEdge({
      handle: (call) =>
        call.operation === 'generate' ? streams(50 * MB, accepted)(call) : streams(3 * MB)(call),
    })
    const session = await http2Client(edge.port)
    const slow = askHttp2(session, POST, '{}')
    slow.stream.pause()
    expect(await settled(() => accepted.bytes)).toBeLessThan(2 * MB)
    expect((await askHttp2(session).answer).body).toHaveLength(3 * MB)
    expect(accepted.bytes).toBeLessThan(2 * MB)
    slow.stream.resume()
    expect((await slow.answer).body).toHaveLength(50 * MB)
  })

  it('B5 on 900 streams at once leaves room for the others of its connection', async () => {
    const edge = await startEdge({
      handle: (call) =>
        call.operation === 'generate'
          ? streams(200_000)(call)
          : Promise.resolve(call.reply.send(200, {}, '')),
    })
    const session = await http2Client(edge.port)
    const slow = Array.from({ length: 900 }, () => askHttp2(session, POST, '{}'))
    for (const { stream } of slow) stream.pause()
    while (edge.calls.length < 900) await sleep(5)
    expect(await askHttp2(session, { ':method': 'HEAD' }).answer).toMatchObject({ status: 200 })
    for (const { stream } of slow) stream.resume()
    for (const { answer } of slow) expect((await answer).body).toHaveLength(200_000)
  })

  const limits = { writeIdleTimeoutMs: 100 }

  it.each<[string, (call: Call) => Promise<void>]>([
    ['a stream', streams(10 * MB)],
    ['a whole answer', async ({ reply }) => reply.send(200, {}, Buffer.alloc(10 * MB, 'words '))],
    [
      'a stream that failed',
      async ({ reply }) => {
        reply.open(200, SSE)
        reply.write(Buffer.alloc(10 * MB, 'words '))
        reply.abort()
      },
    ],
  ])('B6 is cut in the middle of %s, although its connection lives', async (_name, handle) => {
    const edge = await startEdge({ handle, limits })
    const asked = await stalled(edge.port)
    const pings = setInterval(() => asked.stream.session?.ping(() => undefined), 20)
    const answer = await asked.answer
    clearInterval(pings)
    expect(answer.code).toBe(INTERNAL_ERROR)
    expect(edge.calls[0]?.reply.closed).toBe(true)
  })

  it.each<[string, (call: Call) => Promise<void>]>([
    ['a stream', streams(10 * MB)],
    ['a whole answer', async ({ reply }) => reply.send(200, {}, Buffer.alloc(10 * MB, 'words '))],
  ])('B6 but takes %s slowly and steadily is not cut', async (_name, handle) => {
    const edge = await startEdge({ handle, limits })
    const { stream, answer } = askHttp2(await http2Client(edge.port), POST, '{}')
    let naps = 0
    stream.on('data', () => {
      stream.pause()
      naps++
      setTimeout(() => stream.resume(), 2)
    })
    const { body, code } = await answer
    expect(naps * 2).toBeGreaterThan(3 * limits.writeIdleTimeoutMs)
    expect([body.length, code]).toEqual([10 * MB, NO_ERROR])
  })

  it('is not who waits for a silent upstream', async () => {
    const edge = await startEdge({
      limits,
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        reply.write('data: 1\n\n')
        await sleep(350)
        reply.end()
      },
    })
    expect(await ask(edge.port, POST, '{}')).toMatchObject({ body: 'data: 1\n\n', code: NO_ERROR })
  })
})

describe('an answer over HTTP/2 that ends early', () => {
  it.each([
    ['in a packet', 'data: 1\n\n'],
    ['in many', 'data: 1234567\n\n'.repeat(100_000)],
  ])('B11 has what was written %s, and is reset, not ended', async (_size, text) => {
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        reply.write(text)
        reply.abort()
        reply.write('data: late\n\n')
        reply.end()
      },
    })
    const session = await http2Client(edge.port)
    const answer = await askHttp2(session, POST, '{}').answer
    expect(answer.body === text).toBe(true)
    expect(answer).toMatchObject({ status: 200, code: INTERNAL_ERROR })
    expect(session.closed).toBe(false)
  })

  it.each<[string, (call: Call) => Promise<void>, number | undefined, number]>([
    ['throwing', () => Promise.reject(new TypeError('a secret of ours')), 500, NO_ERROR],
    ['never answering', async () => undefined, undefined, INTERNAL_ERROR],
  ])(
    'because the pipeline fails its contract by %s tells nothing of it',
    async (_how, handle, status, code) => {
      const edge = await startEdge({ handle })
      const answer = await ask(edge.port)
      expect([answer.status, answer.code]).toEqual([status, code])
      expect(answer.body).not.toContain('secret')
    },
  )
})

describe('a client over HTTP/2 that leaves', () => {
  it.each([
    ['resets its stream', false],
    ['breaks its connection', true],
  ])('B1 and %s is told to the call while there is more to say', async (_how, breaks) => {
    const edge = await startEdge({ handle: hangs })
    const session = await http2Client(edge.port)
    const asked = [askHttp2(session, POST, '{}'), askHttp2(session, POST, '{}')]
    while (edge.calls.length < 2) await sleep(1)
    if (breaks) session.destroy()
    else asked[0]!.stream.close(CANCEL)
    while (!edge.calls[0]!.reply.closed) await sleep(1)
    if (!breaks) {
      expect(edge.calls[1]!.reply.closed).toBe(false)
      asked[1]!.stream.close(CANCEL)
    }
    while (!edge.calls[1]!.reply.closed) await sleep(1)
  })

  it('makes what is written to it vanish, without an error', async () => {
    const left = deferred<void>()
    const done = deferred<void>()
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        reply.write('data: 1\n\n')
        await left.promise
        for (let count = 0; count < 100; count++) {
          reply.write('data: more\n\n')
          await new Promise(setImmediate)
        }
        reply.end()
        reply.send(200, {}, '')
        reply.abort()
        done.resolve()
      },
    })
    const session = await http2Client(edge.port)
    const asked = askHttp2(session, POST, '{}')
    await asked.until('data: 1')
    session.destroy()
    left.resolve()
    await done.promise
    expect(edge.reports).toEqual([])
  })

  it('B12 2,000 times, at every point of a request, harms nothing', async () => {
    const edge = await startEdge({
      handle: async (call) => {
        if (call.operation === 'get-model') return hangs(call)
        await call.readBody(MB).catch(() => undefined)
        await streams(200_000)(call)
      },
      limits: { takenBack: { burst: 10_000, perSecond: 1 } },
    })
    for (let round = 0; round < 20; round++) {
      const session = await http2Client(edge.port)
      for (let index = 0; index < 100; index++) {
        const fields = index % 3 === 0 ? { ':path': '/anthropic/v1/models/x' } : POST
        const { stream } = askHttp2(session, fields, index % 3 === 1 ? null : '')
        for (let turns = index % 4; turns > 0; turns--) await new Promise(setImmediate)
        if (index % 7 !== 0) stream.close(index % 2 === 0 ? CANCEL : NO_ERROR)
      }
      session.destroy()
    }
    while (!edge.calls.every(({ reply }) => reply.closed)) await sleep(5)
    expect(edge.reports).toEqual([])
    expect(await ask(edge.port, { ':method': 'HEAD' })).toMatchObject({ status: 200 })
  })
})

describe('bounds of HTTP/2', () => {
  it('say how many streams a connection may have', async () => {
    const edge = await startEdge({ handle: hangs, limits: { streamsMax: 3 } })
    const session = await http2Client(edge.port)
    await once(session, 'remoteSettings')
    expect(session.remoteSettings).toMatchObject({ maxConcurrentStreams: 3, enablePush: false })
    for (let count = 0; count < 5; count++) askHttp2(session, POST, '{}')
    await sleep(50)
    expect(edge.calls).toHaveLength(3)
  })

  it('refuse what is too much on all connections together', async () => {
    const edge = await startEdge({ handle: hangs, limits: { allStreamsMax: 2 } })
    const sessions = [await http2Client(edge.port), await http2Client(edge.port)]
    for (const session of sessions) askHttp2(session, POST, '{}')
    while (edge.calls.length < 2) await sleep(1)
    const answer = await askHttp2(sessions[0]!, POST, '{}').answer
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(edge.calls).toHaveLength(2)
  })

  it.each([
    ['that has not asked for anything', 'headersTimeoutMs', false],
    ['on which nothing is asked any more', 'keepAliveTimeoutMs', true],
  ])('end a connection %s, however it pings', async (_name, limit, asks) => {
    const edge = await startEdge({ limits: { [limit]: 100, lingerMs: 50 } })
    const session = await http2Client(edge.port)
    const closed = once(session, 'close')
    const pings = setInterval(() => !session.destroyed && session.ping(() => undefined), 20)
    if (asks) expect(await askHttp2(session).answer).toMatchObject({ status: 200 })
    await closed
    clearInterval(pings)
  })

  it('do not end a connection on which an answer is under way', async () => {
    const edge = await startEdge({
      limits: { keepAliveTimeoutMs: 50, headersTimeoutMs: 50 },
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        await sleep(200)
        reply.end()
      },
    })
    expect(await ask(edge.port)).toMatchObject({ status: 200, code: NO_ERROR })
  })
})

describe('closing with clients of HTTP/2', () => {
  it('ends kept connections at once', async () => {
    const edge = await startEdge()
    const session = await http2Client(edge.port)
    await askHttp2(session).answer
    const closed = once(session, 'close')
    await edge.close(60_000)
    await closed
  })

  it('lets answers end, takes no new request, and closes their connections', async () => {
    const finish = deferred<void>()
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        reply.write('data: 1\n\n')
        await finish.promise
        reply.write('data: 2\n\n')
        reply.end()
      },
    })
    const session = await http2Client(edge.port)
    const asked = askHttp2(session, POST, '{}')
    await asked.until('data: 1')
    const told = once(session, 'goaway')
    const closed = edge.close(60_000)
    await told
    finish.resolve()
    expect(await asked.answer).toMatchObject({ body: 'data: 1\n\ndata: 2\n\n', code: NO_ERROR })
    await closed
    expect(edge.calls).toHaveLength(1)
  })

  it('cuts what is left at the deadline, and waits until every call has ended', async () => {
    let ended = 0
    const edge = await startEdge({
      handle: async (call) => {
        await hangs(call)
        await sleep(30)
        ended++
      },
    })
    const session = await http2Client(edge.port)
    const asked = Array.from({ length: 5 }, () => askHttp2(session, POST, '{}'))
    while (edge.calls.length < 5) await sleep(1)
    await edge.close(50)
    expect(ended).toBe(5)
    for (const { answer } of asked) expect((await answer).status).toBeUndefined()
  })

  it('H2 lets those who are left be told at the deadline why their answers end', async () => {
    const stopping = deferred<void>()
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        await stopping.promise
        reply.write('data: stopping\n\n')
        reply.abort()
      },
    })
    const asked = askHttp2(await http2Client(edge.port), POST, '{}')
    while (edge.calls.length === 0) await sleep(1)
    await edge.close(50, async () => stopping.resolve())
    expect(await asked.answer).toMatchObject({ body: 'data: stopping\n\n', code: INTERNAL_ERROR })
  })
})
