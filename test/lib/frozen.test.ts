import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { deepFreeze, onceForFrozen } from '../../src/lib/frozen.ts'

describe('deepFreeze', () => {
  it('freezes whatever JSON, all the way down', () => {
    const unfrozen = (value: unknown): boolean =>
      typeof value === 'object' &&
      value !== null &&
      (!Object.isFrozen(value) || Object.values(value).some(unfrozen))
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(unfrozen(deepFreeze(structuredClone(value)))).toBe(false)
        expect(deepFreeze(structuredClone(value))).toEqual(value)
      }),
    )
  })
})

describe('onceForFrozen', () => {
  const counted = () => {
    let runs = 0
    return onceForFrozen((list: number[]) => ({ length: list.length, runs: ++runs }))
  }

  it('computes once for a frozen argument, and freezes what came of it', () => {
    const compute = counted()
    const list = deepFreeze([1, 2])
    expect(compute(list)).toEqual({ length: 2, runs: 1 })
    expect(compute(list)).toBe(compute(list))
    expect(Object.isFrozen(compute(list))).toBe(true)
  })

  it('computes anew for an argument that may change, and for another of the same content', () => {
    const compute = counted()
    const list = [1]
    expect(compute(list)).toEqual({ length: 1, runs: 1 })
    list.push(2)
    expect(compute(list)).toEqual({ length: 2, runs: 2 })
    expect(Object.isFrozen(compute(list))).toBe(false)
    expect(compute(deepFreeze([1])).runs).toBe(4)
    expect(compute(deepFreeze([1])).runs).toBe(5)
  })

  it('remembers no error', () => {
    let fails = true
    const compute = onceForFrozen((value: object) => {
      if (fails) throw new Error('no')
      return { value }
    })
    const argument = deepFreeze({})
    expect(() => compute(argument)).toThrow('no')
    fails = false
    expect(compute(argument)).toEqual({ value: argument })
  })
})
