import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SlidingCount } from '../../src/lib/sliding-count.ts'

it('counts what the last window has, to a tenth of it', () => {
  const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2_000 })))
  fc.assert(
    fc.property(gaps, fc.integer({ min: 0, max: 1e9 }), (waits, startMs) => {
      const count = new SlidingCount(1_000)
      const times: number[] = []
      let nowMs = startMs
      for (const wait of waits) {
        nowMs += wait
        count.add(nowMs)
        times.push(nowMs)
        const firstStep = Math.floor(nowMs / 100) - 9
        expect(count.sum(nowMs)).toBe(times.filter((time) => time >= firstStep * 100).length)
      }
      expect(count.sum(nowMs + 1_000)).toBe(0)
    }),
  )
})
