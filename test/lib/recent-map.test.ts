import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecentMap } from '../../src/lib/recent-map.ts'

it('keeps the last entries that were set or read, at least as many as its limit, and never a wrong value', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 12 }), set: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), fc.integer({ min: 1, max: 5 }), (steps, limit) => {
      const map = new RecentMap<number, string>(limit)
      const last = new Map<number, string>()
      const used: number[] = []
      for (const [index, { key, set }] of steps.entries()) {
        const mustHold = new Set([...new Set(used.toReversed())].slice(0, limit))
        if (set) {
          map.set(key, `${index}`)
          last.set(key, `${index}`)
        } else {
          const found = map.get(key)
          if (found !== undefined || mustHold.has(key)) expect(found).toBe(last.get(key))
        }
        if (set || mustHold.has(key)) used.push(key)
      }
    }),
  )
})

it('is empty when it is cleared', () => {
  const map = new RecentMap<string, number>(1)
  map.set('a', 1)
  map.set('b', 2)
  map.clear()
  expect([map.get('a'), map.get('b')]).toEqual([undefined, undefined])
})

it('forgets one in both of its generations, and is empty when each of them is', () => {
  const map = new RecentMap<string, number>(1)
  expect(map.isEmpty).toBe(true)
  map.set('a', 1)
  map.set('b', 2)
  map.get('a')
  map.delete('a')
  expect([map.get('a'), map.isEmpty]).toEqual([undefined, false])
  map.delete('b')
  expect([map.get('b'), map.isEmpty]).toEqual([undefined, true])
})

it('forgets nothing when one that it holds is set again', () => {
  const map = new RecentMap<string, number>(2)
  for (const [key, value] of [['a', 1], ['b', 2], ['b', 3], ['b', 4], ['b', 5]] as const) map.set(key, value) // prettier-ignore
  expect([map.get('a'), map.get('b')]).toEqual([1, 5])
})
