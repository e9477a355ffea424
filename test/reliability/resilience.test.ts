import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CallRow } from '../../src/stores/logs/port.ts'
import { startRawUpstream } from '../support/provider/raw.ts'
import { seeded } from '../support/chance.ts'
import { startFleet } from './rig/fleet.ts'
import type { Fate, Fleet } from './rig/fleet.ts'
import { startInProcess } from './rig/in-process.ts'
import type { InProcessGateway } from './rig/in-process.ts'

/**
 * What is learned from one call for the next: which keys are down, how often may be repeated, how many there are at
 * once, where a session is. The clock is the test's own, so that minutes pass at once.
 */

let fleet: Fleet
let gateway: InProcessGateway
let nowMs: number

const provider = (names: readonly string[], more: object = {}, network: object = {}) => ({
  keys: names.map((name) => ({ name, value: name, weight: 1 })),
  network_config: { base_url: fleet.url, ...network },
  custom_provider_config: { base_provider_type: 'openai' },
  ...more,
})

const BODY = '{"model":"one/m","messages":[{"role":"user","content":"Hi"}]}'
const JSON_TYPE = { 'content-type': 'application/json' }
const WORD =
  '{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"word"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}'

const AGAIN = { max_retries: 3, retry_backoff_initial: 1, retry_backoff_max: 1 }

beforeAll(async () => {
  fleet = await startFleet()
  gateway = await startInProcess(
    {
      one: provider(['one']),
      two: provider(['two-a', 'two-b']),
      other: provider(['other']),
      again: provider(['again'], {}, AGAIN),
      pair: provider(['pair-a', 'pair-b'], {}, AGAIN),
      narrow: provider(['narrow'], { concurrency_and_buffer_size: { concurrency: 1, buffer_size: 2 } }),
      wide: provider(['wide'], { concurrency_and_buffer_size: { concurrency: 200, buffer_size: 500 } }, { default_request_timeout_in_seconds: 1 }),
      waited: provider(['waited-a', 'waited-b'], { concurrency_and_buffer_size: { concurrency: 8, buffer_size: 100 } }),
      openai: { keys: [{ name: 'openai', value: 'openai', weight: 1 }], network_config: { base_url: fleet.url } },
      keyed: {
        ...provider([]),
        keys: ['keyed-a', 'keyed-b'].map((name) => ({ name, value: name, concurrency_and_buffer_size: { concurrency: 1, buffer_size: 1 } })),
      },
    },
    {
      settings: {
      governance: {
        routing_rules: [
          { name: 'chain', cel_expression: 'model == "chain"', targets: [{ provider: 'one', model: 'm', weight: 1 }], fallbacks: ['other/m'] },
          { name: 'halves', cel_expression: 'model == "halves"', targets: [{ provider: 'one', model: 'm', weight: 0.5 }, { provider: 'other', model: 'm', weight: 0.5 }] },
        ],
      },
    } },
  ) // prettier-ignore
})

afterAll(async () => {
  await gateway.close()
  fleet.close()
})

beforeEach(() => {
  nowMs = 1_000_000
  gateway.resilience(() => nowMs)
  fleet.answer(() => 200)
  fleet.keys()
})

interface Answer {
  status: number
  text: string
  headers: Headers
  row: CallRow
}

async function ask(model: string, more: AskOptions = {}): Promise<Answer> {
  const { body = {}, headers = {}, signal, path = '/v1/chat/completions' } = more
  const id = randomUUID()
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-bf-lh-case': id, ...headers },
    body: JSON.stringify({ model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }], ...body }),
    ...(signal && { signal }),
  })
  const text = await response.text()
  const row = gateway.rows.findLast(({ metadata }) => metadata['case'] === id)!
  return { status: response.status, text, headers: response.headers, row }
}

interface AskOptions {
  body?: object
  headers?: Record<string, string>
  signal?: AbortSignal
  path?: string
}

const inSession = (session: string, more: Record<string, string> = {}) => ({
  headers: { 'x-bf-session-id': session, ...more },
})

