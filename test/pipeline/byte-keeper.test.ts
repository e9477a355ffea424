import { describe, expect, it } from 'vitest'

import { ByteKeeper, KeepBudget } from '../../src/pipeline/byte-keeper.ts'

const text = (keeper: ByteKeeper) => Buffer.from(keeper.take()).toString()

describe('B5 what is kept of answers for the log', () => {
  it('is all of them, text and bytes, up to their limit', () => {
    const keeper = new ByteKeeper(10_000, new KeepBudget(100_000))
    keeper.add('é')
    keeper.add(Buffer.from('—'))
    keeper.add('word '.repeat(1_000))
    expect(text(keeper)).toBe(`é—${'word '.repeat(1_000)}`)
    expect(keeper.droppedBytes).toBe(0)
  })

  it('is the beginning without holes of one that is longer, and the rest is counted', () => {
    const keeper = new ByteKeeper(10, new KeepBudget(100_000))
    for (const part of ['12345', '67890123', 'x']) keeper.add(part)
    expect({ kept: text(keeper), dropped: keeper.droppedBytes }).toEqual({ kept: '12345', dropped: 9 })
  })

  it('is no more than the budget for all together, which comes back when they are handed over', () => {
    const budget = new KeepBudget(10_000)
    const keepers = Array.from({ length: 20 }, () => new ByteKeeper(8_000, budget))
    for (const keeper of keepers) keeper.add('a'.repeat(2_000))
    expect(keepers.filter(({ droppedBytes }) => droppedBytes === 0)).toHaveLength(4)
    for (const keeper of keepers) keeper.take()
    const next = new ByteKeeper(10_000, budget)
    next.add('b'.repeat(10_000))
    expect(next.droppedBytes).toBe(0)
  })
})
