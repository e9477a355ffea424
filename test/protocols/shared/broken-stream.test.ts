import { describe, expect, it } from 'vitest'

import { endedBefore } from '../../../src/protocols/shared/broken-stream.ts'
import { BROKEN_OFF } from '../../../src/protocols/shared/upstream-error.ts'
import { toUpstreamError } from '../../../src/wire/upstream-error.ts'

/** Of what OpenCode 1.18.33 takes for worth another try, the words that we use. */
const TRIED_AGAIN = /connection lost|server error|\bstream timeout\b/i

describe('B10 the words of a stream that broke off, by which OpenCode asks again', () => {
  const reset = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' })
  it.each([
    ['it ends too early', endedBefore('message_stop').message],
    ['its connection is reset', toUpstreamError(reset, 'api.example.com', true).message],
    ['the provider says nothing of the reason', BROKEN_OFF],
  ])('%s', (_case, message) => {
    expect(message).toMatch(TRIED_AGAIN)
  })
})
