import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { hangs, readsBody, startEdge } from '../support/edge.ts'
import type { EdgeSetup } from '../support/edge.ts'
import {
  askHttp2,
  END_HEADERS,
  END_STREAM,
  fieldBlock,
  frame,
  HEAD,
  headersFrame,
  http2Client,
  number32,
  rawHttp2Client,
  settings,
  TYPES,
} from '../support/http2.ts'
import type { Http2Frame, RawHttp2Client } from '../support/http2.ts'

type Field = readonly [string, string]

const PROTOCOL_ERROR = 1
/** Node's word where nghttp2 has a limit of its own. */
const INTERNAL_ERROR = 2
const FLOW_CONTROL_ERROR = 3
const FRAME_SIZE_ERROR = 6
const ENHANCE_YOUR_CALM = 11

/** The head of a good request, with fields replaced, left out (undefined) or put behind. */
function head(changes: Record<string, string | undefined>, ...more: Field[]): Field[] {
  const kept = HEAD.flatMap(([name, value]): Field[] => {
    const changed = name in changes ? changes[name] : value
    return changed === undefined ? [] : [[name, changed]]
  })
  return [...kept, ...more]
}

const reset = (frames: readonly Http2Frame[], stream = 1) =>
  frames.find((one) => one.type === TYPES.reset && one.stream === stream)?.payload.readUInt32BE(0)
const goaway = (frames: readonly Http2Frame[]) =>
  frames.find((one) => one.type === TYPES.goaway)?.payload.readUInt32BE(4)
const isData = (stream: number) => (one: Http2Frame) => one.type === TYPES.data && one.stream === stream

/** A good request behind whatever came before it: is the connection still of use? */
async function isServed(client: RawHttp2Client, stream: number): Promise<boolean> {
  client.socket.write(headersFrame(stream, HEAD))
  return (await client.until(isData(stream))) !== undefined
}

async function start(setup: EdgeSetup, ...bytes: Buffer[]) {
  const edge = await startEdge({ handle: readsBody(100_000), ...setup })
  return { edge, client: await rawHttp2Client(edge.port, ...bytes) }
}

describe('D1 a head that two readers could read differently resets its stream, and nothing else', () => {
  it.each<[string, Field[]]>([
    ['transfer-encoding', head({}, ['transfer-encoding', 'chunked'])],
    ['connection', head({}, ['connection', 'x-api-key'])],
    ['keep-alive', head({}, ['keep-alive', 'timeout=5'])],
    ['proxy-connection', head({}, ['proxy-connection', 'keep-alive'])],
    ['upgrade', head({}, ['upgrade', 'websocket'])],
    ['te other than trailers', head({}, ['te', 'gzip'])],
    ['a name in capitals', head({}, ['X-Api-Key', 'a'])],
    ['content-length twice', head({}, ['content-length', '0'], ['content-length', '40'])],
    ['content-length that is a list', head({}, ['content-length', '0, 0'])],
    ['content-length with a sign', head({}, ['content-length', '+0'])],
    ['content-length of a body that does not come', head({}, ['content-length', '40'])],
    ['two paths', head({}, [':path', '/api/logs'])],
    ['a pseudo-header behind the others', head({ ':path': undefined }, ['x-a', 'a'], [':path', '/api/logs'])],
    ['a pseudo-header that there is none of', [[':proto', 'x'], ...HEAD]],
    ['a status', [[':status', '200'], ...HEAD]],
    ['no method', head({ ':method': undefined })],
    ['no path', head({ ':path': undefined })],
    ['an empty path', head({ ':path': '' })],
    ['no scheme', head({ ':scheme': undefined })],
    ['two authorities', head({}, [':authority', 'localhost'])],
    ['two hosts', head({ ':authority': undefined }, ['host', 'localhost'], ['host', 'evil.test'])],
    ['an authority with a user', head({ ':authority': 'user@localhost' })],
    ['a method with a space', head({ ':method': 'GET /x' })],
    ['no authority and no host', head({ ':authority': undefined })],
    ['D4 an authority with a path', head({ ':authority': 'localhost:4000/#@evil' })],
    ['D5 an absolute path', head({ ':path': 'http://localhost/anthropic/v1/messages' })],
    ['a line break in the path', head({ ':path': '/x HTTP/1.1\r\nhost: evil.test' })],
  ])('%s', async (_name, fields) => {
    const { edge, client } = await start({}, headersFrame(1, fields))
    await client.until(({ type }) => type === TYPES.reset)
    expect(reset(client.frames())).toBe(PROTOCOL_ERROR)
    expect(await isServed(client, 3)).toBe(true)
    expect(edge.calls).toHaveLength(1)
  })

  it.each<[string, Field[], number]>([
    ['a host beside another authority', head({}, ['host', 'evil.test']), 400],
    ['D6 two authorizations', head({}, ['authorization', 'Bearer a'], ['authorization', 'Bearer b']), 400],
    ['D7 two x-api-keys', head({}, ['x-api-key', 'a'], ['x-api-key', 'b']), 400],
    ['two content-types', head({}, ['content-type', 'application/json']), 400],
    ['D5 a path of two slashes', head({ ':path': '//anthropic/v1/messages' }), 400],
    ['an asterisk', head({ ':method': 'OPTIONS', ':path': '*' }), 400],
    [
      'D13 CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'evil.test:443'],
      ],
      405,
    ],
    ['D9 101 headers', head({}, ...Array.from({ length: 99 }, (_, i): Field => [`x-${i}`, ''])), 431],
  ])('%s is answered', async (_name, fields, status) => {
    const { edge, client } = await start({ limits: { lingerMs: 20 } }, headersFrame(1, fields))
    const answer = await client.until(({ type, stream }) => type === TYPES.headers && stream === 1)
    expect(statusOf(answer!)).toBe(status)
    expect(edge.calls).toEqual([])
    expect(await isServed(client, 3)).toBe(true)
  })

  it.each<[string, Field]>([
    ['a line break', ['x-a', 'a\r\nx-api-key: b']],
    ['NUL', ['x-a', 'a\0b']],
    ['a name with a space', ['x a', 'b']],
    ['a name with a colon', ['x-a: b\r\nx-c', 'd']],
  ])('a field with %s never comes through', async (_name, field) => {
    const { edge, client } = await start({}, headersFrame(1, head({}, field)))
    await client.until(({ stream, type }) => stream === 1 && type !== TYPES.window)
    for (const call of edge.calls)
      expect(Object.keys(call.headers).toSorted()).toEqual(['content-type', 'host'])
  })
})

