import Anthropic from '@anthropic-ai/sdk'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { PING_AFTER_MS } from '../../src/pipeline/idle-watch.ts'
import { deferred } from '../support/deferred.ts'
import type { Part } from '../support/provider/parts.ts'
import { type RawUpstream, startRawUpstream } from '../support/provider/raw.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import { RawCall } from './rig/raw-call.ts'
import {
  LAST_CHUNK,
  Rig,
  SIDES,
  STREAM_HEAD,
  type Side,
  ask,
  chunked,
  inSession,
  measured,
  newCase,
} from './rig/rig.ts'
import { SlowReader } from './rig/slow-reader.ts'

const IDLE_MS = 300_000

let rig: Rig
let gateway: InProcessGateway
let upstream: RawUpstream
let parts: () => Iterable<Part> | AsyncIterable<Part>

beforeAll(async () => {
  rig = await Rig.start({ network: { stream_idle_timeout_in_seconds: 5 } })
  upstream = await startRawUpstream(() => parts())
  const provider = (base_provider_type: string) => ({
    keys: [{ name: 'k', value: 'sk-silence', models: ['*'], weight: 1 }],
    network_config: { base_url: upstream.url },
    custom_provider_config: { base_provider_type },
  })
  gateway = await startInProcess(
    { 'raw-anthropic': provider('anthropic'), 'raw-openai': provider('openai') },
    { limits: { writeIdleTimeoutMs: 200 } },
  )
}, 60_000)
afterAll(async () => {
  await rig.close()
  await gateway.close()
  await upstream.close()
})
afterEach(() => {
  gateway.rows.length = 0
})

const started = ({ rawModel }: Side): RawCall =>
  new RawCall(gateway.url, {
    path: '/anthropic/v1/messages',
    body: JSON.stringify(ask(rawModel, newCase(), { stream: true })),
  })

/** Sends these parts, the last of them when told. */
function inTwo(first: Part[], rest: Part[]): () => void {
  const go = deferred<void>()
  parts = async function* () {
    yield* first
    await go.promise
    yield* rest
  }
  return () => go.resolve()
}

/** What has come of an answer, without the marks of its chunks. */
const lines = (call: RawCall): string => call.bytes.toString().replaceAll(/^[0-9a-f]+\r\n|\r\n/gm, '')

async function arrived(call: RawCall, text: string): Promise<void> {
  await expect.poll(() => lines(call)).toContain(text)
}

interface Pause {
  name: string
  /** Before the silence, and after it. */
  first: (side: Side) => string
  rest: (side: Side) => string
  /** What the client gets for the silence. */
  ping: string
  only?: Side['side']
}

const PING = 'event: ping'
const PAUSES: Pause[] = [
  { name: 'before the first byte', first: () => '', rest: ({ begin, wire }) => begin('word') + wire.closing, ping: PING },
  { name: 'after the opening', first: ({ wire }) => wire.opening, rest: ({ begin, wire }) => begin('word').slice(wire.opening.length) + wire.closing, ping: PING },
  { name: 'after the first words', first: ({ begin }) => begin('wo'), rest: ({ wire }) => wire.text('rd') + wire.closing, ping: PING },
  { name: 'inside a line', only: 'native', first: ({ begin }) => begin('word').slice(0, -20), rest: ({ begin, wire }) => begin('word').slice(-20) + wire.closing, ping: '' },
  { name: 'inside a line', only: 'translated', first: ({ begin }) => begin('wo') + 'data: {"id"', rest: ({ wire }) => wire.text('rd').replace('data: {"id"', '') + wire.closing, ping: PING },
  { name: 'between the lines of an event', only: 'native', first: ({ begin }) => begin('word').slice(0, -1), rest: ({ wire }) => `\n${wire.closing}`, ping: ':\n' },
] // prettier-ignore

const pauses = SIDES.flatMap((side) =>
  PAUSES.filter(({ only = side.side }) => only === side.side).map((pause) => ({
    kind: side.side,
    side,
    ...pause,
  })),
)

