import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Call } from '../../src/pipeline/call.ts'
import { deferred } from '../support/deferred.ts'
import { hangs, post, rawClient, request, startEdge } from '../support/edge.ts'

const SSE = { 'content-type': 'text/event-stream' }
const MB = 1024 * 1024

/** Streams so many bytes, in fresh chunks, as fast as the client takes them; tells how many were accepted. */
function streams(totalBytes: number, accepted: { bytes: number }) {
  return async ({ reply }: Call): Promise<void> => {
    let left = totalBytes
    let drained = deferred<void>()
    const gone = deferred<void>()
    reply.onGone(() => gone.resolve())
    reply.onDrain(() => drained.resolve())
    reply.open(200, SSE)
    while (left > 0 && !reply.closed) {
      const chunk = Buffer.alloc(Math.min(left, 64 * 1024), `data: ${left} words of an answer\n\n`)
      left -= chunk.length
      accepted.bytes += chunk.length
      drained = deferred<void>()
      if (!reply.write(chunk)) await Promise.race([drained.promise, gone.promise])
      // Others have their turn, as between two reads of an upstream.
      else await new Promise(setImmediate)
    }
    reply.end()
  }
}

/** Waits until a number stands still. */
async function settled(value: () => number): Promise<number> {
  for (let before = -1; before !== value();) {
    before = value()
    await sleep(150)
  }
  return value()
}

describe('a streamed answer', () => {
  const PARTS = ['é—', Buffer.from('word '.repeat(100)), 'x', Buffer.alloc(300_000, 'y')]
  const speaks = async ({ reply }: Call): Promise<void> => {
    reply.open(200, SSE)
    for (const part of PARTS) reply.write(part)
    reply.end()
    expect(reply.bytesWritten).toBe(PARTS.reduce((sum, part) => sum + Buffer.byteLength(part), 0))
  }
  const whole = Buffer.concat(PARTS.map((part) => Buffer.from(part))).toString('latin1')

  it('is in chunks of HTTP/1.1, and the connection serves the next call', async () => {
    const edge = await startEdge({ handle: speaks })
    const client = await rawClient(edge.port, post('{}') + post('{}', ['connection: close']))
    const text = (await client.closed(), client.received())
    const frames = PARTS.map((part) => {
      const bytes = Buffer.from(part).toString('latin1')
      return `${bytes.length.toString(16)}\r\n${bytes}\r\n`
    })
    expect(text.split('\r\n\r\n' + frames.join('') + '0\r\n\r\n')).toHaveLength(3)
    expect(text.match(/^transfer-encoding: chunked\r$/gim)).toHaveLength(2)
  })

  it('ends with the connection for a client of HTTP/1.0', async () => {
    const edge = await startEdge({ handle: speaks })
    const client = await rawClient(edge.port, post('{}').replace('HTTP/1.1', 'HTTP/1.0'))
    const [answer] = await client.closed()
    expect(answer!.head).not.toMatch(/transfer-encoding/i)
    expect(answer!.body).toBe(whole)
  })
})

it.each<[string, (reply: Call['reply'], headers: Record<string, string>) => void]>([
  ['whole', (reply, headers) => reply.send(400, headers, '{"é":1}')],
  ['streamed, text first', (reply, headers) => (reply.open(200, headers), reply.write('é—'), reply.end())],
  [
    'streamed, bytes first',
    (reply, headers) => (reply.open(200, headers), reply.write(Buffer.from('é')), reply.end()),
  ],
  ['streamed, nothing said', (reply, headers) => (reply.open(200, headers), reply.end())],
])('the letters of a header stay Latin-1, whatever the body is written in: %s', async (_how, answer) => {
  const edge = await startEdge({
    handle: ({ reply }) => Promise.resolve(answer(reply, { ...SSE, 'x-odd': 'café' })),
  })
  const client = await rawClient(edge.port, post('{}', ['connection: close']))
  await client.closed()
  expect(client.received()).toMatch(/^x-odd: café\r$/m)
})

