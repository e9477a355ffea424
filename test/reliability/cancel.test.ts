import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { directiveText } from '../support/provider/directive.ts'
import type { Part } from '../support/provider/parts.ts'
import type { RecordedRequest } from '../support/provider/record.ts'
import type { Provider } from '../support/provider/server.ts'
import type { RawCall } from './rig/raw-call.ts'
import { Rig, SIDES, STREAM_HEAD, type Side, ask, chunked, inSession, newCase, openFiles } from './rig/rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.start()
}, 60_000)
afterAll(() => rig.close())

/** How soon after the client the upstream must see it. */
const CANCEL_MS = 250
const CALLS = 120
const AT_ONCE = 20

interface Moment {
  id: string
  when: string
  stream: boolean
  /** Makes the provider slow for the next {@link CALLS} calls. */
  slowDown: (provider: Provider, side: Side) => void
  /** Resolves when the client should leave. */
  reached: (call: RawCall, requestAtProvider: () => RecordedRequest | undefined) => Promise<void>
}

const atProvider: Moment['reached'] = async (_call, request) => {
  while (request() === undefined) await sleep(1)
}

const noHeaders: Moment['slowDown'] = (provider, { wire }) =>
  provider.fault({ kind: 'slow_headers', ms: 60_000, times: CALLS }, wire.path)

async function* endless({ begin, wire }: Side): AsyncGenerator<Part> {
  yield begin('word')
  for (;;) yield* [{ pause_ms: 5 }, wire.text(' word')]
}

const MOMENTS: Moment[] = [
  {
    id: 'B1',
    when: 'before the first byte of a stream',
    stream: true,
    slowDown: noHeaders,
    reached: atProvider,
  },
  {
    id: 'B2',
    when: 'in the middle of a stream',
    stream: true,
    slowDown: (provider, side) =>
      provider.reply(() => ({ chunks: endless(side) }), { times: CALLS, path: side.wire.path }),
    reached: (call) => call.waitFor('word'),
  },
  {
    id: 'B2',
    when: 'while it waits for a whole answer',
    stream: false,
    slowDown: noHeaders,
    reached: atProvider,
  },
]

describe.each(SIDES)('a client that leaves, $side', (side) => {
  it.each(MOMENTS)('$id: $when', async (moment) => {
    moment.slowDown(rig.provider, side)
    const session = newCase()
    const delays: number[] = []
    for (let done = 0; done < CALLS; done += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, index) =>
        leave(side, moment, { session, nonce: `${session}-${done + index}`, byReset: index % 2 === 0 }),
      )
      delays.push(...(await Promise.all(batch)))
    }
    delays.sort((a, b) => a - b)
    expect(delays[Math.ceil(CALLS * 0.99) - 1], String(delays.slice(-10))).toBeLessThanOrEqual(CANCEL_MS)
    const rows = await rig.rows(session, CALLS)
    expect(rows).toHaveLength(CALLS)
    for (const row of rows) {
      expect(row).toMatchObject({ status: 'cancelled', error: { kind: 'client_closed' } })
      expect(row.attempts).toHaveLength(1)
    }
  })
})

/** One call that its client leaves; how many milliseconds later its provider noticed. */
async function leave(
  side: Side,
  { stream, reached }: Moment,
  { session, nonce, byReset }: { session: string; nonce: string; byReset: boolean },
): Promise<number> {
  const call = rig.call(ask(side.model, nonce, { stream }), { headers: inSession(session) })
  const found = () => rig.provider.requests.findLast(({ body }) => body?.messages.at(-1).content === nonce)
  await reached(call, found)
  const leftAt = Date.now()
  call.leave(byReset ? 'reset' : 'destroy')
  while (found()?.clientGoneAt === undefined && Date.now() - leftAt < 5_000) await sleep(1)
  const { clientGoneAt = Infinity, chunkTimes } = found()!
  expect(chunkTimes.filter((at) => at > leftAt + CANCEL_MS)).toEqual([])
  return clientGoneAt - leftAt
}

describe('a storm of clients that leave', () => {
  it('B12: 2,000 in a few seconds end nothing and leave nothing behind', { timeout: 60_000 }, async () => {
    const cases = SIDES.map(({ rawModel, begin }) => {
      const nonce = newCase()
      rig.script(nonce, [STREAM_HEAD, chunked(begin('word')), 'hang'])
      return JSON.stringify(ask(rawModel, nonce, { stream: true }))
    })
    const { pid } = rig.gateway
    const before = openFiles(pid)
    for (let done = 0; done < 2_000; done += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, index) => stormy(cases[index % 2]!, index)))
    }
    await expect.poll(() => openFiles(pid) - before, { timeout: 5_000 }).toBeLessThanOrEqual(5)
    expect(rig.gateway.exitCode()).toBeNull()
    expect(rig.gateway.stderr()).toBe('')
    const message = await rig
      .sdk(newCase())
      .messages.create(ask('claude-opus-5-5', directiveText({ say: 'alive' })))
    expect(message.content).toMatchObject([{ text: 'alive' }])
  })
})

/** Leaves at one of five moments, from inside the request to inside the answer. */
async function stormy(body: string, index: number): Promise<void> {
  const headers = { 'content-length': String(Buffer.byteLength(body)) }
  const call = rig.call(index % 5 === 0 ? body.slice(0, 50) : body, { headers })
  if (index % 5 === 4) await call.waitFor('word')
  else await sleep(index % 5)
  call.leave(index % 3 === 0 ? 'reset' : 'destroy')
}
