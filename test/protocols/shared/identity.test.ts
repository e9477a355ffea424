import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { originalCallId, portableCallId, sha256, shortHash } from '../../../src/protocols/shared/identity.ts'

/** The lowest digits of the text's SHA-256, lowest first. */
function inBase62(text: string, length: number): string {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
  const hash = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
  return Array.from({ length }, (_, at) => digits[Number((hash / 62n ** BigInt(at)) % 62n)]).join('')
}

describe('shortHash', () => {
  it('is SHA-256 underneath', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const hex = Array.from(sha256(bytes), (word) => word.toString(16).padStart(8, '0')).join('')
        expect(hex).toBe(createHash('sha256').update(bytes).digest('hex'))
      }),
    )
  })

  it.each([
    ['', 9],
    ['toolu_0002', 9],
    ['{"device_id":"0"}', 40],
  ])('%j in %i letters and digits, always the same', (text, length) => {
    expect(shortHash(text, length)).toMatch(new RegExp(`^[0-9a-zA-Z]{${length}}$`))
    expect(shortHash(text, length)).toBe(shortHash(text, length))
    expect(shortHash(text, length)).not.toBe(shortHash(`${text} `, length))
  })

  it('is the hash of its own text in its own length, whatever was asked for before', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('9', '9 9', '24 9', 'x'.repeat(512), 'x'.repeat(513)))
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.constantFrom(9, 24, 40)), { maxLength: 40 }), (asked) => {
        for (const [one, length] of asked) expect(shortHash(one, length)).toBe(inBase62(one, length))
      }),
    )
  })
})

describe('call ids', () => {
  it.each([
    ['toolu_01A', 'toolu_01A'],
    ['call-9', 'call-9'],
    ['functions.Bash:0', 'sbxid_ZnVuY3Rpb25zLkJhc2g6MA'],
  ])('%s travels as %s', (id, portable) => {
    expect(portableCallId(id)).toBe(portable)
  })

  it('every id comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (id) => {
        expect(portableCallId(id)).toMatch(/^[a-zA-Z0-9_-]+$/)
        expect(originalCallId(portableCallId(id))).toBe(id)
      }),
    )
  })

  it('an escape that nobody made stays as it is', () => {
    expect(originalCallId('sbxid_!!')).toBe('sbxid_!!')
    expect(originalCallId('sbxid__w')).toBe('sbxid__w')
  })
})