async function fail(times: number, model: string, status = 500) {
  fleet.answer(() => status)
  for (let index = 0; index < times; index++) await ask(model)
  fleet.answer(() => 200)
  fleet.keys()
}

/** Answers that wait until they are let go. */
function gate() {
  const waiting: ((status: number) => void)[] = []
  fleet.answer(() => new Promise((resolve) => waiting.push(resolve)))
  const arrived = async (count: number): Promise<void> => {
    await expect.poll(() => waiting.length).toBe(count)
  }
  return { arrived, letGo: (status = 200) => waiting.splice(0).forEach((resolve) => resolve(status)) }
}

describe('C17 a key that fails five times in a row', () => {
  it('is left out for 30 s; then one call tries it, and the others follow', async () => {
    fleet.answer(({ key }) => (key === 'two-a' ? 500 : 200))
    const statuses: number[] = []
    for (let call = 0; call < 100; call++) statuses.push((await ask('two/m')).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(fleet.keys().filter((key) => key === 'two-a')).toHaveLength(5)
    nowMs += 30_000
    fleet.answer(() => 200)
    for (let call = 0; call < 100; call++) await ask('two/m')
    const back = fleet.keys().filter((key) => key === 'two-a').length
    expect(back).toBeGreaterThan(25)
    expect(back).toBeLessThan(75)
  })

  it.each([
    [400, 20, 'sent'],
    [404, 20, 'sent'],
    [422, 20, 'sent'],
    [500, 4, 'sent'],
    [500, 5, 'left out'],
    [529, 5, 'left out'],
    [503, 5, 'left out'],
    [403, 1, 'left out'],
    [429, 1, 'left out'],
    [401, 1, 'left out'],
    [402, 1, 'left out'],
  ])('status %i, %i times: the next call of the plan is %s', async (status, times, outcome) => {
    await fail(times, 'one/m', status)
    const { row } = await ask('one/m', { body: { fallbacks: ['other/m'] } })
    expect(fleet.keys()).toEqual([outcome === 'sent' ? 'one' : 'other'])
    const reason = row.attempts[0]!.reason
    expect(reason.startsWith('one is left out for now; fallback: ')).toBe(outcome !== 'sent')
  })

  it.each([
    [401, 'every model', 'two-b'],
    [403, 'that model', undefined],
    [429, 'that model', undefined],
    [500, 'that model', undefined],
  ])('status %i is held against %s', async (status, _what, always) => {
    fleet.answer(({ key }) => (key === 'two-a' ? status : 200))
    for (let call = 0; call < 40; call++) await ask('two/m')
    fleet.answer(() => 200)
    fleet.keys()
    for (let call = 0; call < 40; call++) await ask('two/m')
    expect(new Set(fleet.keys())).toEqual(new Set(['two-b']))
    for (let call = 0; call < 40; call++) await ask('two/other')
    expect(new Set(fleet.keys())).toEqual(new Set(always === undefined ? ['two-a', 'two-b'] : [always]))
  })

  it('that a provider limits is used again when it said', async () => {
    fleet.answer(({ key }) => (key === 'two-a' ? 429 : 200), { 'retry-after': '7' })
    for (let call = 0; call < 40; call++) await ask('two/m')
    expect(fleet.keys().filter((key) => key === 'two-a')).toHaveLength(1)
    nowMs += 7_000
    for (let call = 0; call < 40; call++) await ask('two/m')
    expect(fleet.keys().filter((key) => key === 'two-a')).toHaveLength(1)
  })

  it('that says how long it is overloaded is left alone so long, and is sent to all the same where there is no other', async () => {
    fleet.answer(({ key }) => (key === 'two-b' ? 200 : 503), { 'retry-after': '20' })
    for (let call = 0; call < 40; call++) await ask('two/m')
    expect(fleet.keys().filter((key) => key === 'two-a')).toHaveLength(1)
    nowMs += 20_000
    for (let call = 0; call < 40; call++) await ask('two/m')
    expect(fleet.keys().filter((key) => key === 'two-a')).toHaveLength(1)
    await ask('one/m')
    await ask('one/m')
    expect(fleet.keys()).toEqual(['one', 'one'])
  })

  it('while calls wait for their turn with it is left for the other', async () => {
    const statusOf = (key: string) => (key === 'waited-a' ? 500 : 200)
    const held: (() => void)[] = []
    fleet.answer(({ key }) => new Promise((resolve) => held.push(() => resolve(statusOf(key)))))
    const calls = Array.from({ length: 100 }, () => ask('waited/m'))
    await expect.poll(() => [held.length, gateway.resilience().slots.waiting('waited')]).toEqual([8, 92])
    fleet.answer(({ key }) => statusOf(key))
    held.forEach((letGo) => letGo())
    const statuses = (await Promise.all(calls)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    // Five failures, and what was on its way then.
    expect(fleet.keys().filter((key) => key === 'waited-a').length).toBeLessThanOrEqual(5 + 8)
  })

  it('all alone and only limited is sent to, because who asks is told the truth', async () => {
    fleet.answer(() => 429, { 'retry-after': '7' })
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('one/m')))
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(429))
    fleet.answer(() => 200)
    expect((await ask('one/m')).status).toBe(200)
  })

  it('that breaks off its streams is left out, too', async () => {
    fleet.answer(() => 'cut')
    for (let call = 0; call < 5; call++) await ask('one/m', { body: { stream: true } }).catch(() => undefined)
    fleet.answer(() => 200)
    fleet.keys()
    await ask('one/m', { body: { fallbacks: ['other/m'] } })
    expect(fleet.keys()).toEqual(['other'])
  })

  it('is left out of the draw of a routing rule', async () => {
    await fail(5, 'one/m')
    for (let call = 0; call < 20; call++) await ask('halves')
    expect(new Set(fleet.keys())).toEqual(new Set(['other']))
    nowMs += 30_000
    for (let call = 0; call < 20; call++) await ask('halves')
    expect(new Set(fleet.keys())).toEqual(new Set(['one', 'other']))
  })

  it('10 % random failures of two backends reach less than one client in a thousand, and a dead one gets less than 1 % (fixed seed)', async () => {
    const random = seeded(1717)
    fleet.answer(({ key }) => (random() >= 0.1 ? 200 : key === 'pair-a' ? 'reset' : 503))
    let failed = 0
    for (let call = 0; call < 1_000; call++) {
      nowMs += 50
      if ((await ask('pair/m')).status !== 200) failed++
    }
    expect(failed).toBeLessThanOrEqual(1)
    fleet.keys()
    fleet.answer(({ key }) => (key === 'pair-a' ? 'reset' : 200))
    for (let call = 0; call < 1_000; call++) {
      nowMs += 50
      if ((await ask('pair/m')).status !== 200) failed++
    }
    expect(failed).toBeLessThanOrEqual(1)
    expect(fleet.keys().filter((key) => key === 'pair-a').length).toBeLessThan(10)
  })
})

