import { expect, it } from 'vitest'
import { TRY_MAX_MS } from '../../src/pipeline/health.ts'
import { RETRY_AFTER_SECONDS, WAIT_MAX_MS } from '../../src/pipeline/slots.ts'
import { TTL_MS } from '../../src/rules/affinity.ts'
import {
  EJECT_AFTER,
  EJECT_MAX_MS,
  EJECT_STEP_MS,
  KEY_COOL_MS,
  LIMIT_COOL_MAX_MS,
  LIMIT_COOL_MS,
} from '../../src/rules/health.ts'
import { RETRIES_FREE, RETRY_SHARE, RETRY_WINDOW_MS } from '../../src/rules/retry.ts'
import { NETWORK_DEFAULTS } from '../../src/stores/config/defaults.ts'
import { STALE_WITHIN_MS } from '../../src/wire/stale-connection.ts'
import { readPage } from './pages.ts'

const { text } = readPage('docs/resilience.md')
const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']
const seconds = (ms: number) => `${ms / 1000} s`
const minutes = (ms: number) => `${ms / 60_000} minutes`

it.each([
  `${WORDS[EJECT_AFTER]} failures of the provider or the network in a row`,
  `${seconds(EJECT_STEP_MS)}, then ${seconds(2 * EJECT_STEP_MS)}, ${seconds(3 * EJECT_STEP_MS)} … up to ${minutes(EJECT_MAX_MS)}`,
  `as long as the provider says, at most ${minutes(LIMIT_COOL_MAX_MS)}; ${seconds(LIMIT_COOL_MS)} where it says nothing`,
  `| 5xx or 529 with a \`retry-after\` | the key, for that model | as long as that says, at most ${minutes(LIMIT_COOL_MAX_MS)} |`,
  `| 403 | the key, for that model | ${seconds(LIMIT_COOL_MS)} |`,
  `| 401, 402 | the key, for all models | ${seconds(KEY_COOL_MS)} |`,
  `at most ${RETRY_SHARE * 100} % of a provider's calls of the last ${RETRY_WINDOW_MS / 1000} seconds, and ${WORDS[RETRIES_FREE]}`,
  `A try that takes longer than ${WORDS[TRY_MAX_MS / 1000]} seconds`,
  `has waited for ${seconds(WAIT_MAX_MS)}`,
  `\`retry-after: ${RETRY_AFTER_SECONDS}\``,
  `\`network_config.max_retries\`. It is ${NETWORK_DEFAULTS.max_retries} unless set`,
  ...(TTL_MS === 3_600_000 ? ['for an hour since it was served there last'] : ['unknown TTL']),
  ...(STALE_WITHIN_MS === 1_000 ? ['broke within a second of the next request'] : ['unknown STALE']),
])('docs/resilience.md is right to say: %s', (fact) => {
  expect(text).toContain(fact)
})
