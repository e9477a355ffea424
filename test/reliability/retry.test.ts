import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Part } from '../support/provider/parts.ts'
import {
  LAST_CHUNK,
  Rig,
  SECRETS,
  SIDES,
  STREAM_HEAD,
  type Side,
  ask,
  chunked,
  inSession,
  measured,
  newCase,
} from './rig/rig.ts'

const KEYS = [SECRETS.first, SECRETS.second].map((value, index) => ({
  name: `key-${index}`,
  value,
  models: ['*'],
  weight: 1,
}))

/**
 * So many of each kind: a case has a provider for itself, because one that fails often is left out after a while. Bounds
 * that differ keep their connections apart: what breaks a new one is no sign that the request was never seen.
 */
const PROVIDERS = 100

let rig: Rig
beforeAll(async () => {
  rig = await Rig.start({
    providers: (_url, url) =>
      Object.fromEntries(
        Array.from({ length: PROVIDERS }, (_, number) => [
          [`two-anthropic-${number}`, twoKeys(url, 'anthropic', number)],
          [`two-openai-${number}`, twoKeys(url, 'openai', number)],
          [`again-anthropic-${number}`, again(url, 'anthropic')],
          [`again-openai-${number}`, again(url, 'openai')],
        ]).flat(),
      ),
  })
}, 60_000)
afterAll(() => rig.close())

const twoKeys = (base_url: string, base_provider_type: string, number: number) => ({
  keys: KEYS,
  network_config: { base_url, stream_idle_timeout_in_seconds: 5, max_conns_per_host: 1_000 + number },
  custom_provider_config: { base_provider_type },
})

/** One key, and two repetitions. */
const again = (base_url: string, base_provider_type: string) => ({
  keys: KEYS.slice(0, 1),
  network_config: { base_url, max_retries: 2, retry_backoff_initial: 20, retry_backoff_max: 50 },
  custom_provider_config: { base_provider_type },
})

let cases = 0
const modelAt = (kind: 'two' | 'again', { wire, model }: Side) => {
  const name = `${kind}-${wire.path.source.includes('messages') ? 'anthropic' : 'openai'}`
  return `${name}-${cases++ % PROVIDERS}/${model.replace(/^.*\//, '')}`
}

const stream = (...texts: string[]): Part[] => [STREAM_HEAD, ...texts.map(chunked)]
const good = ({ begin, wire }: Side): Part[] => [...stream(begin('good'), wire.closing), LAST_CHUNK]

/** How the first key's attempt fails before anything of an answer was said. */
const BEFORE: [string, (side: Side) => Part[]][] = [
  ['closed without an answer', () => ['close']],
  ['reset without an answer', () => ['reset']],
  ['status 500', ({ wire }) => [measured(wire.errorBody('It broke', 'api_error'), 'application/json', '500 No')]],
  ['status 503', ({ wire }) => [measured(wire.errorBody('Later'), 'application/json', '503 Later')]],
  ['status 529', ({ wire }) => [measured(wire.errorBody('Busy', 'overloaded_error'), 'application/json', '529 Busy')]],
  ['status 429', ({ wire }) => [measured(wire.errorBody('Slow', 'rate_limit_error'), 'application/json', '429 Slow')]],
  ['status 401', ({ wire }) => [measured(wire.errorBody('Key', 'authentication_error'), 'application/json', '401 No')]],
  ['an error event first', ({ wire }) => [...stream(wire.errorEvent('Overloaded')), LAST_CHUNK]],
  ['the opening, and an error event', ({ wire }) => [...stream(wire.opening + wire.errorEvent('Busy')), LAST_CHUNK]],
  ['the opening, and a cut', ({ wire }) => [...stream(wire.opening), 'close']],
  ['the opening and keep-alives, and a reset', ({ wire }) => [...stream(wire.opening, wire.keepAlive), { pause_ms: 20 }, 'reset']],
  ['the opening, and silence', ({ wire }) => [...stream(wire.opening), 'hang']],
] // prettier-ignore

/** How it fails after the first words. */
const AFTER: [string, (side: Side) => Part[]][] = [
  ['a cut', ({ begin }) => [...stream(begin('poor')), 'close']],
  ['a reset', ({ begin }) => [...stream(begin('poor')), { pause_ms: 20 }, 'reset']],
  ['an error event', ({ begin, wire }) => [...stream(begin('poor'), wire.errorEvent('Busy')), LAST_CHUNK]],
  ['an end without its mark', ({ begin }) => [...stream(begin('poor')), LAST_CHUNK]],
  ['silence', ({ begin }) => [...stream(begin('poor')), 'hang']],
]

const rows = <Row>(table: readonly Row[]) => SIDES.flatMap((side) => table.map((row) => ({ side, row })))
const named = (table: [string, (side: Side) => Part[]][]) =>
  rows(table).map(({ side, row: [name, parts] }) => ({ kind: side.side, side, name, parts }))

/** The keys of the requests of a case, in order. */
const keysOf = (nonce: string) =>
  rig.raw.requests
    .filter(({ body }) => Buffer.from(body).includes(nonce))
    .map(({ head }) => /canary-\w+/.exec(head)?.[0])

