import { beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { ErrorKind } from '../../src/message/error.ts'
import { Health } from '../../src/pipeline/health.ts'
import type { HealthChange, Lane } from '../../src/pipeline/health.ts'
import { seeded } from '../support/chance.ts'

let nowMs: number
let changes: HealthChange[]
let health: Health

beforeEach(() => {
  nowMs = 1_000_000
  changes = []
  health = new Health(
    () => nowMs,
    (change) => changes.push(change),
  )
})

function lane(change: Partial<Lane> = {}): Lane {
  return { provider: 'openai', key: 'k1', keyName: 'main', model: 'gpt-5', isPersonal: false, ...change }
}

const error = (kind: ErrorKind, retryAfterSeconds?: number) =>
  new GatewayError(kind, 'No.', retryAfterSeconds === undefined ? {} : { retryAfterSeconds })

function fail(times: number, kind: ErrorKind = 'upstream_error', at = lane(), retryAfterSeconds?: number) {
  for (let index = 0; index < times; index++) health.begin(at)!.failed(error(kind, retryAfterSeconds))
}

describe('C17 what a failure does to its key', () => {
  it.each<[kind: ErrorKind, times: number, own: string, otherModel: string, otherKey: string]>([
    // The provider or the network
    ['upstream_error', 4, 'fit', 'fit', 'fit'],
    ['upstream_error', 5, 'ejected', 'fit', 'fit'],
    ['overloaded', 5, 'ejected', 'fit', 'fit'],
    ['upstream_unavailable', 5, 'ejected', 'fit', 'fit'],
    ['upstream_unreachable', 5, 'ejected', 'fit', 'fit'],
    ['upstream_timeout', 5, 'ejected', 'fit', 'fit'],
    ['upstream_idle', 5, 'ejected', 'fit', 'fit'],
    ['upstream_truncated', 5, 'ejected', 'fit', 'fit'],
    ['upstream_malformed', 5, 'ejected', 'fit', 'fit'],
    // The key, for all models or for one
    ['upstream_unauthenticated', 1, 'cooled', 'cooled', 'fit'],
    ['upstream_billing', 1, 'cooled', 'cooled', 'fit'],
    ['upstream_forbidden', 1, 'cooled', 'fit', 'fit'],
    ['rate_limited', 1, 'cooled', 'fit', 'fit'],
    // Nobody there
    ['invalid_request', 50, 'fit', 'fit', 'fit'],
    ['context_overflow', 50, 'fit', 'fit', 'fit'],
    ['model_not_found', 50, 'fit', 'fit', 'fit'],
    ['unprocessable', 50, 'fit', 'fit', 'fit'],
    ['client_closed', 50, 'fit', 'fit', 'fit'],
    ['conflict', 50, 'fit', 'fit', 'fit'],
    ['queue_full', 50, 'fit', 'fit', 'fit'],
    ['overloaded_gateway', 50, 'fit', 'fit', 'fit'],
    ['internal', 50, 'fit', 'fit', 'fit'],
  ])('%s, %i times', (kind, times, own, otherModel, otherKey) => {
    fail(times, kind)
    const standings = [lane(), lane({ model: 'gpt-4' }), lane({ key: 'k2' })]
    expect(standings.map((one) => health.standing(one))).toEqual([own, otherModel, otherKey])
    expect(health.isQuiet).toBe(own === 'fit' && times > 4)
  })

  it.each(['upstream_unauthenticated', 'upstream_forbidden', 'rate_limited'] as const)(
    '%s of a client’s own login is nobody else’s',
    (kind) => {
      fail(1, kind, lane({ isPersonal: true }))
      expect(health.isQuiet).toBe(true)
    },
  )

  it('counts failures in a row, whatever else is on its way', () => {
    const slow = health.begin(lane())!
    fail(4)
    slow.succeeded()
    expect(health.isQuiet).toBe(true)
    fail(4)
    expect(health.standing(lane())).toBe('fit')
    fail(1)
    expect(health.standing(lane())).toBe('ejected')
  })

  it('counts nothing that is older than ten minutes', () => {
    fail(4)
    nowMs += 600_000
    fail(4)
    expect(health.standing(lane())).toBe('fit')
  })
})

describe('C17 how long a key is out', () => {
  it('30 s × n, at most 5 minutes, and the next success ends it', () => {
    fail(5)
    const seconds: number[] = []
    for (let round = 0; round < 12; round++) {
      seconds.push(changes.flatMap((change) => (change.type === 'ejected' ? [change.seconds] : [])).at(-1)!)
      nowMs += seconds.at(-1)! * 1000 - 1
      expect([health.standing(lane()), health.rank(lane())]).toEqual(['ejected', 'untried'])
      nowMs += 1
      expect([health.standing(lane()), health.rank(lane())]).toEqual(['probation', 'usable'])
      fail(1)
    }
    expect(seconds).toEqual([30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300])
    nowMs += 300_000
    health.begin(lane())!.succeeded()
    expect([health.isQuiet, changes.at(-1)!.type]).toEqual([true, 'back'])
  })

  it.each([
    ['as the provider says', 7, 7],
    ['at most five minutes', 86_400, 300],
    ['ten seconds where it says nothing', undefined, 10],
  ])('a limit cools %s', (_title, retryAfterSeconds, seconds) => {
    fail(1, 'rate_limited', lane(), retryAfterSeconds)
    nowMs += seconds * 1000 - 1
    expect(health.standing(lane())).toBe('cooled')
    nowMs += 1
    expect(health.standing(lane())).toBe('fit')
  })

  it.each([
    ['as the provider says', 20, 20],
    ['at most five minutes', 86_400, 300],
  ])('an overloaded key is spared %s, without being ejected', (_title, retryAfterSeconds, seconds) => {
    fail(1, 'overloaded', lane(), retryAfterSeconds)
    nowMs += seconds * 1000 - 1
    expect(health.standing(lane())).toBe('cooled')
    nowMs += 1
    expect(health.standing(lane())).toBe('fit')
    expect(changes).toEqual([])
  })

  it('a key that was only limited is not ejected by the first failure after its limit', () => {
    fail(1, 'rate_limited')
    const trial = health.begin(lane())!
    trial.answered()
    trial.failed(error('client_closed'))
    fail(1)
    expect(health.standing(lane())).toBe('fit')
  })

  it('what fails while it is out does not prolong it', () => {
    const late = Array.from({ length: 20 }, () => health.begin(lane())!)
    fail(5)
    for (const trial of late) trial.failed(error('upstream_timeout'))
    nowMs += 30_000
    expect(health.standing(lane())).toBe('probation')
    expect(changes.filter(({ type }) => type === 'ejected')).toHaveLength(1)
  })

  it('an answer that was on its way before does not end it', () => {
    const slow = health.begin(lane())!
    fail(5)
    slow.answered()
    slow.succeeded()
    expect(health.standing(lane())).toBe('ejected')
  })
})

describe('C18 one call at a time tries what is out', () => {
  beforeEach(() => fail(5))

  it('others may not, until it has ended', () => {
    const trial = health.begin(lane())!
    expect([trial.isTry, health.begin(lane()), health.begin(lane())]).toEqual([true, undefined, undefined])
    trial.failed(error('invalid_request'))
    expect([health.standing(lane()), health.begin(lane())?.isTry]).toEqual(['ejected', true])
  })

  it('or until its answer begins; if that breaks off, it is out again, and longer', () => {
    const trial = health.begin(lane())!
    trial.answered()
    expect([health.standing(lane()), health.begin(lane())!.isTry]).toEqual(['fit', false])
    trial.failed(error('upstream_truncated'))
    expect(health.standing(lane())).toBe('ejected')
    expect(changes.map((change) => (change.type === 'ejected' ? change.seconds : change.type))).toEqual([30, 'back', 60]) // prettier-ignore
  })

  it('or until it takes longer than ten seconds', () => {
    const hanging = health.begin(lane())!
    nowMs += 9_999
    expect(health.begin(lane())).toBe(undefined)
    nowMs += 1
    const next = health.begin(lane())!
    expect(next.isTry).toBe(true)
    hanging.failed(error('client_closed'))
    expect(health.begin(lane())).toBe(undefined)
    next.failed(error('client_closed'))
    expect(health.begin(lane())?.isTry).toBe(true)
  })

  it('what is only cooled holds nobody up', () => {
    fail(1, 'rate_limited', lane({ model: 'gpt-4' }))
    const both = [health.begin(lane({ model: 'gpt-4' }))!, health.begin(lane({ model: 'gpt-4' }))!]
    both[0]!.succeeded()
    expect(health.standing(lane({ model: 'gpt-4' }))).toBe('fit')
  })
})

it('C17 a backend that is down gets less than 1 % of the calls, one that is back gets its half (fixed seed)', () => {
  const random = seeded(17)
  const keys = [lane({ key: 'down' }), lane({ key: 'up' })]
  const calls = { down: [0, 0], up: [0, 0] }
  const run = (isDown: boolean) => {
    for (let call = 0; call < 36_000; call++) {
      nowMs += 50
      const usable = keys.filter((one) => health.rank(one) === 'usable')
      const chosen = usable[Math.floor(random() * usable.length)]!
      calls[chosen.key as 'down' | 'up'][isDown ? 0 : 1]!++
      const trial = health.begin(chosen)!
      const fails = random() < 0.1 || (isDown && chosen.key === 'down')
      if (fails) trial.failed(error('upstream_error'))
      else trial.succeeded()
    }
  }
  run(true)
  nowMs += 300_000
  run(false)
  expect(calls.down[0]).toBeLessThan(360)
  expect(calls.down[1]).toBeGreaterThan(17_000)
})

it('L5 names that clients invent do not fill the memory', () => {
  for (let index = 0; index < 100_000; index++) fail(1, 'upstream_error', lane({ model: `m${index}` }))
  fail(5)
  expect(health.standing(lane())).toBe('ejected')
  nowMs += 600_000
  health.begin(lane())
  expect(health.isQuiet).toBe(true)
})

it('trouble of one provider is nothing to look up for another', () => {
  fail(1, 'upstream_error')
  expect([health.isQuietAt('openai'), health.isQuietAt('anthropic')]).toEqual([false, true])
  health.begin(lane())!.succeeded()
  expect(health.isQuietAt('openai')).toBe(true)
})