/** The first field of an answer: 400 has a number in HPACK's static table, others stand behind the name's. */
function statusOf({ payload }: Http2Frame): number {
  return payload[0] === (0x80 | 12) ? 400 : Number(payload.subarray(2, 5).toString('latin1'))
}

describe('frames out of place end the connection', () => {
  const open = headersFrame(1, HEAD, END_HEADERS)
  const data = (stream: number, payload: string | Buffer, flags = 0) =>
    frame(TYPES.data, flags, stream, payload)
  it.each<[string, Buffer[], number]>([
    ['DATA without a request', [data(1, 'x')], PROTOCOL_ERROR],
    ['a body longer than it said', [headersFrame(1, head({}, ['content-length', '2']), END_HEADERS), data(1, '{}x', END_STREAM)], INTERNAL_ERROR],
    ['DATA on the connection itself', [data(0, 'x')], PROTOCOL_ERROR],
    ['a request of the server’s number', [headersFrame(2, HEAD)], PROTOCOL_ERROR],
    ['a frame longer than agreed', [open, data(1, Buffer.alloc(17_000))], FRAME_SIZE_ERROR],
    ['SETTINGS of a length that is none', [frame(TYPES.settings, 0, 0, 'xxxxx')], FRAME_SIZE_ERROR],
    ['SETTINGS on a stream', [frame(TYPES.settings, 0, 1)], PROTOCOL_ERROR],
    ['a window that is too large', [settings([4, 2 ** 31])], FLOW_CONTROL_ERROR],
    ['PING of a length that is none', [frame(TYPES.ping, 0, 0, 'xxxx')], FRAME_SIZE_ERROR],
    ['PUSH_PROMISE', [frame(TYPES.push, END_HEADERS, 1, number32(2))], PROTOCOL_ERROR],
    ['RST_STREAM of what never was', [frame(TYPES.reset, 0, 7, number32(8))], PROTOCOL_ERROR],
    ['a window update of nothing', [frame(TYPES.window, 0, 0, number32(0))], PROTOCOL_ERROR],
    ['windows that overflow', [frame(TYPES.window, 0, 0, number32(2 ** 31 - 1))], FLOW_CONTROL_ERROR],
    ['a header block broken off by another frame', [frame(TYPES.headers, 0, 1, fieldBlock(HEAD)), data(1, 'x')], PROTOCOL_ERROR],
    ['CONTINUATION without a beginning', [frame(TYPES.continuation, END_HEADERS, 1, fieldBlock(HEAD))], PROTOCOL_ERROR],
    ['padding longer than its frame', [open, data(1, Buffer.from([200, 1, 2]), 8)], PROTOCOL_ERROR],
    ['a header block that cannot be read', [frame(TYPES.headers, END_HEADERS, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))], 9],
    ['CONTINUATION without end', [frame(TYPES.headers, 0, 1, fieldBlock(HEAD)), ...Array.from({ length: 100 }, () => frame(TYPES.continuation, 0, 1, fieldBlock([['x-a', 'b']])))], INTERNAL_ERROR],
  ])('%s', async (_name, bytes, code) => {
    const { edge, client } = await start({ handle: hangs }, ...bytes)
    const frames = await client.closed()
    expect(goaway(frames)).toBe(code)
    while (!edge.calls.every(({ reply }) => reply.closed)) await sleep(1)
    expect(edge.reports).toEqual([])
  }) // prettier-ignore
})

