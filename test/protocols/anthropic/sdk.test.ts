import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Collector } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { ErrorKind } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { encodeModelList } from '../../../src/protocols/anthropic/endpoints.ts'
import { encodeError } from '../../../src/protocols/anthropic/error.ts'
import { encodeResponse } from '../../../src/protocols/anthropic/response.ts'
import { MessageStreamEncoder } from '../../../src/protocols/anthropic/stream-encode.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import { CONTEXT, encodeAll } from '../../support/sse.ts'
import type { Json } from '../../support/provider/json.ts'

/** Anthropic's own client, whose every request gets this answer. */
function client(body: string, init: ResponseInit): Anthropic {
  return new Anthropic({
    apiKey: 'placeholder',
    maxRetries: 0,
    baseURL: 'http://gateway.invalid',
    fetch: async () => new Response(body, init),
  })
}

const REQUEST = {
  model: 'openai/gpt-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Hi' }],
}
const STREAM = { status: 200, headers: { 'content-type': 'text/event-stream' } }
const JSON_ANSWER = { status: 200, headers: { 'content-type': 'application/json' } }

function streamed(events: readonly Event[]): Promise<Anthropic.Message> {
  return client(encodeAll(new MessageStreamEncoder(CONTEXT), events), STREAM)
    .messages.stream(REQUEST)
    .finalMessage()
}

function whole(events: readonly Event[]): Promise<Anthropic.Message> {
  const collector = new Collector()
  for (const event of events) collector.push(event)
  return client(JSON.stringify(encodeResponse(collector.response(), CONTEXT)), JSON_ANSWER).messages.create(
    REQUEST,
  )
}

/** Where arguments are no JSON the two differ: each tells the text in its own way. */
function hasJsonArguments(events: readonly Event[]): boolean {
  const texts = new Map<number, string>()
  for (const event of events) {
    if (event.type === 'delta' && event.delta.type === 'arguments')
      texts.set(event.index, (texts.get(event.index) ?? '') + event.delta.json)
  }
  return [...texts.values()].every((text) => text.trim() === '' || isObjectText(text))
}

function isObjectText(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

describe('Anthropic’s SDK', () => {
  it('reads a turn with thinking, text and calls', async () => {
    const events: Event[] = [
      { type: 'start', id: 'msg_9', usage: { inputTokens: 3 } },
      { type: 'block-start', index: 0, block: { type: 'thinking' } },
      { type: 'delta', index: 0, delta: { type: 'thinking', text: 'hm' } },
      { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, block: { type: 'text' } },
      { type: 'delta', index: 1, delta: { type: 'text', text: 'I look.' } },
      { type: 'block-end', index: 1 },
      { type: 'block-start', index: 2, block: { type: 'tool-call', id: 'call_1', name: 'Bash' } },
      { type: 'delta', index: 2, delta: { type: 'arguments', json: '{"command":' } },
      { type: 'delta', index: 2, delta: { type: 'arguments', json: '"ls \\"a\\""}' } },
      { type: 'block-end', index: 2 },
      { type: 'block-start', index: 3, block: { type: 'tool-call', id: 'call_2', name: 'List' } },
      { type: 'block-end', index: 3 },
      { type: 'usage', usage: { inputTokens: 30, cacheReadTokens: 5, outputTokens: 12 } },
      { type: 'finish', reason: { unified: 'end', raw: 'stop' } },
    ]
    const message = await streamed(events)
    expect(message).toMatchObject({
      id: 'msg_9',
      model: 'openai/gpt-5',
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'signalbox.' },
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: 'call_1', name: 'Bash', input: { command: 'ls "a"' } },
        { type: 'tool_use', id: 'call_2', name: 'List', input: {} },
      ],
      usage: { input_tokens: 30, cache_read_input_tokens: 5, output_tokens: 12 },
    })
  })

  it('gets the same from the stream of any answer and from the whole of it', async () => {
    await fc.assert(
      fc.asyncProperty(answer.filter(hasJsonArguments), async (events) => {
        const [stream, json] = [await streamed(events), await whole(events)]
        const plain = (message: Anthropic.Message) =>
          JSON.parse(
            JSON.stringify({
              content: message.content,
              stop_reason: message.stop_reason,
              model: message.model,
            }),
          )
        expect(plain(stream)).toEqual(plain(json))
        // The SDK does not take the lifetimes of cache writes over from message_delta.
        const { cache_creation: _lifetimes, ...usage } = json.usage
        expect(stream.usage).toMatchObject(usage)
      }),
      { numRuns: 100 },
    )
  })

  it('B11 fails on every answer that breaks off', async () => {
    await fc.assert(
      fc.asyncProperty(brokenAnswer, async (events) => {
        await expect(streamed(events)).rejects.toThrow()
      }),
      { numRuns: 100 },
    )
  })

  it.each<[ErrorKind, new (...args: Json[]) => Error]>([
    ['invalid_request', Anthropic.BadRequestError],
    ['context_overflow', Anthropic.BadRequestError],
    ['unauthenticated', Anthropic.AuthenticationError],
    ['forbidden', Anthropic.PermissionDeniedError],
    ['model_not_found', Anthropic.NotFoundError],
    ['conflict', Anthropic.ConflictError],
    ['unprocessable', Anthropic.UnprocessableEntityError],
    ['rate_limited', Anthropic.RateLimitError],
    ['overloaded', Anthropic.InternalServerError],
    ['upstream_timeout', Anthropic.InternalServerError],
  ])('throws its own exception for %s', async (kind, exception) => {
    const { status, headers, body } = encodeError(new GatewayError(kind, 'words'), 'req_1')
    const failed = client(JSON.stringify(body), {
      status,
      headers: { ...headers, 'content-type': 'application/json' },
    }).messages.create(REQUEST)
    await expect(failed).rejects.toThrow(exception)
    await expect(failed).rejects.toMatchObject({ status, requestID: 'req_1' })
  })

  it('pages through the models', async () => {
    const ids = ['claude-a', 'claude-b', 'claude-c']
    const models = ids.map((id) => ({ id, provider: 'anthropic', model: id, facts: undefined }))
    const sdk = new Anthropic({
      apiKey: 'placeholder',
      baseURL: 'http://gateway.invalid',
      fetch: async (url) =>
        Response.json(
          encodeModelList(models, new URL(String(url instanceof Request ? url.url : url)).searchParams),
        ),
    })
    const seen: string[] = []
    for await (const model of sdk.models.list({ limit: 2 })) seen.push(model.id)
    expect(seen).toEqual(ids)
  })
})
