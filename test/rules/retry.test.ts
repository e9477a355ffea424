import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { ErrorDetails, ErrorKind } from '../../src/message/error.ts'
import { afterFailure, hasRoom, RETRY_AFTER_MAX_MS, roomBeyond } from '../../src/rules/retry.ts'

const network = { maxRetries: 2, backoffInitialMs: 500, backoffMaxMs: 5000, random: () => 0.5 }

function ask(kind: ErrorKind, attempts: number, otherKeys: boolean, details: ErrorDetails = {}) {
  return afterFailure({ ...network, error: new GatewayError(kind, 'x', details), attempts, otherKeys })
}

describe('what a failure leads to', () => {
  it.each([
    // kind, attempts made, other keys left, details, answer
    ['invalid_request', 1, true, {}, { type: 'stop' }],
    ['context_overflow', 1, true, {}, { type: 'stop' }],
    ['model_not_found', 1, true, {}, { type: 'stop' }],
    ['client_closed', 1, true, {}, { type: 'stop' }],
    ['rate_limited', 1, true, {}, { type: 'other-key' }],
    ['rate_limited', 1, false, { retryAfterSeconds: 2 }, { type: 'stop' }],
    ['upstream_unauthenticated', 1, true, {}, { type: 'other-key' }],
    ['upstream_unauthenticated', 1, false, {}, { type: 'stop' }],
    ['overloaded', 1, true, {}, { type: 'other-key' }],
    ['overloaded', 1, false, {}, { type: 'again', delayMs: 500 }],
    ['overloaded', 2, false, {}, { type: 'again', delayMs: 1000 }],
    ['overloaded', 3, false, {}, { type: 'stop' }],
    ['overloaded', 1, false, { retryAfterSeconds: 3 }, { type: 'again', delayMs: 3000 }],
    ['overloaded', 1, false, { shouldRetry: false }, { type: 'stop' }],
    ['C14 overloaded', 1, false, { retryAfterSeconds: 86400 }, { type: 'stop' }],
    ['upstream_truncated', 1, false, {}, { type: 'again', delayMs: 500 }],
  ])('%s after %i attempt(s), other keys: %s, %o', (kind, attempts, otherKeys, details, answer) => {
    expect(ask(kind.replace(/^C14 /, '') as ErrorKind, attempts, otherKeys, details)).toEqual(answer)
  })

  it('C14 never sleeps longer than the cap, whatever the settings', () => {
    for (const random of [0, 0.5, 0.999]) {
      const answer = afterFailure({
        error: new GatewayError('overloaded', 'x'),
        attempts: 30,
        otherKeys: false,
        maxRetries: 100,
        backoffInitialMs: 1e6,
        backoffMaxMs: 1e9,
        random: () => random,
      })
      expect(answer).toEqual({ type: 'again', delayMs: RETRY_AFTER_MAX_MS })
    }
  })
})

describe('where a conversation that was too long fits', () => {
  it.each([
    // What the provider said, the catalogue's window, another window, fits there
    [{ limit: 200_000, inputTokens: 250_000 }, 200_000, 1_000_000, true],
    [{ limit: 200_000, inputTokens: 250_000 }, 200_000, 240_000, false],
    [{ limit: 200_000, inputTokens: 190_000, maxTokens: 20_000 }, 200_000, 200_000, false],
    [{ limit: 200_000 }, 1_000_000, 1_000_000, true],
    [{ limit: 200_000 }, undefined, 200_001, true],
    [{}, 128_000, 200_000, true],
    [{}, 128_000, 128_000, false],
    [{ inputTokens: 150_000 }, undefined, 200_000, true],
    [{}, undefined, 1_000_000, false],
    [{ limit: 8_000 }, 8_000, undefined, false],
  ])('%o, of %s tokens: at %s %s', (overflow, window, other, fits) => {
    const error = new GatewayError('context_overflow', 'x', { overflow })
    expect(hasRoom(other, roomBeyond(error, window))).toBe(fits)
  })
})
