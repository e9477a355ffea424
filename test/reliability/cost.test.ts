import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Part } from '../support/provider/parts.ts'
import type { Side } from './rig/rig.ts'
import { Rig, SIDES, ask, inSession, measured, newCase } from './rig/rig.ts'
import { USAGE } from './rig/wires.ts'

let rig: Rig
beforeAll(async () => {
  rig = await Rig.start()
}, 60_000)
afterAll(() => rig.close())

/** Nano-dollars a token of `claude-opus-5-5` ($4, $0.20, $20 per million) and `gpt-5` ($1.25, $0.125, $10). */
const PRICES = {
  native: { input: 4_000, cached: 200, output: 20_000 },
  translated: { input: 1_250, cached: 125, output: 10_000 },
}

function billed(side: Side['side']): number {
  const prices = PRICES[side]
  return USAGE.input * prices.input + USAGE.cached * prices.cached + USAGE.output * prices.output
}

describe.each(SIDES)('the cost of a call, $side', (side) => {
  const { wire, model, begin } = side

  it.each([true, false])(
    '#57 A13 each token once, as the provider counted them; stream: %s',
    async (stream) => {
      const session = newCase()
      const reply = stream
        ? { chunks: [begin('word'), wire.closing] }
        : { json: JSON.parse(wire.whole('word')) }
      rig.provider.reply(reply, { path: wire.path })
      await rig.call(ask(model, session, { stream }), { headers: inSession(session) }).answer()
      const row = await rig.row(session)
      expect(row).toMatchObject({ usageSource: 'reported', requestClass: 'main' })
      expect(row.cost).toMatchObject({
        nanodollars: billed(side.side),
        price: side.side === 'native' ? 'anthropic/claude-opus-5-5' : 'openai/gpt-5',
      })
      const answer = await fetch(`${rig.gateway.url}/api/logs?session_id=${session}`)
      expect(await answer.json()).toMatchObject({
        logs: [{ cost: billed(side.side) / 1e9, cost_nanodollars: billed(side.side) }],
        stats: { total_cost: billed(side.side) / 1e9, unpriced_requests: 0 },
      })
    },
  )

  it('A9 of an answer that its client left: what it got', async () => {
    const session = newCase()
    async function* endless(): AsyncGenerator<Part> {
      yield begin('word')
      for (let said = 1; said < 100; said++) yield wire.text(' word')
      for (;;) yield* [wire.text(' hundred'), { pause_ms: 60_000 }]
    }
    rig.provider.reply({ chunks: endless() }, { path: wire.path })
    const call = rig.call(ask(model, session, { stream: true }), { headers: inSession(session) })
    await call.waitFor('hundred')
    call.leave('destroy')
    const row = await rig.row(session)
    expect(row).toMatchObject({ status: 'cancelled', usageSource: 'estimated' })
    // A token a word.
    expect(row.usage!.outputTokens).toBeGreaterThan(96)
    expect(row.usage!.outputTokens).toBeLessThan(107)
    expect(row.cost!.nanodollars).toBeGreaterThan(96 * PRICES[side.side].output)
  })

  it('is unknown at a provider of one’s own, and says so', async () => {
    const session = newCase()
    rig.script(session, [measured(wire.whole('word'))])
    await rig.call(ask(side.rawModel, session), { headers: inSession(session) }).answer()
    const { cost, usage } = await rig.row(session)
    expect(usage).toMatchObject({ outputTokens: USAGE.output })
    expect(cost).toEqual({ nanodollars: null, reason: `${side.rawModel}: no price is known` })
  })
})