it.each(['close', 'reset'] as const)(
  'C16 a kept connection that the provider ends as it gets the next request (%s) is replaced, and no client sees it',
  async (end) => {
    const seen = new Map<number, number>()
    const upstream = await startRawUpstream(({ connection }) => {
      const count = seen.get(connection) ?? 0
      seen.set(connection, count + 1)
      return count === 0 ? [`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${WORD.length}\r\n\r\n${WORD}`] : [end] // prettier-ignore
    })
    const own = await startInProcess({
      one: { ...provider(['one']), network_config: { base_url: upstream.url } },
    })
    for (let call = 0; call < 200; call++) {
      const response = await fetch(`${own.url}/v1/chat/completions`, {
        method: 'POST',
        body: BODY,
        headers: JSON_TYPE,
      })
      expect(response.status, await response.text()).toBe(200)
    }
    expect(own.rows).toHaveLength(200)
    expect(own.rows.at(-1)!.attempts.map(({ error }) => error === undefined)).toEqual([false, true])
    expect(own.resilience().health.isQuiet).toBe(true)
    await own.close()
    await upstream.close()
  },
)

it('C15 a provider where nothing listens is left for the next target, and soon not asked at all', async () => {
  const nowhere = await startRawUpstream(() => ['close'])
  await nowhere.close()
  const own = await startInProcess({
    gone: { ...provider(['gone']), network_config: { base_url: nowhere.url } },
    other: provider(['other']),
  })
  const body = BODY.replace('one/m', 'gone/m').replace('{', '{"fallbacks":["other/m"],')
  for (let call = 0; call < 10; call++) {
    const response = await fetch(`${own.url}/v1/chat/completions`, {
      method: 'POST',
      body,
      headers: JSON_TYPE,
    })
    expect(response.status, await response.text()).toBe(200)
  }
  expect(own.rows.map(({ attempts }) => attempts.length)).toEqual([2, 2, 2, 2, 2, 1, 1, 1, 1, 1])
  expect(own.rows[0]!.attempts[0]!.error).toMatch(/^upstream_unreachable: /)
  await own.close()
})

