import fc from 'fast-check'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { Collector } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import type { ErrorKind } from '../../../src/message/error.ts'
import type { Event } from '../../../src/message/event.ts'
import { encodeResponse } from '../../../src/protocols/openai-responses/response.ts'
import { ResponseStreamEncoder } from '../../../src/protocols/openai-responses/stream-encode.ts'
import { encodeError } from '../../../src/protocols/shared/openai-error.ts'
import { answer, brokenAnswer } from '../../support/events.ts'
import type { Json } from '../../support/provider/json.ts'
import { CONTEXT, encodeAll } from '../../support/sse.ts'

/** OpenAI's own client, whose every request gets this answer. */
function client(body: string, init: ResponseInit): OpenAI {
  return new OpenAI({
    apiKey: 'placeholder',
    maxRetries: 0,
    baseURL: 'http://gateway.invalid/v1',
    fetch: async () => new Response(body, init),
  })
}

type Answer = OpenAI.Responses.Response

const REQUEST = { model: 'anthropic/claude-opus-5-5', input: 'Hi' }
const STREAM = { status: 200, headers: { 'content-type': 'text/event-stream' } }
const JSON_ANSWER = { status: 200, headers: { 'content-type': 'application/json' } }

/** The SDK checks each event against all before: places, ids, kinds of items. */
function streamed(events: readonly Event[]): Promise<Answer> {
  return client(encodeAll(new ResponseStreamEncoder(CONTEXT), events), STREAM)
    .responses.stream(REQUEST)
    .finalResponse()
}

function whole(events: readonly Event[]): Promise<Answer> {
  const collector = new Collector()
  for (const event of events) collector.push(event)
  return client(JSON.stringify(encodeResponse(collector.response(), CONTEXT)), JSON_ANSWER).responses.create(
    REQUEST,
  )
}

const plain = (response: Answer): Json => JSON.parse(JSON.stringify(response))

describe('OpenAI’s SDK', () => {
  it('#74 B17 reads a turn with reasoning, text and calls', async () => {
    const message = await streamed([
      { type: 'start', id: 'msg_9', usage: { inputTokens: 3 } },
      { type: 'block-start', index: 0, block: { type: 'thinking' } },
      { type: 'delta', index: 0, delta: { type: 'thinking', text: 'hm' } },
      { type: 'delta', index: 0, delta: { type: 'signature', signature: 'EqQB' } },
      { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, block: { type: 'text' } },
      { type: 'delta', index: 1, delta: { type: 'text', text: 'I look.' } },
      { type: 'block-end', index: 1 },
      { type: 'ping' },
      { type: 'block-start', index: 2, block: { type: 'tool-call', id: 'call_1', name: 'Bash' } },
      { type: 'delta', index: 2, delta: { type: 'arguments', json: '{"command":' } },
      { type: 'delta', index: 2, delta: { type: 'arguments', json: '"ls \\"a\\""}' } },
      { type: 'block-end', index: 2 },
      { type: 'block-start', index: 3, block: { type: 'tool-call', id: 'call_2', name: 'List' } },
      { type: 'block-end', index: 3 },
      {
        type: 'usage',
        usage: { inputTokens: 30, cacheReadTokens: 5, cacheWrite5mTokens: 2, outputTokens: 12 },
      },
      { type: 'finish', reason: { unified: 'tool-calls', raw: 'tool_use' } },
    ])
    expect(message).toMatchObject({
      id: 'resp_msg_9',
      model: 'openai/gpt-5',
      status: 'completed',
      output_text: 'I look.',
      output: [
        {
          type: 'reasoning',
          summary: [{ type: 'summary_text', text: 'hm' }],
          encrypted_content: 'signalbox.EqQB',
        },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
        {
          type: 'function_call',
          call_id: 'call_1',
          name: 'Bash',
          arguments: '{"command":"ls \\"a\\""}',
          status: 'completed',
        },
        { type: 'function_call', call_id: 'call_2', name: 'List', arguments: '{}' },
      ],
      usage: {
        input_tokens: 37,
        input_tokens_details: { cached_tokens: 5, cache_write_tokens: 2 },
        output_tokens: 12,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 49,
      },
    })
  })

  it('gets the same from the stream of any answer and from the whole of it', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (events) => {
        // Where the SDK streams, it parses what it read, too, and says so in fields of its own.
        expect(plain(await streamed(events))).toMatchObject(plain(await whole(events)))
      }),
      { numRuns: 200 },
    )
  })

  it('B7 is told of every answer that breaks off', async () => {
    await fc.assert(
      fc.asyncProperty(brokenAnswer, async (events) => {
        const response = await streamed(events)
        expect(response.status).toBe('failed')
        expect(response.error).toEqual({ code: 'server_error', message: 'cut' })
      }),
      { numRuns: 100 },
    )
  })

  it('iterates over the events as they come', async () => {
    const wire = encodeAll(new ResponseStreamEncoder(CONTEXT), [
      { type: 'start' },
      { type: 'block-start', index: 0, block: { type: 'text' } },
      { type: 'delta', index: 0, delta: { type: 'text', text: 'Hel' } },
      { type: 'delta', index: 0, delta: { type: 'text', text: 'lo' } },
      { type: 'block-end', index: 0 },
      { type: 'finish', reason: { unified: 'end', raw: 'stop' } },
    ])
    let text = ''
    const numbers: number[] = []
    for await (const event of await client(wire, STREAM).responses.create({ ...REQUEST, stream: true })) {
      numbers.push(event.sequence_number)
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    expect(text).toBe('Hello')
    expect(numbers).toEqual(numbers.map((_, at) => at))
  })

  it.each<[ErrorKind, new (...args: Json[]) => Error]>([
    ['invalid_request', OpenAI.BadRequestError],
    ['context_overflow', OpenAI.BadRequestError],
    ['unauthenticated', OpenAI.AuthenticationError],
    ['forbidden', OpenAI.PermissionDeniedError],
    ['model_not_found', OpenAI.NotFoundError],
    ['conflict', OpenAI.ConflictError],
    ['unprocessable', OpenAI.UnprocessableEntityError],
    ['rate_limited', OpenAI.RateLimitError],
    ['overloaded', OpenAI.InternalServerError],
    ['upstream_timeout', OpenAI.InternalServerError],
  ])('throws its own exception for %s', async (kind, exception) => {
    const { status, headers, body } = encodeError(new GatewayError(kind, 'words'), 'req_1')
    const failed = client(JSON.stringify(body), {
      status,
      headers: { ...headers, 'content-type': 'application/json' },
    }).responses.create(REQUEST)
    await expect(failed).rejects.toThrow(exception)
    await expect(failed).rejects.toMatchObject({ status, requestID: 'req_1' })
  })
})
