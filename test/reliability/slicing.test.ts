import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Part } from '../support/provider/parts.ts'
import { LAST_CHUNK, Rig, SIDES, STREAM_HEAD, type Side, ask, chunked, newCase } from './rig/rig.ts'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.start()
}, 60_000)
afterAll(() => rig.close())

const WORDS = ['Grüße, ', '漢字 ', '🚀', '\u0301', ' end']

/** An answer in letters of one to four bytes, with what the standard allows beside its events. */
const answer = ({ begin, wire }: Side): Buffer =>
  Buffer.from(begin('') + wire.keepAlive + WORDS.map((word) => wire.text(word)).join('') + wire.closing)

/** The same answer as a writer of other habits sends it. */
const HABITS: { name: string; write: (text: string) => string; only?: Side['side'] }[] = [
  { name: 'as it is', write: (text) => text },
  { name: 'with CRLF', write: (text) => text.replaceAll('\n', '\r\n') },
  { name: 'with CR', write: (text) => text.replaceAll('\n', '\r') },
  { name: 'without spaces', write: (text) => text.replaceAll(/^(data|event): /gm, '$1:') },
  { name: 'behind a byte order mark', write: (text) => `\ufeff${text}` },
  {
    name: 'with comments and unknown fields',
    write: (text) => text.replaceAll(/^data/gm, ':note\nretry: 9\ndata'),
  },
]

/** Numbers that are always the same, from a seed. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

const byteByByte = (bytes: Buffer): Buffer[] => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))

function atRandom(bytes: Buffer, seed: number): Buffer[] {
  const slices: Buffer[] = []
  const numbers = random(seed)
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(numbers.next().value * 40)
    slices.push(bytes.subarray(at, at + length))
    at += length
  }
  return slices
}

/** Each slice arrives by itself: a chunk of its own, and now and then a turn of the loop between. */
const sent = (slices: Buffer[]): Part[] => [
  STREAM_HEAD,
  ...slices.flatMap((slice, index): Part[] =>
    index % 50 === 0 ? [{ pause_ms: 1 }, chunked(slice)] : [chunked(slice)],
  ),
  LAST_CHUNK,
]

async function receive({ rawModel }: Side, slices: Buffer[]): Promise<Buffer> {
  const nonce = newCase()
  rig.script(nonce, sent(slices))
  const { status, body, ended } = await rig.call(ask(rawModel, nonce, { stream: true })).answer()
  expect({ status, ended }).toEqual({ status: 200, ended: 'clean' })
  return body
}

/** Events without the id of the answer, which is the gateway's own where the upstream gives none. */
const events = (body: Buffer): unknown[] =>
  body
    .toString()
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice(5)))

const rows = SIDES.flatMap((side) => HABITS.map((habit) => ({ kind: side.side, side, ...habit })))

describe('B7 an answer in slices', () => {
  it.each(rows)('$kind, $name: comes out the same however its bytes are cut', async ({ side, write }) => {
    const bytes = Buffer.from(write(answer(side).toString()))
    const whole = await receive(side, [bytes])
    const text = events(await receive(side, [answer(side)]))
    expect(events(whole)).toEqual(text)
    const seeds = Array.from({ length: 40 }, (_, seed) => atRandom(bytes, seed))
    for (const slices of [byteByByte(bytes), ...seeds]) {
      const received = await receive(side, slices)
      if (side.side === 'native') expect(received.equals(bytes)).toBe(true)
      else expect(events(received).filter(isNoPing)).toEqual(text.filter(isNoPing))
    }
    const words = text.flatMap((event) => (event as { delta?: { text?: string } }).delta?.text ?? [])
    expect(words.join('')).toBe(WORDS.join(''))
  })

  it.each(SIDES)('$side: one line of 1 MB is one event', async (side) => {
    const long = 'words of one event '.repeat(2 ** 20 / 19)
    const bytes = Buffer.from(side.begin(long) + side.wire.closing)
    const cut = Array.from({ length: Math.ceil(bytes.length / 7_001) }, (_, at) => bytes.subarray(at * 7_001, (at + 1) * 7_001)) // prettier-ignore
    const received = events(await receive(side, cut))
    const found = received.flatMap((event) => (event as { delta?: { text?: string } }).delta?.text ?? [])
    expect(found.join('')).toBe(long)
  })
})

const isNoPing = (event: unknown) => (event as { type: string }).type !== 'ping'