it('C16 a key of which kept and new connections break is left for the other, and soon not asked at all', async () => {
  // Both keys have the connections of one host: the calls of the other keep them open.
  fleet.answer(({ key }) => (key === 'two-a' ? 'reset' : 200))
  const rows: CallRow[] = []
  for (let call = 0; call < 60; call++) rows.push((await ask('two/m')).row)
  expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['success']))
  const tried = rows.map(({ attempts }) => attempts.map(({ providerKeyName }) => providerKeyName).join(' '))
  expect(new Set(tried)).toContain('two-a two-a two-b')
  const asked = fleet.keys().filter((key) => key === 'two-a').length
  expect(asked).toBeGreaterThanOrEqual(5)
  expect(asked).toBeLessThanOrEqual(6)
})

describe('a conversation that is too long', () => {
  const TOO_LONG = {
    says: "This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens.",
  }
  const at = (fallbacks: string[]) => ({ body: { fallbacks } })
  const only = (...models: string[]) => fleet.answer(({ model }) => (models.includes(model) ? 200 : TOO_LONG))

  it.each<[why: string, fallbacks: string[], asked: string[], status: number]>([
    ['goes where there is more room', ['openai/gpt-4.1'], ['gpt-4o', 'gpt-4.1'], 200],
    ['passes by what has no more', ['openai/gpt-4o-mini', 'openai/gpt-4.1'], ['gpt-4o', 'gpt-4.1'], 200],
    ['passes by what nobody knows the room of', ['other/m', 'openai/gpt-4.1'], ['gpt-4o', 'gpt-4.1'], 200],
    ['is told where there is none', ['openai/gpt-4o-mini', 'other/m'], ['gpt-4o'], 400],
    ['is told where there is no other place', [], ['gpt-4o'], 400],
  ])('%s', async (_why, fallbacks, asked, status) => {
    only('gpt-4.1')
    const before = fleet.asked.length
    const answer = await ask('openai/gpt-4o', at(fallbacks))
    expect([answer.status, fleet.asked.slice(before).map(({ model }) => model)]).toEqual([status, asked])
    if (status === 400) expect(answer.text).toContain('150000 tokens')
  })

  it('is told in the words of the first place when the larger one fails in its own way, and is held against no key', async () => {
    fleet.answer(({ model }) => (model === 'gpt-4.1' ? 500 : TOO_LONG))
    for (let call = 0; call < 3; call++) {
      const { status, text } = await ask('openai/gpt-4o', at(['openai/gpt-4.1']))
      expect(status).toBe(400)
      expect(text).toContain('150000 tokens')
    }
    fleet.answer(() => 200)
    const before = fleet.asked.length
    await ask('openai/gpt-4o')
    expect(fleet.asked.slice(before).map(({ model }) => model)).toEqual(['gpt-4o'])
  })

  it('of a session goes on where there was room', async () => {
    only('gpt-4.1')
    const long = { ...inSession('long'), ...at(['openai/gpt-4.1']) }
    const first = await ask('gpt-4o', long)
    const second = await ask('gpt-4o', long)
    expect([first.row.attempts.length, second.row.attempts.length]).toEqual([2, 1])
    expect(second.row.model).toBe('gpt-4.1')
  })
})

