import { describe, expect, it, vi } from 'vitest'
import { collect } from '../../src/message/collect.ts'
import type { JsonObject } from '../../src/message/request.ts'
import { PROTOCOLS } from '../../src/protocols/index.ts'
import type { Protocol, ProtocolId } from '../../src/protocols/protocol.ts'
import { CONTEXT } from '../support/sse.ts'

/**
 * Very many of something that is cheap to send. One thread serves everybody, so what takes a second for each call of
 * all others is an outage: each of these took ten seconds to minutes, or overflowed the stack. The runner's own limit
 * of time is what fails them.
 */

const protocol = (id: ProtocolId): Protocol => PROTOCOLS.find((one) => one.id === id)!

/** Ten times what the slowest of them needs, a third of what the fastest of them needed. */
vi.setConfig({ testTimeout: 15_000 })

const MANY = 60_000
const VERY_MANY = 200_000
const list = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at))

describe('a stream of', () => {
  type Row = [what: string, from: ProtocolId, to: ProtocolId, events: JsonObject[]]
  const claude = (...events: JsonObject[]): JsonObject[] => [
    { type: 'message_start', message: { id: 'm', model: 'c', usage: { input_tokens: 1 } } },
    ...events,
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } },
    { type: 'message_stop' },
  ]
  const chat = (...deltas: JsonObject[]): JsonObject[] => [
    ...deltas.map((delta) => ({ id: 'c', choices: [{ index: 0, delta, finish_reason: null }] })),
    { id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
  ]
  const called = (index: number, id: string, json: string) => ({
    tool_calls: [{ index, id, type: 'function', function: { name: 'f', arguments: json } }],
  })
  const page = (at: number) => ({
    candidates: [{ content: { parts: [{ text: 'a' }] }, groundingMetadata: { groundingChunks: [{ web: { uri: `u${at}` } }] } }],
  }) // prettier-ignore

  it.each<Row>([
    ['fields that nobody knows', 'anthropic', 'anthropic', claude(...list(MANY, (at) => ({ type: 'message_delta', delta: { [`k${at}`]: 1 } })))],
    ['calls under one id, for Claude’s clients', 'openai-chat', 'anthropic', chat(...list(MANY, (at) => called(at, 'x', '{}')))],
    ['calls under one id, for Converse’s clients', 'openai-chat', 'bedrock-converse', chat(...list(MANY, (at) => called(at, 'x', '{}')))],
    ['calls in turns', 'openai-chat', 'openai-chat', chat(...list(MANY, (at) => called(at, `c${at}`, '')), ...list(MANY, (at) => called(at, `c${at}`, '{}')))],
    ['calls without a place', 'openai-chat', 'openai-chat', chat(...list(MANY, (at) => ({ tool_calls: [{ id: `c${at}`, function: { name: 'f', arguments: '{}' } }] })))],
    ['cited pages', 'gemini', 'anthropic', [...list(MANY, page), { candidates: [{ finishReason: 'STOP' }], usageMetadata: {} }]],
  ])('%s', (_what, from, to, events) => {
    const decoder = protocol(from).stream.decoder({})
    const encoder = protocol(to).stream.encoder(CONTEXT)
    const ends: string[] = []
    const emit: Parameters<typeof decoder.push>[1] = (event) => {
      if (event.type === 'finish' || event.type === 'error') ends.push(event.type)
      encoder.push(event, () => undefined)
    }
    for (const event of events) decoder.push({ event: '', data: JSON.stringify(event) }, emit)
    decoder.push({ event: '', data: '[DONE]' }, emit)
    expect(ends).toEqual(['finish'])
  }) // prettier-ignore
})

describe('an answer with', () => {
  const answer = (message: JsonObject) => ({
    id: 'c',
    choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
  })
  const calls = list(VERY_MANY, () => ({
    id: 'x',
    type: 'function',
    function: { name: 'f', arguments: '{}' },
  }))

  it.each<ProtocolId>(['openai-chat', 'cohere'])('calls under one id, for clients of %s', (to) => {
    const body = answer({ role: 'assistant', content: null, tool_calls: calls })
    const collected = collect((emit) => protocol('openai-chat').response.decode(body, {}, emit))
    expect(JSON.stringify(protocol(to).response.encode(collected, CONTEXT)).length).toBeGreaterThan(VERY_MANY)
  })
})

describe('a request with', () => {
  type Row = [what: string, from: ProtocolId, to: ProtocolId, body: JsonObject]
  const claude = (...messages: JsonObject[]) => ({ model: 'm', max_tokens: 9, messages })
  const user = (content: unknown) => ({ role: 'user', content })
  const use = (at: number) => ({ type: 'tool_use', id: `t${at}`, name: 'f', input: {} })
  const result = (at: number) => ({ type: 'tool_result', tool_use_id: `t${at}`, content: 'x' })
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } }
  const images = claude(user('a'), { role: 'assistant', content: [use(0)] }, user([{ ...result(0), content: list(VERY_MANY, () => image) }])) // prettier-ignore
  const pdf = { type: 'document', title: 'a', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' } } // prettier-ignore
  const texts = list(VERY_MANY, () => ({ type: 'text', text: 'x' }))
  const calls = list(MANY, (at) => ({
    id: `c${at}`,
    type: 'function',
    function: { name: 'f', arguments: '{}' },
  }))
  const chatResults = list(VERY_MANY, (at) => ({ role: 'tool', tool_call_id: `c${at}`, content: 'x' }))
  const googleCalls = list(MANY, () => ({ functionCall: { name: 'f', args: {} } }))
  const responses = list(MANY, () => ({ functionResponse: { name: 'f', response: {} } }))

  it.each<Row>([
    ['two messages of many texts', 'openai-chat', 'anthropic', { model: 'm', messages: [user('a'), user(texts)] }],
    ['many texts of the system', 'anthropic', 'gemini', claude(user('a'), { role: 'system', content: texts }, user('b'))],
    ['results of many images, on Chat', 'anthropic', 'openai-chat', images],
    ['documents of one title', 'anthropic', 'bedrock-converse', claude(user(list(MANY, () => pdf)))],
    ['parallel calls, from Chat', 'openai-chat', 'anthropic', { model: 'm', messages: [user('a'), { role: 'assistant', tool_calls: calls }, ...chatResults] }],
    ['parallel calls, from Gemini', 'gemini', 'anthropic', { contents: [{ parts: [{ text: 'a' }] }, { role: 'model', parts: googleCalls }, { parts: responses }] }],
  ])('%s', (_what, from, to, body) => {
    const { request } = protocol(from).request.decode(body)
    const target = { model: 'm', facts: undefined, quirks: {} }
    expect(protocol(to).request.encode(request, target).body.join('').length).toBeGreaterThan(MANY)
  }) // prettier-ignore
})
