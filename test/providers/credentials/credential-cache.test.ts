import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/message/error.ts'
import { CredentialCache, goodUntil } from '../../../src/providers/credentials/credential-cache.ts'
import { Clock } from '../../support/cloud/credentials.ts'
import { deferred } from '../../support/deferred.ts'

const REFUSED = new GatewayError('upstream_unauthenticated', 'refused')
const FAILED = new GatewayError('upstream_unavailable', 'failed')

/** Tokens that are good for an hour, numbered; `fail` makes the next ones fail. */
function setUp(minutes = 60) {
  const clock = new Clock()
  const reports: GatewayError[] = []
  const cache = new CredentialCache<string>(clock.now, (error) => void reports.push(error))
  const state = { loads: 0, failure: undefined as GatewayError | undefined, minutes }
  const load = async () => {
    state.loads++
    if (state.failure !== undefined) throw state.failure
    return goodUntil(`token ${state.loads}`, clock.ms + state.minutes * 60_000, clock.ms)
  }
  return { clock, cache, state, reports, get: (identity = 'a') => cache.get(identity, load) }
}

describe('a token', () => {
  it('is fetched once, and is there at once after that', async () => {
    const { get, state } = setUp()
    expect(get()).toBeInstanceOf(Promise)
    await get()
    expect(get()).toBe('token 1')
    expect(state.loads).toBe(1)
  })

  it('is fetched once for all calls that wait for it', async () => {
    const { get, state } = setUp()
    const tokens = await Promise.all(Array.from({ length: 100 }, async () => get()))
    expect(new Set(tokens)).toEqual(new Set(['token 1']))
    expect(state.loads).toBe(1)
  })

  it('is fetched for each identity', async () => {
    const { get } = setUp()
    expect([await get('a'), await get('b'), get('a')]).toEqual(['token 1', 'token 2', 'token 1'])
  })

  it.each([
    ['an hour', 60, 54, 56],
    ['two minutes', 2, 0.9, 1.1],
  ])(
    'that is good for %s is renewed beside the calls, before it ends',
    async (_title, minutes, before, after) => {
      const { get, clock, state } = setUp(minutes)
      await get()
      clock.pass(before)
      expect(get()).toBe('token 1')
      expect(state.loads).toBe(1)
      clock.pass(after - before)
      expect(get()).toBe('token 1')
      expect(get()).toBe('token 1')
      await Promise.resolve()
      expect(state.loads).toBe(2)
      await new Promise(setImmediate)
      expect(get()).toBe('token 2')
    },
  )

  it('that has ended is not used, not even while another is fetched', async () => {
    const { get, clock } = setUp()
    await get()
    clock.pass(60)
    const next = get()
    expect(next).toBeInstanceOf(Promise)
    expect(await next).toBe('token 2')
  })

  it('that never ends is not renewed', async () => {
    const { cache, clock } = setUp()
    const forever = async () => goodUntil('token', Infinity, clock.ms)
    await cache.get('a', forever)
    clock.pass(1e9)
    expect(cache.get('a', forever)).toBe('token')
  })
})

describe('a failure to renew', () => {
  it('leaves the old token in use, is reported, and is tried again after half a minute', async () => {
    const { get, clock, state, reports } = setUp()
    await get()
    clock.pass(56)
    state.failure = FAILED
    expect(get()).toBe('token 1')
    await new Promise(setImmediate)
    expect(reports).toEqual([FAILED])
    expect(get()).toBe('token 1')
    expect(state.loads).toBe(2)
    clock.pass(0.6)
    state.failure = undefined
    expect(get()).toBe('token 1')
    await new Promise(setImmediate)
    expect(get()).toBe('token 3')
  })

  it('is told once the old token has ended', async () => {
    const { get, clock, state } = setUp()
    await get()
    clock.pass(61)
    state.failure = FAILED
    await expect(get()).rejects.toBe(FAILED)
    state.failure = undefined
    expect(await get()).toBe('token 3')
  })
})

describe('a refusal', () => {
  it('is not asked for again for five seconds', async () => {
    const { get, clock, state } = setUp()
    state.failure = REFUSED
    await expect(get()).rejects.toBe(REFUSED)
    expect(() => get()).toThrow(REFUSED)
    expect(state.loads).toBe(1)
    clock.pass(0.1)
    state.failure = undefined
    expect(await get()).toBe('token 2')
    expect(get()).toBe('token 2')
  })

  it('of everybody who waits is one', async () => {
    const { get, state } = setUp()
    state.failure = REFUSED
    const outcomes = await Promise.allSettled([get(), get(), get()])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(state.loads).toBe(1)
  })
})

it('what nobody foresaw becomes an error of the table', async () => {
  const { cache } = setUp()
  const broken = () => Promise.reject(new TypeError('x is not a function'))
  await expect(cache.get('a', broken)).rejects.toMatchObject({ kind: 'internal' })
})

describe('distrust', () => {
  it('makes the next call wait for another token, at most once in half a minute', async () => {
    const { get, cache, clock } = setUp()
    await get()
    cache.distrust('a')
    expect(get()).toBe('token 1')
    clock.pass(1)
    cache.distrust('a')
    cache.distrust('unknown')
    expect(await get()).toBe('token 2')
    cache.distrust('a')
    expect(get()).toBe('token 2')
  })
})

it('keepOnly forgets what is not named', async () => {
  const { get, cache } = setUp()
  await Promise.all([get('a'), get('b')])
  cache.keepOnly(new Set(['b', 'c']))
  expect(get('b')).toBe('token 2')
  expect(await get('a')).toBe('token 3')
})

it('whatever happens, no token is given out that has ended, and no two are fetched at once', async () => {
  const step = fc.record({
    minutes: fc.integer({ min: 0, max: 40 }),
    fails: fc.boolean(),
    settle: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = new Clock()
      const cache = new CredentialCache<number>(clock.now, () => undefined)
      const pending = new Set<ReturnType<typeof deferred<void>>>()
      let fails = false
      const load = async () => {
        const gate = deferred<void>()
        pending.add(gate)
        expect(pending.size).toBe(1)
        await gate.promise
        pending.delete(gate)
        if (fails) throw FAILED
        const endsAtMs = clock.ms + 60 * 60_000
        return goodUntil(endsAtMs, endsAtMs, clock.ms)
      }
      for (const { minutes, fails: failing, settle } of steps) {
        clock.pass(minutes)
        fails = failing
        const value = cache.get('a', load)
        if (value instanceof Promise) value.catch(() => undefined)
        else expect(value).toBeGreaterThan(clock.ms)
        if (settle) for (const gate of pending) gate.resolve()
        await new Promise(setImmediate)
      }
    }),
    { numRuns: 100 },
  )
})
