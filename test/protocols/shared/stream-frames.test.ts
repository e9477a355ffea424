import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { PROTOCOLS } from '../../../src/protocols/index.ts'
import { answer } from '../../support/events.ts'

const context = { requestedModel: 'm', responseId: 'r', inputTokensEstimate: 1, created_s: 1 }

describe('what is put together of prepared pieces is the JSON that writing all of it gives', () => {
  it.each(PROTOCOLS)('$id', (protocol) => {
    fc.assert(
      fc.property(answer, (events) => {
        const encoder = protocol.stream.encoder(context)
        for (const event of events)
          encoder.push(event, (name, data) => {
            if (name !== 'ping' && data !== '[DONE]') expect(JSON.stringify(JSON.parse(data))).toBe(data)
          })
      }),
      { numRuns: 500 },
    )
  })
})
