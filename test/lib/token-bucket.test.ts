import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../src/lib/token-bucket.ts'

describe('a token bucket of 3 and 2 a second', () => {
  it.each<[string, at: number[], through: boolean[]]>([
    ['lets a burst through', [0, 0, 0, 0], [true, true, true, false]],
    ['fills as time goes', [0, 0, 0, 499, 500, 501, 1_000], [true, true, true, false, true, false, true]],
    ['never holds more than its burst', [0, 90_000, 90_000, 90_000, 90_000], [true, true, true, true, false]],
    ['lets through for ever what comes slower', [0, 500, 1_000, 1_500, 2_000, 2_500], Array(6).fill(true)],
  ])('%s', (_name, at, through) => {
    const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, 0)
    expect(at.map((nowMs) => bucket.take(nowMs))).toEqual(through)
  })
})