describe('B9 an upstream that is silent', () => {
  it.each(pauses)(
    '$kind: is bridged with a ping $name, and the answer stays whole',
    async ({ side, first, rest, ping }) => {
      const goOn = inTwo(
        [STREAM_HEAD, ...(first(side) === '' ? [] : [chunked(first(side))])],
        [chunked(rest(side)), LAST_CHUNK],
      )
      const call = started(side)
      await expect.poll(() => upstream.requests.length).toBeGreaterThan(0)
      if (/wo/.test(first(side))) await arrived(call, 'wo')
      else await new Promise((resolve) => setTimeout(resolve, 50))
      const before = lines(call).split(PING).length
      gateway.idleWatch.sweep(performance.now() + PING_AFTER_MS - 1_000)
      gateway.idleWatch.sweep(performance.now() + PING_AFTER_MS + 1_000)
      gateway.idleWatch.sweep(performance.now() + PING_AFTER_MS - 1_000)
      if (ping !== '') await arrived(call, ping)
      goOn()
      const { text, ended } = await call.answer()
      expect(ended).toBe('clean')
      expect(text.split(PING).length - before).toBe(ping === PING ? 1 : 0)
      const words = [...text.matchAll(/"text_delta","text":"(\w+)"/g)].map(([, word]) => word)
      expect(words.join(''), text).toBe('word')
      expect(gateway.rows).toMatchObject([{ status: 'success' }])
      upstream.requests.length = 0
    },
  )

  const WHOLE_CHAT = JSON.stringify({
    choices: [{ index: 0, message: { role: 'assistant', content: 'word' }, finish_reason: 'stop' }],
  })
  const OVERLOADED = JSON.stringify({ error: { type: 'overloaded_error', message: 'busy today' } })

  it.each([
    { kind: 'native', name: 'an error', status: '529 Busy', body: OVERLOADED, shows: 'busy today' },
    { kind: 'translated', name: 'an error', status: '529 Busy', body: OVERLOADED, shows: 'busy today' },
    { kind: 'translated', name: 'a whole answer', status: '200 OK', body: WHOLE_CHAT, shows: 'word' },
  ])(
    '$kind: is bridged inside $name that is no stream, and no raw part of it gets to the client',
    async ({ kind, status, body, shows }) => {
      const goOn = inTwo([measured(body, 'application/json', status).slice(0, -20)], [body.slice(-20)])
      const call = started(SIDES.find(({ side }) => side === kind)!)
      await expect.poll(() => upstream.requests.length).toBeGreaterThan(0)
      await new Promise((resolve) => setTimeout(resolve, 50))
      gateway.idleWatch.sweep(performance.now() + PING_AFTER_MS + 1_000)
      await arrived(call, PING)
      goOn()
      const { text } = await call.answer()
      expect(text).toContain(shows)
      expect(text).not.toContain(body.slice(0, 20))
      upstream.requests.length = 0
    },
  )

  it.each(SIDES)(
    '$side: for 300 s is cut: an error event, no clean end, a row, and the upstream is left',
    async (side) => {
      inTwo([STREAM_HEAD, chunked(side.begin('word'))], [])
      const call = started(side)
      await arrived(call, 'word')
      gateway.idleWatch.sweep(performance.now() + IDLE_MS - 2_000)
      expect(call.socket.destroyed).toBe(false)
      gateway.idleWatch.sweep(performance.now() + IDLE_MS)
      const { text, ended } = await call.answer()
      expect(ended).toBe('cut')
      expect(text).toMatch(
        /event: error\ndata: \{"type":"error".*Stream timeout: the upstream sent nothing for 300 s/,
      )
      expect(gateway.rows).toMatchObject([{ status: 'error', error: { kind: 'upstream_idle' } }])
    },
  )

  it.each(SIDES)('$side: but for its keep-alives is not, however long it takes', async (side) => {
    let beats = 0
    const go = deferred<void>()
    parts = async function* () {
      yield STREAM_HEAD
      yield chunked(side.begin('word'))
      for (; beats < 20; beats++) yield* [chunked(side.wire.keepAlive), { pause_ms: 5 }]
      await go.promise
      yield* [chunked(side.wire.closing), LAST_CHUNK]
    }
    const call = started(side)
    while (beats < 20) {
      // An hour of it, in steps of four minutes, would be 15 sweeps between two beats.
      gateway.idleWatch.sweep(performance.now() + IDLE_MS - 5_000)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    go.resolve()
    expect(await call.answer()).toMatchObject({ ended: 'clean' })
    expect(gateway.rows).toMatchObject([{ status: 'success' }])
  })

  it.concurrent.each(SIDES)(
    '$side: is cut by the program itself, at the limit of its configuration',
    async (side) => {
      const nonce = newCase()
      rig.script(nonce, [STREAM_HEAD, chunked(side.begin('word')), 'hang'])
      const { messages } = rig.sdk(nonce)
      const failed = await messages
        .stream(ask(side.rawModel, nonce))
        .finalMessage()
        .catch((error: unknown) => error)
      expect(failed).toBeInstanceOf(Anthropic.AnthropicError)
      const row = await rig.row(nonce)
      expect(row).toMatchObject({
        status: 'error',
        error: { kind: 'upstream_idle', message: expect.stringContaining('5 s') },
      })
      expect(row.latencyMs).toBeGreaterThanOrEqual(5_000)
      // Looked at once a second.
      expect(row.latencyMs).toBeLessThan(7_000)
    },
  )

  it.concurrent.each(SIDES)('$side: in beats shorter than that limit goes on beyond it', async (side) => {
    const nonce = newCase()
    const beat: Part[] = [chunked(side.wire.keepAlive), { pause_ms: 2_000 }]
    rig.script(nonce, [STREAM_HEAD, chunked(side.begin('word')), ...beat, ...beat, ...beat, ...beat, chunked(side.wire.closing), LAST_CHUNK]) // prettier-ignore
    await rig.call(ask(side.rawModel, nonce, { stream: true }), { headers: inSession(nonce) }).answer()
    const row = await rig.row(nonce)
    expect(row.status).toBe('success')
    expect(row.latencyMs).toBeGreaterThan(7_000)
  })
})

describe('B6 a client that never reads', () => {
  it.each(SIDES)('$side: is cut, its upstream with it, and its row is written', async (side) => {
    let gone = false
    parts = async function* () {
      try {
        yield STREAM_HEAD
        yield chunked(side.begin('word'))
        const packet = chunked(side.wire.text('of a long answer '.repeat(60)).repeat(50))
        for (;;) yield packet
      } finally {
        gone = true
      }
    }
    const body = JSON.stringify(ask(side.rawModel, newCase(), { stream: true }))
    const client = new SlowReader(gateway.url, { path: '/anthropic/v1/messages', body }, Infinity)
    await expect.poll(() => gone, { timeout: 10_000 }).toBe(true)
    await expect
      .poll(() => gateway.rows)
      .toMatchObject([{ status: 'cancelled', error: { kind: 'client_closed' } }])
    client.leave()
  })
})
