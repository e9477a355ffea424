import { describe, expect, it } from 'vitest'
import { collect } from '../../../src/message/collect.ts'
import type { Response } from '../../../src/message/collect.ts'
import { GatewayError } from '../../../src/message/error.ts'
import { checked } from '../../../src/message/grammar.ts'
import type { JsonObject } from '../../../src/message/request.ts'
import { cohere } from '../../../src/protocols/cohere/index.ts'
import { CONTEXT } from '../../support/sse.ts'
import { USAGE } from './events.ts'

const called = { id: 'c1', type: 'function', function: { name: 'Read', arguments: '{"a":1}' } }

describe('a whole answer', () => {
  it('is read in the order in which it was made', () => {
    const body = {
      id: 'r1',
      finish_reason: 'TOOL_CALL',
      message: {
        role: 'assistant',
        content: [{ type: 'thinking', thinking: 'hm' }],
        tool_plan: 'I read',
        tool_calls: [called, { ...called, id: 'c2' }],
      },
      usage: USAGE,
    }
    const response = collect((emit) => cohere.response.decode(body, {}, checked(emit)))
    expect(response).toMatchObject({
      id: 'r1',
      content: [
        { type: 'thinking', text: 'hm' },
        { type: 'text', text: 'I read' },
        { type: 'tool-call', id: 'c1', name: 'Read', arguments: '{"a":1}' },
        { type: 'tool-call', id: 'c2' },
      ],
      finish: { unified: 'tool-calls', raw: 'TOOL_CALL' },
      usage: { inputTokens: 7, cacheReadTokens: 4, outputTokens: 7 },
    })
    expect(cohere.readUsage(body)).toMatchObject({
      usage: response.usage,
      finish: response.finish,
      responseId: 'r1',
    })
  })

  it.each<[string, JsonObject, string]>([
    ['no message', { id: 'r1' }, 'upstream_malformed'],
    ['a failure', { message: { content: [] }, finish_reason: 'ERROR' }, 'upstream_error'],
  ])('that has %s is a failure', (_name, body, kind) => {
    const read = () => collect((emit) => cohere.response.decode(body, {}, emit))
    expect(read).toThrow(expect.objectContaining({ kind }) as GatewayError)
  })

  it.each<[string, Response['content'], JsonObject]>([
    ['text', [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }], { content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }],
    ['thinking', [{ type: 'thinking', text: 'hm' }, { type: 'text', text: 'a' }], { content: [{ type: 'thinking', thinking: 'hm' }, { type: 'text', text: 'a' }] }],
    [
      'calls, and the text before them as a plan',
      [{ type: 'text', text: 'a' }, { type: 'tool-call', id: 'c1', name: 'Read', arguments: '{"a":1}' }],
      { tool_plan: 'a', tool_calls: [called] },
    ],
  ])('is written: %s', (_name, content, message) => {
    const response = { content, finish: { unified: 'end', raw: null }, usage: {}, extra: {} } as const
    expect(cohere.response.encode(response, CONTEXT)).toMatchObject({
      id: CONTEXT.responseId,
      finish_reason: 'COMPLETE',
      message: { role: 'assistant', ...message },
    })
  }) // prettier-ignore
})

describe('errors', () => {
  it.each<[number, string, string]>([
    [400, '{"message":"invalid request: temperature"}', 'invalid_request'],
    [401, '{"message":"invalid api token"}', 'upstream_unauthenticated'],
    [402, '{"message":"billing"}', 'upstream_billing'],
    [404, "{\"message\":\"model 'x' not found\"}", 'not_found'],
    [429, '{"message":"You are past the per minute request limit"}', 'rate_limited'],
    [500, '{"message":"internal server error"}', 'upstream_error'],
    [400, '{"message":"too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000."}', 'context_overflow'],
    [400, '{"message":"too many tokens: size limit exceeded by 23,418 tokens. The limit for this model is 128000 tokens."}', 'context_overflow'],
  ])('%s %s is %s', (status, body, kind) => {
    expect(cohere.error.decode(status, () => undefined, body)).toMatchObject({ kind })
  }) // prettier-ignore

  it('are told as Cohere tells them', () => {
    const error = new GatewayError('rate_limited', 'slower', { retryAfterSeconds: 3 })
    expect(cohere.error.encode(error, 'r')).toEqual({
      status: 429,
      headers: { 'x-request-id': 'r', 'retry-after': '3' },
      body: { id: 'r', message: 'slower' },
    })
  })
})

describe('the list of models', () => {
  const models = ['a', 'b', 'c'].map((id) => ({ id, provider: 'p', model: id, facts: undefined }))
  it.each<[string, string[], string | undefined]>([
    ['', ['a', 'b', 'c'], undefined],
    ['page_size=2', ['a', 'b'], 'b'],
    ['page_size=2&page_token=b', ['c'], undefined],
    ['page_size=x', ['a', 'b', 'c'], undefined],
  ])('%s', (query, names, next) => {
    const list = cohere.models.encodeList(models, new URLSearchParams(query))
    expect((list['models'] as JsonObject[]).map(({ name }) => name)).toEqual(names)
    expect(list['next_page_token']).toBe(next)
  })
})
