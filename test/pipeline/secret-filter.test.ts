import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { SecretFilter } from '../../src/pipeline/secret-filter.ts'
import { slice, slices } from '../support/sse.ts'

const SECRET = 'sk-ant-api03-aaab-aaaac'

function filtered(text: string, places: readonly number[] = []): string {
  const filter = new SecretFilter(SECRET)
  const parts = slice(Buffer.from(text), places).map((part) => filter.push(Buffer.from(part)))
  return Buffer.concat([...parts, filter.end()]).toString()
}

describe('C20 a key in an answer', () => {
  it.each([
    ['alone', SECRET, '[redacted]'],
    ['in a text', `invalid x-api-key ${SECRET}.`, 'invalid x-api-key [redacted].'],
    ['twice', `${SECRET}${SECRET}\n`, '[redacted][redacted]\n'],
    ['begun and broken off', `sk-ant-api03-aaab-aaaa${SECRET}`, 'sk-ant-api03-aaab-aaaa[redacted]'],
    ['begun at the end', 'sk-ant-api03-aa', 'sk-ant-api03-aa'],
    ['not at all', 'sk-ant-api03-other', 'sk-ant-api03-other'],
  ])('%s', (_name, text, expected) => {
    expect(filtered(text)).toBe(expected)
  })

  it('goes, and nothing else, however the bytes are sliced', () => {
    const piece = fc.oneof(
      fc.constant(SECRET),
      fc.nat({ max: SECRET.length }).map((length) => SECRET.slice(0, length)),
      fc.constantFrom('\n', 'data: ', 'ä'),
    )
    fc.assert(
      fc.property(fc.array(piece), slices, (pieces, places) => {
        const text = pieces.join('')
        expect(filtered(text, places)).toBe(text.replaceAll(SECRET, '[redacted]'))
      }),
      { numRuns: 500 },
    )
  })

  it('leaves every header but its own value', () => {
    const headers = { 'x-echo': `Bearer ${SECRET}`, 'set-cookie': ['a', SECRET], 'request-id': 'req_1' }
    expect(new SecretFilter(SECRET).headers(headers)).toEqual({
      'x-echo': 'Bearer [redacted]',
      'set-cookie': ['a', '[redacted]'],
      'request-id': 'req_1',
    })
  })

  it('takes no short word for a key', () => {
    expect(new SecretFilter('none').push(Buffer.from('none of it')).toString()).toBe('none of it')
  })
})