describe('B5 B6 a client that does not read', () => {
  it('B5 makes back-pressure: 100 of them with 10 MB each cost less than 64 MB', async () => {
    const accepted = { bytes: 0 }
    const edge = await startEdge({ handle: streams(10 * MB, accepted) })
    const before = heldBytes()
    const clients = await Promise.all(Array.from({ length: 100 }, () => rawClient(edge.port)))
    for (const { socket } of clients) {
      socket.pause()
      socket.write(post('{}'))
    }
    // What the buffers of the kernel took was accepted; the rest waits where it is made.
    expect(await settled(() => accepted.bytes)).toBeLessThan(900 * MB)
    // Node frees what it has written some turns later.
    await expect.poll(() => heldBytes() - before, { timeout: 10_000 }).toBeLessThan(64 * MB)
    for (const { socket } of clients) socket.destroy()
  })

  it('B5 gets everything in order when it reads on', async () => {
    const accepted = { bytes: 0 }
    const edge = await startEdge({ handle: streams(20 * MB, accepted) })
    const client = await rawClient(edge.port)
    client.socket.pause()
    client.socket.write(post('{}', ['connection: close']))
    expect(await settled(() => accepted.bytes)).toBeLessThan(20 * MB)
    client.socket.resume()
    await client.closed()
    expect(client.received().length).toBeGreaterThan(20 * MB)
    expect(client.received().endsWith('0\r\n\r\n')).toBe(true)
  })

  const limits = { writeIdleTimeoutMs: 150 }

  it.each<[string, (call: Call) => Promise<void>]>([
    ['a stream', streams(50 * MB, { bytes: 0 })],
    ['a whole answer', async ({ reply }) => reply.send(200, {}, Buffer.alloc(50 * MB, 'words '))],
    [
      'a stream that failed',
      async ({ reply }) => {
        reply.open(200, SSE)
        reply.write(Buffer.alloc(50 * MB, 'words '))
        reply.abort()
      },
    ],
  ])('B6 is cut in the middle of %s', async (_name, handle) => {
    const edge = await startEdge({ handle, limits })
    const client = await rawClient(edge.port)
    client.socket.pause()
    client.socket.write(post('{}'))
    while (edge.calls.length === 0) await sleep(5)
    await sleep(600)
    expect(edge.calls[0]?.reply.closed).toBe(true)
    // Had it not been cut, all of it would come now, and the connection stay open.
    client.socket.resume()
    await client.closed()
    expect(client.received().length).toBeLessThan(50 * MB)
  })

  it('B6 that reads slowly but steadily is not cut', async () => {
    const edge = await startEdge({ handle: streams(30 * MB, { bytes: 0 }), limits })
    const client = await rawClient(edge.port, post('{}', ['connection: close']))
    let naps = 0
    client.socket.on('data', () => {
      client.socket.pause()
      naps++
      setTimeout(() => client.socket.resume(), 5)
    })
    await client.closed()
    // Many times longer than a client that takes nothing would have had.
    expect(naps * 5).toBeGreaterThan(5 * limits.writeIdleTimeoutMs)
    expect(client.received().endsWith('0\r\n\r\n')).toBe(true)
  })

  it('a silent upstream is no stalled client', async () => {
    const edge = await startEdge({
      limits,
      handle: async ({ reply }) => {
        await sleep(500)
        reply.open(200, SSE)
        reply.write('data: 1\n\n')
        await sleep(500)
        reply.end()
      },
    })
    const client = await rawClient(edge.port, post('{}', ['connection: close']))
    await client.closed()
    expect(client.received().endsWith('0\r\n\r\n')).toBe(true)
  })
})

