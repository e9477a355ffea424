import { describe, expect, it } from 'vitest'

import { ByteBudget } from '../../src/lib/byte-budget.ts'
import { ByteKeeper } from '../../src/pipeline/byte-keeper.ts'

const text = (keeper: ByteKeeper) => Buffer.concat(keeper.take().map((part) => Buffer.from(part))).toString()
const add = (keeper: ByteKeeper, part: Buffer | string) => keeper.add(part, Buffer.byteLength(part))

describe('B5 what is kept of answers for the log', () => {
  it('is all of them, text and bytes, up to their limit', () => {
    const keeper = new ByteKeeper(10_000, new ByteBudget(100_000))
    add(keeper, 'é')
    add(keeper, Buffer.from('—'))
    for (let n = 0; n < 1_000; n++) add(keeper, n % 2 === 0 ? 'word ' : Buffer.from('word '))
    expect(text(keeper)).toBe(`é—${'word '.repeat(1_000)}`)
    expect(keeper.droppedBytes).toBe(0)
  })

  it('is the beginning without holes of one that is longer, and the rest is counted', () => {
    const keeper = new ByteKeeper(10, new ByteBudget(100_000))
    for (const part of ['12345', '67890123', 'x']) add(keeper, part)
    expect({ kept: text(keeper), dropped: keeper.droppedBytes }).toEqual({ kept: '12345', dropped: 9 })
  })

  it('is no more than the budget for all together, which comes back when they are handed over', () => {
    const budget = new ByteBudget(10_000)
    const keepers = Array.from({ length: 20 }, () => new ByteKeeper(8_000, budget))
    for (const keeper of keepers) add(keeper, 'a'.repeat(2_000))
    expect(keepers.filter(({ droppedBytes }) => droppedBytes === 0)).toHaveLength(5)
    for (const keeper of keepers) keeper.take()
    const next = new ByteKeeper(10_000, budget)
    add(next, 'b'.repeat(10_000))
    expect(next.droppedBytes).toBe(0)
  })
})
