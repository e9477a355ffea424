import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { directiveText } from '../support/provider/directive.ts'
import { MALFORMED, POISON } from '../support/provider/malformed.ts'
import type { Part } from '../support/provider/parts.ts'
import { allRows, openLog } from './rig/log-rows.ts'
import {
  LAST_CHUNK,
  Rig,
  SECRETS,
  SIDES,
  STREAM_HEAD,
  type Side,
  ask,
  chunked,
  inSession,
  measured,
  newCase,
  residentBytes,
} from './rig/rig.ts'

const MB = 1024 * 1024

let rig: Rig
const canary = { bytes: 0, url: '' }
const watch = createServer((socket) => socket.on('data', (bytes) => (canary.bytes += bytes.length)))
beforeAll(async () => {
  rig = await Rig.start()
  watch.listen(0, '127.0.0.1')
  await once(watch, 'listening')
  canary.url = `http://127.0.0.1:${(watch.address() as AddressInfo).port}`
}, 60_000)
afterAll(async () => {
  await rig.close()
  watch.close()
})

interface Row {
  id: string
  name: string
  parts: (side: Side) => Part[]
}

const coded = (body: Buffer, coding: string, type = 'application/json'): Part[] => [
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-encoding: ${coding}\r\ncontent-length: ${body.length}\r\n\r\n`,
  body,
]
const BOMBS = { gzip: gzipSync(Buffer.alloc(300 * MB)), br: brotliCompressSync(Buffer.alloc(300 * MB), { params: { 1: 1 } }) } // prettier-ignore

const ROWS: Row[] = [
  ...[301, 302, 303, 307, 308].map((status) => ({
    id: 'C1',
    name: `a redirect ${status} to another host`,
    parts: () => [`HTTP/1.1 ${status} Moved\r\nlocation: ${canary.url}/v1/messages\r\ncontent-length: 0\r\n\r\n`],
  })),
  ...Object.entries(BOMBS).map(([coding, bomb]) => ({ id: 'C2', name: `a bomb of ${coding}`, parts: () => coded(bomb, coding) })),
  { id: 'C3', name: 'gzip forty times', parts: ({ wire }) => coded(gzipSync(wire.whole('word')), Array(40).fill('gzip').join(', ')) },
  ...MALFORMED.filter(({ id, greets }) => !['C4', 'C5', 'C6'].includes(id) && !greets).map(({ id, name, parts }) => ({ id, name, parts: () => parts })),
  { id: 'C7', name: 'two content-lengths', parts: ({ wire }) => [measured(wire.whole('word')).replace('\r\n\r\n', '\r\ncontent-length: 9\r\n\r\n')] },
  { id: 'C12', name: 'the banner of an SSH server', parts: () => ['SSH-2.0-OpenSSH_9.2p1\r\n', 'hang'] },
  { id: 'C13', name: 'a bare line feed inside a header value', parts: ({ wire }) => [measured(wire.whole('word'), 'application/json', '200 OK', `x-note: one\nset-cookie: ${POISON}=1\r\n`), 'close'] },
  { id: 'C13', name: 'NUL inside a header value', parts: ({ wire }) => [measured(wire.whole('word'), 'application/json', '200 OK', `x-note: ${POISON}\0\r\n`), 'close'] },
] // prettier-ignore

const rows = SIDES.flatMap((side) => ROWS.map((row) => ({ ...row, side, kind: side.side })))

describe('an upstream that speaks no HTTP that can be trusted', () => {
  it.each(rows)('$id $kind: $name is a 502 at once, streamed or not', async ({ side, parts }) => {
    const before = residentBytes(rig.gateway.pid)
    for (const stream of [false, true]) {
      const nonce = newCase()
      rig.script(nonce, () => parts(side))
      const call = rig.call(ask(side.rawModel, nonce, { stream }), { headers: inSession(nonce) })
      const { status, head, text, ended } = await call.answer()
      expect({ status, ended }, text).toEqual({ status: 502, ended: 'clean' })
      expect(JSON.parse(text)).toMatchObject({
        type: 'error',
        error: { type: expect.stringMatching(/_error$/) },
      })
      expect(head + text).not.toContain(POISON)
      const row = await rig.row(nonce)
      expect(row).toMatchObject({ status: 'error', httpStatus: 502 })
      // Not the time-out for headers, which is ten minutes.
      expect(row.latencyMs).toBeLessThan(5_000)
    }
    expect(canary.bytes).toBe(0)
    expect(residentBytes(rig.gateway.pid) - before).toBeLessThan(128 * MB)
  })

  it.each(
    SIDES.flatMap((side) =>
      Object.entries(BOMBS).map(([coding, bomb]) => ({ kind: side.side, side, coding, bomb })),
    ),
  )(
    'C2 $kind: a bomb of $coding that says it is a stream is cut after 2 MB at most, with an error',
    async ({ side, coding, bomb }) => {
      const before = residentBytes(rig.gateway.pid)
      const nonce = newCase()
      rig.script(nonce, () => coded(bomb, coding, 'text/event-stream'))
      const call = rig.call(ask(side.rawModel, nonce, { stream: true }), { headers: inSession(nonce) })
      const { status, ended, text } = await call.answer()
      // Events that nobody knows may be new ones, so a native stream is let through when 1 MB of them have come.
      if (status === 200)
        expect({ ended, errors: text.split('event: error').length }).toEqual({ ended: 'cut', errors: 2 })
      else expect({ status, ended }).toEqual({ status: 502, ended: 'clean' })
      expect(call.received).toBeLessThan(2 * MB)
      expect(await rig.row(nonce)).toMatchObject({ status: 'error' })
      expect(residentBytes(rig.gateway.pid) - before).toBeLessThan(128 * MB)
    },
  )

  it.each(SIDES)('C6 $side: bytes behind an answer never answer the next request', async (side) => {
    const poison = measured(side.wire.whole(POISON))
    const poisoned = newCase()
    const clean = newCase()
    rig.script(poisoned, [Buffer.from(measured(side.wire.whole('first')) + poison)])
    rig.script(clean, [measured(side.wire.whole('clean'))])
    for (let round = 0; round < 100; round++) {
      expect((await rig.call(ask(side.rawModel, poisoned)).answer()).text).toContain('first')
      const { status, text } = await rig.call(ask(side.rawModel, clean)).answer()
      expect({ status, poison: text.includes(POISON) }, text).toEqual({ status: 200, poison: false })
    }
  })

  it('leaves the gateway well', async () => {
    expect(rig.gateway.exitCode()).toBeNull()
    const lines = rig.gateway.stderr().split('\n').slice(0, -1)
    // It says which keys it leaves out, and nothing else.
    expect(lines.filter((line) => !/"level":"(?:warn|info)","message":"raw-\w+: the key/.test(line))).toEqual(
      [],
    )
    const message = await rig
      .sdk(newCase())
      .messages.create(ask('claude-opus-5-5', directiveText({ say: 'well' })))
    expect(message.content).toMatchObject([{ text: 'well' }])
  })
})

const KEY = SECRETS.raw
const sliced = (text: string): Part[] => Array.from(text, (letter) => chunked(letter))

/** Places where providers and relays have shown the key that they were called with. */
const ECHOES: { name: string; stream: boolean; parts: (side: Side) => Part[] }[] = [
  { name: 'the text of an error', stream: false, parts: ({ wire }) => [measured(wire.errorBody(`Incorrect API key provided: ${KEY}`, 'authentication_error'), 'application/json', '401 No')] },
  { name: 'a page of a proxy', stream: false, parts: () => [measured(`<pre>x-api-key: ${KEY}</pre>`, 'text/html', '502 Bad Gateway')] },
  { name: 'headers of an error', stream: false, parts: ({ wire }) => [measured(wire.errorBody('No'), 'application/json', '400 No', `anthropic-echo: ${KEY}\r\nrequest-id: ${KEY}\r\n`)] },
  { name: 'headers of an answer', stream: false, parts: ({ wire }) => [measured(wire.whole('word'), 'application/json', '200 OK', `anthropic-echo: Bearer ${KEY}\r\nrequest-id: ${KEY}\r\n`)] },
  { name: 'an answer', stream: false, parts: ({ wire }) => [measured(wire.whole(`your key is ${KEY}`))] },
  { name: 'a stream', stream: true, parts: ({ begin, wire }) => [STREAM_HEAD, chunked(begin(`your key is ${KEY}`) + wire.closing), LAST_CHUNK] },
  { name: 'a stream, byte by byte', stream: true, parts: ({ begin, wire }) => [STREAM_HEAD, ...sliced(begin(`your key is ${KEY}`) + wire.closing), LAST_CHUNK] },
  { name: 'an error event', stream: true, parts: ({ begin, wire }) => [STREAM_HEAD, chunked(begin('word') + wire.errorEvent(`key ${KEY}`)), LAST_CHUNK] },
  { name: 'a stream’s headers', stream: true, parts: ({ begin, wire }) => [STREAM_HEAD.replace('request-id: req_up1', `request-id: ${KEY}`), chunked(begin('word') + wire.closing), LAST_CHUNK] },
] // prettier-ignore

describe('C20 an upstream that shows the key it was called with', () => {
  const all = SIDES.flatMap((side) => ECHOES.map((echo) => ({ ...echo, side, kind: side.side })))

  it.each(all)(
    '$kind: in $name shows it neither to the client nor to the log',
    async ({ side, stream, parts }) => {
      const nonce = newCase()
      rig.script(nonce, () => parts(side))
      const call = rig.call(ask(side.rawModel, nonce, { stream }), { headers: inSession(nonce) })
      await call.answer()
      expect(call.received).toBeGreaterThan(0)
      expect(call.bytes.toString()).not.toContain(KEY)
      const { id } = await rig.row(nonce)
      const entry = await (await fetch(`${rig.gateway.url}/api/logs/${id}`)).text()
      expect(entry).toContain(id)
      expect(entry).not.toContain(KEY)
    },
  )

  it('nor does any file of the gateway, nor what it prints', async () => {
    expect(allRows(rig.gateway.appDir).length).toBeGreaterThan(all.length)
    await sleep(200)
    const database = openLog(rig.gateway.appDir)!
    const dump = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => JSON.stringify(database.prepare(`SELECT * FROM "${String(name)}"`).all(), texts))
    database.close()
    for (const secret of Object.values(SECRETS)) {
      expect(dump.join('').includes(secret)).toBe(false)
      expect((rig.gateway.stdout() + rig.gateway.stderr()).includes(secret)).toBe(false)
    }
  })
})

const texts = (_key: string, value: unknown) =>
  value instanceof Uint8Array
    ? Buffer.from(value).toString('latin1')
    : typeof value === 'bigint'
      ? `${value}`
      : value
