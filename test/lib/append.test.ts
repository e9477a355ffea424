import { expect, it } from 'vitest'
import { gather, joined } from '../../src/lib/append.ts'

it('joins lists in their order, whichever of them is empty', () => {
  expect(joined([1, 2], [3])).toEqual([1, 2, 3])
  expect(joined([], [3])).toEqual([3])
  expect(joined([1], [])).toEqual([1])
})

it('never fills an empty list with the elements of another', () => {
  const none: number[] = []
  joined(joined(none, none), [1])
  expect(none).toEqual([])
})

it('gathers what flatMap gives', () => {
  const counted = (count: number) => Array.from({ length: count }, (_, at) => at)
  for (const counts of [[], [0], [1], [0, 1, 0], [3, 0, 2]])
    expect(gather(counts, counted)).toEqual(counts.flatMap(counted))
})