describe('C18 all backends down', () => {
  it.each([
    ['/v1/chat/completions', { error: { type: 'server_error' } }],
    ['/anthropic/v1/messages', { type: 'error', error: { type: 'api_error' } }],
  ])('%s: one call tries, the others are told at once when to come back', async (path, form) => {
    await fail(5, 'one/m')
    const { arrived, letGo } = gate()
    const trying = ask('one/m', { path })
    await arrived(1)
    const refused = await Promise.all(Array.from({ length: 50 }, () => ask('one/m', { path })))
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]))
    for (const { headers, text, row } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(2)
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(5)
      expect(JSON.parse(text)).toMatchObject(form)
      expect(row).toMatchObject({ attempts: [], error: { kind: 'upstream_unavailable' } })
    }
    expect([fleet.keys(), fleet.open()]).toEqual([['one'], 1])
    fleet.answer(() => 200)
    letGo()
    expect((await trying).status).toBe(200)
    expect((await ask('one/m')).status).toBe(200)
  })

  it('with a plan of two, each is tried by one', async () => {
    await fail(5, 'one/m')
    await fail(5, 'other/m')
    const { arrived, letGo } = gate()
    const plan = { body: { fallbacks: ['other/m'] } }
    const trying = [ask('one/m', plan), ask('one/m', plan)]
    await arrived(2)
    expect(fleet.keys().toSorted()).toEqual(['one', 'other'])
    expect((await ask('one/m', plan)).status).toBe(503)
    letGo()
    expect((await Promise.all(trying)).map(({ status }) => status)).toEqual([200, 200])
  })

  it('a call that hangs in its try makes way after ten seconds', async () => {
    await fail(5, 'one/m')
    const { arrived, letGo } = gate()
    const hanging = ask('one/m')
    await arrived(1)
    expect((await ask('one/m')).status).toBe(503)
    nowMs += 10_000
    const next = ask('one/m')
    await arrived(2)
    letGo()
    expect((await Promise.all([hanging, next])).map(({ status }) => status)).toEqual([200, 200])
  })
})

describe('B14 retries of agents and of the gateway', () => {
  it('50 clients that come back ten times make at most 1.2 requests each, and get an answer when the provider is back', async () => {
    fleet.answer(() => 529)
    let asked = 0
    const client = async () => {
      for (let turn = 0; turn < 10; turn++) {
        asked++
        nowMs += 100
        await ask('again/m')
      }
    }
    await Promise.all(Array.from({ length: 50 }, client))
    expect(fleet.keys().length).toBeLessThanOrEqual(1.2 * asked)
    fleet.answer(() => 200)
    expect((await ask('again/m')).status).toBe(200)
  })

  it('a lone call is repeated, and goes on to the next target however often there was a retry', async () => {
    fleet.answer(({ count }) => (count % 2 === 0 ? 500 : 200))
    if (fleet.asked.length % 2 === 1) await ask('one/m')
    fleet.keys()
    expect((await ask('again/m')).status).toBe(200)
    expect(fleet.keys()).toEqual(['again', 'again'])
    fleet.answer(({ key }) => (key === 'again' ? 500 : 200))
    let last: string[] = []
    for (let call = 0; call < 20; call++) {
      const { status } = await ask('again/m', { body: { fallbacks: ['other/m'] } })
      expect(status).toBe(200)
      last = fleet.keys()
    }
    expect(last).toEqual(['other'])
  })
})

