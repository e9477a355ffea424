/** What the log is told of a call. */
import { expect, it } from 'vitest'
import { GatewayError } from '../../src/message/error.ts'
import type { Call } from '../../src/pipeline/call.ts'
import type { Target } from '../../src/pipeline/plan.ts'
import { CallRecord } from '../../src/pipeline/record.ts'
import { anthropic } from '../../src/protocols/anthropic/index.ts'
import { CUSTOM_BASE_TYPES, customProvider, PROVIDERS } from '../../src/providers/index.ts'
import { compileText } from '../../src/stores/config/load.ts'
import type { CallRow } from '../../src/stores/logs/port.ts'

const CALL = {
  id: 'call',
  protocol: anthropic,
  operation: 'generate',
  path: '/anthropic/v1/messages',
  headers: {},
  receivedAtMs: 0,
  startedAt: 0,
} as unknown as Call

it('after another attempt, the row has both attempts and the warnings of the one that answered', async () => {
  const registry = { providers: PROVIDERS, customProvider, customBaseTypes: CUSTOM_BASE_TYPES }
  const settings = '{"providers": {"openai": {"keys": [{"value": "sk-1"}, {"value": "sk-2"}]}}}'
  const options = { registry, environment: {}, appDir: '/app', version: 1 }
  const { configuration } = await compileText(settings, 'config.json', options)
  const provider = configuration.providers.get('openai')!
  const target = { provider, model: 'gpt-5', mode: 'translated', reason: 'the test' } as Target
  const rows: CallRow[] = []
  const record = new CallRecord(CALL, configuration, {
    record: (row) => void rows.push(row),
    keepRequest: () => true,
    keepResponse: () => {},
    shedContents: 0,
    lostRows: 0,
    flush: async () => {},
  })

  const dropped = {
    kind: 'dropped',
    field: 'cache_control',
    reason: 'the upstream caches by itself',
  } as const
  const first = record.attempt(target, provider.keys[0]!)
  record.warn([dropped])
  first.ended(429, new GatewayError('rate_limited', 'Slow down.'))
  const second = record.attempt(target, provider.keys[1]!)
  record.warn([dropped])
  second.ended(200)
  record.end(200)
  record.close()

  expect(rows).toHaveLength(1)
  expect(rows[0]!.attempts.map(({ status, error }) => [status, error])).toEqual([
    [429, 'rate_limited: Slow down.'],
    [200, undefined],
  ])
  expect(rows[0]!.warnings).toEqual([dropped])
})
