/** What budgets are charged with for requests that go to their provider as they are. */
import { once } from 'node:events'

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { type RawUpstream, startRawUpstream } from '../support/provider/raw.ts'
import { type InProcessGateway, startInProcess } from './rig/in-process.ts'
import { balanceOf, keyWithBudget, providersAt, reserved } from './rig/money.ts'
import { RawCall } from './rig/raw-call.ts'

const WORDS = 2_000
const TALK = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  model: 'gpt-5',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'word '.repeat(WORDS) }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 8, completion_tokens: WORDS, total_tokens: WORDS + 8 },
})

let upstream: RawUpstream
let gateway: InProcessGateway
/** The last byte of an answer comes only when the test has seen what it waits for. */
let isHeldBack = false
beforeAll(async () => {
  upstream = await startRawUpstream(({ head }) => {
    const answer = head.includes('/chat/completions') ? TALK : '{"object":"something"}'
    const start = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n`
    return [start + (isHeldBack ? answer.slice(0, -1) : answer)]
  })
  gateway = await startInProcess(providersAt(upstream.url), {
    settings: { governance: { virtual_keys: [keyWithBudget('a', 1_000)] } },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
afterEach(() => {
  gateway.rows.length = 0
  isHeldBack = false
})

const headers = { 'x-bf-vk': 'sk-bf-a', 'content-type': 'application/json' }
const used = () => balanceOf(gateway, 'budget-a').used

interface Outcome {
  status: number
  charged: number
}

/** One request below `/openai_passthrough`, to its end. The row, too, says what was charged. */
async function pass(method: string, path: string, body: object | string): Promise<Outcome> {
  const before = used()
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const call = new RawCall(gateway.url, { method, path: `/openai_passthrough${path}`, headers, body: text })
  const { status } = await call.answer()
  await expect.poll(() => gateway.rows.length).toBe(1)
  const charged = used() - before
  expect(gateway.rows[0]!.cost?.nanodollars).toBe(charged)
  expect(reserved(gateway)).toBe(0)
  return { status, charged }
}

const GPT = { model: 'gpt-5', messages: [{ role: 'user', content: 'a' }], max_completion_tokens: 100 }

describe('A1 A12 requests that go on as they are, with a key that has a budget', () => {
  it.each<[string, method: string, path: string, body: object | string]>([
    ['a batch', 'POST', '/v1/batches', { input_file_id: 'f' }],
    ['a batch that names a cheap model', 'POST', '/v1/batches', { model: 'gpt-5-mini', input_file_id: 'f' }],
    ['a training', 'POST', '/v1/fine_tuning/jobs', { model: 'gpt-5-mini', training_file: 'f' }],
    ['a run of an assistant', 'POST', '/v1/threads/runs', { model: 'gpt-5', assistant_id: 'a' }],
    ['a model twice', 'POST', '/v1/chat/completions', '{"model":"gpt-5-mini","messages":[],"model":"gpt-5"}'],
    ['a job of Mistral’s', 'POST', '/v1/batch/jobs', { model: 'gpt-5-mini', input_files: ['f'] }],
    ['a conversation to be spoken', 'POST', '/v1/realtime/calls', { model: 'gpt-5' }],
    ['a batch, with a slash behind it', 'POST', '/v1/batches/', { model: 'gpt-5-mini' }],
  ])('are refused where nobody will say what they cost: %s', async (_name, method, path, body) => {
    const before = upstream.requests.length
    expect(await pass(method, path, body)).toEqual({ status: 402, charged: 0 })
    expect(upstream.requests).toHaveLength(before)
  })

  it.each<[string, path: string, body: object, atLeast: number]>([
    // Prices are in nano-dollars: 20 a token, 15,000 a character, 500 and 1,500 a token.
    ['embeddings', '/v1/embeddings', { model: 'text-embedding-3-small', input: 'a'.repeat(1000) }, 20_000],
    ['speech', '/v1/audio/speech', { model: 'tts-1', voice: 'alloy', input: 'a'.repeat(1000) }, 15_000_000],
    [
      'completions',
      '/v1/completions',
      { model: 'gpt-3.5-turbo-instruct', prompt: ['a', 'b'], n: 4, max_tokens: 2000 },
      24_000_000,
    ],
  ])('are charged with the most that they may cost: %s', async (_name, path, body, atLeast) => {
    const { status, charged } = await pass('POST', path, body)
    expect(status).toBe(200)
    expect(charged).toBeGreaterThanOrEqual(atLeast)
    expect(charged).toBeLessThan(2 * atLeast)
  })

  it.each<[string, method: string, path: string, body: object | string]>([
    ['reading', 'GET', '/v1/batches/b', ''],
    ['deleting', 'DELETE', '/v1/files/f', ''],
    ['counting', 'POST', '/v1/messages/count_tokens', GPT],
  ])('cost nothing: %s', async (_name, method, path, body) => {
    expect(await pass(method, path, body)).toEqual({ status: 200, charged: 0 })
  })

  it('cost what the answer says', async () => {
    const { charged } = await pass('POST', '/v1/chat/completions', GPT)
    expect(charged).toBe(8 * 1_250 + WORDS * 10_000)
  })

  it.each<[string, path: string, body: object, atLeast: number]>([
    ['an answer', '/v1/chat/completions', GPT, WORDS * 10_000],
    ['embeddings', '/v1/embeddings', { model: 'text-embedding-3-small', input: 'a'.repeat(1000) }, 20_000],
  ])(
    'A9 are charged where the client leaves before the last byte: %s',
    async (_name, path, body, atLeast) => {
      isHeldBack = true
      const before = used()
      const options = {
        method: 'POST',
        path: `/openai_passthrough${path}`,
        headers,
        body: JSON.stringify(body),
      }
      const call = new RawCall(gateway.url, options)
      const isEnough = () => call.bytes.includes(path.includes('chat') ? '"total_tokens"' : '"some')
      while (!isEnough()) await once(call.socket, 'data')
      call.leave()
      await expect.poll(() => gateway.rows.length).toBe(1)
      expect(used() - before).toBeGreaterThanOrEqual(atLeast)
      expect(gateway.rows[0]!.cost?.nanodollars).toBe(used() - before)
      expect(reserved(gateway)).toBe(0)
    },
  )
})