describe('B10 an attempt that fails before the first word', () => {
  it.concurrent.each(named(BEFORE))(
    '$kind: $name goes to the other key, and the client sees one answer',
    async ({ side, parts }) => {
      const nonce = newCase()
      rig.script(nonce, (_request, attempt) => (attempt === 1 ? parts(side) : good(side)))
      const body = ask(modelAt('two', side), nonce, { stream: true })
      const { status, text, ended } = await rig.call(body, { headers: inSession(nonce) }).answer()
      expect({ status, ended }, text).toEqual({ status: 200, ended: 'clean' })
      expect(text).toContain('good')
      expect(text.match(/"type":"message_start"/g)).toHaveLength(1)
      expect(text).not.toContain('event: error')
      expect(keysOf(nonce)).toHaveLength(2)
      expect(new Set(keysOf(nonce)).size).toBe(2)
      const row = await rig.row(nonce)
      expect(row.status).toBe('success')
      expect(row.attempts.map(({ error }) => error === undefined)).toEqual([false, true])
    },
  )
})

describe('B10 an attempt that fails after the first word', () => {
  it.concurrent.each(named(AFTER))(
    '$kind: $name is told, and no other key is asked',
    async ({ side, parts }) => {
      const nonce = newCase()
      rig.script(nonce, (_request, attempt) => (attempt === 1 ? parts(side) : good(side)))
      const body = ask(modelAt('two', side), nonce, { stream: true })
      const { text, ended } = await rig.call(body, { headers: inSession(nonce) }).answer()
      expect(text).toContain('poor')
      expect(text.match(/^event: error$/gm)).toHaveLength(1)
      expect(text).not.toContain('good')
      expect(ended).toBe('cut')
      await sleep(50)
      expect(keysOf(nonce)).toHaveLength(1)
      expect((await rig.row(nonce)).attempts).toHaveLength(1)
    },
  )

  it('never mixes two answers, in 1,000 streams of which half break at any moment', async () => {
    const nonce = newCase()
    let count = 0
    const moments = [0, 1, 2, 3, 4]
    const script = (side: Side) => (): Part[] => {
      const number = count++
      const word = `answer${number}.`
      const whole = [side.begin(word), side.wire.text(word), side.wire.text(word), side.wire.closing]
      const moment = moments[number % 5]!
      if (number % 2 === 0)
        return [...stream(...whole.slice(0, moment)), number % 3 === 0 ? 'reset' : 'close']
      return [...stream(...whole), LAST_CHUNK]
    }
    const one = async (side: Side) => {
      const own = newCase()
      rig.script(own, script(side))
      const body = ask(modelAt('two', side), own, { stream: true })
      const { text } = await rig.call(body, { headers: inSession(nonce) }).answer()
      expect(new Set(text.match(/answer\d+\./g)).size, text).toBeLessThanOrEqual(1)
      expect(text.match(/"type":"message_start"/g)?.length ?? 0, text).toBeLessThanOrEqual(1)
    }
    for (let done = 0; done < 1_000; done += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => one(SIDES[index % 2]!)))
    }
    // Where five fail in a row, a few are told without being sent.
    expect(count).toBeGreaterThan(900)
  })
})

/** What an overloaded upstream says of when to come again. The cap is 10 s, the back-off of this rig 50 ms. */
const WAITS: { says: string; requests: number }[] = [
  { says: '86400', requests: 1 },
  { says: '11', requests: 1 },
  { says: '-1', requests: 3 },
  { says: 'abc', requests: 3 },
  { says: '0', requests: 3 },
  { says: 'Wed, 21 Oct 2015 07:28:00 GMT', requests: 3 },
  { says: 'Wed, 21 Oct 2099 07:28:00 GMT', requests: 1 },
  { says: '1e999', requests: 3 },
  { says: '', requests: 3 },
]

describe('C14 retry-after of an overloaded upstream', () => {
  it.each(rows(WAITS).map(({ side, row }) => ({ kind: side.side, side, ...row })))(
    '$kind: "$says" makes $requests request(s), and nobody sleeps for it',
    async ({ side, says, requests }) => {
      const nonce = newCase()
      const date = `date: ${new Date().toUTCString()}\r\n`
      const body = side.wire.errorBody('Busy', 'overloaded_error')
      const busy = measured(body, 'application/json', '529 Busy', `retry-after: ${says}\r\n${date}`)
      rig.script(nonce, [busy])
      const call = ask(modelAt('again', side), nonce)
      const { status } = await rig.call(call, { headers: inSession(nonce) }).answer()
      expect(status).toBe(529)
      expect(keysOf(nonce)).toHaveLength(requests)
      const row = await rig.row(nonce)
      // Of the cap, at most what three round trips and two back-offs take.
      expect(row.latencyMs).toBeLessThan(5_000)
    },
  )

  it.each(rows(['86400', 'abc', '-1']).map(({ side, row }) => ({ kind: side.side, side, says: row })))(
    '$kind: with a 429, "$says" is told to the client and not slept',
    async ({ side, says }) => {
      const nonce = newCase()
      const body = side.wire.errorBody('Slow', 'rate_limit_error')
      rig.script(nonce, [measured(body, 'application/json', '429 Slow', `retry-after: ${says}\r\n`)])
      const { status, text } = await rig.call(ask(modelAt('again', side), nonce)).answer()
      expect(status).toBe(429)
      expect(JSON.parse(text)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } })
      expect(keysOf(nonce)).toHaveLength(1)
    },
  )
})