describe('A18 requests at once', () => {
  const idle = () => {
    const { slots } = gateway.resilience()
    return [slots.inFlight('wide'), slots.waiting('wide')]
  }

  it.each<[string, (leave: () => void) => () => Fate]>([
    ['answers', () => () => 200],
    ['failures', () => () => 500],
    ['refusals', () => () => 400],
    ['resets', () => () => 'reset'],
    ['streams that break', () => () => 'cut'],
    ['timeouts', () => () => 'hang'],
    ['clients that leave', (leave) => () => (leave(), 'hang')],
  ])('500 %s leave no slot taken, and the next call is answered', async (_what, fateFor) => {
    const gone = new AbortController()
    let sent = 0
    const fate = fateFor(() => {
      // All slots are taken, and as many wait as have none.
      if (++sent === 200) gone.abort()
    })
    fleet.answer(fate)
    const options = { body: { stream: true }, signal: gone.signal }
    await Promise.allSettled(Array.from({ length: 500 }, (_, index) => ask(`wide/m${index}`, options)))
    // A model each, so that none is left out.
    expect(fleet.keys().length).toBeGreaterThan(150)
    await expect.poll(idle).toEqual([0, 0])
    fleet.answer(() => 200)
    expect((await ask('wide/m')).status).toBe(200)
    expect(idle()).toEqual([0, 0])
  })

  it.each<[string, string, (leave: () => void) => Fate]>([
    ['passthrough that answers', '/openai_passthrough/v1/chat/completions', () => 200],
    ['passthrough that is reset', '/openai_passthrough/v1/chat/completions', () => 'reset'],
    [
      'passthrough whose client leaves',
      '/openai_passthrough/v1/chat/completions',
      (leave) => (leave(), 'hang'),
    ],
    ['embeddings that fail', '/v1/embeddings', () => 500],
    ['embeddings whose client leaves', '/v1/embeddings', (leave) => (leave(), 'hang')],
  ])('%s gives its slot back', async (_what, path, fate) => {
    const { slots } = gateway.resilience()
    let taken = 0
    for (let call = 0; call < 3; call++) {
      const gone = new AbortController()
      fleet.answer(() => {
        taken += slots.inFlight('narrow')
        return fate(() => gone.abort())
      })
      const body = { input: 'word' }
      await ask('narrow/m', {
        path,
        body,
        signal: gone.signal,
        headers: { 'x-model-provider': 'narrow' },
      }).catch(() => undefined)
      await expect.poll(() => slots.inFlight('narrow')).toBe(0)
    }
    expect(taken).toBe(3)
  })

  it('those over the bound wait in order, and more than may wait are refused', async () => {
    const { arrived, letGo } = gate()
    const first = ask('narrow/m')
    await arrived(1)
    const second = ask('narrow/second')
    await expect.poll(() => gateway.resilience().slots.waiting('narrow')).toBe(1)
    const third = ask('narrow/third')
    await expect.poll(() => gateway.resilience().slots.waiting('narrow')).toBe(2)
    const { status, headers, text, row } = await ask('narrow/m', { path: '/anthropic/v1/messages' })
    expect([status, headers.get('retry-after'), row.error?.kind]).toEqual([503, '2', 'queue_full'])
    expect(JSON.parse(text)).toMatchObject({
      type: 'error',
      error: { type: 'api_error', message: 'request dropped: queue is full: narrow has 1 requests at once, and 2 wait.' },
    }) // prettier-ignore
    letGo()
    await arrived(1)
    letGo()
    await arrived(1)
    letGo()
    expect((await Promise.all([first, second, third])).map((one) => one.status)).toEqual([200, 200, 200])
    expect(fleet.asked.slice(-3).map(({ model }) => model)).toEqual(['m', 'second', 'third'])
  })

  it('what finds the queue full goes on to the next target', async () => {
    const { arrived, letGo } = gate()
    const held = [ask('narrow/m'), ask('narrow/m'), ask('narrow/m')]
    await expect.poll(() => gateway.resilience().slots.waiting('narrow')).toBe(2)
    const overflow = ask('narrow/m', { body: { fallbacks: ['other/m'] } })
    await arrived(2)
    expect(fleet.keys()).toEqual(['narrow', 'other'])
    fleet.answer(() => 200)
    letGo()
    expect((await Promise.all([...held, overflow])).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  it('who leaves while it waits is never sent', async () => {
    const { arrived, letGo } = gate()
    const first = ask('narrow/m')
    await arrived(1)
    const gone = new AbortController()
    const waiting = ask('narrow/m', { signal: gone.signal }).catch(() => 'left')
    await expect.poll(() => gateway.resilience().slots.waiting('narrow')).toBe(1)
    gone.abort()
    expect(await waiting).toBe('left')
    await expect.poll(() => gateway.resilience().slots.waiting('narrow')).toBe(0)
    await expect
      .poll(() => gateway.rows.at(-1))
      .toMatchObject({ status: 'cancelled', attempts: [], httpStatus: 499 })
    letGo()
    expect((await first).status).toBe(200)
    expect(fleet.keys()).toHaveLength(1)
  })

  it('a key that has as many as it takes leaves the others to the other key', async () => {
    const { arrived, letGo } = gate()
    const held = [ask('keyed/m'), ask('keyed/m')]
    await arrived(2)
    expect(fleet.keys().toSorted()).toEqual(['keyed-a', 'keyed-b'])
    letGo()
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200])
  })
})

describe('a session', () => {
  /** Where the session’s next request goes. */
  async function next(model: string, more = inSession('s')) {
    fleet.keys()
    const { status } = await ask(model, more)
    expect(status).toBe(200)
    return fleet.keys()
  }
  const down = (...names: string[]) => fleet.answer(({ key }) => (names.includes(key) ? 500 : 200))

  it('stays at the fallback that served it; others do not', async () => {
    down('one')
    expect(await next('chain')).toEqual(['one', 'other'])
    down()
    expect(await next('chain')).toEqual(['other'])
    expect(await next('chain', inSession('another'))).toEqual(['one'])
    const { row } = await ask('chain', inSession('s'))
    expect(row.attempts[0]!.reason).toMatch(/^the session was served here last; /)
  })

  it('goes home after an hour in which it was not served', async () => {
    down('one')
    await next('chain')
    down()
    nowMs += 3_599_000
    expect(await next('chain')).toEqual(['other'])
    nowMs += 3_599_000
    expect(await next('chain')).toEqual(['other'])
    nowMs += 3_600_000
    expect(await next('chain')).toEqual(['one'])
  })

  it('goes home after as long as it says itself', async () => {
    down('one')
    await next('chain', inSession('s', { 'x-bf-session-ttl': '90' }))
    down()
    nowMs += 90_000
    expect(await next('chain')).toEqual(['one'])
  })

  it('goes home when the place that it went on with fails', async () => {
    down('one')
    await next('chain')
    down('other')
    expect(await next('chain')).toEqual(['other', 'one'])
    down()
    expect(await next('chain')).toEqual(['one'])
  })

  it.each([
    ['its client leaves', async () => {
      const gone = new AbortController()
      const { arrived } = gate()
      const left = ask('chain', { ...inSession('s'), signal: gone.signal }).catch(() => undefined)
      await arrived(1)
      gone.abort()
      await left
    }],
    ['its request is wrong', async () => {
      fleet.answer(() => 400)
      await ask('chain', inSession('s'))
    }],
  ])('stays where it is when %s', async (_why, happens) => {
    down('one')
    await next('chain')
    await happens()
    down()
    expect(await next('chain')).toEqual(['other'])
  }) // prettier-ignore

  it('is followed by no call that switches it off, or that names its provider', async () => {
    down('one')
    await next('chain')
    down()
    expect(await next('chain', inSession('s', { 'x-bf-session-affinity': 'off' }))).toEqual(['one'])
    await fail(5, 'one/m')
    const named = { ...inSession('s'), body: { fallbacks: ['other/m'] } }
    expect(await next('one/m', named)).toEqual(['other'])
    nowMs += 30_000
    expect(await next('one/m', named)).toEqual(['one'])
  })

  it('stays with the key that it went on with, until that fails', async () => {
    const [home] = await next('two/m')
    const away = home === 'two-a' ? 'two-b' : 'two-a'
    down(home!)
    expect(await next('two/m')).toEqual([home, away])
    down()
    expect([await next('two/m'), await next('two/m')]).toEqual([[away], [away]])
    down(away)
    expect(await next('two/m')).toEqual([away, home])
    down()
    expect(await next('two/m')).toEqual([home])
    expect(gateway.resilience().affinity.isEmpty).toBe(true)
  })

  it('of which nothing failed is remembered nowhere', async () => {
    for (let session = 0; session < 20; session++) await next('chain', inSession(`s${session}`))
    expect(gateway.resilience().affinity.isEmpty).toBe(true)
  })
})
