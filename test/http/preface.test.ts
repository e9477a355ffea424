import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ask, post, rawClient, readsBody, request, startEdge } from '../support/edge.ts'
import { frame, HEAD, headersFrame, PREFACE, rawHttp2Client, settings, TYPES } from '../support/http2.ts'

const MODELS = request('GET /anthropic/v1/models')
const BIG = 'x'.repeat(200_000)

/** Writes one byte after the other, each in a packet of its own. */
async function drip(write: (byte: Buffer) => unknown, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    write(Buffer.from([byte]))
    await new Promise(setImmediate)
  }
}

describe('the first bytes of a connection', () => {
  it.each([
    ['a request', MODELS, [200]],
    ['a request whose method begins like the preface', post('{}'), [200]],
    ['two requests', MODELS + MODELS, [200, 200]],
    ['a request with a body of 200 KB', post(BIG), [200]],
  ])('%s of HTTP/1.1, at once and byte for byte', async (_name, text, statuses) => {
    const edge = await startEdge({ handle: readsBody(1_000_000) })
    const atOnce = await rawClient(edge.port, text)
    expect((await atOnce.answers(statuses.length)).map(({ status }) => status)).toEqual(statuses)
    const slow = await rawClient(edge.port)
    await drip((byte) => slow.socket.write(byte), Buffer.from(text.slice(0, 100)))
    slow.socket.write(text.slice(100))
    expect((await slow.answers(statuses.length)).map(({ status }) => status)).toEqual(statuses)
  })

  it('the preface of HTTP/2, at once with a request behind it and byte for byte', async () => {
    const edge = await startEdge({ handle: readsBody(1_000_000) })
    const body = [1, 3].flatMap((stream) => [
      headersFrame(stream, HEAD, 4),
      ...Array.from({ length: 4 }, (_, index) =>
        frame(TYPES.data, index === 3 ? 1 : 0, stream, Buffer.alloc(16_000, ' ')),
      ),
    ])
    const isAnswer = ({ type, payload }: { type: number; payload: Buffer }) =>
      type === TYPES.data && payload.toString() === '{"bytes":64000}'
    const atOnce = await rawHttp2Client(edge.port, ...body)
    expect(await atOnce.until((one) => one.stream === 3 && isAnswer(one))).toBeDefined()

    const slow = await rawClient(edge.port)
    await drip((byte) => slow.socket.write(byte), Buffer.concat([PREFACE, settings(), headersFrame(1, HEAD)]))
    await slow.until('{"bytes":0}')
    expect(edge.calls).toHaveLength(3)
  })

  it.each([
    ['of another word behind the asterisk', 'PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n'],
    ['of a path', 'PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['with a header in it', 'PRI * HTTP/2.0\r\nhost: localhost\r\n\r\nSM\r\n\r\n'],
    ['of another version', 'PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n'],
    ['in lower case', 'pri * http/2.0\r\n\r\nsm\r\n\r\n'],
    ['with bare line feeds', 'PRI * HTTP/2.0\n\nSM\n\n'],
    ['behind a request', MODELS + PREFACE.toString()],
    ['behind a space', ` ${PREFACE.toString()}`],
  ])('a preface %s is no HTTP/2', async (_name, text) => {
    const edge = await startEdge()
    const answers = await ask(edge.port, text)
    expect(answers.at(-1)!.status).toBeGreaterThanOrEqual(400)
    expect(edge.calls.length).toBeLessThanOrEqual(1)
  })

  it('that do not come, or do not decide, are waited for a while', async () => {
    const edge = await startEdge({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 100 } })
    for (const text of ['', 'P', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r']) {
      expect(await ask(edge.port, text)).toEqual([])
    }
    const drips = await rawClient(edge.port)
    const bytes = [...PREFACE.subarray(0, 23)]
    const timer = setInterval(() => drips.socket.write(Buffer.from([bytes.shift() ?? 0])), 20)
    await drips.closed()
    clearInterval(timer)
    expect(bytes.length).toBeGreaterThan(10)
  })

  it('that do not come do not keep the server from closing', async () => {
    const edge = await startEdge()
    const clients = await Promise.all(['', 'P', 'PRI * HT'].map((text) => rawClient(edge.port, text)))
    await sleep(20)
    await edge.close(60_000)
    await Promise.all(clients.map((client) => client.closed()))
  })

  it('that do not come from a client that ends its side are not waited for', async () => {
    const edge = await startEdge()
    for (const text of ['', 'PRI']) {
      const client = await rawClient(edge.port, text)
      client.socket.end()
      expect(await client.closed()).toEqual([])
    }
  })
})
