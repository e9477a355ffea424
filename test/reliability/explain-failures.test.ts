/** While providers fail, limit and recover, what is explained is still what happens: explained and called, step by step. */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ExplanationView } from '../../src/admin/explain-view.ts'
import type { CallRow } from '../../src/stores/logs/port.ts'
import { startFleet } from './rig/fleet.ts'
import type { Fleet } from './rig/fleet.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'

let fleet: Fleet
let gateway: InProcessGateway
let nowMs = 0

const provider = (names: readonly string[], more: object = {}) => ({
  keys: names.map((name, index) => ({ name, value: name, weight: index + 1 })),
  network_config: { base_url: fleet.url },
  custom_provider_config: { base_provider_type: 'openai' },
  ...more,
})

beforeAll(async () => {
  fleet = await startFleet()
  gateway = await startInProcess(
    {
      one: provider(['one']),
      two: provider(['two-a', 'two-b']),
      other: provider(['other-a', 'other-b']),
      narrow: provider(['narrow'], { concurrency_and_buffer_size: { concurrency: 1, buffer_size: 1 } }),
    },
    {
      settings: {
      governance: {
        routing_rules: [
          { name: 'chain', cel_expression: 'model == "chain"', targets: [{ provider: 'one', model: 'm' }], fallbacks: ['two/m', 'other/m'] },
          { name: 'halves', cel_expression: 'model == "halves"', targets: [{ provider: 'two', model: 'm', weight: 0.5 }, { provider: 'other', model: 'm', weight: 0.5 }] },
        ],
      },
      },
      random: () => 0.5,
    },
  ) // prettier-ignore
})
afterAll(async () => {
  await gateway.close()
  fleet.close()
})
beforeEach(() => {
  gateway.resilience(() => nowMs)
  fleet.answer(() => 200)
})

interface Sent {
  model: string
  session?: string | undefined
  fallbacks?: string[]
  affinity?: string
}

function requestOf({ model, session, fallbacks, affinity }: Sent) {
  const headers = {
    ...(session !== undefined && { 'x-bf-session-id': session }),
    ...(affinity !== undefined && { 'x-bf-session-affinity': affinity }),
  }
  const body = { model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }], fallbacks }
  return { path: '/openai/v1/chat/completions', headers, body }
}

async function post(path: string, headers: object, body: object): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

async function explained(sent: Sent): Promise<ExplanationView> {
  const answer = await post('/api/explain', {}, requestOf(sent))
  expect(answer.status).toBe(200)
  return (await answer.json()) as ExplanationView
}

async function called(sent: Sent): Promise<CallRow> {
  const { path, headers, body } = requestOf(sent)
  const before = gateway.rows.length
  const answer = await post(path, headers, body)
  await answer.text()
  expect(gateway.rows).toHaveLength(before + 1)
  return gateway.rows.at(-1)!
}

// ==== One call after the other

const KEYS = ['one', 'two-a', 'two-b', 'other-a', 'other-b']

const step = fc.record({
  model: fc.constantFrom('chain', 'chain', 'halves', 'two/m', 'other/m', 'other/n'),
  session: fc.option(fc.constantFrom('s1', 's2', 's3', 's4'), { nil: undefined, freq: 4 }),
  failing: fc.subarray(KEYS),
  status: fc.constantFrom(200, 400, 401, 403, 429, 500, 500, 503),
  passMs: fc.constantFrom(0, 100, 11_000, 31_000),
  // The same so often, so that keys are left out.
  times: fc.integer({ min: 1, max: 6 }),
  isOff: fc.boolean().map((isOff) => (isOff ? { affinity: 'off' } : {})),
})

/** Without what is told by the clock on the wall, and the id of a call that each explanation is. */
const timeless = (view: ExplanationView) =>
  JSON.stringify(view, (name, value) => (name === 'left_out_until' ? value !== null : value))

const partsOf = ({ attempts }: CallRow) => attempts.map((each) => `${each.provider}/${each.model}`)

