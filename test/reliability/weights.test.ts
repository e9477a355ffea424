import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startFleet } from './rig/fleet.ts'
import type { Fleet } from './rig/fleet.ts'
import { startInProcess } from './rig/in-process.ts'
import type { InProcessGateway } from './rig/in-process.ts'
import { distance, seeded } from '../support/chance.ts'

/**
 * Where calls go, from the client's request to the provider key that the upstream sees, by the weights of the
 * configuration. The seed is fixed, so that a run is as the one before.
 */

const CALLS = 400
const NAMES = ['a', 'b', 'c', 'never'] as const
const VIRTUAL_KEY = 'sk-bf-split-0123456789'

let fleet: Fleet
let gateway: InProcessGateway | undefined
beforeAll(async () => {
  fleet = await startFleet()
})
afterEach(() => gateway?.close())
afterAll(() => fleet.close())

const provider = (keys: { name: string; weight: number }[]) => ({
  keys: keys.map((key) => ({ ...key, value: key.name })),
  network_config: { base_url: fleet.url },
  custom_provider_config: { base_provider_type: 'openai' },
})
const named = (weights: readonly number[]) =>
  weights.map((weight, index) => ({ name: NAMES[index]!, weight }))
/** A provider for each name, with one key of that name. */
const oneEach = () => Object.fromEntries(NAMES.map((name) => [name, provider([{ name, weight: 1 }])]))

interface Place {
  model: string
  headers?: Record<string, string>
  start: (weights: readonly number[]) => Promise<InProcessGateway>
}

/** What has the weights, and the model that is asked for. */
const PLACES: Record<string, Place> = {
  'provider keys': {
    model: 'split/m',
    start: (weights) => startInProcess({ split: provider(named(weights)) }, { random: seeded(70) }),
  },
  'providers of a virtual key': {
    model: 'm',
    headers: { 'x-bf-vk': VIRTUAL_KEY },
    start: (weights) => {
      const provider_configs = named(weights).map(({ name, weight }) => ({
        provider: name,
        weight,
        allowed_models: ['m'],
        key_ids: ['*'],
      }))
      const virtual_keys = [{ id: 'v', name: 'v', value: VIRTUAL_KEY, provider_configs }]
      const settings = { governance: { virtual_keys } }
      return startInProcess(oneEach(), { settings, random: seeded(71) })
    },
  },
  'targets of a routing rule': {
    model: 'split',
    start: (weights) => {
      const targets = named(weights).map(({ name, weight }) => ({ provider: name, model: 'm', weight }))
      const routing_rules = [{ name: 'split', cel_expression: 'model == "split"', targets }]
      const settings = { governance: { routing_rules } }
      return startInProcess(oneEach(), { settings, random: seeded(72) })
    },
  },
}

/** The keys that served so many calls, in order. */
async function served(place: string, weights: readonly number[], inSessions: boolean): Promise<string[]> {
  const { model, start, headers } = PLACES[place]!
  gateway = await start(weights)
  fleet.keys()
  const body = JSON.stringify({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] })
  for (let call = 0; call < CALLS; call++) {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...headers,
        ...(inSessions && { 'x-bf-session-id': `session-${call}` }),
      },
      body,
    })
    expect(response.status, await response.text()).toBe(200)
  }
  await gateway.close()
  gateway = undefined
  return fleet.keys()
}

/** Weights of `a`, `b`, …; those of a line are the same in other numbers. */
const LINES: [what: string, weights: number[][], shares: Record<string, number>][] = [
  ['70 to 30', [[7, 3], [0.7, 0.3], [70, 30, 0, 0]], { a: 7, b: 3 }],
  ['80 to 15 to 5', [[80, 15, 5], [0.8, 0.15, 0.05]], { a: 80, b: 15, c: 5 }],
  ['nothing to what weighs 0', [[0, 1, 1, 0]], { b: 1, c: 1 }],
] // prettier-ignore

const ROWS = Object.keys(PLACES).flatMap((place) =>
  LINES.flatMap(([what, weights, shares]) =>
    [false, true].map((inSessions) => ({
      place,
      what,
      weights,
      shares,
      inSessions,
      who: inSessions ? 'sessions' : 'calls',
    })),
  ),
)

describe('weights (chi-square, fixed seed)', () => {
  it.each(ROWS)('of $place: $who fall $what', async ({ place, weights, shares, inSessions }) => {
    const runs: string[][] = []
    for (const written of weights) runs.push(await served(place, written, inSessions))
    const [first] = runs
    const counts = Object.fromEntries(
      NAMES.map((name) => [name, first!.filter((one) => one === name).length]),
    )
    expect(first).toHaveLength(CALLS)
    expect(distance(counts, shares), JSON.stringify(counts)).toBeLessThan(1)
    // 7 to 3 and 0.7 to 0.3 are the same, call by call.
    for (const run of runs) expect(run).toEqual(first)
  })
})
