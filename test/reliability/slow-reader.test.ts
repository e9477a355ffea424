import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Part } from '../support/provider/parts.ts'
import { Rig, SIDES, type Side, TELLS_MEMORY, ask, heldBytes, inSession, newCase } from './rig/rig.ts'
import { SlowReader } from './rig/slow-reader.ts'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.start({ nodeOptions: TELLS_MEMORY })
}, 60_000)
afterAll(() => rig.close())

const MB = 1024 * 1024
const CLIENTS = 100
/** The kernel alone takes some 8 MB of a stream before anybody is held back. */
const KERNEL_MAX_BYTES = 12 * MB

/** An answer without an end, as fast as it is taken; `sent` grows as it is. */
async function* fastAnswer({ begin, wire }: Side, sent: { bytes: number }): AsyncGenerator<Part> {
  yield begin('word ')
  const packet = Buffer.from(wire.text('of a long answer '.repeat(60)).repeat(50))
  for (;;) {
    sent.bytes += packet.length
    yield packet
  }
}

/** Waits until a number stands still. */
async function settled(value: () => number): Promise<void> {
  for (let before = -1; before !== value();) {
    before = value()
    await sleep(300)
  }
}

describe.each(SIDES)('clients slower than their upstream, $side', (side) => {
  it('B5 each of 100 that reads 1 KB a second holds its upstream back: all cost less than 64 MB', async () => {
    const sent = { bytes: 0 }
    rig.provider.reply(() => ({ chunks: fastAnswer(side, sent) }), { times: CLIENTS, path: side.wire.path })
    const session = newCase()
    const body = JSON.stringify(ask(side.model, session, { stream: true }))
    const options = { path: '/anthropic/v1/messages', headers: inSession(session), body }
    const before = await heldBytes(rig.gateway)
    const clients = Array.from({ length: CLIENTS }, () => new SlowReader(rig.gateway.url, options, 1_000))
    await settled(() => sent.bytes)
    expect(sent.bytes).toBeLessThan(CLIENTS * KERNEL_MAX_BYTES)
    // The memory of buffers that were just collected is given back a moment later.
    const grown = async () => (await heldBytes(rig.gateway)) - before
    await expect.poll(grown, { timeout: 5_000 }).toBeLessThan(64 * MB)
    for (const client of clients) client.leave()
    const rows = await rig.rows(session, CLIENTS)
    expect(rows.map(({ status }) => status)).toEqual(Array(CLIENTS).fill('cancelled'))
  })
})