describe('what is explained is what happens', () => {
  it('whatever has failed before', { timeout: 120_000 }, async () => {
    const seen = new Set<string>()
    const once = async (sent: Sent): Promise<void> => {
      const view = await explained(sent)
      expect(timeless(await explained(sent))).toBe(timeless(view))
      const row = await called(sent)
      if (view.outcome.type !== 'sent') throw new Error(`not sent: ${JSON.stringify(view.outcome)}`)
      const tried = view.plan.slice(view.outcome.target)
      const { provider: id, model, key, reason, mode } = tried[0]!
      expect([row.attempts[0], row.mode]).toMatchObject([
        { provider: id, model, providerKeyName: key!.name, reason },
        row.attempts.length === 1 ? mode : row.mode,
      ])
      const places = partsOf(row).filter((place, index, all) => place !== all[index - 1])
      expect(tried.map((target) => `${target.provider}/${target.model}`).slice(0, places.length)).toEqual(
        places,
      )
      for (const { health, affinity } of view.plan.flatMap(({ keys }) => keys))
        seen.add(`${health} ${affinity}`)
      if (view.affinity?.bound_to != null) seen.add('bound elsewhere')
    }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 15 }), async (steps) => {
        gateway.resilience(() => nowMs)
        for (const { failing, status, passMs, times, isOff, ...sent } of steps) {
          nowMs += passMs
          fleet.answer(({ key }) => (failing.includes(key) ? status : 200))
          for (let time = 0; time < times; time++) await once({ ...sent, ...isOff })
        }
      }),
      { numRuns: 20, seed: 7, endOnFailure: true },
    )
    for (const one of ['usable home', 'usable bound', 'cooled home', 'untried home', 'bound elsewhere'])
      expect([...seen]).toContain(one)
  })

  // ==== Several at once

  /** Requests that wait until they are let go. */
  function gate() {
    const waiting: ((status: number) => void)[] = []
    fleet.answer(() => new Promise((resolve) => waiting.push(resolve)))
    return {
      arrived: async (count: number): Promise<void> => {
        await expect.poll(() => waiting.length).toBe(count)
      },
      letGo: (): void => {
        fleet.answer(() => 200)
        for (const resolve of waiting.splice(0)) resolve(200)
      },
    }
  }

  const refusalOf = ({ error, httpStatus }: CallRow) => [httpStatus, error?.kind, error?.message]
  const foretold = ({ outcome }: ExplanationView) =>
    outcome.type === 'refused' ? [outcome.status, outcome.error.type, outcome.error.message] : [outcome.type]

  it('where all slots are taken, and all places to wait for one', async () => {
    const sent = { model: 'narrow/m' }
    const { arrived, letGo } = gate()
    const slots = async () => (await explained(sent)).plan[0]!.slots
    expect(await slots()).toEqual([
      { of: 'narrow', concurrency: 1, in_flight: 0, waiting: 0, buffer_size: 1 },
    ])
    const first = called(sent)
    await arrived(1)
    expect([await slots(), foretold(await explained(sent))]).toMatchObject([
      [{ in_flight: 1, waiting: 0 }],
      ['sent'],
    ])
    const second = called(sent).catch(() => undefined)
    await expect.poll(slots).toMatchObject([{ in_flight: 1, waiting: 1 }])
    const view = await explained(sent)
    expect(refusalOf(await called(sent))).toEqual(foretold(view))
    expect(foretold(view)[1]).toBe('queue_full')
    letGo()
    await Promise.allSettled([first, second])
  })

  it('where a call is just trying what is left out', async () => {
    const sent = { model: 'one/m' }
    fleet.answer(() => 500)
    for (let time = 0; time < 5; time++) await called(sent)
    expect((await explained(sent)).plan[0]!.keys).toMatchObject([
      { health: 'untried', left_out: null, left_out_until: expect.any(String), share: 1 },
    ])
    const { arrived, letGo } = gate()
    const trying = called(sent).catch(() => undefined)
    await arrived(1)
    const view = await explained(sent)
    expect(refusalOf(await called(sent))).toEqual(foretold(view))
    expect(foretold(view)[1]).toBe('upstream_unavailable')
    letGo()
    await trying
    expect((await explained(sent)).plan[0]!.keys).toMatchObject([{ health: 'usable', left_out_until: null }])
  })
})
