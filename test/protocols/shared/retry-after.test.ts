import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRetryAfter, readShouldRetry } from '../../../src/protocols/shared/retry-after.ts'

const reader = (headers: Record<string, string>) => (name: string) => headers[name]

const ROWS: [Record<string, string>, number | undefined][] = [
  [{}, undefined],
  [{ 'retry-after': '2' }, 2],
  [{ 'retry-after': ' 2.1 ' }, 3],
  [{ 'retry-after': '-1' }, 0],
  [{ 'retry-after': '99999999' }, 86_400],
  [{ 'retry-after': 'abc' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 2],
  [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT', date: 'Sat, 21 Nov 2026 10:00:00 GMT' }, 30],
  [{ 'retry-after': 'Sat, 21 Nov 2020 10:00:30 GMT', date: 'Sat, 21 Nov 2026 10:00:00 GMT' }, 0],
  [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:30 GMT' }, undefined],
]

describe('C14 retry-after', () => {
  it.each(ROWS)('%j is %s', (headers, seconds) => {
    expect(readRetryAfter(reader(headers))).toBe(seconds)
  })

  it('is whole seconds in [0, a day], whatever stands there', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (value, milliseconds, date) => {
        const seconds = readRetryAfter(reader({ 'retry-after': value, 'retry-after-ms': milliseconds, date }))
        if (seconds !== undefined)
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400).toBe(true)
      }),
    )
  })

  it.each([
    [{ 'x-should-retry': 'true' }, true],
    [{ 'x-should-retry': 'false' }, false],
    [{ 'x-should-retry': 'maybe' }, undefined],
    [{}, undefined],
  ])('x-should-retry: %j is %s', (headers, should) => {
    expect(readShouldRetry(reader(headers))).toBe(should)
  })
})