describe('floods', () => {
  const limits = { idleFrames: { burst: 20, perSecond: 1 }, takenBack: { burst: 20, perSecond: 1 } }
  const times = (count: number, make: (index: number) => Buffer): Buffer[] =>
    Array.from({ length: count }, (_, index) => make(index))
  const stream = (index: number) => index * 2 + 1

  it.each<[string, Buffer[]]>([
    ['PING', times(50, () => frame(TYPES.ping, 0, 0, '12345678'))],
    ['SETTINGS', times(50, () => settings([3, 100]))],
    [
      'D22 requests that are taken back at once',
      times(50, (index) =>
        Buffer.concat([headersFrame(stream(index), HEAD), frame(TYPES.reset, 0, stream(index), number32(8))]),
      ),
    ],
    [
      'requests that make the server reset them',
      times(50, (index) =>
        Buffer.concat([
          headersFrame(stream(index), HEAD, END_HEADERS),
          headersFrame(stream(index), [[':path', '/in/a/trailer']]),
        ]),
      ),
    ],
    ['empty DATA', [headersFrame(1, HEAD, END_HEADERS), ...times(500, () => frame(TYPES.data, 0, 1))]],
  ])('%s end the connection', async (_name, bytes) => {
    const { edge, client } = await start({ handle: hangs, limits }, ...bytes)
    const frames = await client.closed()
    expect([ENHANCE_YOUR_CALM, INTERNAL_ERROR]).toContain(goaway(frames))
    while (!edge.calls.every(({ reply }) => reply.closed)) await sleep(1)
    expect(edge.calls.length).toBeLessThanOrEqual(50)
    expect(edge.reports).toEqual([])
  })

  it('D22 that come from one client leave the others alone', async () => {
    const edge = await startEdge({ limits })
    const session = await http2Client(edge.port)
    for (let round = 0; round < 20; round++) {
      const client = await rawHttp2Client(edge.port, ...times(50, () => frame(TYPES.ping, 0, 0, '12345678')))
      await client.closed()
      expect(await askHttp2(session).answer).toMatchObject({ status: 200 })
    }
  })

  it('are not what a client does that pings and takes back now and then', async () => {
    const { client } = await start(
      { limits },
      ...times(10, () => frame(TYPES.ping, 0, 0, '12345678')),
      ...times(10, (index) =>
        Buffer.concat([
          headersFrame(stream(index), HEAD, END_HEADERS),
          frame(TYPES.reset, 0, stream(index), number32(8)),
        ]),
      ),
    )
    expect(await isServed(client, 101)).toBe(true)
  })

  it('streams beyond those agreed are reset, and the connection ends when they go on', async () => {
    const many = times(300, (index) => headersFrame(stream(index), HEAD))
    const { edge, client } = await start({ handle: hangs, limits: { streamsMax: 5 } }, ...many)
    await client.closed()
    expect(edge.calls.length).toBeLessThanOrEqual(5)
  })

  it('a header table that refers to itself a thousand times inflates to no more than a head may have', async () => {
    // An entry of 4 KB into the dynamic table, then by its number (RFC 7541, 6.1) again and again.
    const entry = Buffer.concat([Buffer.from([0x40]), fieldBlock([['x-a', 'x'.repeat(3_900)]]).subarray(1)])
    const block = Buffer.concat([fieldBlock(HEAD), entry, Buffer.alloc(10_000, 0x80 | 62)])
    const { edge, client } = await start({}, frame(TYPES.headers, END_HEADERS | END_STREAM, 1, block))
    await client.until(({ type }) => type === TYPES.reset || type === TYPES.goaway)
    expect(reset(client.frames())).toBe(ENHANCE_YOUR_CALM)
    expect(edge.calls).toEqual([])
  })
})
