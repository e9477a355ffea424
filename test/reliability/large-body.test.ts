/**
 * The memory of a large body is given back as soon as nobody reads it. Nothing else may ever stand there while an
 * upstream still takes it, whenever that upstream answers.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { providersConfig, startGateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'

const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
const event = (data: { type: string; [field: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const text = (words: string) =>
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: words } })
const usage = { input_tokens: 1, output_tokens: 1 }
const BEGIN = [
  { type: 'message_start', message: { id: 'msg', type: 'message', role: 'assistant', content: [], model: 'm', usage } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
].map(event).join('') // prettier-ignore
const END = [
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
  { type: 'message_stop' },
].map(event).join('') // prettier-ignore

/** When the answer begins: before the body is read, in its middle, or after it. */
type Moment = 'early' | 'midway' | 'late'

/** Answers with the hash of the body that it got; every third request is refused first, after it was read. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const when = request.headers['x-bf-eh-when'] as Moment
  const hash = createHash('sha256')
  let got = 0
  const begin = () => {
    if (response.headersSent) return
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(BEGIN + text('hash '))
  }
  if (when === 'early') {
    begin()
    await sleep(150)
  }
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk)
    got += chunk.length
    if (when === 'midway' && got > 200_000) begin()
    if (got % 7 === 0) await sleep(1)
  }
  const digest = hash.digest('hex')
  if (when === 'late' && !seen.has(digest)) {
    seen.add(digest)
    response.writeHead(529, { 'content-type': 'application/json' })
    response.end('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
    return
  }
  begin()
  response.end(text(digest) + END)
}

const seen = new Set<string>()
const upstream = createServer((request, response) => void answer(request, response).catch(() => {}))
let gateway: Gateway

beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const config = providersConfig(url)
  const { anthropic } = config.providers as { anthropic: { network_config: object } }
  Object.assign(anthropic.network_config, { max_retries: 1, retry_backoff_initial: 5, retry_backoff_max: 10 })
  gateway = await startGateway({ config })
}, 60_000)
afterAll(async () => {
  await gateway.close()
  upstream.close()
})

/** Words that no two bodies share. */
function bodyOf(model: string, bytes: number, seed: number): string {
  const words = Array.from({ length: Math.ceil(bytes / 10) }, (_, n) => `word${seed * 1_000_003 + n}`)
  const messages = [{ role: 'user', content: words.join(' ').slice(0, bytes) }]
  return JSON.stringify({ model, max_tokens: 100, stream: true, messages })
}

describe('B10 E10 a large body', () => {
  it.each<[Moment, number]>([
    ['early', 100_000],
    ['early', 300_000],
    ['early', 8_000_000],
    ['midway', 300_000],
    ['midway', 8_000_000],
    ['late', 100_000],
    ['late', 300_000],
    ['late', 8_000_000],
  ])('arrives whole at an upstream that answers %s, 12 of %i bytes at once', async (when, bytes) => {
    const calls = Array.from({ length: 12 }, async (_, index) => {
      // With a prefix the body is sent with the model's name replaced.
      const model = index % 2 === 0 ? 'claude-sonnet-5' : 'anthropic/claude-sonnet-5'
      const body = bodyOf(model, bytes, index + bytes)
      const headers = { 'content-type': 'application/json', 'x-api-key': 'any', 'x-bf-eh-when': when }
      const response = await fetch(`${gateway.url}/anthropic/v1/messages`, { method: 'POST', headers, body })
      const sent = body.replace('anthropic/claude-sonnet-5', 'claude-sonnet-5')
      expect((await response.text()).match(/[0-9a-f]{64}/)?.[0]).toBe(sha(sent))
    })
    await Promise.all(calls)
  })
})