describe('abort', () => {
  it.each([
    ['in a packet', 'data: 1\n\n'],
    ['in many', 'data: 1234567\n\n'.repeat(200_000)],
  ])('B11 sends what was written %s, and ends without the mark of a whole answer', async (_size, text) => {
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        reply.write(text)
        reply.abort()
        reply.write('data: late\n\n')
        reply.end()
      },
    })
    const client = await rawClient(edge.port, post('{}'))
    await client.closed()
    expect(client.received()).toContain('200 OK')
    expect(client.received().match(/data: \d+\n\n/g)?.length).toBe(text.match(/data/g)?.length)
    expect(client.received()).not.toContain('late')
    expect(client.received().endsWith('0\r\n\r\n')).toBe(false)
  })

  it('B11 tells a failure apart, and gives time to read it, where it is told to', async () => {
    let aborted = false
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.open(200, SSE)
        reply.write('data: 1\n\n')
        reply.abort('data: last\n\n', 200)
        aborted = reply.closed
      },
    })
    const client = await rawClient(edge.port, post('{}'))
    while (!client.received().includes('data: 1')) await sleep(1)
    expect(aborted).toBe(true)
    expect(client.received()).not.toContain('last')
    while (!client.received().includes('last')) await sleep(1)
    expect(client.socket.readableEnded).toBe(false)
    await client.closed()
    expect(client.received().endsWith('last\n\n\r\n')).toBe(true)
  })

  it('of an answer that waits for its turn ends the connection at its turn', async () => {
    const edge = await startEdge({
      handle: async ({ reply, operation }) => {
        if (operation === 'generate') return reply.abort()
        await sleep(20)
        reply.send(200, {}, 'first')
      },
    })
    const client = await rawClient(edge.port, request('GET /anthropic/v1/models') + post('{}'))
    expect((await client.closed()).map(({ body }) => body)).toEqual(['first'])
  })
})

describe('a client that leaves', () => {
  it('is told to the call while there is more to say, and not after', async () => {
    const told: string[] = []
    const edge = await startEdge({
      handle: async (call) => {
        const gone = new Promise<void>((resolve) => {
          call.reply.onGone(() => {
            told.push(call.operation)
            resolve()
          })
        })
        if (call.operation === 'list-models') return call.reply.send(200, {}, 'ok')
        await gone
      },
    })
    const client = await rawClient(edge.port, request('GET /anthropic/v1/models'))
    await client.answers(1)
    client.socket.write(request('GET /anthropic/v1/models/claude-x'))
    while (edge.calls.length < 2) await sleep(1)
    expect(edge.calls.map(({ reply }) => reply.closed)).toEqual([true, false])
    client.socket.destroy()
    while (told.length === 0) await sleep(1)
    expect(edge.calls[1]?.reply.closed).toBe(true)
    expect(told).toEqual(['get-model'])
  })

  it('B1 is told to every call on its connection, also to those whose turn has not come', async () => {
    let gone = 0
    const edge = await startEdge({
      handle: async (call) => {
        await hangs(call)
        gone++
      },
    })
    const client = await rawClient(edge.port, post('{}').repeat(5))
    while (edge.calls.length < 5) await sleep(1)
    client.socket.destroy()
    while (gone < 5) await sleep(1)
    expect(edge.calls.every(({ reply }) => reply.closed)).toBe(true)
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
    const client = await rawClient(edge.port, post('{}'))
    await client.until('data: 1')
    client.socket.resetAndDestroy()
    left.resolve()
    await done.promise
    expect(edge.reports).toEqual([])
  })

  it('B12 5,000 times, at every point of a request, harms nothing and leaves nothing open', async () => {
    const edge = await startEdge({
      handle: async (call) => {
        if (call.operation === 'list-models') return call.reply.send(200, {}, 'ok')
        if (call.operation === 'get-model') return hangs(call)
        await call.readBody(1_000_000).catch(() => undefined)
        await streams(200_000, { bytes: 0 })(call)
      },
    })
    const POINTS = [
      '',
      'POST /anthropic',
      post('{}').slice(0, -10),
      post('x'.repeat(100_000)).slice(0, 5_000),
      request('GET /anthropic/v1/models'),
      request('GET /anthropic/v1/models/claude-x'),
      post('{}'),
      post('{}') + post('{}') + request('GET /anthropic/v1/models'),
      'NO HTTP\r\n\r\n',
    ]
    const leave = async (index: number) => {
      const { socket } = await rawClient(edge.port, POINTS[index % POINTS.length])
      for (let turns = index % 4; turns > 0; turns--) await new Promise(setImmediate)
      if (index % 3 === 0) socket.resetAndDestroy()
      else socket.destroy()
    }
    const rounds = async (from: number, to: number) => {
      for (let index = from; index < to; index += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, offset) => leave(index + offset)))
      }
    }
    await rounds(0, 500)
    const quiet = () => edge.calls.every(({ reply }) => reply.closed)
    while (!quiet()) await sleep(5)
    const before = await openFiles()
    await rounds(500, 5_000)
    while (!quiet()) await sleep(5)
    expect((await openFiles()) - before).toBeLessThanOrEqual(5)
    expect(edge.reports).toEqual([])
    const client = await rawClient(edge.port, request('GET /anthropic/v1/models'))
    expect((await client.answers(1))[0]).toMatchObject({ status: 200, body: 'ok' })
  }, 30_000)
})

