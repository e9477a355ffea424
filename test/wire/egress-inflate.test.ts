import type { Transform } from 'node:stream'
import {
  brotliCompressSync, createBrotliCompress, createGzip, createZstdCompress, deflateSync, gzipSync, zstdCompressSync,
} from 'node:zlib' // prettier-ignore
import { describe, expect, it } from 'vitest'
import { deferred } from '../support/deferred.ts'
import { answerOf, newEgress, POST, send, upstreamAt, upstreamOf, whole } from '../support/upstream.ts'

const STREAMS: { coding: string; open: () => Compressor }[] = [
  { coding: 'gzip', open: createGzip },
  { coding: 'br', open: createBrotliCompress },
  { coding: 'zstd', open: createZstdCompress },
]

type Compressor = Transform & { flush(done: () => void): void }

/** The bytes of one event, flushed, as a proxy sends them. */
async function compress(compressor: Compressor, event: string): Promise<Buffer> {
  compressor.write(event)
  await new Promise<void>((resolve) => compressor.flush(resolve))
  return compressor.read() as Buffer
}

describe('an answer that is compressed although identity was asked for', () => {
  const TEXT = JSON.stringify({
    text: 'It is compressed by the proxy in front of the model server. '.repeat(50),
  })
  const CODED: [string, Buffer][] = [
    ['gzip', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['GZIP', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
    ['identity', Buffer.from(TEXT)],
  ]

  it.each(CODED)('with %s is read', async (coding, body) => {
    const answer = await answerOf(...whole(body, `content-encoding: ${coding}`))
    expect(answer).toMatchObject({ status: 200, body: TEXT, error: undefined })
    if (coding !== 'identity') expect(answer.headers).not.toHaveProperty('content-encoding')
    if (coding !== 'identity') expect(answer.headers).not.toHaveProperty('content-length')
  })

  // Node 22 takes a zstd stream that is cut off for a whole one; the protocol’s own end is then missing.
  const cut = CODED.slice(0, 6).filter(([coding]) => coding !== 'zstd' || !process.version.startsWith('v22.'))

  it.each(cut)('with %s and cut off is truncated, not a clean end', async (coding, body) => {
    const answer = await answerOf(...whole(body.subarray(0, body.length - 6), `content-encoding: ${coding}`))
    expect(answer.error?.kind).toBe('upstream_truncated')
  })

  it.each(CODED.slice(0, 6))('with %s that is none is malformed', async (coding) => {
    const answer = await answerOf(...whole('{"plain":"text"}', `content-encoding: ${coding}`))
    expect(answer.error?.kind).toMatch(/^upstream_(malformed|truncated)$/)
  })

  it.each([
    ['C3 in a chain', Array(40).fill('gzip').join(', ')],
    ['C3 twice', 'gzip, gzip'],
    ['in a coding that nobody knows', 'compress'],
    ['in a coding named like a property of objects', 'constructor'],
  ])('%s is refused', async (_name, coding) => {
    expect((await answerOf(...whole(gzipSync('{}'), `content-encoding: ${coding}`))).error?.kind).toBe(
      'upstream_malformed',
    )
  })

  it.each([
    ['gzip', gzipSync(Buffer.alloc(300 * 1024 * 1024))],
    ['br', brotliCompressSync(Buffer.alloc(300 * 1024 * 1024), { params: { 1: 1 } })],
  ])('C2 a bomb of %s is cut early', async (coding, bomb) => {
    let received = 0
    const upstream = await upstreamOf(() => whole(bomb, `content-encoding: ${coding}`))
    const { outcome } = send(newEgress(), upstreamAt(upstream.url), POST, (chunk) => {
      received += chunk.length
      return true
    })
    expect((await outcome).error).toMatchObject({
      kind: 'upstream_malformed',
      message: expect.stringContaining('bounds'),
    })
    expect(received).toBeLessThan(64 * 1024 * 1024)
  })

  it.each(STREAMS)(
    'streams: each event of $coding is there before the next is sent',
    async ({ coding, open }) => {
      const events = ['one', 'two', 'three']
      const arrived: string[] = []
      const seen = new Map(events.map((event) => [event, deferred<void>()]))
      const upstream = await upstreamOf(async function* () {
        yield `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: ${coding}\r\n\r\n`
        const compressor = open()
        for (const event of events) {
          yield await compress(compressor, event)
          await seen.get(event)!.promise
        }
        yield 'hang'
      })
      const { exchange } = send(newEgress(), upstreamAt(upstream.url), POST, (chunk) => {
        arrived.push(chunk.toString())
        seen.get(chunk.toString())?.resolve()
        return true
      })
      await seen.get('three')!.promise
      expect(arrived).toEqual(events)
      exchange.abort()
    },
  )

  it('holds back when its reader does, and goes on when told', async () => {
    const text = Array.from(
      { length: 40_000 },
      (_, index) => `data: {"index":${index},"delta":"${Math.sin(index)}"}\n\n`,
    ).join('')
    const upstream = await upstreamOf(() => whole(gzipSync(text), 'content-encoding: gzip'))
    let ahead = 0
    let most = 0
    const { outcome } = send(newEgress(), upstreamAt(upstream.url), POST, (chunk, exchange) => {
      ahead += chunk.length
      most = Math.max(most, ahead)
      setImmediate(() => {
        ahead = 0
        exchange.resume()
      })
      return false
    })
    const answer = await outcome
    expect(answer.error).toBeUndefined()
    expect(answer.body).toBe(text)
    expect(most).toBeLessThanOrEqual(64 * 1024)
  })
})
