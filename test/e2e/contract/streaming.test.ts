import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { rowsOf } from '../../reliability/rig/log-rows.ts'
import { RawCall } from '../../reliability/rig/raw-call.ts'
import { SIDES, type Side, ask } from '../../reliability/rig/rig.ts'
import type { Part } from '../../support/provider/parts.ts'
import { type Pair, eventsOf, exchange, shortAnswer, startPair } from './exchange.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
}, 60_000)
afterAll(() => pair?.close())

/** A streamed call over a socket of its own, which the provider answers with these parts. */
function begin({ wire, model }: Side, chunks: AsyncIterable<Part>): RawCall {
  pair.provider.reply({ chunks }, { path: wire.path })
  const body = JSON.stringify(ask(model, 'Hi', { stream: true }))
  return new RawCall(pair.gateway.url, { path: '/anthropic/v1/messages?beta=true', body })
}

/** Parts that go on only when they are told to. */
function held(side: Side, when: 'before the first word' | 'after it') {
  let goOn!: () => void
  const told = new Promise<void>((resolve) => (goOn = resolve))
  async function* parts(): AsyncGenerator<Part> {
    if (when === 'after it') yield side.begin('word')
    await told
    if (when === 'before the first word') yield side.begin('word')
    yield side.wire.text(' more') + side.wire.closing
  }
  return { parts: parts(), goOn }
}

const EVENTS = [
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
]

describe.each(SIDES)('contract: streaming, $side', (side) => {
  it('the first words arrive while the provider is still at work', async () => {
    const { parts, goOn } = held(side, 'after it')
    const call = begin(side, parts)
    await call.waitFor('word')
    expect(call.bytes.includes('message_stop')).toBe(false)
    goOn()
    const { ended, text } = await call.answer()
    expect(ended).toBe('clean')
    expect(eventsOf(text).map(({ type }) => type)).toEqual(EVENTS)
  })

  it('is told as a stream although Claude Code accepts JSON, and as JSON where it asks for none', async () => {
    const headers = { accept: 'application/json' }
    for (const stream of [true, false]) {
      const body = ask(side.model, 'Hi', { stream })
      const answer = await exchange(pair, { headers, body }, shortAnswer(side, stream))
      expect(answer.headers.get('content-type')).toMatch(
        stream ? /^text\/event-stream/ : /^application\/json/,
      )
    }
  })

  it('every event is named as its type, and the usage is there at the beginning and at the end', async () => {
    const { text } = await exchange(
      pair,
      { body: ask(side.model, 'Hi', { stream: true }) },
      shortAnswer(side, true),
    )
    for (const [, name, type] of text.matchAll(/^event: (.*)\ndata: \{"type":"(\w+)"/gm))
      expect(name).toBe(type)
    const [first] = eventsOf(text)
    const last = eventsOf(text).find(({ type }) => type === 'message_delta')
    expect(first.message.usage).toMatchObject({
      input_tokens: expect.any(Number),
      output_tokens: expect.any(Number),
    })
    expect(last.usage).toMatchObject({ input_tokens: 11, cache_read_input_tokens: 5, output_tokens: 7 })
  })
})

describe('contract: a client that leaves while the gateway waits to repeat', () => {
  let slow: Pair
  beforeAll(async () => {
    const network = { max_retries: 5, retry_backoff_initial: 200, retry_backoff_max: 200 }
    slow = await startPair({ network })
  }, 60_000)
  afterAll(() => slow?.close())

  it.each(SIDES)('B16 nothing is repeated for it, $side', async ({ wire, model, side }) => {
    const session = `leaves-${side}`
    const before = slow.provider.requests.length
    slow.provider.fault({ kind: 'status', status: 529, times: 6 }, wire.path)
    const call = new RawCall(slow.gateway.url, {
      path: '/anthropic/v1/messages',
      headers: { 'x-claude-code-session-id': session },
      body: JSON.stringify(ask(model, 'Hi', { stream: true })),
    })
    while (slow.provider.requests.length === before) await sleep(5)
    call.leave()
    const [row] = await rowsOf(slow.gateway.appDir, session)
    expect(row).toMatchObject({ status: 'cancelled', attempts: [{}] })
    // Longer than the pause before the repetition would have been.
    await sleep(400)
    expect(slow.provider.requests.length - before).toBe(1)
  })
})

describe('contract: a client gives up after 300 s of silence', () => {
  it(
    '#59 B10 pings of the gateway’s own come long before, and the answer is whole',
    { timeout: 60_000 },
    async () => {
      const whens = ['before the first word', 'after it'] as const
      const cases = SIDES.flatMap((side) => whens.map((when) => ({ side, when, ...held(side, when) })))
      await Promise.all(
        cases.map(async ({ side, parts, goOn }) => {
          const call = begin(side, parts)
          await call.waitFor('event: ping')
          goOn()
          const { ended, text } = await call.answer()
          const types = eventsOf(text).map(({ type }) => type as string)
          expect([ended, types.filter((type) => type !== 'ping')]).toEqual(['clean', EVENTS])
        }),
      )
    },
  )
})