describe('a whole answer', () => {
  it.each([
    ['text', 'é — ok', 'é — ok'],
    ['bytes', Buffer.from('é'), 'é'],
    ['nothing', '', ''],
  ])('of %s has its length in bytes', async (_name, body, text) => {
    const edge = await startEdge({
      handle: async ({ reply }) => reply.send(200, { 'x-a': ['1', '2'] }, body),
    })
    const answer = await fetch(`${edge.url}/anthropic/v1/models`)
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
    expect(answer.headers.get('x-a')).toBe('1, 2')
    expect(await answer.text()).toBe(text)
  })

  it('to HEAD has the headers alone, and the connection goes on', async () => {
    const edge = await startEdge()
    const client = await rawClient(
      edge.port,
      request('HEAD /anthropic/api/hello') + request('GET /anthropic/v1/models'),
    )
    await client.until('ok')
    expect(client.received().match(/content-length: 2/gi)).toHaveLength(2)
    expect(client.received().match(/ok/g)).toHaveLength(1)
  })

  it('is the first that was given', async () => {
    const edge = await startEdge({
      handle: async ({ reply }) => {
        reply.send(200, {}, 'first')
        reply.send(500, {}, 'second')
        reply.open(500, {})
        reply.write('third')
      },
    })
    const client = await rawClient(edge.port, request('GET /anthropic/v1/models'))
    expect(await client.answers(1)).toMatchObject([{ status: 200, body: 'first' }])
  })
})

describe('a pipeline that fails its contract', () => {
  it('by throwing answers with a 500 that says nothing, and reports', async () => {
    const edge = await startEdge({ handle: () => Promise.reject(new TypeError('a secret of ours')) })
    const client = await rawClient(edge.port, request('GET /anthropic/v1/models'))
    const [answer] = await client.answers(1)
    expect(answer?.status).toBe(500)
    expect(answer?.body).not.toContain('secret')
    expect(edge.reports).toMatchObject([[expect.any(String), { message: 'a secret of ours' }]])
  })

  it('by never answering does not leave the client waiting', async () => {
    const edge = await startEdge({ handle: async () => undefined })
    const client = await rawClient(edge.port, request('GET /anthropic/v1/models'))
    expect(await client.closed()).toEqual([])
  })
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Memory that is in use, inside and outside of the heap. */
function heldBytes(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** File descriptors of this process, after those of closed sockets are gone. */
async function openFiles(): Promise<number> {
  await sleep(100)
  return readdirSync('/proc/self/fd').length
}
