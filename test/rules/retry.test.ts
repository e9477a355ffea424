import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { ErrorDetails, ErrorKind } from '../../src/message/error.ts'
import { afterFailure, RETRY_AFTER_MAX_MS } from '../../src/rules/retry.ts'

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
