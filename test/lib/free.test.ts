import { expect, it } from 'vitest'

import { free } from '../../src/lib/free.ts'

it.each([
  ['bytes with a buffer of their own', () => Buffer.allocUnsafeSlow(100_000), 0],
  ['a part of a larger buffer', () => Buffer.allocUnsafeSlow(100_000).subarray(1), 99_999],
  ['a small Buffer of the common pool', () => Buffer.from('neighbour'), 9],
  ['memory that another thread shares', () => Buffer.from(new SharedArrayBuffer(8)), 8],
  ['no bytes', () => Buffer.alloc(0), 0],
  ['bytes that were freed before', freed, 0],
])('free leaves of %s: %#', (_what, make, left) => {
  const bytes = make()
  free(bytes)
  expect(bytes.length).toBe(left)
})

function freed(): Buffer {
  const bytes = Buffer.allocUnsafeSlow(100_000)
  free(bytes)
  return bytes
}
