import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { BodyRing } from '../../../src/stores/logs/body-ring.ts'
import type { Place } from '../../../src/stores/logs/body-ring.ts'

const SIZE = 64
const read = (ring: BodyRing, { offset, length }: Place) =>
  Buffer.from(new Uint8Array(ring.memory, offset, length)).toString()

describe('BodyRing', () => {
  const body = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 3 })
  const step = fc.oneof(fc.record({ put: body, isText: fc.boolean() }), fc.record({ free: fc.nat(3) }))

  it('gives every body back as it was, in order, until it is freed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const ring = new BodyRing(SIZE)
        const inside: { text: string; place: Place }[] = []
        for (const one of steps) {
          if ('free' in one) {
            const count = Math.min(one.free, inside.length)
            ring.free(count)
            inside.splice(0, count)
          } else {
            const place = ring.put(one.put.map((part) => (one.isText ? part : Buffer.from(part))))
            const text = one.put.map((part) => Buffer.from(part).toString()).join('')
            if (place !== undefined) inside.push({ text, place })
            else expect(inside.length > 0 || Buffer.byteLength(text) > SIZE).toBe(true)
          }
          expect(ring.count).toBe(inside.length)
          for (const { text, place } of inside) expect(read(ring, place)).toBe(text)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('takes a larger body alone, up to its memory', () => {
    const ring = new BodyRing(SIZE, 2 * SIZE)
    expect(ring.put([Buffer.alloc(2 * SIZE + 1)])).toBeUndefined()
    expect(ring.put([Buffer.alloc(2 * SIZE)])).toEqual({ offset: 0, length: 2 * SIZE })
    expect(ring.put(['x'])).toBeUndefined()
    ring.free(1)
    expect(ring.put(['x'])).toEqual({ offset: 0, length: 1 })
    expect(ring.put([Buffer.alloc(SIZE)])).toBeUndefined()
    expect(ring.put([Buffer.alloc(SIZE - 1)])).toEqual({ offset: 1, length: SIZE - 1 })
  })

  it('takes a body that fills it, begins anew when it is empty, and refuses what is longer', () => {
    const ring = new BodyRing(SIZE)
    for (let n = 0; n < 3; n++) {
      expect(ring.put([Buffer.alloc(SIZE)])).toEqual({ offset: 0, length: SIZE })
      expect(ring.put(['x'])).toBeUndefined()
      ring.free(1)
    }
    expect(ring.put([Buffer.alloc(SIZE + 1)])).toBeUndefined()
  })
})
