import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64, encodeBase64 } from '../../src/lib/base64.ts'

it('writes what Buffer writes, beyond one chunk too, and reads it back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(3), (bytes, repeats) => {
      const long = Buffer.concat(Array.from({ length: repeats * 1000 + 1 }, () => bytes))
      const text = encodeBase64(long)
      expect(text).toBe(long.toString('base64'))
      expect(Buffer.from(decodeBase64(text)!).equals(long)).toBe(true)
      expect(Buffer.from(decodeBase64(long.toString('base64url'))!).equals(long)).toBe(true)
    }),
    { numRuns: 50 },
  )
})

it.each(['!', 'abcde', 'data:image/png;base64,AAAA'])('refuses %s', (text) => {
  expect(decodeBase64(text)).toBeUndefined()
})
